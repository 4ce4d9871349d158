"""What search engines are told, page by page: title, description, canonical address, share picture, schema.org data."""

from __future__ import annotations

import json
import re
from datetime import date, time
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.test.utils import override_settings

from blog.models import FaqEntry, Page, Video
from bookings.models import Therapist, WorkingHours
from tests.blog.posts import make_post, make_tag
from tests.factories import NOW, World, make_world
from tests.support.schema_org import faults

PAGES = {
    "/": ["HealthAndBeautyBusiness"],
    "/services/": ["BreadcrumbList"],
    "/services/manual-lymphatic-drainage/": ["Service", "BreadcrumbList", "FAQPage"],
    "/therapists/": ["BreadcrumbList"],
    "/blog/": ["BreadcrumbList"],
    "/blog/a-post/": ["BlogPosting", "BreadcrumbList"],
    "/blog/tag/posture/": ["BreadcrumbList"],
    "/faq/": ["BreadcrumbList", "FAQPage"],
    "/about/": ["BreadcrumbList"],
    "/policies/": ["BreadcrumbList"],
    "/privacy/": ["BreadcrumbList"],
    "/contact/": ["BreadcrumbList"],
    "/book/": [],
}


@pytest.fixture
def world(db: None) -> World:
    world = make_world()
    world.service.faqs.create(question="Does it hurt?", answer="It should not.")
    FaqEntry.objects.create(question="Do you drive to me?", answer="<p>Yes.</p>")
    for slug in ("about", "policies", "privacy"):
        Page.objects.create(slug=slug, title=slug.capitalize(), body="<p>Words.</p>")
    post = make_post(summary="What it says, in one sentence.")
    post.tags.add(make_tag())
    post.services.add(world.service)
    return world


def read(path: str) -> str:
    with time_machine.travel(NOW, tick=False):
        response = Client().get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def meta(html: str, name: str) -> str:
    """The one `content` of a meta element, by name or property."""
    (content,) = re.findall(rf'<meta (?:name|property)="{re.escape(name)}" content="([^"]*)"', html)
    return unescape(content).strip()


def graph(html: str) -> list[dict[str, Any]]:
    documents = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    return [json.loads(document) for document in documents]


@pytest.mark.parametrize("path", PAGES)
def test_head_says_what_the_page_is(path: str, world: World) -> None:
    with override_settings(SITE_URL="https://www.massage-rx.test"):
        html = read(path)
    (title,) = re.findall(r"<title>(.*?)</title>", html)
    assert 8 < len(unescape(title)) <= 75
    assert 20 <= len(meta(html, "description")) <= 300 or path in (
        "/about/",
        "/policies/",
        "/privacy/",
        "/contact/",
    )
    assert re.findall(r'<link rel="canonical" href="([^"]+)"', html) == [f"https://www.massage-rx.test{path}"]
    assert meta(html, "og:url") == f"https://www.massage-rx.test{path}"
    assert meta(html, "og:title")
    assert meta(html, "og:description")
    assert meta(html, "og:image").startswith("https://www.massage-rx.test/")
    assert meta(html, "og:image:alt")
    assert "noindex" not in html
    assert len(re.findall(r"<h1[ >]", html)) == 1


@pytest.mark.parametrize("path", PAGES)
def test_data_speaks_schema_org(path: str, world: World) -> None:
    documents = graph(read(path))
    assert [fault for document in documents for fault in faults(document)] == []
    assert [thing["@type"] for document in documents for thing in document["@graph"]] == PAGES[path]


def test_titles_differ(world: World) -> None:
    titles = [re.findall(r"<title>(.*?)</title>", read(path))[0] for path in PAGES]
    assert len(set(titles)) == len(PAGES)


def test_descriptions_differ_and_name_the_place(world: World) -> None:
    found = {path: meta(read(path), "description") for path in PAGES}
    assert len(set(found.values())) == len(PAGES)
    for path in (
        "/",
        "/services/",
        "/services/manual-lymphatic-drainage/",
        "/therapists/",
        "/book/",
        "/blog/",
    ):
        assert "Los Angeles" in found[path], path
        title = re.findall(r"<title>(.*?)</title>", read(path))[0]
        assert "Los Angeles" in title or path == "/blog/", title
    for path in ("/", "/services/"):
        assert "massage after surgery" in found[path]


