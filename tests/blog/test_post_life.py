"""A post over time: preview links, old addresses, its minute, share pictures, search, copies."""

from typing import Any

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.test import Client

from blog import media, share
from blog.models import OldAddress, Post
from blog.preview import LASTS, preview_token
from tests.blog.posts import HOUR, NOW, make_draft, make_post, make_scheduled
from tests.blog.test_admin import ADD, typed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def change(client: Client, post: Post, **changes: Any) -> Any:
    fields = typed(title=post.title, slug=post.slug, body=post.body, summary=post.summary, status=post.status)
    if post.published_at:
        fields |= {"published_at_0": "2026-12-02", "published_at_1": "11:00:00"}
    response = client.post(f"/admin/blog/post/{post.pk}/change/", {**fields, **changes})
    assert response.status_code == 302
    return response


# Previews ----------------------------------------------------------------------------------------------------


def preview(post: Post) -> str:
    return f"/blog/preview/{preview_token(post.pk)}/"


@pytest.mark.parametrize("make", [make_draft, make_scheduled])
def test_preview_link_shows_what_is_not_out_yet(client: Client, make: Any) -> None:
    post = make(title="Not yet")

    response = client.get(preview(post))

    assert response.status_code == 200
    assert "Not yet" in response.content.decode()
    assert response["X-Robots-Tag"] == "noindex"
    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert '<meta name="robots" content="noindex">' in response.content.decode()
    assert client.get(post.get_absolute_url()).status_code == 404


def test_preview_link_ends_after_a_week_and_can_not_be_made_up(
    client: Client, clock: time_machine.Traveller
) -> None:
    post, other = make_draft("one"), make_draft("other")
    link = preview(post)
    made_up = ":".join([preview_token(other.pk).split(":")[0], *preview_token(post.pk).split(":")[1:]])

    assert client.get(link.replace(link[-4], "x" if link[-4] != "x" else "y")).status_code == 404
    assert client.get(f"/blog/preview/{made_up}/").status_code == 404
    assert client.get("/blog/preview/1/").status_code == 404
    clock.move_to(NOW + LASTS - HOUR)
    assert client.get(link).status_code == 200
    clock.move_to(NOW + LASTS + HOUR)
    assert client.get(link).status_code == 404


def test_preview_link_leads_on_once_the_post_is_out_and_ends_with_it(client: Client) -> None:
    post = make_draft()
    link = preview(post)
    post.publish(now=NOW)

    assert client.get(link)["Location"] == post.get_absolute_url()
    post.delete()
    assert client.get(link).status_code == 404


def test_form_gives_the_preview_link_of_a_draft(writer_client: Client, client: Client) -> None:
    post = make_draft()

    page = writer_client.get(f"/admin/blog/post/{post.pk}/change/").content.decode()

    link = page.split('class="preview-link"')[0].rsplit('href="', 1)[1].split('"')[0]
    assert client.get(link.split("8000", 1)[1]).status_code == 200


def test_publish_is_one_press_on_a_draft_that_is_saved_already(writer_client: Client) -> None:
    writer_client.post(ADD, typed(_continue="Save draft"))
    post = Post.objects.get()
    assert not post.is_visible(NOW)
    change = f"/admin/blog/post/{post.pk}/change/"

    response = writer_client.post(change, typed(slug=post.slug, _publish="Publish"))

    assert response.headers["Location"] == change
    post.refresh_from_db()
    assert post.status == Post.Status.PUBLISHED
    assert post.is_visible(NOW)


def test_publish_that_is_refused_leaves_a_draft(writer_client: Client) -> None:
    """The other buttons of the page that says why would publish it else."""
    post = make_draft()
    change = f"/admin/blog/post/{post.pk}/change/"

    response = writer_client.post(change, typed(slug=post.slug, title="", _publish="Publish"))

    assert response.status_code == 200
    assert response.context["is_draft"]
    assert response.context["state"] == "Draft"
    assert response.context["adminform"].form["status"].value() == "draft"


def test_save_and_look_leads_to_the_post(writer_client: Client) -> None:
    response = writer_client.post(ADD, typed(_look="See it"))

    assert response["Location"] == "/blog/rest-well/"
    assert writer_client.get("/blog/rest-well/").status_code == 200


# Addresses ---------------------------------------------------------------------------------------------------


def test_old_address_leads_on_however_often_it_changed(writer_client: Client, client: Client) -> None:
    post = make_post("first")
    change(writer_client, post, slug="second")
    change(writer_client, post, slug="third")

    for old in ("first", "second"):
        response = client.get(f"/blog/{old}/")
        assert (response.status_code, response["Location"]) == (301, "/blog/third/")
    change(writer_client, post, slug="first")
    assert client.get("/blog/first/").status_code == 200
    assert client.get("/blog/third/")["Location"] == "/blog/first/"


def test_old_address_of_a_post_off_the_site_is_not_found(client: Client) -> None:
    post = make_post("first")
    post.slug = "second"
    post.save()
    assert client.get("/blog/first/").status_code == 301

    post.unpublish()

    assert client.get("/blog/first/").status_code == 404


def test_draft_leaves_no_old_address(writer_client: Client) -> None:
    change(writer_client, make_draft("first"), slug="second")

    assert not OldAddress.objects.exists()


