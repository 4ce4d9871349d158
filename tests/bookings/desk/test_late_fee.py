"""Canceling with the late fee, for a client who phones too late."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from bookings.domain import operations
from bookings.domain.operations import Shown
from bookings.enums import BookingStatus, MessageKind
from bookings.models import Booking, LateFee, Message
from tests.factories import DAY, NOW, World, at

from .conftest import signed_in, staff_user
from .test_visit import page, said

pytestmark = pytest.mark.integrity


@pytest.fixture
def late(world: World) -> Booking:
    """A confirmed visit tomorrow morning, inside the notice window: half of $120."""
    tomorrow = DAY.replace(day=3)
    return operations.confirm_booking(booking=world.book(starts_at=at(10, day=tomorrow)), actor=None, now=NOW)


def address(booking: Booking) -> str:
    return reverse("admin:bookings_booking_cancel_late", args=[booking.pk])


def test_visit_is_canceled_with_the_fee_that_the_page_named(desk: Client, late: Booking) -> None:
    text = desk.get(page(late)).content.decode()
    assert "Cancel with the $60 fee" in text
    assert 'name="fee_cents" value="6000"' in text

    response = desk.post(address(late), {"fee_cents": "6000", "reason": "A cold"}, follow=True)

    assert said(response) == [f"{late.reference}: canceled, with a late fee of $60 to ask for."]
    late.refresh_from_db()
    assert (late.status, late.late_fee_cents) == (BookingStatus.CANCELED, 6_000)
    event = late.events.last()
    assert event is not None
    assert (event.actor.username, event.reason) == ("desk", "A cold")
    assert Message.objects.filter(booking=late, kind=MessageKind.CANCELED).count() == 1
    assert "Asked for" in response.content.decode()


def test_a_fee_that_is_another_one_by_now_changes_nothing(desk: Client, late: Booking, world: World) -> None:
    for cents in ("5999", "6001", "", "0", "-1", "x", "9" * 20):
        desk.post(address(late), {"fee_cents": cents})
    world.agree_to(late_fee_percent=100)
    Booking.objects.update(terms_version=world.agreed)
    answer = desk.post(address(late), {"fee_cents": "6000"}, follow=True)
    assert said(answer)[-1:] == [
        f"{late.reference}: the late fee is another one now; nothing was changed. Please look again."
    ]
    late.refresh_from_db()
    assert (late.status, late.late_fee_cents) == (BookingStatus.CONFIRMED, 0)


def test_there_is_no_late_fee_while_there_is_notice_enough(desk: Client, world: World) -> None:
    booking = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    assert "with the late fee" not in desk.get(page(booking)).content.decode()
    desk.post(address(booking), {"fee_cents": "6000"})
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CONFIRMED


def test_only_those_who_may_change_visits_and_only_by_a_press(
    world: World, desk: Client, late: Booking
) -> None:
    assert desk.get(address(late)).status_code == 405
    reader = signed_in(staff_user("reader", "view_booking"))
    assert "with the late fee" not in reader.get(page(late)).content.decode()
    assert reader.post(address(late), {"fee_cents": "6000"}).status_code == 403
    late.refresh_from_db()
    assert late.status == BookingStatus.CONFIRMED


# What a client left open ---------------------------------------------------------------------------------------


def left_open(late: Booking) -> LateFee:
    operations.cancel_by_client(booking=late, shown=Shown(late.revision, 6_000), now=NOW, asks_waiver=True)
    return LateFee.objects.get()


def decision(booking: Booking, answer: str) -> str:
    return reverse("admin:bookings_booking_late_fee", args=[booking.pk, answer])


@pytest.mark.parametrize(
    ("answer", "state", "cents", "words"),
    [("charge", "charged", 6_000, "is charged"), ("waive", "waived", 0, "is waived")],
)
def test_a_fee_left_open_is_on_the_front_page_until_it_is_decided(
    desk: Client, late: Booking, answer: str, state: str, cents: int, words: str
) -> None:
    fee = left_open(late)
    front = desk.get(reverse("admin:index")).content.decode()
    assert "Canceled late: decide about the fee" in front
    assert "The client asks you to waive it." in front
    shown = desk.get(page(late)).content.decode()
    assert decision(late, "charge") in shown
    assert "By the terms v1: later than 24 hours before, 50% of the price of the session" in shown

    response = desk.post(decision(late, answer), {"reason": "A cold"}, follow=True)

    assert words in said(response)[0]
    fee.refresh_from_db()
    late.refresh_from_db()
    assert (fee.state, fee.decided_by.username, late.late_fee_cents) == (state, "desk", cents)
    assert decision(late, "charge") not in response.content.decode()
    assert "decide about the fee" not in desk.get(reverse("admin:index")).content.decode()
    again = desk.post(decision(late, "charge"), follow=True)
    assert "already; nothing was changed" in said(again)[0]


def test_only_those_who_may_change_visits_decide_about_a_fee(desk: Client, late: Booking) -> None:
    assert desk.post(decision(late, "charge")).status_code == 404
    fee = left_open(late)
    assert desk.get(decision(late, "charge")).status_code == 405
    assert desk.post(decision(late, "double")).status_code == 404
    reader = signed_in(staff_user("reader", "view_booking"))
    assert decision(late, "charge") not in reader.get(page(late)).content.decode()
    assert "decide about the fee" not in reader.get(reverse("admin:index")).content.decode()
    assert reader.post(decision(late, "charge")).status_code == 403
    fee.refresh_from_db()
    assert fee.state == "open"
