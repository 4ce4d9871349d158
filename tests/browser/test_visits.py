"""The client's own pages in a browser: on a phone with JavaScript in light, on a desktop without it in dark."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.utils import timezone
from playwright.sync_api import Page, expect

from bookings.domain import links, operations
from bookings.enums import BookingStatus, LinkPurpose
from bookings.models import Booking, Client, Link, TermsVersion, Therapist
from massagerx.lib import tokens
from tests.factories import NOW, World, at, make_world
from tests.support.browser import (
    PageMaker,
    accessibility_violations,
    screenshot,
    sideways_overflow,
    with_large_text,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    """Visits are in the week of `DAY`. It ticks: browser and server wait for each other by the clock."""
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


@pytest.fixture
def booking(world: World) -> Booking:
    now = timezone.now()
    return operations.confirm_booking(booking=world.book(now=now), actor=None, now=now)


def newest_code() -> str:
    link = Link.objects.filter(purpose=LinkPurpose.CODE).latest("pk")
    return tokens.derive_code(link.purpose, link.nonce)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.parametrize(("width", "javascript", "scheme"), [(390, True, "light"), (1280, False, "dark")])
def test_client_opens_moves_corrects_and_cancels(
    booking: Booking, live_server: object, new_page: PageMaker, width: int, javascript: bool, scheme: str
) -> None:
    page = new_page(width=width, javascript=javascript, color_scheme=scheme)
    pictures = iter(range(1, 99))

    def keep(name: str) -> None:
        look = f"{width}-{scheme}{'' if javascript else '-no-js'}"
        screenshot(page, f"visits-{look}-{next(pictures):02}-{name}")
        if javascript:
            assert accessibility_violations(page) == [], name
            assert sideways_overflow(page) == 0, name

    old = links.visit_token(booking, now=timezone.now())
    page.goto(f"/visits/{old}/")
    # The token has left the address bar before anything is pressed.
    assert old not in page.url
    keep("open")
    press(page, "Open my visit")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your visit is booked.")
    keep("visit")
    expect(page.locator("main")).not_to_contain_text("Sample Street")

    # Moving: times, both times side by side, done.
    page.get_by_role("link", name="Move to another time").click()
    keep("times")
    page.locator(f".times button[value^='{at(14).isoformat()}']").click()
    expect(page.locator(".from-to__to")).to_contain_text("2:00 PM PST")
    keep("move")
    press(page, "Move my visit")
    expect(page.locator("main")).to_contain_text("Your visit is moved")
    expect(page.locator(".done__when")).to_contain_text("2:00 PM PST")
    keep("moved")

    # The door asks for a code first; a slip of the finger is said.
    page.get_by_role("link", name="Address and access").click()
    keep("code-ask")
    press(page, "Send me a code")
    page.get_by_label("Code").fill("12")
    new_page.allow("422")
    press(page, "Continue")
    expect(page.get_by_role("alert")).to_contain_text("six digits")
    keep("code-wrong")
    page.get_by_label("Code").fill(newest_code())
    press(page, "Continue")
    expect(page.get_by_label("Gate or door code")).to_have_value("CANARY-GATE-4711")
    keep("address")
    page.get_by_label("Street address").fill("5 Valley Road")
    page.get_by_label("ZIP code of the visit").fill("91364")
    new_page.allow("409")
    press(page, "Save")
    expect(page.get_by_role("alert")).to_contain_text("from $140 to $160")
    keep("door-price")
    press(page, "Save, with a total of $160")
    expect(page.locator("main")).to_contain_text("5 Valley Road")

    # The health questions.
    page.get_by_role("link", name="Health questions").click()
    keep("health")
    for card in ("today", "organs", "treatment"):
        page.locator(f"input[name='card.{card}'][value=none]").check(force=True)
    page.locator("input[name='card.everyday'][value=some]").check(force=True)
    for name, answer in {"neck": "yes", "belly": "no", "everyday_conditions": "no", "adult": "yes"}.items():
        page.locator(f"input[name={name}][value={answer}]").check(force=True)
    press(page, "Send my answers")
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. That is all.")
    keep("health-done")
    page.get_by_role("link", name="Back to my visit").click()

    # Canceling late: shown with the fee, and left; then in time.
    TermsVersion.objects.update(cancel_notice_hours=336 * 2)
    page.get_by_role("link", name="Cancel this visit").click()
    expect(page.locator("main")).to_contain_text("Late fee: up to")
    keep("cancel-late")
    page.get_by_role("link", name="Keep my visit").click()
    TermsVersion.objects.update(cancel_notice_hours=1)
    page.get_by_role("link", name="Cancel this visit").click()
    keep("cancel")
    press(page, "Cancel my visit")
    expect(page.get_by_role("heading", level=1)).to_have_text("This visit is canceled.")
    keep("canceled")
    press(page, "Sign out")
    expect(page.locator("main")).to_contain_text("You are signed out")
    keep("find")
    page.get_by_label("Email").fill("ana@example.com")
    press(page, "Send me a link")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")
    keep("sent")
    new_page.allow("404")
    page.goto(f"/visits/{old}/")
    expect(page.get_by_role("heading", level=1)).to_have_text("This page is not open")
    keep("closed")
    assert Booking.objects.get(pk=booking.pk).status == BookingStatus.CANCELED


def test_signing_in_lists_visits_and_books_again(
    world: World, booking: Booking, live_server: object, new_page: PageMaker
) -> None:
    now = timezone.now()
    past = world.book(now=now, starts_at=at(14))
    shift = timedelta(days=40)
    Booking.objects.filter(pk=past.pk).update(
        status=BookingStatus.COMPLETED,
        **{
            name: getattr(past, name) - shift
            for name in ("starts_at", "ends_at", "blocked_from", "blocked_until")
        },
    )
    page = new_page(width=390)
    token = links.token_of(links.sign_in_link(email="ana@example.com", now=now))
    page.goto(f"/visits/sign-in/{token}/")
    screenshot(page, "visits-sign-in")
    press(page, "Sign in")
    expect(page.get_by_role("heading", level=1)).to_have_text("My visits")
    screenshot(page, "visits-list")
    assert accessibility_violations(page) == []
    assert sideways_overflow(page) == 0
    page.get_by_role("button", name="Book again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("When works for you?")


# One word each, as long as its column holds.
LONGEST_NAME = "W" * 120
LONGEST_EMAIL = f"{'margaretkatherine.johnson1948.' * 2}w@{'mailbox.' * 20}example.com"


def test_the_longest_names_break_no_page_at_320_px_and_twice_the_text(
    world: World, booking: Booking, live_server: object, new_page: PageMaker
) -> None:
    Client.objects.update(name=LONGEST_NAME, email=LONGEST_EMAIL)
    Booking.objects.update(
        contact_name=LONGEST_NAME, recipient_name=LONGEST_NAME, street=LONGEST_NAME, unit="W" * 30
    )
    Therapist.objects.update(name="W" * 80, quote="W" * 160, training="W" * 160, languages="W" * 120)
    page = with_large_text(new_page(width=320, bypass_csp=True))
    token = links.token_of(links.sign_in_link(email=LONGEST_EMAIL, now=timezone.now()))
    page.goto(f"/visits/sign-in/{token}/")
    press(page, "Sign in")
    own = f"/visits/v/{booking.reference}/"
    chosen = urlencode({"who": "any", "starts_at": f"{at(14).isoformat()} {world.therapist.slug}"})
    addresses = [
        "/visits/", own, f"{own}move/", f"{own}move/?{chosen}", f"{own}cancel/", f"{own}address/", f"{own}health/",
        "/", "/?zip=90026", "/therapists/", world.therapist.get_absolute_url(),
    ]  # fmt: skip
    wide = []
    for address in addresses:
        response = page.goto(address)
        assert response is not None
        assert response.status == 200, address
        if overflow := sideways_overflow(page):
            wide.append(f"{address}: {overflow} px")
        screenshot(page, f"longest-{len(wide)}-{addresses.index(address):02}")
    assert wide == []
