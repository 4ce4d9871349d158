"""The catalogue's pages and the home page: what they promise, what they cost to build, what machines read in them."""

import json
import re
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.template.loader import get_template
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.models import Therapist
from services.models import Business, Category, Service, ServiceOption
from tests.blog.posts import make_draft, make_post, make_scheduled
from tests.factories import NOW, World, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def structured_data(html: str) -> list[dict[str, Any]]:
    """Every JSON-LD thing of a page."""
    scripts = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    return [thing for script in scripts for thing in json.loads(script)["@graph"]]


def add_services(number: int) -> None:
    category = Category.objects.get()
    for count in range(number):
        service = Service.objects.create(
            category=category,
            name=f"Service {count}",
            slug=f"service-{count}",
            summary=".",
            description="<p>.</p>",
        )
        ServiceOption.objects.create(service=service, minutes=60, price_cents=10_000)
        Therapist.objects.get().services.add(service)


@pytest.mark.parametrize("path", ["/", "/services/", "/services/manual-lymphatic-drainage/"])
def test_first_price_shown_includes_the_lowest_travel_fee(client: Client, world: World, path: str) -> None:
    html = client.get(path).content.decode()
    # $120 for 60 minutes and $20 for the nearest drive.
    assert "$140" in html
    assert "$120" not in html


@pytest.mark.parametrize("path", ["/", "/services/", "/book/", "/services/manual-lymphatic-drainage/"])
def test_services_stand_in_the_owner_s_order(client: Client, world: World, path: str) -> None:
    add_services(3)
    for position, slug in enumerate(("service-1", "service-2", "service-0"), start=1):
        Service.objects.filter(slug=slug).update(position=position)
    Service.objects.filter(pk=world.service.pk).update(position=9)

    html = client.get(path).content.decode()

    assert list(dict.fromkeys(re.findall(r"Service \d", html))) == ["Service 1", "Service 2", "Service 0"]


def test_a_service_that_nobody_does_is_nowhere(client: Client, world: World) -> None:
    add_services(1)
    Therapist.objects.get().services.remove(Service.objects.get(slug="service-0"))
    for path in ("/", "/services/", "/book/", "/services/manual-lymphatic-drainage/", "/sitemap.xml"):
        html = client.get(path).content.decode()
        assert "ervice 0" not in html
        assert "service-0" not in html
    assert client.get("/services/service-0/").status_code == 404


def test_home_names_the_lowest_price_of_all_services_not_of_those_it_shows(
    client: Client, world: World
) -> None:
    add_services(7)
    ServiceOption.objects.filter(service__slug="service-6").update(price_cents=5_000)
    html = client.get("/").content.decode()
    assert "Service 6" not in html
    assert "$70" in html


def test_travel_fee_of_a_zone_without_served_zip_does_not_count(client: Client, world: World) -> None:
    world.area.is_active = False
    world.area.save()
    assert "$160" in client.get("/services/").content.decode()


def test_detail_links_each_length_to_booking_with_the_choice_kept(client: Client, world: World) -> None:
    html = client.get("/services/manual-lymphatic-drainage/").content.decode()
    for option in (world.option, world.longer):
        assert f"/book/?service=manual-lymphatic-drainage&amp;option={option.pk}" in html


def test_inactive_or_lengthless_service_is_not_found(client: Client, world: World) -> None:
    ServiceOption.objects.update(is_active=False)
    assert client.get("/services/manual-lymphatic-drainage/").status_code == 404
    assert "/services/manual-lymphatic-drainage/" not in client.get("/services/").content.decode()


def test_offers_for_machines_have_the_prices_that_people_see(client: Client, world: World) -> None:
    things = structured_data(client.get("/services/manual-lymphatic-drainage/").content.decode())
    service = next(thing for thing in things if thing["@type"] == "Service")
    assert [offer["priceSpecification"]["minPrice"] for offer in service["offers"]] == ["140.00", "190.00"]
    crumbs = next(thing for thing in things if thing["@type"] == "BreadcrumbList")
    assert [crumb["name"] for crumb in crumbs["itemListElement"]] == [
        "Home",
        "Services",
        "Manual lymphatic drainage",
    ]


