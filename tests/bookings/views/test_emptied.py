"""A site whose owner has emptied the tables that its pages live on: every page still says something."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.models import (
    BookingRules,
    Closure,
    MessageSettings,
    ScreeningVersion,
    TermsVersion,
    Therapist,
    WorkingHours,
)
from services.models import Business, Service, ServiceOption
from tests.bookings.views.flow import Flow
from tests.factories import World

pytestmark = pytest.mark.django_db

PUBLIC = [
    "/", "/?zip=90026", "/services/", "/services/facial/", "/therapists/", "/faq/", "/policies/", "/contact/", "/blog/",
    "/blog/feed/", "/contact/sent/", "/services/posture-program/booklet/", "/sitemap.xml", "/robots.txt",
    "/.well-known/security.txt", "/visits/", "/visits/find/", "/book/", "/book/where/", "/book/when/", "/book/details/",
    "/book/health/", "/book/review/", "/book/done/", "/book/outside/", "/healthz", "/readyz", "/admin/login/",
    "/nothing/",
]  # fmt: skip
STEPS = [
    f"/book/{step}"
    for step in ("", "where/", "when/", "details/", "health/", "health/1/", "health/?all=1", "review/")
]
STAFF_BOOKING = [
    "index", "bookings_booking_day", "bookings_booking_week", "bookings_booking_sheet", "bookings_booking_book",
    "bookings_booking_reports", "bookings_booking_export",
]  # fmt: skip


@pytest.fixture
def owner() -> Client:
    browser = Client(raise_request_exception=False)
    browser.force_login(User.objects.create_superuser("owner", password="a-long-password"))
    return browser


def broken(browser: Client, addresses: list[str]) -> dict[str, int]:
    """Those that answer with a fault of ours; 503 is a page of its own."""
    answers = {address: browser.get(address, follow=True).status_code for address in addresses}
    return {address: status for address, status in answers.items() if status >= 500 and status != 503}


def desk_addresses() -> list[str]:
    addresses = [reverse(f"admin:{name}") for name in STAFF_BOOKING]
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        addresses += [reverse(f"{name}_changelist"), f"{reverse(f'{name}_changelist')}?q=ana+0123"]
        addresses.append(reverse(f"{name}_add"))
    return addresses


def test_pages_without_a_single_row(owner: Client) -> None:
    for model in apps.get_models():
        if model._meta.app_label in ("services", "blog", "bookings"):
            model._default_manager.all().delete()

    assert broken(Client(raise_request_exception=False), PUBLIC) == {}
    assert broken(owner, desk_addresses()) == {}


@pytest.mark.parametrize(
    "emptied",
    [
        Business, BookingRules, MessageSettings, TermsVersion, ScreeningVersion, ServiceOption, Service, WorkingHours,
        Therapist, Closure,
    ],
    ids=lambda model: model.__name__,
)  # fmt: skip
def test_pages_and_steps_when_one_table_is_emptied(
    emptied: Any, world: World, client: Client, owner: Client
) -> None:
    """For a visitor who had come as far as the last step."""
    client.raise_request_exception = False
    flow = Flow(client, world).until("review")
    emptied.objects.all().delete()

    assert broken(client, [*PUBLIC, *STEPS]) == {}
    presses = {
        name: getattr(flow, name)().status_code
        for name in ("what", "where", "when", "details", "health", "review")
    }
    assert not {name: status for name, status in presses.items() if status >= 500 and status != 503}
    assert broken(owner, [reverse(f"admin:{name}") for name in STAFF_BOOKING]) == {}


@pytest.mark.parametrize("emptied", [TermsVersion, ScreeningVersion], ids=lambda model: model.__name__)
def test_who_cannot_book_online_is_given_the_number(emptied: Any, world: World, client: Client) -> None:
    Business.objects.update_or_create(pk=1, defaults={"phone": "+12135550199", "email": "hello@example.com"})
    flow = Flow(client, world).until("review")
    emptied.objects.all().delete()

    for response in (
        client.get("/book/"), flow.what(), client.get("/book/health/"), flow.health(), client.get("/book/review/"),
        client.post("/book/review/", {"agree": "on"}),
    ):  # fmt: skip
        assert response.status_code == 200
        assert "no-store" in response.headers["Cache-Control"]
        page = response.content.decode()
        assert "We book by phone right now" in page
        assert "(213) 555-0199" in page

    # Nothing typed is lost: with the version back in force, the visitor is where they were.
    if emptied is TermsVersion:
        TermsVersion.objects.create(
            number=9, cancellation="C", consent="D", published_at=timezone.now() - timedelta(days=1)
        )
        assert client.get("/book/review/").status_code == 200
