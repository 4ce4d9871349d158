"""Posts from elsewhere: what a word processor, a web page and Markdown leave in the clipboard."""

from html import escape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from blog import importing
from blog.importing import _LONELY_BREAKS, Kind, import_text, kind_of, refuse_too_much
from blog.models import Post
from blog.prose import lone_links
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


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("[x](www.example.com)", '<p><a href="https://www.example.com" rel="noopener">x</a></p>'),
        (
            "<a href='www.example.com/a'>x</a>",
            '<p><a href="https://www.example.com/a" rel="noopener">x</a></p>',
        ),
        (
            "1. a\n2. b\n\nWords.\n\n3. c",
            '<ol><li><p>a</p></li><li><p>b</p></li></ol><p>Words.</p><ol start="3"><li><p>c</p></li></ol>',
        ),
        ("<ol start=7><li>a</li></ol>", '<ol start="7"><li><p>a</p></li></ol>'),
        ("<ol start='x onclick=y'><li>a</li></ol>", "<ol><li><p>a</p></li></ol>"),
        ("<ol start=99999><li>a</li></ol>", "<ol><li><p>a</p></li></ol>"),
    ],
)
def test_links_and_numbers_lead_where_they_did(text: str, body: str) -> None:
    assert import_text(text).body == body


WATCH = "https://www.youtube.com/watch?v=aaaaaaaaaaa"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (f"Words.\n\n{WATCH}\n\nMore.", WATCH),
        ("Words.\n\nhttps://youtu.be/aaaaaaaaaaa?t=1m30s", f"{WATCH}&t=90s"),
        (
            "<p>Words.</p><iframe src='//www.youtube.com/embed/aaaaaaaaaaa?start=90'></iframe>",
            f"{WATCH}&t=90s",
        ),
        (
            "<p>Words.</p><iframe src='https://player.vimeo.com/video/12345678'></iframe>",
            "https://vimeo.com/12345678",
        ),
    ],
)
def test_video_stays_as_a_link_on_a_line_of_its_own(text: str, url: str) -> None:
    imported = import_text(text)

    assert imported.videos == (url,)
    assert escape(url) in imported.body
    assert lone_links(imported.body) == {url}


def test_address_that_is_no_video_stays_words() -> None:
    imported = import_text("https://example.com/a")

    assert (imported.body, imported.videos) == ("<p>https://example.com/a</p>", ())


def test_short_line_in_bold_becomes_a_heading_when_asked_for() -> None:
    text = "Words.\n\n**What *really* helps**\n\nRest. **Not this.**\n\n**" + "long " * 30 + "**"

    with_headings = import_text(text, bold_headings=True).body

    assert "<h2>What really helps</h2>" in with_headings
    assert with_headings.count("<h2>") == 1
    assert "<h2>" not in import_text(text).body


def test_nothing_is_left_behind_without_being_counted() -> None:
    html = (
        "<p>a</p><img src=x><table><tr><td>b</td></tr></table>"
        "<iframe src=//maps.example></iframe><video src=x></video>"
    )

    imported = import_text(html)

    assert (imported.pictures, imported.tables, imported.others) == (1, 1, 2)
    assert imported.body == "<p>a</p><p>b</p>"


@pytest.mark.parametrize(
    ("line", "promises"),
    [
        ("Learn more here:", ("Learn more here:",)),
        ("Read more", ("Read more",)),
        ("You can sign up right here.", ("You can sign up right here.",)),
        ("[Learn more here](/services/)", ()),
        ("We learn more every day.", ()),
        ("Come here.", ()),
    ],
)
def test_line_that_speaks_of_a_link_and_has_none_is_pointed_out(line: str, promises: tuple[str, ...]) -> None:
    assert import_text(f"Words.\n\n{line}").promises == promises


def test_kind_is_found_out() -> None:
    assert kind_of(WORD) == "html"
    assert kind_of(MARKDOWN) == "markdown"
    assert kind_of("5 < 6 and 7 > 2") == "markdown"
    assert import_text("<b>literal</b>", "markdown").body == "<p>&lt;b&gt;literal&lt;/b&gt;</p>"


@pytest.mark.parametrize(
    "piece", ["<br> ", "<p><br> ", "<ul><li>", "<b>", "<p>a", "<blockquote>", "<h2><br>"]
)
def test_tidying_looks_at_each_break_once(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty blocks in empty blocks are taken out layer by layer: the layers are few, however many are sent."""
    rounds: list[int] = []

    class Counting:
        def sub(self, new: Any, html: str) -> str:
            rounds.append(len(html))
            return _LONELY_BREAKS.sub(new, html)

    monkeypatch.setattr(importing, "_LONELY_BREAKS", Counting())
    text = piece * 1000
    import_text(text, "html")

    assert len(rounds) <= 16
    assert max(rounds, default=0) <= 6 * len(text)


def test_run_of_breaks_is_searched_from_its_beginning_alone() -> None:
    run = "<br> " * 100 + "x"

    assert [place for place in range(len(run)) if _LONELY_BREAKS.match(run, place)] == []
    assert _LONELY_BREAKS.search("a" + "<br> " * 100 + "</p>").start() == 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<p>a" * 2501, "html"), ("</p>" * 2501, "html"), ("![" * 1300, "markdown"), ("a\n" * 2501, "markdown"),
        ("*a" * 2501, "markdown"), ("> " * 2501, "markdown"),
    ],
)  # fmt: skip
def test_text_with_more_formatting_than_any_has_is_refused(text: str, kind: Kind) -> None:
    refuse_too_much(text[: len(text) * 2 // 3], kind)
    with pytest.raises(ValidationError):
        refuse_too_much(text, kind)


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
    said = response.content.decode()
    assert "1 picture was left behind" in said
    assert "1 table was taken apart" in said


@pytest.mark.django_db
def test_pasted_video_is_offered_to_the_library(writer_client: Client) -> None:
    text = f"Words.\n\n{WATCH}\n\nLearn more here:"

    response = writer_client.post(PASTE, {"text": text, "title": "T", "kind": ""}, follow=True)

    said = response.content.decode()
    add = f"/admin/blog/video/add/?{urlencode({'url': WATCH})}"
    assert f'href="{add}"' in said
    assert "“Learn more here:”" in said
    assert WATCH.replace("&", "&amp;") in writer_client.get(add).content.decode()


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
        ({"text": "x" * 100_001, "title": "T"}, "text"),
        ({"text": "<p>a" * 2501, "title": "T"}, "text"),
        ({"text": "[a](" * 2000, "title": "T"}, "text"),
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
