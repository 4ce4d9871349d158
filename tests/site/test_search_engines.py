"""What search engines are told, page by page: title, description, canonical address, share picture, schema.org data."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.test.utils import override_settings

from blog.models import FaqEntry, Page
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
