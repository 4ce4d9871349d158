"""The button that undoes what was just done, on staff's pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bookings.domain import operations
from bookings.domain.operations import Act, NewTime
from bookings.enums import BookingStatus, MessageState
from bookings.models import Booking, Message, SecondThought
from tests.factories import NOW, World, at

from .conftest import DESK_RIGHTS, signed_in, staff_user
from .test_visit import do, page, said

pytestmark = pytest.mark.integrity

INDEX = reverse("admin:index")


def undo_address() -> str:
    return reverse("admin:bookings_booking_undo", args=[SecondThought.objects.get().press])


@pytest.fixture
def confirmed(desk: Client, world: World) -> Booking:
    booking = world.book()
    Message.objects.update(state=MessageState.SENT)
    desk.post(do(booking, "confirm"), {"desk": "1"})
    return booking


def test_undo_stands_on_the_front_page_and_the_visits_until_the_email_leaves(
    desk: Client, confirmed: Booking
) -> None:
    for address in (INDEX, page(confirmed)):
        text = desk.get(address).content.decode()
        assert f"{confirmed.reference}: confirmed." in text
        assert "The client hears at 12:02 PM." in text
        assert undo_address() in text
    with time_machine.travel(NOW + timedelta(minutes=2), tick=False):
        for address in (INDEX, page(confirmed)):
            assert undo_address() not in desk.get(address).content.decode()


def test_one_press_undoes_it_and_no_email_was_sent(desk: Client, confirmed: Booking) -> None:
    answer = desk.post(undo_address(), follow=True)
    assert said(answer)[-1:] == [
        f"{confirmed.reference}: undone. No email was sent, and the visit is as it was."
    ]
    confirmed.refresh_from_db()
    assert confirmed.status == BookingStatus.REQUESTED
    assert not Message.objects.filter(state=MessageState.DUE).exists()
    assert "Undone before the email left" in desk.get(page(confirmed)).content.decode()


def test_too_late_is_said_and_changes_nothing(desk: Client, confirmed: Booking) -> None:
    address = undo_address()
    Message.objects.filter(kind="confirmed").update(state=MessageState.SENT)
    answer = desk.post(address, follow=True)
    assert said(answer)[-1:] == [
        f"{confirmed.reference}: the email has left, or it was undone already; nothing was changed. "
        "Please look at the visit."
    ]
    operations.purge_second_thoughts(now=NOW + timedelta(hours=2))
    assert "the email has left" in said(desk.post(address, follow=True))[-1]
    confirmed.refresh_from_db()
    assert confirmed.status == BookingStatus.CONFIRMED


def test_another_at_the_desk_sees_it_on_the_visits_page_alone(desk: Client, confirmed: Booking) -> None:
    colleague = signed_in(staff_user("colleague", *DESK_RIGHTS))
    assert undo_address() in colleague.get(page(confirmed)).content.decode()
    assert undo_address() not in colleague.get(INDEX).content.decode()


def test_only_by_a_press_of_who_may(desk: Client, confirmed: Booking) -> None:
    address = undo_address()
    assert desk.get(address).status_code == 302
    reader = signed_in(staff_user("reader", "view_booking"))
    assert address not in reader.get(page(confirmed)).content.decode()
    assert reader.post(address).status_code == 403
    confirmed.refresh_from_db()
    assert confirmed.status == BookingStatus.CONFIRMED


def test_no_hour_is_named_for_what_nobody_is_told(desk: Client, world: World) -> None:
    """Moved away and back, it is as the client knows it."""
    before = NOW - timedelta(hours=1)
    booking = operations.confirm_booking(booking=world.book(now=before), actor=None, now=before)
    Message.objects.update(state=MessageState.SENT)
    actor = User.objects.get(username="desk")
    for hour, seconds in ((14, 40), (10, 20)):
        act = Act(NOW - timedelta(seconds=seconds), actor)
        operations.move_booking(booking=booking, to=NewTime(at(hour)), act=act)
        text = desk.get(page(booking)).content.decode()
        assert ("The client hears at 12:01 PM." in text) is (hour == 14)
        assert ("It is as the client knows it, so nothing is sent." in text) is (hour == 10)