def test_new_post_does_not_take_an_old_address_by_chance(writer_client: Client) -> None:
    change(writer_client, make_post("rest-well"), slug="other")

    writer_client.post(ADD, typed(slug=""))

    assert Post.objects.latest("pk").slug == "rest-well-2"


# Its minute --------------------------------------------------------------------------------------------------


def test_scheduled_post_appears_everywhere_at_its_minute_in_spite_of_copies(
    client: Client, clock: time_machine.Traveller
) -> None:
    make_post("out")
    make_scheduled("coming")
    places = ["/blog/", "/blog/feed/", "/sitemap.xml"]
    copies = {place: client.get(place) for place in places}

    clock.move_to(NOW + HOUR)

    for place, copy in copies.items():
        assert "no-cache" in copy["Cache-Control"]
        assert "coming" not in copy.content.decode()
        headers = {"If-None-Match": copy["ETag"]} if "ETag" in copy else {}
        again = client.get(place, headers=headers)
        assert again.status_code == 200, place
        assert "/blog/coming/" in again.content.decode()
    assert client.get("/blog/coming/").status_code == 200


@pytest.mark.parametrize("place", ["/blog/", "/blog/a-post/", "/blog/search/?q=words", "/about/", "/faq/"])
def test_page_that_has_not_changed_is_not_sent_again(client: Client, place: str) -> None:
    post = make_post()
    first = client.get(place)

    again = client.get(place, headers={"If-None-Match": first["ETag"]})
    packed = client.get(place, headers={"If-None-Match": f"W/{first['ETag']}"})

    assert first["Cache-Control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert packed.status_code == 304
    post.title = "Another title"
    post.save()
    if "blog" in place:
        assert client.get(place, headers={"If-None-Match": first["ETag"]}).status_code == 200


# Share pictures ----------------------------------------------------------------------------------------------


def test_share_picture_is_drawn_once_for_each_title() -> None:
    post = make_post(title="Rest well")
    assert media.draw_share_pictures("Massage Rx") == 1
    assert media.draw_share_pictures("Massage Rx") == 0
    post.refresh_from_db()
    first, changed = post.share_name, post.updated_at

    post.title = "Sleep well"
    post.save()
    assert media.draw_share_pictures("Massage Rx") == 1

    post.refresh_from_db()
    assert post.share_name != first
    assert not default_storage.exists(first)
    assert changed == NOW


def test_title_that_cannot_be_drawn_keeps_the_site_s_picture() -> None:
    post = make_post(title="手技 and rest")

    assert media.draw_share_pictures("Massage Rx") == 1
    assert media.draw_share_pictures("Massage Rx") == 0

    post.refresh_from_db()
    assert post.share_url is None


@pytest.mark.parametrize(
    ("title", "drawn"),
    [("O’Brien’s “rest”, ¿qué?", True), ("word " * 28, True), ("x" * 140, False), ("😀", False)],
)
def test_share_picture_takes_titles_that_fit(title: str, drawn: bool) -> None:
    assert bool(share.draw(title, "Massage Rx")) is drawn


# Search ------------------------------------------------------------------------------------------------------


def found(client: Client, query: str) -> list[str]:
    response = client.get("/blog/search/", {"q": query})
    assert response.status_code == 200
    assert response["X-Robots-Tag"] == "noindex"
    return [post.slug for post in response.context["posts"]]


@pytest.mark.integrity
def test_search_finds_words_of_what_readers_can_see(client: Client) -> None:
    make_post("title", title="Breathing slowly")
    make_post("summary", summary="A note on breathing.")
    make_post("body", body="<p>On <strong>breathing</strong> and 100% rest_days.</p>")
    make_post("other")
    make_draft("draft", title="Breathing too")
    make_scheduled("coming", title="Breathing too")

    assert set(found(client, "breathing")) == {"title", "summary", "body"}
    assert set(found(client, "  BREATHING  ")) == {"title", "summary", "body"}
    assert found(client, "breathing rest_days") == ["body"]
    assert found(client, "strong") == []
    assert found(client, "zebra") == []
    assert found(client, "") == []


@pytest.mark.integrity
@pytest.mark.parametrize(
    "query",
    ["%", "_", "'; DROP TABLE blog_post; --", '"', "a" * 5000, "a:* & !b | (c", "<script>alert(1)</script>", "\\",
     "手技", "\u202e", "-", "or and not", "😀", "' OR 1=1", ":*", "&&", "\ufffd"],
)  # fmt: skip
def test_search_takes_hostile_words(client: Client, query: str) -> None:
    make_post()

    response = client.get("/blog/search/", {"q": query, "page": "99999999999"})

    assert response.status_code == 200
    assert "<script>alert" not in response.content.decode()
    assert Post.objects.count() == 1


def test_search_refuses_a_nul(client: Client) -> None:
    assert client.get("/blog/search/?q=a%00b").status_code == 400


def test_search_turns_pages_and_keeps_the_words(client: Client) -> None:
    for number in range(11):
        make_post(f"post-{number}", title=f"Tea & rest {number}")

    page = client.get("/blog/search/", {"q": "tea & rest"}).content.decode()

    assert "11 posts with “tea &amp; rest”" in page
    assert 'href="?q=tea%20%26%20rest&amp;page=2"' in page
