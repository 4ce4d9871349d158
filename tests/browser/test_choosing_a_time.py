"""The step that asks when, in Chromium: a day without times, and the time that is kept meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from bookings.models import Closure, Hold, TimeOff
from tests.bookings.admin.test_admin_in_chromium import sign_in
from tests.factories import DAY, NOW, World, at, make_world
from tests.support.booking_pages import BookingPages
from tests.support.browser import (
    DESKTOP,
    PHONE,
    PageMaker,
    accessibility_violations,
    screenshot,
    sideways_overflow,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clock() -> Iterator[Any]:
    """Ticks: browser and server wait for each other by the clock."""
    with time_machine.travel(NOW, tick=True) as traveller:
        yield traveller


@pytest.fixture
def full_day() -> World:
    """A day on which nobody comes, though a second therapist would; the named one has no times at all."""
    world = make_world()
    world.rules.horizon_days = 90  # for months to turn
    world.rules.save()
    other = world.add_therapist()
    TimeOff.objects.create(therapist=other, starts_at=NOW, ends_at=NOW + timedelta(days=91))
    Closure.objects.create(date=DAY, name="Rain")
    return world


def to_times(page: Page) -> BookingPages:
    pages = BookingPages(page, email="times@example.com")
    pages.what()
    pages.where()
    return pages


def words(page: Page) -> str:
    return " ".join(page.locator("#times").inner_text().split())


def test_day_without_times_is_the_same_page_with_and_without_javascript(
    live_server: Any, clock: Any, full_day: World, new_page: PageMaker
) -> None:
    page, plain = new_page(), new_page(javascript=False)
    to_times(page)
    to_times(plain)
    page.evaluate("window.stays = true")
    for one in (page, plain):
        one.get_by_role("link", name="Monday, December 7: no times").click()
        expect(one.get_by_text("We are closed on this day.")).to_be_visible()
    expect(page.locator("#times-title")).to_be_focused()
    assert page.evaluate("window.stays") is True
    assert page.url == plain.url
    assert words(page) == words(plain)
    page.get_by_role("link", name="All times of December 8").click()
    # The heading that gets the focus says how many times the day has.
    expect(page.locator("#times-title")).to_have_text(re.compile(r"^Tuesday, December 8, \d+ times$"))
    expect(page.locator("#times-title")).to_be_focused()
    assert page.evaluate("window.stays") is True
    page.get_by_role("link", name="The next five weeks").click()
    expect(page.locator("[data-turned]")).to_have_text(
        re.compile(r"^Jan 3 – Feb 6: \d+ days with free times$")
    )
    expect(page.get_by_role("link", name="The next five weeks")).to_be_focused()
    page.go_back()
    page.go_back()
    expect(page.locator("#times-title")).to_have_text("Monday, December 7")
    page.locator(".nearest").get_by_role("button", name="12:00 PM").last.click()
    expect(page).to_have_url(re.compile("/book/health/"))
    expect(page.get_by_text("Wednesday, December 9").first).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (DESKTOP, "light")])
def test_pages_that_say_no_are_accessible_and_fit(
    width: int, scheme: str, live_server: Any, clock: Any, full_day: World, new_page: PageMaker
) -> None:
    new_page.allow("422")
    new_page.allow("409")
    page = new_page(width=width, color_scheme=scheme)
    problems: list[str] = []

    def check(state: str) -> None:
        screenshot(page, f"no-{state}-{width}-{scheme}")
        problems.extend(f"{state}: {violation}" for violation in accessibility_violations(page))
        if overflow := sideways_overflow(page):
            problems.append(f"{state}: {overflow} px wider than the window")

    pages = BookingPages(page, email="times@example.com")
    pages.what()
    page.get_by_label("ZIP code of the visit").fill("92101")
    pages.press("Check my ZIP code")
    check("outside")
    page.get_by_label("Your name", exact=True).fill("Sample Client")
    pages.press("Send my request")
    check("outside-wrong")
    page.get_by_role("textbox", name="Email").fill("times@example.com")
    page.get_by_label("You may call or email me").check(force=True)
    pages.press("Send my request")
    expect(page.get_by_text("Thank you, we have your request for 92101.")).to_be_visible()
    pages.where()
    page.goto(f"/book/when/?day={DAY}")
    check("day")
    page.get_by_role("link", name="Sample Therapist Two").click()
    expect(page.get_by_role("link", name="Sample Therapist Two")).to_have_attribute("aria-current", "true")
    check("nobody-asked-for")
    page.get_by_role("link", name="See times with anyone").click()
    expect(page.get_by_role("link", name="Anyone, soonest")).to_have_attribute("aria-current", "true")
    page.goto("/book/when/?day=2026-12-08")
    full_day.book(starts_at=at(10, day=DAY + timedelta(days=1)))
    page.locator(f'.times button[value^="{at(10, day=DAY + timedelta(days=1)).isoformat()}"]').click()
    expect(page.get_by_text("Nearest to the time you chose")).to_be_visible()
    check("gone")
    assert not problems, "\n".join(problems)


def test_time_is_kept_while_one_types_and_spoken_of_in_its_last_two_minutes(
    live_server: Any, clock: Any, full_day: World, new_page: PageMaker
) -> None:
    page = new_page(width=PHONE)
    page.clock.install()
    pages = to_times(page)
    pages.when()
    pages.health()
    chosen = Hold.objects.get()
    told, longer = page.locator(".hold [role=status]"), page.get_by_role("button", name="Hold it longer")

    def pass_by(minutes: int, seconds: int = 0) -> None:
        clock.shift(timedelta(minutes=minutes, seconds=seconds))
        page.clock.fast_forward(f"{minutes:02}:{seconds:02}")
        page.clock.run_for(1000)  # the page looks once a second: also where the browser is too busy to tick

    expect(page.locator(".hold")).to_have_text(
        re.compile(r"^\s*We’re holding your time\s*Hold it longer\s*$")
    )
    expect(longer).to_be_hidden()
    for minute in range(1, 7):
        pass_by(2)
        with page.expect_response("**/book/keep/"):
            page.get_by_label("Street").press_sequentially(str(minute))
        expect(told).to_be_empty()
    assert Hold.objects.get().expires_at >= chosen.held_since + timedelta(minutes=22)

    pass_by(8, 15)
    expect(told).to_have_text("Are you still there? We’ll hold your time for two more minutes.")
    expect(page.get_by_text("We’re holding your time", exact=True)).to_be_hidden()
    assert accessibility_violations(page) == []
    screenshot(page, "hold-two-minutes")
    with page.expect_response("**/book/keep/"):
        longer.click()
    expect(page.get_by_label("Street")).to_be_focused()
    expect(told).to_be_empty()
    expect(page.get_by_text("We’re holding your time", exact=True)).to_be_visible()

    pass_by(10, 5)
    expect(told).to_have_text("We’re no longer holding your time. Continue: if it’s still open, it’s yours.")
    expect(longer).to_be_hidden()
    assert accessibility_violations(page) == []

    clock.shift(timedelta(minutes=30))
    pages.details()
    expect(page.get_by_text("We’re holding your time", exact=True)).to_be_visible()
    assert not page.locator(".messages").count()
    taken_again = Hold.objects.get()
    assert taken_again.starts_at == chosen.starts_at
    assert taken_again.held_since > chosen.held_since + timedelta(minutes=40)


def test_a_key_that_answers_at_the_desk_keeps_the_time_as_a_press_does(
    live_server: Any, clock: Any, full_day: World, new_page: PageMaker
) -> None:
    User.objects.create_superuser("owner", "owner@example.com", "a-long-password")
    visit = full_day.book(starts_at=at(10, day=DAY + timedelta(days=2)))
    page = sign_in(new_page())
    page.goto(f"/admin/bookings/client/{visit.client_id}/change/")
    page.clock.install()
    page.get_by_role("button", name="Book", exact=True).click()
    page.locator("button.time").first.click()
    page.get_by_role("link", name="Something has changed").click()
    page.wait_for_url("**change=yes")
    cards = page.locator("[data-card]")
    expect(cards.first).to_be_visible()
    before = Hold.objects.get().expires_at
    clock.shift(timedelta(minutes=2))
    page.clock.fast_forward("02:00")
    with page.expect_response("**/book/keep/"):
        page.keyboard.press("n")
    expect(cards.first.get_by_label("None of these")).to_be_checked()
    assert Hold.objects.get().expires_at >= before + timedelta(minutes=2)
