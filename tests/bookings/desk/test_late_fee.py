"""Canceling with the late fee, for a client who phones too late."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from bookings.domain import operations
from bookings.enums import BookingStatus, MessageKind
from bookings.models import Booking, Message
from tests.factories import DAY, NOW, World, at

from .conftest import signed_in, staff_user
from .test_visit import page, said

pytestmark = pytest.mark.integrity


@pytest.fixture
def late(world: World) -> Booking:
    """A confirmed visit tomorrow morning, inside the notice window: half of $140."""
    tomorrow = DAY.replace(day=3)
    return operations.confirm_booking(booking=world.book(starts_at=at(10, day=tomorrow)), actor=None, now=NOW)


def address(booking: Booking) -> str:
    return reverse("admin:bookings_booking_cancel_late", args=[booking.pk])


def test_visit_is_canceled_with_the_fee_that_the_page_named(desk: Client, late: Booking) -> None:
    text = desk.get(page(late)).content.decode()
    assert "Cancel, with the late fee of $70" in text
    assert 'name="fee_cents" value="7000"' in text

    response = desk.post(address(late), {"fee_cents": "7000", "reason": "A cold"}, follow=True)

    assert said(response) == [f"{late.reference}: canceled, with a late fee of $70 to ask for."]
    late.refresh_from_db()
    assert (late.status, late.late_fee_cents) == (BookingStatus.CANCELED, 7_000)
    event = late.events.last()
    assert event is not None
    assert (event.actor.username, event.reason) == ("desk", "A cold")
    assert Message.objects.filter(booking=late, kind=MessageKind.CANCELED).count() == 1
    assert "Late fee to ask for: $70" in response.content.decode()


def test_a_fee_that_is_another_one_by_now_changes_nothing(desk: Client, late: Booking, world: World) -> None:
    for cents in ("6999", "7001", "", "0", "-1", "x", "9" * 20):
        desk.post(address(late), {"fee_cents": cents})
    world.rules.late_fee_percent = 100
    world.rules.save()
    answer = desk.post(address(late), {"fee_cents": "7000"}, follow=True)
    assert said(answer)[-1:] == [
        f"{late.reference}: the late fee is another one now; nothing was changed. Please look again."
    ]
    late.refresh_from_db()
    assert (late.status, late.late_fee_cents) == (BookingStatus.CONFIRMED, 0)


def test_there_is_no_late_fee_while_there_is_notice_enough(desk: Client, world: World) -> None:
    booking = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    assert "with the late fee" not in desk.get(page(booking)).content.decode()
    desk.post(address(booking), {"fee_cents": "7000"})
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CONFIRMED


def test_only_those_who_may_change_visits_and_only_by_a_press(
    world: World, desk: Client, late: Booking
) -> None:
    assert desk.get(address(late)).status_code == 405
    reader = signed_in(staff_user("reader", "view_booking"))
    assert "with the late fee" not in reader.get(page(late)).content.decode()
    assert reader.post(address(late), {"fee_cents": "7000"}).status_code == 403
    late.refresh_from_db()
    assert late.status == BookingStatus.CONFIRMED
