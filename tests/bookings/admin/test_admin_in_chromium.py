"""The admin in a real browser: no page breaks the strict policy (`new_page` fails the test when one does), nothing
has to be scrolled sideways on a phone, and our own pages pass axe."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import expect

from bookings.enums import BookingStatus
from bookings.models import Booking, BookingEvent, Message, TimeOff
from tests.factories import CLEAR_ANSWERS, DAY, NOW, World, at, make_world
from tests.support.browser import PHONE, accessibility_violations, screenshot, sideways_overflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LISTS = [
    "auth_user", "auth_group", "services_service", "services_addon", "services_category", "bookings_booking",
    "bookings_client", "bookings_therapist", "bookings_message", "bookings_zone", "bookings_servicearea",
    "drives_drivecorrection", "drives_fixeddrive", "bookings_closure", "bookings_termsversion",
    "bookings_screeningversion", "blog_post",
    "bookings_arearequest",
    "blog_tag", "blog_page", "blog_faqentry", "bookings_driveoverride", "bookings_healthaccess",
]  # fmt: skip
ADDED = [
    "auth_user", "services_service", "services_addon", "services_category", "bookings_therapist", "bookings_zone",
    "bookings_servicearea", "drives_drivecorrection", "drives_fixeddrive", "bookings_closure", "bookings_termsversion",
    "bookings_screeningversion", "bookings_driveoverride",
]  # fmt: skip


@pytest.fixture
def clock() -> Iterator[None]:
    """Ticks, unlike in the other tests of this folder: browser and server wait for each other by the clock."""
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def booked() -> tuple[World, Booking]:
    world = make_world()
    booking = world.book(answers={**CLEAR_ANSWERS, "pregnancy": "yes"}, unit="Apt 4")
    other = world.book(starts_at=at(14), email="rosa@example.com", name="Rosa")
    Message.objects.filter(booking=other).update(state="failed", last_error="SMTPSenderRefused 550")
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(8), ends_at=at(9))
    User.objects.create_superuser("owner", "owner@example.com", "a-long-password")
    return world, booking


def sign_in(page: Any) -> Any:
    page.goto("/admin/login/")
    page.fill("#id_username", "owner")
    page.fill("#id_password", "a-long-password")
    page.click("[type=submit]")
    page.wait_for_selector("#user-tools")
    return page


def pages(world: World, booking: Booking) -> list[str]:
    message = Message.objects.first()
    assert message is not None
    changes = [
        ("bookings_booking", booking.pk), ("bookings_client", booking.client_id),
        ("bookings_therapist", world.therapist.pk), ("bookings_zone", world.zone.pk),
        ("bookings_servicearea", world.area.pk), ("bookings_message", message.pk), ("bookings_bookingrules", 1),
        ("bookings_termsversion", world.agreed.pk), ("bookings_screeningversion", world.screening.pk),
        ("services_service", world.service.pk), ("services_addon", world.add_on.pk), ("services_business", 1),
        ("auth_user", User.objects.get().pk),
    ]  # fmt: skip
    return [
        "/admin/",
        "/admin/password_change/",
        "/admin/second-factor/",
        "/admin/log-ins/",
        *(reverse(f"admin:{name}_changelist") for name in LISTS),
        *(reverse(f"admin:{name}_add") for name in ADDED),
        *(reverse(f"admin:{name}_change", args=[key]) for name, key in changes),
        reverse("admin:bookings_zone_delete", args=[world.zone.pk]),
        reverse("admin:services_service_history", args=[world.service.pk]),
        reverse("admin:app_list", args=["bookings"]),
    ]


def test_no_admin_page_breaks_the_policy(
    live_server: Any, clock: None, booked: tuple[World, Booking], new_page: Any
) -> None:
    page = sign_in(new_page())
    wide = []
    for address in pages(*booked):
        response = page.goto(address)
        assert response.status == 200, address
        assert "'unsafe" not in response.headers["content-security-policy"]
        if sideways_overflow(page):
            wide.append(address)
    assert wide == []


def test_no_admin_page_is_wider_than_a_phone(
    live_server: Any, clock: None, booked: tuple[World, Booking], new_page: Any
) -> None:
    page = sign_in(new_page(width=PHONE))
    wide = []
    for address in pages(*booked):
        page.goto(address)
        if over := sideways_overflow(page):
            wide.append((address, over))
    assert wide == []


@pytest.mark.parametrize("width", [None, PHONE])
def test_owner_is_asked_before_visits_are_stranded(
    width: Any, live_server: Any, clock: None, booked: tuple[World, Booking], new_page: Any
) -> None:
    world, booking = booked
    page = sign_in(new_page(width=width) if width else new_page())
    page.goto(reverse("admin:bookings_therapist_change", args=[world.therapist.pk]))
    page.fill("#id_bio", "Typed with care")
    page.uncheck("#id_is_active")
    page.click("[name=_save]")
    page.get_by_role("heading", name="Booked visits that this change would strand").wait_for()
    screenshot(page, f"stranded-{width or 'wide'}")
    assert page.get_by_role("link", name=booking.reference).is_visible()
    assert page.input_value("#id_bio") == "Typed with care"
    assert not sideways_overflow(page)
    page.get_by_role("button", name="Save anyway").click()
    page.get_by_text("Saved, although").wait_for()


def test_widgets_work_under_the_policy(
    live_server: Any, clock: None, booked: tuple[World, Booking], new_page: Any
) -> None:
    """The two lists of services and another row: scripts of Django's own."""
    world, _booking = booked
    page = sign_in(new_page())
    page.goto(reverse("admin:bookings_therapist_change", args=[world.therapist.pk]))

    page.select_option("#id_services_to", str(world.service.pk))
    page.click("#id_services_remove")
    assert page.locator("#id_services_from option").count() == 1
    count = page.locator("#working_hours-group .dynamic-working_hours").count()
    page.click("#working_hours-group .add-row a")
    row = page.locator(f"#working_hours-{count}")
    row.locator("select").select_option("6")
    row.locator(f"[name=working_hours-{count}-starts_at]").fill("12:00")
    row.locator(f"[name=working_hours-{count}-ends_at]").fill("13:00")
    page.click("[name=_continue]")
    # Two visits are booked that nobody is qualified for any more.
    page.click("[name=confirm_stranding]")

    page.wait_for_selector(".messagelist .success")
    hours = world.therapist.working_hours.get(weekday=6)
    assert (hours.starts_at, hours.ends_at) == (time(12), time(13))
    assert not world.therapist.services.exists()


