"""Two people at the same time, booked and moved on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from playwright.sync_api import expect

from bookings.models import Booking
from tests.factories import NOW, World, make_world
from tests.support.booking_pages import BookingPages
from tests.support.browser import accessibility_violations, sideways_overflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_two_people_book_and_find_each_other(
    live_server: Any, clock: None, new_page: Any, scripts: bool
) -> None:
    world: World = make_world()
    world.add_therapist()
    page = new_page(width=390, javascript=scripts)
    pages = BookingPages(page, email="ana@example.com")

    def looks_right() -> None:
        if scripts:
            assert accessibility_violations(page) == []
        for width in (320, 390):
            page.set_viewport_size({"width": width, "height": 800})
            assert not sideways_overflow(page)

    page.goto("/book/?service=manual-lymphatic-drainage")
    page.locator("input[name=option]").first.check(force=True)
    page.get_by_label("Two people at the same time").check(force=True)
    page.get_by_label("ZIP code of the visit").fill("90026")
    pages.press("Continue")
    expect(page.get_by_role("heading", name="And to the second?")).to_be_visible()
    looks_right()
    pages.when()
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    for choice in page.locator("input[value=none]").all():
        choice.check(force=True)
    for adult in page.locator("input[name$=adult][value=yes]").all():
        adult.check(force=True)
    pages.press("Continue")
    expect(page).to_have_url(f"{live_server.url}/book/details/")
    page.get_by_label("Name of the second person").fill("Ben Second")
    looks_right()
    pages.details()
    expect(page.get_by_text("Sample Therapist Two comes to Ben Second")).to_be_visible()
    looks_right()
    page.get_by_label("I have read this and agree").check(force=True)
    pages.press("Send my request")
    expect(page.get_by_text("and at the same time Sample Therapist Two to Ben Second")).to_be_visible()
    looks_right()
    assert Booking.objects.count() == 2
    page.get_by_role("link", name="See my visit").click()
    expect(page.get_by_role("heading", name="At the same time")).to_be_visible()
    looks_right()
    page.get_by_role("link", name="Move both to another time").click()
    expect(page.get_by_role("heading", name="And to the second?")).to_be_visible()
    page.locator("button.time").last.click()
    expect(page.get_by_role("heading", name="Move both visits?")).to_be_visible()
    looks_right()
    pages.press("Move both visits")
    expect(page.get_by_text("Both visits are moved.")).to_be_visible()
