"""Posts from elsewhere: what a word processor, a web page and Markdown leave in the clipboard."""

import time

import pytest
from django.test import Client

from blog.importing import import_text, kind_of
from blog.models import Post
from tests.blog.posts import make_draft

PASTE = "/admin/blog/post/paste/"

WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head>
<style><!-- p.MsoNormal {margin:0in;} --></style></head>
<body lang=EN-US><!--StartFragment-->
<h1>Rest after a <b>flight</b><o:p></o:p></h1>
<p class=MsoNormal style='margin-bottom:8pt'><span style='font-size:12.0pt'>Sitting makes ankles <b>heavy</b>. See
<a href="https://example.com/a?b=1&amp;c=2">this page</a>.<o:p></o:p></span></p>
<h2 style='color:red'>What helps</h2>
<p class=MsoListParagraphCxSpFirst style='mso-list:l0 level1 lfo1'><![if !supportLists]><span
style='mso-list:Ignore'>·<span style='font:7.0pt "Times"'>&nbsp;&nbsp; </span></span><![endif]>Walk the aisle</p>
<p class=MsoListParagraphCxSpMiddle style='mso-list:l0 level2 lfo1'><![if !supportLists]><span>o<span>&nbsp; </span>
</span><![endif]>slowly</p>
<p class=MsoListParagraphCxSpLast style='mso-list:l0 level1 lfo1'><![if !supportLists]><span>·<span>&nbsp; </span>
</span><![endif]>Drink water</p>
<p class=MsoListParagraph style='mso-list:l1 level1 lfo2'><![if !supportLists]><span>1.<span>&nbsp; </span></span>
<![endif]>First <i>this</i></p>
<p class=MsoNormal>Then rest.<br><br>Good night.</p>
<table><tr><td><p>A</p></td><td>B</td></tr></table><img src="file:///c:/x.png"><p class=MsoNormal><o:p>&nbsp;</o:p></p>
<script>alert(1)</script></body></html>"""
WORD_BODY = (
    '<p>Sitting makes ankles <strong>heavy</strong>. See <a href="https://example.com/a?b=1&amp;c=2" rel="noopener">'
    "this page</a>.</p><h2>What helps</h2><ul><li><p>Walk the aisle</p><ul><li><p>slowly</p></li></ul></li>"
    "<li><p>Drink water</p></li></ul><ol><li><p>First <em>this</em></p></li></ol><p>Then rest.</p><p>Good night.</p>"
    "<p>A</p><p>B</p>"
)
DOCS = """<meta charset="utf-8"><b style="font-weight:normal;" id="docs-internal-guid-1"><h1 dir="ltr"><span
style="font-size:20pt">Title</span></h1><p dir="ltr"><span style="font-weight:700;">Bold</span><span
style="font-weight:400"> plain </span><span style="font-style:italic">slanted</span></p><ul><li dir="ltr"><p><span>One
</span></p></li><ul><li><p>Nested</p></li></ul><li><p>Two</p></li></ul></b>"""
DOCS_BODY = (
    "<p><strong>Bold</strong> plain <em>slanted</em></p>"
    "<ul><li><p>One</p><ul><li><p>Nested</p></li></ul></li><li><p>Two</p></li></ul>"
)
MARKDOWN = """# Sleep well

Some *text* with **bold** and a [link](/services/).

## Part

1. one
2. two
   - nested

> quoted