def test_staff_find_a_request_on_the_front_page_and_confirm_it(
    live_server: Any, clock: None, booked: tuple[World, Booking], new_page: Any
) -> None:
    _world, booking = booked
    page = sign_in(new_page(width=PHONE))
    assert accessibility_violations(page) == []
    screenshot(page, "admin-front-page-phone")
    page.locator("[data-todo]", has_text=booking.reference).get_by_role("link").first.click()
    page.wait_for_selector(".page-actions")
    assert accessibility_violations(page) == []

    # What the request waits for stands open.
    page.fill("#id_note", "Dr Sample says that it is fine.")
    page.click("text=Record the note")
    page.wait_for_selector(".messagelist .success")
    page.click("button:text('Confirm')")
    page.wait_for_selector(f"text={booking.reference}: confirmed.")

    booking.refresh_from_db()
    assert booking.status == BookingStatus.CONFIRMED
    assert BookingEvent.objects.filter(
        booking=booking, to_status="confirmed", actor__username="owner"
    ).exists()
    screenshot(page, "admin-visit-phone")
    page.goto(reverse("admin:bookings_booking_changelist"))
    assert accessibility_violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_our_pages_pass_axe(
    scheme: str, live_server: Any, clock: None, booked: tuple[World, Booking], new_page: Any
) -> None:
    _world, booking = booked
    page = new_page(color_scheme=scheme)
    page.goto("/admin/login/")
    assert accessibility_violations(page) == []
    screenshot(page, f"admin-login-{scheme}")
    sign_in(page)
    for name, address in {
        "front-page": "/admin/",
        "bookings": reverse("admin:bookings_booking_changelist"),
        "visit": reverse("admin:bookings_booking_change", args=[booking.pk]),
        "messages": reverse("admin:bookings_message_changelist"),
        "reports": reverse("admin:bookings_booking_reports"),
        "day": f"{reverse('admin:bookings_booking_day')}?day={DAY}",
    }.items():
        page.goto(address)
        assert accessibility_violations(page) == [], name
        screenshot(page, f"admin-{name}-{scheme}")
    # On the day board, which is open now: what drives say is never cut, and what may be done can be seen.
    expect(page.locator(".board--drawn .board-drive").nth(1)).to_be_attached()
    cut = page.locator(".board-drive").evaluate_all(
        "all => all.filter(one => getComputedStyle(one).overflowY !== 'visible'"
        " && one.scrollHeight > one.clientHeight).map(one => one.textContent)"
    )
    assert cut == []
    hidden = page.locator(".board-visit .board-address").evaluate_all(
        "all => all.filter(one => { const [card, words] = [one.closest('.board-visit'), one]"
        ".map(part => part.getBoundingClientRect());"
        " return words.bottom > card.bottom || words.right > card.right; }).map(one => one.textContent)"
    )
    assert hidden == []
    card = page.locator(".board-visit").first
    assert not card.locator(".board-acts").is_visible()
    card.locator(".board-name").focus()
    assert card.locator(".board-acts a").first.is_visible()
    # The names stay while the hours go by under them.
    page.locator("#board").evaluate("board => board.scrollTo(0, 300)")
    name, around = (page.locator(part).first.bounding_box() for part in (".board-column h2", "#board"))
    assert abs(name["y"] - around["y"]) < 2
    page.reload()
    page.keyboard.press("Tab")
    assert page.locator(".skip-to-content-link:focus").count() == 1
