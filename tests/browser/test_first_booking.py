"""How many pages and presses a booking takes, counted as a phone counts them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from playwright.sync_api import Locator, expect

from bookings.models import Booking
from tests.factories import NOW, make_world
from tests.support.booking_pages import BookingPages
from tests.support.browser import (
    PHONE,
    Counter,
    PageMaker,
    accessibility_violations,
    screenshot,
    sideways_overflow,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SCREEN = 844  # px: the height of a phone's page


@pytest.fixture
def clock() -> Iterator[Any]:
    """Ticks: browser and server wait for each other by the clock."""
    with time_machine.travel(NOW, tick=True) as traveller:
        yield traveller


class Visitor(Counter):
    """Fills in fields as a thumb does, and is counted."""

    def types(self, label: str, text: str) -> None:
        """A press into a field, and its text."""
        field = self.page.get_by_label(label, exact=True)
        field.click()
        field.press_sequentially(text)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)


def test_first_booking_takes_eight_pages_and_twenty_presses_at_most(
    live_server: Any, clock: Any, new_page: PageMaker
) -> None:
    make_world()
    page = new_page(width=PHONE)
    count = Visitor(page)
    asked_for_zip = 0

    def look(name: str) -> None:
        nonlocal asked_for_zip
        asked_for_zip += page.get_by_label(re.compile("ZIP code")).and_(page.locator("input:visible")).count()
        assert accessibility_violations(page) == [], name
        assert sideways_overflow(page) == 0, name
        screenshot(page, f"first-booking-{len(count.pages):02}-{name}")

    page.goto("/")
    look("home")
    count.types("Your ZIP code", "90026")
    count.button("See when we can come").click()
    page.locator("#area-answer").get_by_role("link", name="Other times and lengths").click()
    expect(page).to_have_url(re.compile(r"/book/\?"))
    look("what")
    count.button("Continue").click()
    expect(page).to_have_url(re.compile("/book/when/"))
    look("when")
    page.locator("button.time").first.click()
    expect(page).to_have_url(re.compile("/book/health/"))
    look("health")
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    for tile in page.locator("[data-card] label").filter(has_text="None of these").all():
        tile.click()
    page.locator("label").filter(has=page.locator("input[name=adult][value=yes]")).click()
    count.button("Continue").click()
    expect(page).to_have_url(re.compile("/book/details/"))
    look("you")
    count.types("Your name", "Ana Gomez")
    count.types("Email", "ana@example.com")
    count.types("Phone", "213 555 0123")
    count.types("Street address", "12 Sample Street")
    page.locator("label[for=id_access_type_0]").click()
    count.button("Continue").click()
    expect(page).to_have_url(re.compile("/book/review/"))
    look("check")
    send = count.button("Send my request")
    box = send.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] + page.evaluate("scrollY") <= 1.6 * SCREEN
    # Who comes is named and shown before anything is sent.
    comes = page.locator(".review__row--visit")
    expect(comes).to_contain_text("Sample Therapist One comes")
    expect(comes.locator(".portrait")).to_be_visible()
    page.locator("label").filter(has_text="I have read this and agree").click()
    send.click()
    expect(page).to_have_url(re.compile("/book/done/"))
    expect(page.locator(".track [aria-current=step]")).to_have_text("Your email")
    look("done")

    assert Booking.objects.get().client.name == "Ana Gomez"
    assert len(count.pages) <= 8, count.pages
    assert count.presses <= 20
    assert count.presses >= 15  # that presses are felt at all
    assert asked_for_zip == 1


_LINES = """label => new Set([...label.querySelectorAll("span")].flatMap(
  (span) => [...span.getClientRects()].map(({ top }) => top))).size"""


def test_health_questions_and_the_foot_of_a_step_are_short_on_a_phone(
    live_server: Any, clock: Any, new_page: PageMaker
) -> None:
    world = make_world()
    for index in range(4):
        world.add_therapist(f"Sample Therapist {index} of a long family name", certificate_number=f"{index}")
    page = new_page(width=PHONE)
    BookingPages(page, email="short@example.com").what(zip_code="90026")
    # The law wants certificates named where therapists are advertised: in the foot of each step, behind a press.
    foot = page.locator(".site-footer")
    number = foot.get_by_text(f"CAMTC certificate {world.therapist.certificate_number}")
    expect(number).to_be_hidden()
    box = foot.bounding_box()
    assert box is not None
    assert box["height"] <= 0.45 * SCREEN
    foot.get_by_text("Our therapists’ certificate numbers").click()
    expect(number).to_be_visible()
    assert accessibility_violations(page) == []

    page.locator("button.time").first.click()
    expect(page).to_have_url(re.compile("/book/health/"))
    tiles = page.locator(".health-card__tiles label")
    expect(tiles).to_have_count(8)
    page.evaluate("document.fonts.ready.then(() => true)")
    assert {tile.evaluate(_LINES) for tile in tiles.all()} == {1}
    assert page.evaluate("document.documentElement.scrollHeight") <= 3.5 * SCREEN
    # The time stands whole in the line at the foot, whoever comes.
    time = page.locator(".summary--bar summary .muted > span").first
    expect(time).to_contain_text(re.compile(r"\d:\d\d [AP]M"))
    assert time.evaluate("span => span.scrollWidth <= span.clientWidth")


def test_fields_about_another_person_stand_apart(live_server: Any, clock: Any, new_page: PageMaker) -> None:
    make_world()
    page = new_page(width=PHONE)
    pages = BookingPages(page, email="apart@example.com")
    pages.what(zip_code="90026")
    pages.when()
    card = page.locator("[data-card]").first
    card.locator("input[value=some]").check(force=True)
    which = card.get_by_text("Which of them?")
    expect(which).to_be_visible()
    assert distance(card.locator(".health-card__tiles"), which) >= 8
    pages.health()
    expect(page).to_have_url(re.compile("/book/details/"))
    page.get_by_label("I'm booking for another person").check(force=True)
    phone = page.locator("#div_id_recipient_phone")
    expect(phone).to_be_visible()
    assert distance(page.locator("#div_id_recipient_name"), phone) >= 8


def test_card_that_was_left_out_no_longer_says_so_once_it_is_answered(
    live_server: Any, clock: Any, new_page: PageMaker
) -> None:
    make_world()
    new_page.allow("422")
    page = new_page(width=PHONE)
    pages = BookingPages(page, email="left-out@example.com")
    pages.what(zip_code="90026")
    pages.when()
    pages.press("Continue")
    card = page.locator("[data-card]").first
    expect(card.get_by_text("This card has no answer yet.")).to_be_visible()
    card.locator("label").filter(has_text="None of these").click()
    expect(card.get_by_text("This card has no answer yet.")).to_have_count(0)
    expect(page.locator(".question--invalid")).to_have_count(4)
    assert sideways_overflow(page) == 0
    assert accessibility_violations(page) == []


def distance(above: Locator, below: Locator) -> float:
    """Pixels from the end of one to the beginning of the other."""
    first, second = above.bounding_box(), below.bounding_box()
    assert first is not None
    assert second is not None
    return second["y"] - first["y"] - first["height"]


def test_names_on_the_page_of_times_keep_off_the_edge_of_their_tile(
    live_server: Any, clock: Any, new_page: PageMaker
) -> None:
    world = make_world()
    world.add_therapist("Sample Therapist of a long family name", certificate_number="SAMPLE-2")
    page = new_page()
    BookingPages(page, email="tiles@example.com").what(zip_code="90026")
    tiles = page.locator(".who__choice")
    expect(tiles.filter(has_text="long family name")).to_be_visible()
    page.evaluate("document.fonts.ready.then(() => true)")
    for tile in tiles.all():
        around, words = tile.bounding_box(), tile.locator("span").last.bounding_box()
        assert around is not None
        assert words is not None
        assert words["y"] - around["y"] >= 5, tile.inner_text()
        assert around["y"] + around["height"] - words["y"] - words["height"] >= 5, tile.inner_text()