![A lamp](lamp.png)
"""
MARKDOWN_BODY = (
    '<p>Some <em>text</em> with <strong>bold</strong> and a <a href="/services/" rel="noopener">link</a>.</p>'
    "<h2>Part</h2><ol><li><p>one</p></li><li><p>two</p><ul><li><p>nested</p></li></ul></li></ol>"
    "<blockquote><p>quoted</p></blockquote>"
)


@pytest.mark.parametrize(
    ("text", "title", "body", "pictures"),
    [
        (WORD, "Rest after a flight", WORD_BODY, 1),
        (DOCS, "Title", DOCS_BODY, 0),
        (MARKDOWN, "Sleep well", MARKDOWN_BODY, 1),
        (
            "Plain words,\non two lines.\n\nAnd more.",
            "",
            "<p>Plain words, on two lines.</p><p>And more.</p>",
            0,
        ),
        ("", "", "", 0),
    ],
    ids=["word processor", "web office", "markdown", "plain", "nothing"],
)
def test_import_keeps_headings_links_and_lists(text: str, title: str, body: str, pictures: int) -> None:
    imported = import_text(text)

    assert (imported.title, imported.body, imported.pictures) == (title, body, pictures)


@pytest.mark.parametrize(
    ("html", "body"),
    [
        ("<div>One<div>Two</div>three</div>", "<p>One</p><p>Two</p><p>three</p>"),
        ("<p>a</p><h4>Deep</h4><p>b</p>", "<p>a</p><h3>Deep</h3><p>b</p>"),
        ("<p>a <a href='javascript:x()'>b</a> <a href='#part'>c</a> <a href='mailto:a@b.c'>d</a></p>",
         '<p>a b c <a href="mailto:a@b.c" rel="noopener">d</a></p>'),
        ("<p>5 &lt; 6 &amp; 7</p>", "<p>5 &lt; 6 &amp; 7</p>"),
        ("<p><b>a <i>b</b> c</i></p>", "<p><strong>a <em>b</em></strong><em> c</em></p>"),
        ("<p>a<p><b></b><p><br></p><p>&nbsp;</p>", "<p>a</p>"),
        ("<p>x</p><p style='mso-list:l0 level1'>No mark here</p>", "<p>x</p><ul><li><p>No mark here</p></li></ul>"),
    ],
)  # fmt: skip
def test_odd_html_comes_out_straight(html: str, body: str) -> None:
    assert import_text(html).body == body


@pytest.mark.parametrize(
    "attack",
    [
        "<p>a<script>alert(1)</script></p>",
        "<p onclick=alert(1)>a</p>",
        "<p>a</p><style>*{display:none}</style>",
        "<p>a</p><iframe src=//evil.example></iframe>",
        "<p hx-get='/x' data-video=y style='x' class=z>a</p>",
        "a\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1))",
    ],
)
def test_import_brings_no_attack_along(attack: str) -> None:
    body = import_text(attack).body

    assert "a" in body
    for piece in ("<script", "onclick", "<style", "iframe", "hx-get", "data-", "class=", 'href="javascript'):
        assert piece not in body


def test_kind_is_found_out() -> None:
    assert kind_of(WORD) == "html"
    assert kind_of(MARKDOWN) == "markdown"
    assert kind_of("5 < 6 and 7 > 2") == "markdown"
    assert import_text("<b>literal</b>", "markdown").body == "<p>&lt;b&gt;literal&lt;/b&gt;</p>"


@pytest.mark.parametrize(
    "text", ["<ul><li>" * 3000, "<b>" * 20_000, "<p>a" * 10_000, "> " * 20_000, "[a](" * 10_000]
)
def test_deep_text_takes_no_time(text: str) -> None:
    started = time.monotonic()

    import_text(text)

    assert time.monotonic() - started < 10


# The admin's page --------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_pasted_post_becomes_a_draft(writer_client: Client) -> None:
    make_draft("rest-after-a-flight")

    response = writer_client.post(PASTE, {"text": WORD, "kind": "", "title": ""}, follow=True)

    post = Post.objects.latest("pk")
    assert response.redirect_chain == [(f"/admin/blog/post/{post.pk}/change/", 302)]
    assert (post.title, post.slug, post.status) == ("Rest after a flight", "rest-after-a-flight-2", "draft")
    assert post.body == WORD_BODY
    assert post.history.count() == 1
    assert "1 picture was left behind" in response.content.decode()


@pytest.mark.django_db
def test_title_typed_by_the_writer_goes_before_the_first_heading(writer_client: Client) -> None:
    writer_client.post(PASTE, {"text": MARKDOWN, "kind": "markdown", "title": "My own title"})

    post = Post.objects.get()
    assert post.title == "My own title"
    assert post.body.startswith("<h2>Sleep well</h2><p>Some ")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "<script>x()</script><p></p>"}, "text"),
        ({"text": "# Only a heading"}, "text"),
        ({"text": "No heading at all"}, "title"),
        ({"text": "a\x00b", "title": "T"}, "text"),
        ({"text": "x" * 200_001, "title": "T"}, "text"),
        ({"text": "Words.", "title": "T", "kind": "docx"}, "kind"),
        ({"text": "Words.", "title": "T" * 141}, "title"),
    ],
)
def test_refused_paste_says_why_and_keeps_the_text(
    writer_client: Client, typed: dict[str, str], field: str
) -> None:
    response = writer_client.post(PASTE, {"kind": "", "title": "", **typed})

    assert response.status_code == 200
    assert field in response.context["form"].errors
    assert not Post.objects.exists()


@pytest.mark.django_db
def test_long_heading_is_cut_for_the_title(writer_client: Client) -> None:
    writer_client.post(PASTE, {"text": f"# {'word ' * 60}\n\nBody.", "kind": "", "title": ""})

    post = Post.objects.get()
    assert len(post.title) <= 140
    assert post.body == "<p>Body.</p>"


@pytest.mark.django_db
def test_pasting_is_for_writers(client: Client) -> None:
    assert client.post(PASTE, {"text": "Words.", "title": "T"}).status_code == 302
    assert not Post.objects.exists()


def test_beginnings_of_tags_without_an_end_take_no_time() -> None:
    started = time.monotonic()

    assert kind_of("<p " * 60_000) == "markdown"

    assert time.monotonic() - started < 5
