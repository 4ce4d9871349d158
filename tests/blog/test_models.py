"""What posts and pages hold, whichever way they are saved."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from blog.models import FaqEntry, Page, Post
from tests.blog.posts import HOUR, NOW, make_draft, make_post, make_scheduled

pytestmark = pytest.mark.django_db

KEPT = [
    "<h2>Heading</h2><h3>Smaller</h3>",
    "<ul><li>one</li><li><strong>two</strong> <em>three</em></li></ul><ol><li>first</li></ol>",
    "<blockquote><p>said</p></blockquote><hr><p>a<br>b</p>",
    '<p><a href="/services/x/" rel="noopener">in</a> <a href="https://example.com/" rel="noopener">out</a>'
    ' <a href="mailto:a@example.com" rel="noopener">mail</a> <a href="tel:+12135550142" rel="noopener">call</a></p>',
    "<p>Señora Núñez 手技 💆 ’“”</p>",
]
DROPPED = [
    "<script>alert(1)</script>",
    "<p onclick='alert(1)'>x</p>",
    "<p hx-get='/x' hx-trigger='load' data-hx-post='/y'>x</p>",
    "<p style='color:red' class='notice' id='top'>x</p>",
    "<p title='x' lang='en' dir='rtl' tabindex='1'>x</p>",
    "<style>p { color: red }</style>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='JaVa\tScRiPt:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='/x' target='_blank' ping='https://example.com/'>x</a>",
    "<img src=x onerror=alert(1)>",
    "<iframe src='https://example.com/'></iframe>",
    "<form action='/x'><input name='a'><button>b</button></form>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
    "<meta http-equiv='refresh' content='0;url=https://example.com/'>",
    "<base href='https://example.com/'>",
    "<h1>x</h1>",
]
FORBIDDEN = [
    "script", "onclick", "onerror", "hx-", "style", "class", "id=", "data:", "target", "ping",
    "title=", "lang=", "dir=", "tabindex", "<img", "<iframe",
    "<form", "<input", "<button", "<svg", "<math", "<meta", "<base", "<h1",
]  # fmt: skip


@pytest.mark.parametrize("html", KEPT)
def test_saving_keeps_what_the_editor_writes(html: str) -> None:
    post = make_post(body=html)
    post.refresh_from_db()

    assert post.body == html


@pytest.mark.parametrize("html", DROPPED)
def test_saving_drops_all_else(html: str) -> None:
    post = make_post(body=f"<p>before</p>{html}<p>after</p>")
    page = Page.objects.create(slug="about", title="About", body=html)
    question = FaqEntry.objects.create(question="Why?", answer=html)

    for saved in (post.body, page.body, question.answer):
        assert not [word for word in FORBIDDEN if word in saved.lower()]
    assert post.body.startswith("<p>before</p>")
    assert post.body.endswith("<p>after</p>")


def test_saving_drops_control_characters() -> None:
    post = make_post(title="a\x0bb", summary="c\x1bd", body="<p>e\x00\x0cf</p>")

    assert (post.title, post.summary, post.body) == ("ab", "cd", "<p>ef</p>")


@pytest.mark.integrity
def test_published_post_without_time_is_refused_by_the_database() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_post(published_at=None)


@pytest.mark.integrity
def test_two_posts_with_one_address_are_refused_by_the_database() -> None:
    make_post("a-post")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_draft("a-post")


@pytest.mark.integrity
def test_page_of_unknown_address_is_refused_by_the_database() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Page.objects.create(slug="admin", title="No")


@pytest.mark.parametrize("slug", ["feed", "tag"])
def test_address_that_the_site_uses_is_refused(slug: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Post(title="x", slug=slug, body="<p>x</p>").full_clean()

    assert set(refusal.value.message_dict) == {"slug"}


@pytest.mark.parametrize("year", [1, 1999, 2100, 9999])
def test_year_that_can_only_be_a_mistake_is_refused(year: int) -> None:
    with pytest.raises(ValidationError) as refusal:
        Post(
            title="x", slug="x", body="<p>x</p>", status="published", published_at=NOW.replace(year=year)
        ).full_clean()

    assert set(refusal.value.message_dict) == {"published_at"}


def test_empty_editor_counts_as_no_text() -> None:
    with pytest.raises(ValidationError) as refusal:
        Post(title="x", slug="x", body="<p></p>").full_clean()

    assert set(refusal.value.message_dict) == {"body"}


@pytest.mark.parametrize("make", [make_draft, make_scheduled])
def test_publish_shows_a_post_from_now_on(make: object) -> None:
    post = make()  # type: ignore[operator]

    post.publish(now=NOW)

    assert list(Post.objects.published(NOW)) == [post]
    assert Post.objects.get().published_at == NOW


def test_publish_again_keeps_the_first_date() -> None:
    post = make_post(published_at=NOW - 5 * HOUR)
    post.unpublish()
    hidden = list(Post.objects.published(NOW))

    post.publish(now=NOW)

    assert hidden == []
    assert Post.objects.get().published_at == NOW - 5 * HOUR


def test_lead_is_the_summary_else_the_first_words() -> None:
    body = "<h2>Rest</h2><p>One &amp; two<br>three.</p>" + "<p>more</p>" * 40

    assert make_post("with", summary="In short.", body=body).lead == "In short."
    assert make_post("without", body=body).lead.startswith("Rest One & two three. more")
    assert make_post("long", body=body).lead.endswith("…")


def test_post_written_ahead_of_time_changes_when_it_appears() -> None:
    post = make_post(published_at=NOW + HOUR)
    Post.objects.update(updated_at=NOW)
    post.refresh_from_db()

    assert post.changed_at == NOW + HOUR