def test_home_tells_machines_who_and_where(client: Client, world: World) -> None:
    (business,) = structured_data(client.get("/").content.decode())
    assert business["@type"] == "HealthAndBeautyBusiness"
    assert [(area["@type"], area["name"]) for area in business["areaServed"]] == [
        ("City", "Los Angeles"),
        ("Place", "Eastside, Los Angeles"),
        ("Place", "Valley, Los Angeles"),
    ]
    assert business["telephone"] == "+12135550142"


def test_markup_in_a_name_cannot_leave_its_script_element(client: Client, world: World) -> None:
    world.service.summary = "</script><script>alert(1)</script>"
    world.service.save()
    html = client.get("/services/manual-lymphatic-drainage/").content.decode()
    assert "<script>alert" not in html
    service = next(thing for thing in structured_data(html) if thing["@type"] == "Service")
    assert service["description"] == "</script><script>alert(1)</script>"


@pytest.mark.parametrize("path", ["/", "/services/"])
def test_queries_do_not_grow_with_the_catalogue(client: Client, world: World, path: str) -> None:
    with CaptureQueriesContext(connection) as few:
        client.get(path)
    add_services(30)
    with CaptureQueriesContext(connection) as many:
        client.get(path)
    assert len(many) == len(few)


def test_visitors_without_a_session_share_one_page(client: Client, world: World) -> None:
    response = client.get("/")
    assert "Cookie" not in response.get("Vary", "")
    assert not response.cookies


def test_sample_banner_is_for_those_who_may_change_it_while_the_data_is_sample(
    client: Client, world: World
) -> None:
    Business.objects.update(is_sample=True)
    assert "sample-banner" not in client.get("/").content.decode()
    client.force_login(User.objects.create_user("visitor"))
    assert "sample-banner" not in client.get("/").content.decode()
    client.force_login(User.objects.create_user("therapist", is_staff=True))
    assert "sample-banner" not in client.get("/").content.decode()
    owner = User.objects.create_user("owner", is_staff=True)
    owner.user_permissions.add(Permission.objects.get(codename="change_business"))
    client.force_login(owner)
    assert "sample-banner" in client.get("/").content.decode()
    Business.objects.update(is_sample=False)
    assert "sample-banner" not in client.get("/").content.decode()


def test_footer_names_each_bookable_therapist_with_the_certificate(client: Client, world: World) -> None:
    world.add_therapist("Lapsed Sample", certificate_expires_on="2026-12-01")
    with time_machine.travel(NOW, tick=False):
        html = client.get("/services/").content.decode()
    assert world.therapist.certificate_number in html
    assert "Lapsed Sample" not in html


def test_error_page_needs_neither_context_nor_database() -> None:
    # No database mark: a query would fail this test.
    html = get_template("errors/500.html").render()
    assert "Something went wrong" in html
    assert re.findall(r'href="([^"]+\.css)"', html) == ["/static/css/for_pages.css"]


def test_missing_page_says_where_to_go(client: Client, world: World) -> None:
    response = client.get("/no-such-page/")
    assert response.status_code == 404
    assert 'href="/services/"' in response.content.decode()
    assert '<meta name="robots" content="noindex">' in response.content.decode()


def test_detail_shows_posts_about_it_that_readers_can_see(client: Client, world: World) -> None:
    shown, other = make_post("about-it"), make_post("about-another-thing")
    for post in (shown, make_draft("draft-about-it"), make_scheduled("later-about-it")):
        post.services.add(world.service)
    with time_machine.travel(NOW, tick=False):
        html = client.get("/services/manual-lymphatic-drainage/").content.decode()
    assert f'href="{shown.get_absolute_url()}"' in html
    for hidden in (other.slug, "draft-about-it", "later-about-it"):
        assert f"/blog/{hidden}/" not in html
    assert "Questions about it" not in html


def test_detail_costs_the_same_with_thirty_posts_and_questions(client: Client, world: World) -> None:
    def load(number: int) -> int:
        for count in range(number):
            make_post(f"post-{number}-{count}").services.add(world.service)
            world.service.faqs.create(question=f"Why {number} {count}?", answer="So.")
        with time_machine.travel(NOW, tick=False), CaptureQueriesContext(connection) as queries:
            client.get("/services/manual-lymphatic-drainage/")
        return len(queries)

    assert load(1) == load(30)
