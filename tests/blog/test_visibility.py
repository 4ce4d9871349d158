"""Who sees which post where: readers see what is published and due, everywhere at the same minute."""

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from tests.blog.posts import HOUR, NOW, make_draft, make_post, make_scheduled, make_tag

pytestmark = pytest.mark.django_db

PLACES = ["/blog/", "/blog/feed/", "/sitemap.xml", "/blog/tag/posture/"]


@pytest.fixture(autouse=True)
def _posts(clock: time_machine.Traveller) -> None:
    tag = make_tag("posture")
    # The draft was a post before, and keeps its day.
    draft = make_draft("a-hidden-draft", published_at=NOW - HOUR)
    for post in (make_post("an-open-post"), draft, make_scheduled("a-coming-post")):
        post.tags.add(tag)


@pytest.mark.parametrize("place", PLACES)
def test_place_shows_published_post_alone(client: Client, place: str) -> None:
    page = client.get(place).content.decode()

    assert "/blog/an-open-post/" in page
    assert "a-hidden-draft" not in page
    assert "a-coming-post" not in page


@pytest.mark.parametrize("place", [*PLACES, "/blog/a-coming-post/"])
def test_scheduled_post_appears_at_its_minute(
    client: Client, clock: time_machine.Traveller, place: str
) -> None:
    def shown() -> bool:
        response = client.get(place)
        return response.status_code == 200 and "/blog/a-coming-post/" in response.content.decode()

    clock.move_to(NOW + HOUR - (HOUR / 3600))
    before = shown()
    clock.move_to(NOW + HOUR)

    assert (before, shown()) == (False, True)


@pytest.mark.parametrize("slug", ["a-hidden-draft", "a-coming-post", "no-such-post"])
def test_hidden_post_is_not_found_by_readers(client: Client, slug: str) -> None:
    assert client.get(f"/blog/{slug}/").status_code == 404


@pytest.mark.parametrize(
    ("slug", "notice"),
    [
        ("a-hidden-draft", "this post is a draft"),
        ("a-coming-post", "readers will see this post from December 2"),
    ],
)
def test_hidden_post_is_previewed_by_writer(writer_client: Client, slug: str, notice: str) -> None:
    response = writer_client.get(f"/blog/{slug}/")

    assert response.status_code == 200
    assert f"The words of {slug}." in response.content.decode()
    assert notice in response.content.decode()
    assert response["Cache-Control"] == "no-store"
    assert response["X-Robots-Tag"] == "noindex"


def test_hidden_post_is_not_found_by_staff_without_the_permission(client: Client) -> None:
    client.force_login(User.objects.create_user("therapist", is_staff=True))

    assert client.get("/blog/a-hidden-draft/").status_code == 404


def test_published_post_has_no_preview_notice(writer_client: Client) -> None:
    response = writer_client.get("/blog/an-open-post/")

    assert "Preview" not in response.content.decode()
    assert "X-Robots-Tag" not in response


def test_tag_of_hidden_posts_alone_is_not_found(client: Client) -> None:
    make_draft("another-draft").tags.add(make_tag("secret"))

    assert client.get("/blog/tag/secret/").status_code == 404
    assert "/blog/tag/secret/" not in client.get("/sitemap.xml").content.decode()
    assert "/blog/tag/secret/" not in client.get("/blog/").content.decode()
