"""The feed, read as a feed reader reads it."""

from typing import Any
from xml.etree import ElementTree

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from services.models import Business
from tests.blog.posts import HOUR, NOW, make_post, make_tag

pytestmark = pytest.mark.django_db

ATOM = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture(autouse=True)
def _site(settings: Any, clock: time_machine.Traveller) -> None:
    settings.SITE_URL = "https://massage.example"


def read(client: Client) -> ElementTree.Element:
    response = client.get("/blog/feed/", HTTP_HOST="localhost")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    return ElementTree.fromstring(response.content)


def test_feed_carries_the_whole_text_with_absolute_links(client: Client) -> None:
    Business.objects.create(name="Massage Rx & Co", phone="+12135550142", email="hello@example.com")
    body = (
        '<h2>Rest</h2><p>See <a href="/services/x/">this</a>, <a href="https://example.com/y">that</a>, '
        '<a href="#top">above</a> or <a href="tel:+12135550142">call</a>.</p>'
    )
    make_post("a-post", title="Rest & <i>sleep</i>", body=body).tags.add(make_tag("posture"))

    feed = read(client)

    entry = feed.find("a:entry", ATOM)
    assert entry is not None
    content = entry.find("a:content", ATOM)
    assert content is not None
    assert content.get("type") == "html"
    text = content.text or ""
    assert text.startswith("<h2>Rest</h2><p>See ")
    assert 'href="https://massage.example/services/x/"' in text
    assert 'href="https://example.com/y"' in text
    assert 'href="https://massage.example/blog/a-post/#top"' in text
    assert 'href="tel:+12135550142"' in text
    assert feed.findtext("a:title", namespaces=ATOM) == "Massage Rx & Co: blog"
    assert entry.findtext("a:title", namespaces=ATOM) == "Rest & <i>sleep</i>"
    assert entry.findtext("a:published", namespaces=ATOM) == "2026-12-02T19:00:00+00:00"
    assert entry.findtext("a:summary", namespaces=ATOM) == "Rest See this , that , above or call ."
    assert [c.get("term") for c in entry.findall("a:category", ATOM)] == ["Posture"]


def test_feed_has_what_atom_asks_for(client: Client) -> None:
    make_post("first")
    make_post("second")

    feed = read(client)

    links = {link.get("rel"): link.get("href") for link in feed.findall("a:link", ATOM)}
    assert links == {
        "self": "https://massage.example/blog/feed/",
        "alternate": "https://massage.example/blog/",
    }
    for element in (feed, *feed.findall("a:entry", ATOM)):
        for name in ("id", "title", "updated"):
            assert element.findtext(f"a:{name}", namespaces=ATOM), name
        assert element.findtext("a:author/a:name", namespaces=ATOM) == "Massage Rx"
    ids = [entry.findtext("a:id", namespaces=ATOM) for entry in feed.findall("a:entry", ATOM)]
    assert len(ids) == len(set(ids)) == 2


def test_feed_holds_the_newest_twenty(client: Client) -> None:
    for number in range(25):
        make_post(f"post-{number}", published_at=NOW - (number + 1) * HOUR)

    entries = read(client).findall("a:entry", ATOM)

    assert [entry.find("a:link", ATOM).get("href") for entry in entries] == [
        f"https://massage.example/blog/post-{number}/" for number in range(20)
    ]


def test_a_new_address_of_the_post_or_the_site_makes_no_new_entry(client: Client, settings: Any) -> None:
    post = make_post("a-post")
    make_post("other")

    def ids() -> list[str]:
        feed = read(client)
        return [item.findtext("a:id", "", ATOM) for item in (feed, *feed.findall("a:entry", ATOM))]

    before = ids()
    post.slug = "another-address"
    post.save()
    settings.SITE_URL = "https://other.example"
    assert sorted(ids()) == sorted(before)
    assert len(set(before)) == 3
    assert all(name.startswith("urn:uuid:") for name in before)


@pytest.mark.parametrize("what", ["business", "tag"])
def test_feed_is_sent_again_when_a_name_in_it_changed(
    client: Client, writer_client: Client, clock: time_machine.Traveller, what: str
) -> None:
    business = Business.objects.create(phone="+12135550142", email="hello@example.com")
    tag = make_tag("posture")
    make_post().tags.add(tag)
    first = client.get("/blog/feed/")
    clock.move_to(NOW + HOUR)
    if what == "business":
        business.name = "Another name"
        business.save()
    else:
        address = reverse("admin:blog_tag_change", args=[tag.pk])
        assert writer_client.post(address, {"name": "Another name", "slug": tag.slug}).status_code == 302
    again = client.get("/blog/feed/", HTTP_IF_MODIFIED_SINCE=first["Last-Modified"])
    assert again.status_code == 200
    assert "Another name" in again.content.decode()


def test_feed_without_posts_is_valid(client: Client) -> None:
    assert read(client).findall("a:entry", ATOM) == []


def test_feed_survives_characters_that_xml_cannot_hold(client: Client) -> None:
    make_post("a-post", title="a\x0bb\ufffe", author_name="c\x1bd\uffff", body="<p>e\x0cf</p>")
    Business.objects.create(name="g\x08h", tagline="i\x7fj", phone="+12135550142", email="hello@example.com")
    tag = make_tag()
    tag.name = "k\x01l"
    tag.save()
    tag.posts.set([*tag.posts.model.objects.all()])

    feed = read(client)

    assert feed.findtext("a:entry/a:title", namespaces=ATOM) == "ab"
    assert feed.findtext("a:entry/a:author/a:name", namespaces=ATOM) == "cd"


def test_feed_is_not_sent_again_while_nothing_changed(client: Client) -> None:
    make_post()
    first = client.get("/blog/feed/")

    by_tag = client.get("/blog/feed/", HTTP_IF_NONE_MATCH=first["ETag"])
    by_date = client.get("/blog/feed/", HTTP_IF_MODIFIED_SINCE=first["Last-Modified"])

    assert (by_tag.status_code, by_tag.content) == (304, b"")
    assert by_date.status_code == 304


def test_feed_is_sent_again_when_a_post_was_changed_or_taken_off(
    client: Client, clock: time_machine.Traveller
) -> None:
    make_post("staying")
    post = make_post("changing")
    first = client.get("/blog/feed/")
    clock.move_to(NOW + HOUR)
    post.body = "<p>Other words.</p>"
    post.save()
    second = client.get("/blog/feed/", HTTP_IF_NONE_MATCH=first["ETag"])
    post.unpublish()
    third = client.get("/blog/feed/", HTTP_IF_NONE_MATCH=second["ETag"])

    assert (second.status_code, third.status_code) == (200, 200)
    assert "Other words." in second.content.decode()
    assert "/blog/changing/" not in third.content.decode()


def test_pages_say_where_the_feed_is(client: Client) -> None:
    make_post()

    for place in ("/blog/", "/blog/a-post/"):
        page = client.get(place).content.decode()
        assert '<link rel="alternate" type="application/atom+xml"' in page
        assert 'href="/blog/feed/"' in page