def test_the_business_says_when_where_and_for_how_much(world: World) -> None:
    (thing,) = graph(read("/"))[0]["@graph"]
    # Monday to Saturday from 9 to 19; $120 and $170, and $20 for the nearest drive.
    assert [
        (day["dayOfWeek"][19:], day["opens"], day["closes"]) for day in thing["openingHoursSpecification"]
    ] == [
        (day, "09:00", "19:00")
        for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
    ]
    assert thing["priceRange"] == "$140–$190"
    assert [area["name"] for area in thing["areaServed"]] == [
        "Los Angeles", "Eastside, Los Angeles", "Valley, Los Angeles",
    ]  # fmt: skip


def test_hours_are_of_who_can_be_booked_today(world: World) -> None:
    world.add_therapist()
    WorkingHours.objects.filter(therapist=world.therapist, weekday=0).update(ends_at=time(0))
    WorkingHours.objects.filter(weekday=1).update(valid_until=date(2026, 12, 1))
    WorkingHours.objects.filter(weekday=2).update(valid_from=date(2026, 12, 3))
    days = {
        day["dayOfWeek"][19:]: day for day in graph(read("/"))[0]["@graph"][0]["openingHoursSpecification"]
    }
    assert days["Monday"]["closes"] == "23:59"
    assert "Tuesday" not in days
    assert "Wednesday" not in days
    Therapist.objects.update(is_active=False)
    assert graph(read("/"))[0]["@graph"][0]["openingHoursSpecification"] == []


def test_a_post_says_which_videos_it_shows(world: World) -> None:
    Video.objects.create(url="https://youtu.be/dQw4w9WgXcQ", title="Rest your arm")
    link = '<a href="https://youtu.be/dQw4w9WgXcQ" rel="noopener">the video</a>'
    make_post("with-video", body=f"<p>See:</p><p>{link}</p>")
    document = graph(read("/blog/with-video/"))[0]
    assert faults(document) == []
    (video,) = document["@graph"][0]["video"]
    assert (video["@type"], video["name"]) == ("VideoObject", "Rest your arm")
    assert "video" not in graph(read("/blog/a-post/"))[0]["@graph"][0]


@pytest.mark.parametrize(
    "thing",
    [
        {"@type": "MassageParlor"},
        {"@type": "City", "nmae": "Los Angeles"},
        {"@type": "City", "headline": "Los Angeles"},
        {"@type": "Service", "provider": {"@type": "City", "name": "Los Angeles"}},
        {"@type": "BlogPosting", "datePublished": "yesterday"},
        {"@type": "Thing", "url": "/services/"},
        {"@type": "Thing", "name": ""},
        {"@type": "PriceSpecification", "minPrice": "$140"},
    ],
)
def test_a_slip_is_found(thing: dict[str, Any]) -> None:
    assert len(faults({"@context": "https://schema.org", "@graph": [thing]})) == 1


def test_steps_of_a_booking_are_not_for_search_engines(world: World, client: Client) -> None:
    robots = client.get("/robots.txt").content.decode()
    assert "Allow: /book/$" in robots
    assert "Disallow: /book/" in robots
    assert "/book/</loc>" in client.get("/sitemap.xml").content.decode()
    chosen = read("/book/?service=manual-lymphatic-drainage")
    assert "/book/" in re.findall(r'<link rel="canonical" href="([^"]+)"', chosen)[0]


def test_faq_is_dated_by_its_newest_answer(world: World, client: Client) -> None:
    Page.objects.create(slug="faq", title="Questions", body="<p>Words.</p>")
    FaqEntry.objects.update(updated_at=NOW.replace(year=2030))
    sitemap = client.get("/sitemap.xml").content.decode()
    assert re.findall(r"/faq/</loc><lastmod>([^<]+)<", sitemap) == ["2030-12-02"]
