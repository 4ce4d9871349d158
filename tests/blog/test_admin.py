"""The owner at work: what the admin does with what was typed."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from blog.models import Page, Post
from tests.blog.posts import HOUR, NOW, make_draft, make_post, make_scheduled, make_tag

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

ADD = "/admin/blog/post/add/"
LIST = "/admin/blog/post/"


def typed(**changes: Any) -> dict[str, Any]:
    """What the browser sends for a new post."""
    fields = {
        "title": "Rest well",
        "slug": "rest-well",
        "body": "<h2>Rest</h2><p>Words.</p>",
        "status": "draft",
        "published_at_0": "",
        "published_at_1": "",
        "summary": "",
        "author_name": "",
    }
    return {**fields, **changes}


def errors(response: Any) -> dict[str, list[str]]:
    return dict(response.context["adminform"].form.errors)


def test_writer_publishes_a_post_at_once(writer_client: Client, client: Client) -> None:
    response = writer_client.post(ADD, typed(status="published"))

    assert response.status_code == 302
    assert Post.objects.get().published_at == NOW
    assert "Rest well" in client.get("/blog/").content.decode()


def test_writer_schedules_a_post_in_los_angeles_time(writer_client: Client, client: Client) -> None:
    writer_client.post(ADD, typed(status="published", published_at_0="2027-07-01", published_at_1="09:00:00"))

    assert Post.objects.get().published_at == datetime(2027, 7, 1, 16, 0, tzinfo=UTC)
    assert "Rest well" not in client.get("/blog/").content.decode()
    assert "Scheduled for Thu, Jul 1, 2027, 9:00 AM PDT" in writer_client.get(LIST).content.decode()


def test_writer_keeps_a_draft(writer_client: Client, client: Client) -> None:
    writer_client.post(ADD, typed())

    assert Post.objects.get().published_at is None
    assert client.get("/blog/rest-well/").status_code == 404
    assert (
        'href="/blog/rest-well/"'
        in writer_client.get(f"{LIST}{Post.objects.get().pk}/change/").content.decode()
    )


def test_what_is_saved_is_clean(writer_client: Client) -> None:
    writer_client.post(ADD, typed(body="<p onclick='x()' class='a'>Hi<script>x()</script></p>"))

    assert Post.objects.get().body == "<p>Hi</p>"


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Rest well", "rest-well-2"), ("手技", "post"), ("¡Olé, O’Brien!", "ole-obrien"), ("Feed", "feed-2")],
)
def test_address_left_empty_is_made_of_the_title(writer_client: Client, title: str, slug: str) -> None:
    make_draft("rest-well")

    writer_client.post(ADD, typed(title=title, slug=""))

    assert Post.objects.latest("pk").slug == slug
    assert Post.objects.latest("pk").title == title


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"slug": "taken"}, "slug"),
        ({"slug": "feed"}, "slug"),
        ({"slug": "no spaces"}, "slug"),
        ({"title": ""}, "title"),
        ({"title": "x" * 141}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"body": ""}, "body"),
        ({"body": "<p></p>"}, "body"),
        ({"body": "<script>x()</script>"}, "body"),
        ({"published_at_0": "2026-02-30", "published_at_1": "09:00"}, "published_at"),
        ({"published_at_0": "9999-12-31", "published_at_1": "23:59"}, "published_at"),
        ({"published_at_0": "0001-01-01", "published_at_1": "00:00"}, "published_at"),
        ({"status": "everywhere"}, "status"),
        ({"tags": ["abc"]}, "tags"),
        ({"pinned_posts": ["999999"]}, "pinned_posts"),
    ],
)
def test_refused_post_says_why_and_keeps_what_was_typed(
    writer_client: Client, changes: dict[str, Any], field: str
) -> None:
    make_draft("taken")

    response = writer_client.post(ADD, typed(summary="Typed with care.", **changes))

    assert response.status_code == 200
    assert set(errors(response)) == {field}
    assert len(errors(response)[field]) == 1
    assert "Typed with care." in response.content.decode()
    assert Post.objects.count() == 1


def test_title_with_markup_stays_text_in_the_admin(writer_client: Client) -> None:
    make_post("a-post", title="<script>alert(1)</script>")

    for place in (LIST, f"{LIST}{Post.objects.get().pk}/change/", f"{LIST}{Post.objects.get().pk}/delete/"):
        assert "<script>alert(1)" not in writer_client.get(place).content.decode()


def test_list_says_in_words_when_readers_see_a_post(writer_client: Client) -> None:
    make_post("out")
    make_draft("draft")
    make_scheduled("coming")

    page = writer_client.get(LIST).content.decode()

    states = dict(
        zip(
            re.findall(r'field-title"><a [^>]*>([^<]*)', page),
            re.findall(r'field-state">([^<]*)', page),
            strict=True,
        )
    )
    assert states == {
        "Out": "Published Wed, Dec 2, 2026, 11:00 AM PST",
        "Draft": "Draft",
        "Coming": "Scheduled for Wed, Dec 2, 2026, 1:00 PM PST",
    }


@pytest.mark.parametrize(
    ("state", "slug"), [("published", "out"), ("draft", "draft"), ("scheduled", "coming")]
)
def test_list_is_narrowed_by_state(writer_client: Client, state: str, slug: str) -> None:
    make_post("out")
    make_draft("draft")
    make_scheduled("coming")

    response = writer_client.get(f"{LIST}?state={state}")

    assert [post.slug for post in response.context["cl"].queryset] == [slug]


def test_search_finds_words_and_tags_once(writer_client: Client) -> None:
    post = make_post("a-post", body="<p>Breathe out slowly.</p>")
    post.tags.set([make_tag("breathing"), make_tag("breath")])
    make_post("another")

    assert list(writer_client.get(f"{LIST}?q=breath").context["cl"].queryset) == [post]
    assert writer_client.get(f"{LIST}?q=a%00b").status_code == 400


def act(client: Client, action: str, posts: list[Post]) -> Any:
    return client.post(LIST, {"action": action, "_selected_action": [post.pk for post in posts]}, follow=True)


def test_publish_action_shows_drafts_and_scheduled_posts(writer_client: Client, client: Client) -> None:
    out = make_post("out", published_at=NOW - 9 * HOUR)

    response = act(writer_client, "publish_selected", [out, make_draft("draft"), make_scheduled("coming")])

    assert "2 posts are published." in response.content.decode()
    assert set(Post.objects.published(NOW).values_list("slug", flat=True)) == {"out", "draft", "coming"}
    assert Post.objects.get(slug="out").published_at == NOW - 9 * HOUR


def test_unpublish_action_takes_posts_off_the_site(writer_client: Client, client: Client) -> None:
    response = act(writer_client, "unpublish_selected", [make_post("out"), make_draft("draft")])

    assert "1 post is a draft again." in response.content.decode()
    assert "out" not in client.get("/blog/feed/").content.decode()


@pytest.mark.parametrize("key", ["9" * 30, "abc", "", "1 OR 1=1"])
def test_action_on_a_row_that_cannot_be_is_refused(writer_client: Client, key: str) -> None:
    make_draft()

    response = writer_client.post(LIST, {"action": "publish_selected", "_selected_action": [key]})

    assert response.status_code == 400
    assert not Post.objects.published(NOW).exists()


def test_huge_number_of_a_row_is_refused(writer_client: Client) -> None:
    assert writer_client.post(ADD, typed(pinned_posts=["9" * 30])).status_code in (200, 400)
    assert writer_client.get(f"{LIST}?pk__in={'9' * 30}").status_code in (200, 302, 400)
    assert not Post.objects.exists()


@pytest.mark.parametrize("place", [ADD, LIST, "/admin/blog/page/", "/admin/blog/faqentry/add/"])
def test_visitors_and_other_staff_are_kept_out(client: Client, place: str) -> None:
    assert client.get(place).status_code == 302
    client.force_login(User.objects.create_user("visitor"))
    assert client.get(place).status_code == 302
    client.force_login(User.objects.create_user("therapist", is_staff=True))
    assert client.get(place).status_code == 403
    assert client.post(place, typed(status="published")).status_code == 403
    assert not Post.objects.exists()


@pytest.mark.parametrize("model", ["post", "page", "faqentry"])
def test_import_map_of_the_editor_carries_the_nonce(writer_client: Client, model: str) -> None:
    response = writer_client.get(f"/admin/blog/{model}/add/")

    (nonce,) = re.findall(r"script-src[^;]*'nonce-([^']+)'", response["Content-Security-Policy"])
    assert re.search(
        rf'<script[^>]*type="importmap"[^>]*nonce="{re.escape(nonce)}"', response.content.decode()
    )


def test_page_keeps_its_address_and_can_not_be_deleted(writer_client: Client) -> None:
    page = Page.objects.create(slug="about", title="About", body="<p>x</p>")

    writer_client.post(
        f"/admin/blog/page/{page.pk}/change/",
        {"slug": "privacy", "title": "About us", "body": "<p>Ours.</p>", "meta_description": ""},
    )

    page.refresh_from_db()
    assert (page.slug, page.title, page.body) == ("about", "About us", "<p>Ours.</p>")
    assert writer_client.post(f"/admin/blog/page/{page.pk}/delete/", {"post": "yes"}).status_code == 403


def test_new_page_offers_the_addresses_that_are_free(writer_client: Client) -> None:
    Page.objects.create(slug="about", title="About")

    form = writer_client.get("/admin/blog/page/add/").context["adminform"].form

    assert {value for value, _label in form.fields["slug"].choices} == {
        "faq",
        "policies",
        "privacy",
        "contact",
    }


def test_list_asks_as_many_queries_for_one_post_as_for_thirty(
    writer_client: Client, count_queries: Any
) -> None:
    make_post("first")
    writer_client.get(LIST)
    with count_queries() as one:
        writer_client.get(LIST)
    for number in range(29):
        make_post(f"post-{number}")
    with count_queries() as thirty:
        writer_client.get(LIST)

    assert len(thirty) == len(one)
