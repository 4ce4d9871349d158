"""An office's coordinator and her patient, each on a phone: at every width, with and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from playwright.sync_api import expect

from bookings.courses.models import Course
from bookings.referrals.models import Referral
from tests.bookings.courses.conftest import make_plan
from tests.factories import NOW, World, make_world
from tests.support.browser import accessibility_violations, sideways_overflow

from .conftest import link_of, make_office, page_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clock() -> Iterator[None]:
    """Ticks: browser and server wait for each other by the clock."""
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def world() -> World:
    found = make_world()
    make_plan(found)
    return found


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_office_refers_and_the_patient_books(
    live_server: Any, clock: None, world: World, new_page: Any, scripts: bool
) -> None:
    page = new_page(width=390, javascript=scripts)
    # A form that is sent empty, and an address that is closed.
    new_page.allow("422")
    new_page.allow("404")

    def looks_right() -> None:
        if scripts:
            assert accessibility_violations(page) == []
        for width in (320, 1280, 390):
            page.set_viewport_size({"width": width, "height": 800})
            assert not sideways_overflow(page), width

    page.goto(page_of(make_office()))
    looks_right()
    page.get_by_role("button", name="Send it to us").click()
    expect(page.get_by_role("heading", name="Please look at this again")).to_be_visible()
    looks_right()
    for name, value in (
        ("name", "Ana Sample"),
        ("email", "ana@example.com"),
        ("procedure", "Liposuction, thighs"),
        ("surgery", "2026-12-01"),
        ("cleared_from", "2026-12-05"),
        ("limits", "Light pressure."),
        ("entered_by", "Kim Sample"),
    ):
        page.locator(f"[name={name}]").fill(value)
    page.get_by_label("The surgeon has cleared this patient").check()
    page.get_by_role("button", name="Send it to us").click()
    expect(page.get_by_text("We have written to Ana Sample.")).to_be_visible()

    page.goto(link_of(Referral.objects.get()))
    looks_right()
    page.get_by_label("ZIP code of the visit").fill("90026")
    page.get_by_label("may see how many of my visits").check()
    page.get_by_role("button", name="See my visits").click()
    expect(page.get_by_role("heading", name="5 visits")).to_be_visible()
    page.get_by_role("button", name="Take these times").click()
    expect(page).to_have_url(f"{live_server.url}/book/health/")
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    for none in page.get_by_label("None of these").all():
        none.check()
    page.locator("[name=adult][value=yes]").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("Your name")).to_have_value("Ana Sample")
    expect(page.get_by_label("Email")).to_have_value("ana@example.com")
    page.get_by_label("Phone").fill("(213) 555-0123")
    page.get_by_label("Street address").fill("12 Sample Street")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("I have read this and agree").check()
    page.get_by_role("button", name="Ask for all of them").click()
    expect(page.get_by_text("That is the first of 5 visits.")).to_be_visible()
    assert Course.objects.get().referral.may_see

    page.goto(link_of(Referral.objects.get()))
    expect(page.get_by_label("may see how many of my visits")).to_be_checked()
    looks_right()
    page.goto(page_of(Referral.objects.get().office))
    expect(page.get_by_text("0 of 5 done")).to_be_visible()
    looks_right()
    page.goto("/refer/nothing/")
    expect(page.get_by_role("heading", name="This address opens nothing")).to_be_visible()
    looks_right()
