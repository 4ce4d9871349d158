"""A course in a real browser, with the caller on the line: how many presses it takes, at every width."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from bookings.courses.models import Course, CoursePlan
from bookings.domain import links
from tests.bookings.admin.test_admin_in_chromium import sign_in
from tests.factories import NOW, World, make_world
from tests.support.browser import accessibility_violations, sideways_overflow

from .conftest import make_plan
from .test_booking import SURGERY
from .test_rest import make_course

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# No browser breaks it between words.
LONG = "7" + "Familylane" * 12
TWELVE = ((3, 7, 3, 1), (8, 14, 3, 2), (15, 28, 4, 2), (29, 42, 2, 4))


@pytest.fixture
def clock() -> Iterator[None]:
    """Ticks: browser and server wait for each other by the clock."""
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def world() -> World:
    found = make_world()
    User.objects.create_superuser("owner", "owner@example.com", "a-long-password")
    make_plan(found, *TWELVE)
    return found


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_client_books_twelve_visits_on_a_phone(
    live_server: Any, clock: None, world: World, new_page: Any, scripts: bool
) -> None:
    page = new_page(width=390, javascript=scripts)
    presses = 0

    def press(locator: Any) -> None:
        nonlocal presses
        presses += 1
        locator.click()

    def fill(label: str, value: str) -> None:
        nonlocal presses
        presses += 1  # into the field
        page.get_by_label(label).fill(value)

    page.goto(world.service.get_absolute_url())
    press(page.get_by_role("link", name="Plan a whole course"))
    fill("ZIP code of the visit", "90026")
    press(page.get_by_role("button", name="Plan a whole course"))
    expect(page.get_by_text("We never open or drain incisions")).to_be_visible()
    fill("Day of the surgery", str(SURGERY))
    press(page.get_by_role("button", name="Show the visits"))
    expect(page.get_by_role("heading", name="12 visits")).to_be_visible()
    if scripts:
        assert accessibility_violations(page) == []
    assert not sideways_overflow(page)
    press(page.get_by_role("button", name="Take these times"))
    expect(page).to_have_url(f"{live_server.url}/book/health/")
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    for none in page.get_by_label("None of these").all():
        press(none)
    press(page.locator("[name=adult][value=yes]"))
    press(page.get_by_role("button", name="Continue"))
    expect(page).to_have_url(f"{live_server.url}/book/details/")
    for label, value in (
        ("Your name", "Ana Sample"),
        ("Email", "ana@example.com"),
        ("Phone", "(213) 555-0123"),
        ("Street address", "12 Sample Street"),
    ):
        fill(label, value)
    press(page.get_by_role("button", name="Continue"))
    expect(page.get_by_role("button", name="Ask for all of them")).to_be_visible()
    if scripts:
        assert accessibility_violations(page) == []
    press(page.get_by_label("I have read this and agree"))
    press(page.get_by_role("button", name="Ask for all of them"))

    expect(page.get_by_text("That is the first of 12 visits.")).to_be_visible()
    assert presses <= 30, presses
    assert Course.objects.get().visits.count() == 12
    if scripts:
        assert accessibility_violations(page) == []
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert not sideways_overflow(page)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_client_has_visits_at_three_addresses(
    live_server: Any, clock: None, world: World, new_page: Any, scripts: bool
) -> None:
    page = new_page(width=390, javascript=scripts)
    page.goto(world.service.get_absolute_url())
    page.get_by_role("link", name="Plan a whole course").click()
    page.get_by_label("ZIP code of the visit").fill("90026")
    page.get_by_role("button", name="Plan a whole course").click()
    expect(page.get_by_text("Some visits are at another address")).to_be_visible()
    expect(page.get_by_label("From visit").first).to_be_hidden()
    page.get_by_label("Day of the surgery").fill(str(SURGERY))
    page.get_by_text("Some visits are at another address").click()
    expect(page.get_by_text("visits 1 to 3 in days 3 to 7")).to_be_visible()
    page.get_by_text("One more address").first.click()
    for group, values in (
        ("Another address", ("1", "3", "91364", "4 Recovery Road")),
        ("Another address (2)", ("4", "6", "90026", LONG)),
    ):
        fields = page.get_by_role("group", name=group, exact=True)
        for label, value in zip(("From visit", "To visit", "ZIP code there", "Street"), values, strict=True):
            fields.get_by_label(label).fill(value)
    if scripts:
        assert accessibility_violations(page) == []
    for width in (320, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert not sideways_overflow(page)
    page.get_by_role("button", name="Show the visits").click()
    expect(page.get_by_role("heading", name="12 visits")).to_be_visible()
    expect(page.get_by_label("4 Recovery Road, 91364")).to_have_count(3)
    expect(page.get_by_label(f"{LONG}, 90026")).to_have_count(3)
    expect(page.get_by_label("ZIP code 90026")).to_have_count(6)
    if scripts:
        assert accessibility_violations(page) == []
    for width in (320, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert not sideways_overflow(page)
    page.get_by_role("button", name="Take these times").click()
    expect(page).to_have_url(f"{live_server.url}/book/health/")
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    for none in page.get_by_label("None of these").all():
        none.click()
    page.locator("[name=adult][value=yes]").click()
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(f"{live_server.url}/book/details/")
    page.get_by_label("Your name").fill("Ana Sample")
    page.get_by_label("Email").fill("ana@example.com")
    page.get_by_label("Phone").fill("(213) 555-0123")
    page.get_by_label("Street address").fill("12 Sample Street")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Visits 1 to 3:")).to_be_visible()
    if scripts:
        assert accessibility_violations(page) == []
    for width in (320, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert not sideways_overflow(page)
    page.get_by_label("I have read this and agree").check()
    page.get_by_role("button", name="Ask for all of them").click()
    expect(page.get_by_text("That is the first of 12 visits.")).to_be_visible()
    streets = [visit.street for visit in Course.objects.get().visits]
    assert streets == ["4 Recovery Road"] * 3 + [LONG] * 3 + ["12 Sample Street"] * 6


def test_twelve_visits_for_a_known_client_take_few_presses(
    live_server: Any, clock: None, world: World, new_page: Any
) -> None:
    client = world.book().client
    page = sign_in(new_page(width=1280))
    presses = 0

    def press(locator: Any) -> None:
        nonlocal presses
        presses += 1
        locator.click()

    page.goto(f"/admin/bookings/client/{client.pk}/change/")
    press(page.get_by_role("button", name="Book", exact=True))
    press(page.get_by_role("link", name="Plan a whole course instead"))
    presses += 1  # into the field
    page.get_by_label("Day of the surgery").fill(str(SURGERY))
    press(page.get_by_role("button", name="Show the visits"))
    expect(page.get_by_role("heading", name="12 visits")).to_be_visible()
    assert accessibility_violations(page) == []
    for width in (1280, 390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert not sideways_overflow(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    press(page.get_by_role("button", name="Take these times"))
    expect(page).to_have_url(f"{live_server.url}/book/health/")
    assert accessibility_violations(page) == []
    press(page.get_by_role("button", name="Nothing has changed"))
    expect(page.get_by_role("button", name="Book all of them")).to_be_visible()
    assert accessibility_violations(page) == []
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert not sideways_overflow(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    press(page.get_by_label("I have read this and agree"))
    press(page.get_by_role("button", name="Book all of them"))

    expect(page.get_by_text("12 visits are booked.")).to_be_visible()
    assert presses <= 8, presses
    assert Course.objects.get().visits.count() == 12
    assert accessibility_violations(page) == []
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert not sideways_overflow(page)


def holds_at_every_width(page: Any) -> None:
    assert accessibility_violations(page) == []
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert not sideways_overflow(page)


def test_client_moves_pauses_and_goes_on_with_a_course(
    live_server: Any, clock: None, world: World, new_page: Any
) -> None:
    course = make_course(world, CoursePlan.objects.get())
    token = links.token_of(links.sign_in_link(email="ana@example.com", now=timezone.now()))
    page = new_page(width=390)
    page.goto(f"/visits/sign-in/{token}/")
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"/visits/v/{course.visits[0].reference}/")
    page.get_by_role("link", name="Move the whole course").click()
    page.get_by_label("By how many days?").fill("5")
    page.get_by_role("button", name="Show the new times").click()
    expect(page.get_by_role("button", name="Move 12 visits")).to_be_visible()
    holds_at_every_width(page)
    page.get_by_role("button", name="Move 12 visits").click()
    expect(page.get_by_text("12 visits are moved.")).to_be_visible()

    page.get_by_role("link", name="Pause the course").click()
    expect(page.get_by_role("heading", name="Pause the course?")).to_be_visible()
    holds_at_every_width(page)
    page.get_by_role("button", name="Pause the course").click()
    expect(page.get_by_text("12 visits are still to be planned.")).to_be_visible()
    holds_at_every_width(page)

    page.get_by_role("button", name="Go on with the course").click()
    page.get_by_label("From which day can we come again?").fill(str(SURGERY + timedelta(days=30)))
    page.get_by_role("button", name="Show the visits").click()
    expect(page.get_by_role("heading", name="12 visits")).to_be_visible()
    expect(page.get_by_text("We’re holding your times")).to_be_visible()
    holds_at_every_width(page)


def test_desk_sees_a_paused_course(live_server: Any, clock: None, world: World, new_page: Any) -> None:
    course = make_course(world, CoursePlan.objects.get())
    page = sign_in(new_page(width=1280))
    page.goto(f"/admin/courses/course/{course.pk}/move/?days=5")
    expect(page.get_by_role("button", name="Move 12 visits")).to_be_visible()
    holds_at_every_width(page)
    page.goto(f"/admin/courses/course/{course.pk}/change/")
    page.get_by_role("button", name="Pause: cancel 12 visits").click()
    expect(page.get_by_text("12 visits are still to be planned.")).to_be_visible()
    holds_at_every_width(page)
    page.get_by_role("button", name="Plan the rest…").click()
    expect(page.get_by_label("From which day can we come again?")).to_be_visible()
    holds_at_every_width(page)
    page.get_by_label("From which day can we come again?").fill(str(SURGERY + timedelta(days=30)))
    page.get_by_role("button", name="Show the visits").click()
    page.get_by_role("button", name="Take these times").click()
    page.get_by_role("button", name="Nothing has changed").click()
    expect(page.get_by_role("button", name="Book all of them")).to_be_visible()
    holds_at_every_width(page)
