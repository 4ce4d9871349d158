"""The sitemap: all public pages on the site's own address, with true dates."""

from typing import Any
from xml.etree import ElementTree

import pytest
import time_machine
from django.test import Client

from blog.models import Page, Post
from bookings.models import Therapist
from services.models import Category, Service, ServiceOption
from tests.blog.posts import HOUR, NOW, make_post, make_tag
from tests.factories import somebody_does

pytestmark = pytest.mark.django_db

SPACE = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


@pytest.fixture(autouse=True)
def _site(settings: Any, clock: time_machine.Traveller) -> None:
    settings.SITE_URL = "https://massage.example"


def dates(client: Client) -> dict[str, str | None]:
    """The path of each location with its last change."""
    response = client.get("/sitemap.xml", HTTP_HOST="localhost")
    assert response.status_code == 200
    found = {}
    for url in ElementTree.fromstring(response.content).findall("s:url", SPACE):
        location = url.findtext("s:loc", namespaces=SPACE) or ""
        assert location.startswith("https://massage.example/")
        found[location.removeprefix("https://massage.example")] = url.findtext("s:lastmod", namespaces=SPACE)
    return found


def test_sitemap_lists_the_public_pages(client: Client) -> None:
    category = Category.objects.create(name="Massage", slug="massage")
    for slug, active in (("offered", True), ("retired", False)):
        service = Service.objects.create(
            category=category, name=slug, slug=slug, summary="x", description="<p>x</p>", is_active=active
        )
        ServiceOption.objects.create(service=service, minutes=60, price_cents=100)
        somebody_does(service)
    make_post("a-post").tags.add(make_tag("posture"))
    make_tag("unused")
    Page.objects.create(slug="privacy", title="Privacy", body="<p>x</p>")
    Page.objects.create(slug="policies", title="Policies", body="")
    Page.objects.create(slug="contact", title="Contact", body="")

    assert set(dates(client)) == {
        "/", "/services/", "/therapists/", "/book/", "/blog/", "/services/offered/", "/blog/a-post/",
        "/blog/tag/posture/", "/privacy/", "/contact/",
        *(f"/therapists/{slug}/" for slug in Therapist.objects.order_by("slug").values_list("slug", flat=True)),
    }  # fmt: skip


def test_sitemap_dates_are_when_the_page_changed(client: Client, clock: time_machine.Traveller) -> None:
    make_post("changed")
    make_post("scheduled", published_at=NOW + 48 * HOUR)
    clock.move_to(NOW + 24 * HOUR)
    Post.objects.get(slug="changed").save()
    clock.move_to(NOW + 72 * HOUR)

    found = dates(client)

    assert found["/blog/changed/"] == "2026-12-03"
    assert found["/blog/scheduled/"] == "2026-12-04"
    assert found["/"] is None
