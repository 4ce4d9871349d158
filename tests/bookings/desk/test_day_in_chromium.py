"""A day that goes wrong, in a real browser: rescued with few presses, undone with one, closed in the evening."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from bookings.domain import operations
from bookings.drives.models import ObservedDrive
from bookings.models import Booking, Hold, Message, SecondThought, Therapist, TimeOff
from tests.bookings.admin.test_admin_in_chromium import sign_in
from tests.factories import NOW, World, at, make_world
from tests.support.browser import accessibility_violations, screenshot, sideways_overflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clock() -> Iterator[Any]:
    """Ticks: browser and server wait for each other by the clock."""
    with time_machine.travel(NOW, tick=True) as traveller:
        yield traveller


@pytest.fixture
def world() -> World:
    found = make_world()
    User.objects.create_superuser("owner", "owner@example.com", "a-long-password")
    return found


def booked(world: World, *hours: float) -> list[Booking]:
    return [
        operations.confirm_booking(
            booking=world.book(
                starts_at=at(int(hour), int(hour % 1 * 60)),
                preference=f"therapist:{world.therapist.slug}",
                email=f"c{hour}@example.com",
                phone=f"+12135550{int(hour * 10)}",
            ),
            actor=None,
            now=NOW,
        )
        for hour in hours
    ]


def looked_at(page: Page, name: str) -> None:
    """Nothing sticks out, and axe finds nothing, on a desk and on a phone."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert sideways_overflow(page) == 0, (name, width)
        assert accessibility_violations(page) == [], (name, width)
        screenshot(page, f"{name}-{width}")


def test_a_sick_day_of_five_visits_is_rescued_and_undone_with_few_presses(
    live_server: Any, clock: Any, world: World, new_page: Any
) -> None:
    Therapist.objects.update(break_after_minutes=None)
    visits = booked(world, 10, 11.5, 13, 14.5, 16)
    second = world.add_therapist()
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(8), ends_at=at(20))
    page = sign_in(new_page())
    presses = 0

    def press(role: Any, name: str) -> None:
        nonlocal presses
        presses += 1
        page.get_by_role(role, name=name).first.click()

    press("link", "Rescue the day")
    press("button", "Read the emails first")
    expect(page.locator(".rescue-draft")).to_have_count(5)
    assert not Message.objects.filter(kind="moved").exists()
    looked_at(page, "rescue-emails")
    press("button", "Move the ticked and tell the clients")
    # One line more says that the whole day is blocked.
    told = page.locator(".messagelist li", has_text="The client gets an email.")
    expect(told).to_have_count(5)
    assert presses <= 8
    assert set(Booking.objects.values_list("therapist", flat=True)) == {second.pk}

    press("button", "Undo")
    expect(page.locator(".messagelist")).to_contain_text("undone. No email was sent")
    assert set(Booking.objects.values_list("therapist", flat=True)) == {world.therapist.pk}
    assert not SecondThought.objects.exists()
    assert not Message.objects.filter(kind="moved").exists()
    assert [visit.revision for visit in Booking.objects.order_by("pk")] == [row.revision for row in visits]


def test_enter_in_the_reason_of_a_rescue_moves_nobody_and_keeps_what_is_typed(
    live_server: Any, clock: Any, world: World, new_page: Any
) -> None:
    (visit,) = booked(world, 10)
    world.add_therapist()
    page = sign_in(new_page())
    page.goto(
        f"{live_server.url}{reverse('admin:bookings_booking_rescue')}"
        f"?therapist={world.therapist.pk}&day={at(10).date()}"
    )
    reason = page.get_by_label("Reason of the time off")
    reason.fill("Ill")
    reason.press("Enter")
    expect(page.locator(".rescue-draft")).to_have_count(1)
    expect(reason).to_have_value("Ill")
    looked_at(page, "rescue-reason")
    assert Booking.objects.get().therapist_id == visit.therapist_id
    assert not TimeOff.objects.exists()


