"""The desk in a real browser: one bar, a front page without scrolling, keys, and the longest names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Dialog, expect

from bookings.desk import board_columns
from bookings.models import Booking, Client
from tests.bookings.admin.test_admin_in_chromium import sign_in
from tests.factories import DAY, NOW, World, at, fix_drives, make_world
from tests.support.browser import (
    accessibility_violations,
    broken_words,
    screenshot,
    sideways_overflow,
    with_large_text,
)

from .test_visit import make_many

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clock() -> Iterator[None]:
    """Ticks: browser and server wait for each other by the clock."""
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def world() -> World:
    found = make_world()
    User.objects.create_superuser("owner", "owner@example.com", "a-long-password")
    return found


def test_the_front_page_needs_no_scrolling_and_works_by_keys(
    live_server: Any, clock: None, world: World, new_page: Any
) -> None:
    make_many(world, range(12))
    first, second = Booking.objects.waiting()[:2]
    page = sign_in(new_page())
    page.set_viewport_size({"width": 1280, "height": 800})
    assert page.locator("#header").bounding_box()["height"] == 56
    assert page.evaluate("document.documentElement.scrollHeight") <= 800
    screenshot(page, "desk-front-page")

    page.keyboard.press("j")
    expect(page.locator("[data-todo]").nth(0).get_by_role("link").first).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("[data-todo]", has_text=first.reference).get_by_role("link").first).to_be_focused()
    # Asks first: said no to, nothing happens.
    asked = []

    def say_no(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", say_no)
    page.keyboard.press("c")
    assert first.visit_for in asked[0]
    first.refresh_from_db()
    assert first.status == "requested"
    page.once("dialog", lambda dialog: dialog.accept())
    page.keyboard.press("c")
    expect(page.locator(".messagelist")).to_contain_text(f"{first.reference}: confirmed.")

    # In a field a letter is a letter. Keys are the script's, once the page is there.
    page.wait_for_load_state()
    page.keyboard.press("/")
    expect(page.get_by_label("Find a client or a visit")).to_be_focused()
    page.keyboard.type("bjk")
    expect(page.get_by_label("Find a client or a visit")).to_have_value("bjk")
    page.keyboard.press("Tab")
    page.keyboard.press("?")
    expect(page.locator("#desk-keys")).to_be_visible()
    assert accessibility_violations(page) == []
    page.get_by_label("Turn the keys off").check()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("b")
    expect(page).to_have_url(f"{live_server.url}/admin/")
    page.keyboard.press("?")
    page.get_by_label("Turn the keys off").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(second.visit_for)


def test_what_cannot_be_kept_takes_no_room_from_what_is_to_do(
    live_server: Any, clock: None, world: World, new_page: Any
) -> None:
    world.book(now=NOW - timedelta(hours=3))
    kept = world.book(starts_at=at(14), email="bo@example.com", phone="+12135550124")
    type(world.therapist).objects.filter(pk=kept.therapist_id).update(is_active=False)
    page = sign_in(new_page())
    page.set_viewport_size({"width": 1280, "height": 800})
    stranded, todo = (page.locator(name).bounding_box() for name in (".stranded-visits", ".todo"))
    assert stranded["y"] == todo["y"]
    assert todo["x"] + todo["width"] < stranded["x"]
    assert page.evaluate("document.documentElement.scrollHeight") <= 800
    # One under the other on a phone, what can't be kept first.
    page.set_viewport_size({"width": 390, "height": 844})
    stranded, todo = (page.locator(name).bounding_box() for name in (".stranded-visits", ".todo"))
    assert stranded["y"] + stranded["height"] < todo["y"]


@pytest.mark.parametrize(("width", "is_large"), [(320, True), (390, False), (1280, False), (1440, False)])
def test_the_longest_name_breaks_nowhere(
    width: int, is_large: bool, live_server: Any, clock: None, world: World, new_page: Any
) -> None:
    longest = "W" * 120
    booking = world.book(now=NOW - timedelta(hours=3))
    world.book(starts_at=at(14), email="bo@example.com", phone="+12135550124")
    Client.objects.update(name=longest)
    Booking.objects.update(contact_name=longest, recipient_name="")
    type(world.therapist).objects.filter(pk=world.therapist.pk).update(name="W" * 80)
    page = new_page(width=width, bypass_csp=is_large)
    page = sign_in(with_large_text(page) if is_large else page)
    wide = [
        address
        for address in (
            "/admin/",
            reverse("admin:bookings_booking_change", args=[booking.pk]),
            reverse("admin:bookings_client_change", args=[booking.client_id]),
            reverse("admin:bookings_booking_changelist"),
            reverse("admin:bookings_client_changelist"),
            f"{reverse('admin:bookings_booking_day')}?day={DAY}",
            f"{reverse('admin:bookings_booking_week')}?day={DAY}",
            reverse("admin:bookings_booking_reports"),
            reverse("admin:bookings_client_merge", args=[booking.client_id]),
            f"{reverse('admin:bookings_booking_book')}?q=WWW",
        )
        if page.goto(address) and sideways_overflow(page)
    ]
    assert wide == []
    # A box that scrolls hides what does not fit: the press that answers has to be in sight.
    page.goto("/admin/")
    presses = page.locator("[data-todo]").get_by_role("button", name="Confirm").all()
    assert len(presses) == 2
    for press in presses:
        box = press.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= width
    Client.objects.update(name="Ana Gomez")
    Booking.objects.update(contact_name="Ana Gomez")
    type(world.therapist).objects.update(name="Sample Therapist")
    page.reload()
    assert broken_words(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("fold", "press", "title"),
    [
        ("Write a note…", "Add note", "Note on Ana O'Brien"),
        ("Never send somebody, or send them first…", "Write it down", "Who is sent to Ana O'Brien"),
    ],
)
def test_a_note_and_a_pairing_that_lack_something_come_back_whole(
    fold: str, press: str, title: str, scheme: str, live_server: Any, clock: None, world: World, new_page: Any
) -> None:
    new_page.allow("422")
    client = world.book().client
    page = sign_in(new_page(width=1280, color_scheme=scheme))
    page.goto(reverse("admin:bookings_client_change", args=[client.pk]))
    page.get_by_text(fold).click()
    # As from a browser that checks nothing.
    form = page.locator("form", has=page.get_by_role("button", name=press))
    form.evaluate("form => { form.noValidate = true; }")
    form.get_by_role("button", name=press).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.locator(".errorlist")).to_be_visible()
    assert accessibility_violations(page) == []
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert not sideways_overflow(page)


def test_a_card_of_the_list_of_clients_is_as_wide_as_a_phone(
    live_server: Any, clock: None, world: World, new_page: Any
) -> None:
    world.book()
    page = sign_in(with_large_text(new_page(width=320, bypass_csp=True)))
    page.goto(reverse("admin:bookings_client_changelist"))
    expect(page.locator("#result_list .field-address")).to_be_visible()
    box = page.locator(".results").evaluate("box => [box.scrollWidth, box.clientWidth]")
    assert box[0] <= box[1]


@pytest.mark.parametrize("view", ["day", "week"])
def test_a_board_of_five_says_all_of_its_times(
    view: str, live_server: Any, world: World, new_page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough for one line, with the longest words of such a drive.
    fix_drives((world.area, world.area, 17))
    monkeypatch.setattr(board_columns, "drive_words", lambda drive: "16 to 17 min drive")
    others = [world.add_therapist(f"Sample Therapist No. {number}") for number in range(2, 6)]
    for number, therapist in enumerate((world.therapist, *others)):
        for hour in (11, 14):
            world.book(
                preference=f"therapist:{therapist.slug}",
                starts_at=at(hour, 30 * (number % 2)),
                street=f"{hour} Sample Way",
                email=f"{number}.{hour}@example.com",
                phone=f"+121355501{number}{hour % 10}",
            )
    with time_machine.travel(at(10, 6), tick=True):
        page = sign_in(new_page(width=1280))
        page.goto(f"{reverse(f'admin:bookings_booking_{view}')}?day={DAY}")
        expect(page.locator(".board--drawn")).to_be_visible()
        screenshot(page, f"board-{view}-of-five")
        cut = page.locator(".board-drive, .board-gap").evaluate_all(
            "all => all.filter(one => one.checkVisibility() && getComputedStyle(one).overflow !== 'visible'"
            " && (one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight))"
            ".map(one => one.textContent)"
        )
        assert cut == []
        assert page.locator(".board-drive--line").count() >= 2
        now, board = (page.locator(part).bounding_box() for part in (".board-now", "#board"))
        assert now["x"] >= board["x"]


def test_a_board_opens_at_now(live_server: Any, world: World, new_page: Any) -> None:
    with time_machine.travel(at(17, 6), tick=True):
        page = sign_in(new_page(width=1280))
        page.set_viewport_size({"width": 1280, "height": 600})
        page.goto(f"{reverse('admin:bookings_booking_day')}?day={DAY}")
        expect(page.locator(".board--drawn")).to_be_visible()
        board, mark = page.locator("#board"), page.locator(".board-now")
        box = board.bounding_box()
        assert box["y"] < mark.bounding_box()["y"] < box["y"] + box["height"]
        # What is fetched anew stays where it was turned to: the morning, with now out of sight.
        board.evaluate("board => { board.scrollTop = 0; }")
        with page.expect_response(lambda answer: "/day/" in answer.url):
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_timeout(200)
        assert board.evaluate("board => board.scrollTop") == 0
        assert mark.bounding_box()["y"] > box["y"] + box["height"]