def test_times_held_for_a_rescue_go_when_its_page_is_left(
    live_server: Any, clock: Any, world: World, new_page: Any
) -> None:
    booked(world, 12)
    second = world.add_therapist()
    world.book(
        starts_at=at(12), preference=f"therapist:{second.slug}", email="x@example.com", phone="+12135559999",
        street="9 Other Road",
    )  # fmt: skip
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(0), ends_at=at(0) + timedelta(days=9))
    page = sign_in(new_page())
    page.get_by_role("link", name="Rescue the day").first.click()
    expect(page.locator(".rescue")).to_contain_text("held for you until")
    assert Hold.objects.count() == 1
    looked_at(page, "rescue-held")
    # Another look at the plan keeps it.
    page.get_by_role("button", name="Read the emails first").click()
    expect(page.locator(".rescue-draft")).to_have_count(1)
    assert Hold.objects.count() == 1
    page.goto(f"{live_server.url}{reverse('admin:index')}")
    for _attempt in range(600):
        if not Hold.objects.exists():
            break
        page.wait_for_timeout(100)
    assert not Hold.objects.exists()


def test_a_wish_is_declined_and_days_behind_are_looked_at(
    live_server: Any, clock: Any, world: World, new_page: Any
) -> None:
    booked(world, 10)
    wish = operations.wish_for_time_off(
        therapist=world.therapist, starts_at=at(0), ends_at=at(18), reason="A wedding", now=NOW
    )
    ObservedDrive.objects.create(
        origin=world.area, destination=world.far_area, left_at=NOW - timedelta(hours=2), arrived_at=NOW,
        planned_minutes=45,
    )  # fmt: skip
    page = sign_in(new_page())
    page.get_by_role("link", name=world.therapist.name).first.click()
    expect(page.locator("main")).to_contain_text("A wedding")
    looked_at(page, "wish")
    page.get_by_label("Why not").fill("Nobody else can come.")
    page.get_by_role("button", name="Decline; the visits stay").click()
    expect(page.locator(".messagelist")).to_contain_text("Declined.")
    wish.refresh_from_db()
    assert (wish.state, wish.why) == ("declined", "Nobody else can come.")
    page.goto(f"{live_server.url}{reverse('admin:bookings_timeoff_changelist')}")
    looked_at(page, "wishes")
    page.goto(f"{live_server.url}{reverse('admin:bookings_booking_days_behind')}?days=90")
    expect(page.locator("main")).to_contain_text("Drives, planned and driven")
    looked_at(page, "days-behind")


def test_a_day_is_closed_in_the_evening_with_two_presses(
    live_server: Any, clock: Any, world: World, new_page: Any
) -> None:
    visits = booked(world, 10, 12, 14)
    clock.move_to(at(19))
    page = sign_in(new_page())
    expect(page.locator(".not-closed .todo-row")).to_have_count(3)
    # However many there are, the press for all of them is in sight.
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.get_by_role("button", name="All that are ticked went well")).to_be_in_viewport(ratio=1)
    looked_at(page, "not-closed")
    row = page.locator(".not-closed .todo-row", has_text=visits[1].reference)
    row.get_by_role("button", name="Nobody opened").click()
    expect(page.locator(".messagelist")).to_contain_text(f"{visits[1].reference}: marked as no-show.")
    page.get_by_role("button", name="All that are ticked went well").click()
    expect(page.locator(".messagelist")).to_contain_text("2 visits are completed.")
    expect(page.locator(".not-closed")).to_have_count(0)
    statuses = list(Booking.objects.order_by("pk").values_list("status", flat=True))
    assert statuses == ["completed", "no_show", "completed"]


def test_a_visit_is_corrected_and_what_changes_is_read_first(
    live_server: Any, clock: Any, world: World, new_page: Any
) -> None:
    (visit,) = booked(world, 10)
    page = sign_in(new_page())
    page.goto(f"{live_server.url}{reverse('admin:bookings_booking_change', args=[visit.pk])}")
    page.get_by_role("link", name="Correct").first.click()
    page.get_by_label("Length").select_option(label=str(world.longer))
    page.get_by_label("Discount, dollars").fill("20")
    page.get_by_label("Why, for staff").fill("Late last time")
    page.get_by_role("button", name="See what changes").click()
    expect(page.locator("#correct-changes")).to_contain_text("$170")
    looked_at(page, "correct")
    page.get_by_role("button", name="Correct the visit").click()
    expect(page.locator(".messagelist")).to_contain_text("corrected. The client gets an email.")
    visit.refresh_from_db()
    assert (visit.ends_at - visit.starts_at, visit.total_cents) == (timedelta(minutes=90), 17_000)
