"""Visits that are over, on the front page: closed by one press each, or all that went well at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from bookings.domain import operations
from bookings.enums import BookingStatus, LateFeeState
from bookings.models import Booking, LateFee
from tests.factories import DAY, NOW, World, at

from .conftest import signed_in, staff_user
from .test_visit import page, said

pytestmark = pytest.mark.integrity

INDEX = reverse("admin:index")
CLOSE = reverse("admin:bookings_booking_close")
EVENING = at(19)


def booked(world: World, *hours: int) -> list[Booking]:
    return [
        operations.confirm_booking(
            booking=world.book(starts_at=at(hour), email=f"c{hour}@example.com", phone=f"+121355501{hour}"),
            actor=None,
            now=NOW,
        )
        for hour in hours
    ]


def statuses(*bookings: Booking) -> list[str]:
    return [Booking.objects.get(pk=booking.pk).status for booking in bookings]


def test_a_day_that_went_well_is_one_press(desk: Client, world: World) -> None:
    first, second, third = booked(world, 10, 12, 15)
    with time_machine.travel(at(17), tick=False):
        assert "How did they go?" not in desk.get(INDEX).content.decode()
    with time_machine.travel(EVENING, tick=False):
        text = desk.get(INDEX).content.decode()
        assert text.index(first.reference) < text.index(second.reference) < text.index(third.reference)
        answer = desk.post(
            CLOSE, {"visit": [first.pk, second.pk, third.pk], "complete": "ticked"}, follow=True
        )
        assert said(answer) == ["3 visits are completed."]
        assert "How did they go?" not in answer.content.decode()
    assert statuses(first, second, third) == [BookingStatus.COMPLETED] * 3


def test_each_is_answered_by_itself(desk: Client, world: World) -> None:
    first, second, third = booked(world, 10, 12, 15)
    with time_machine.travel(EVENING, tick=False):
        answer = desk.post(
            CLOSE, {"visit": [first.pk, second.pk, third.pk], "no-show": str(second.pk)}, follow=True
        )
        assert said(answer) == [f"{second.reference}: marked as no-show."]
        assert "Nobody opened: decide about the fee" in answer.content.decode()
        desk.post(CLOSE, {"visit": [third.pk], "complete": str(first.pk)})
    assert statuses(first, second, third) == ["completed", "no_show", "confirmed"]


def test_what_somebody_closed_meanwhile_stays_as_they_said(desk: Client, world: World) -> None:
    first, second = booked(world, 10, 12)
    operations.mark_no_show(booking=first, actor=None, now=at(11))
    with time_machine.travel(EVENING, tick=False):
        answer = desk.post(CLOSE, {"visit": [first.pk, second.pk], "complete": "ticked"}, follow=True)
    assert said(answer) == [
        "1 visit is completed.",
        "1 visit was closed by somebody else meanwhile, and is as they said.",
    ]
    assert statuses(first, second) == ["no_show", "completed"]


def test_a_visit_to_come_and_nonsense_change_nothing(desk: Client, world: World) -> None:
    (visit,) = booked(world, 10)
    for sent in (
        {"complete": str(visit.pk)},
        {"complete": "ticked"},
        {"visit": ["x", "-1", "9" * 30, "١"], "complete": "ticked"},
        {"no-show": "ticked"},
        {"visit": [visit.pk]},
        {},
    ):
        assert desk.post(CLOSE, sent).status_code == 302
    assert desk.get(CLOSE).status_code == 302
    assert statuses(visit) == ["confirmed"]


def test_only_those_who_may(world: World, desk: Client) -> None:
    (visit,) = booked(world, 10)
    reader = signed_in(staff_user("reader", "view_booking"))
    with time_machine.travel(EVENING, tick=False):
        shown = reader.get(INDEX).content.decode()
        assert visit.reference in shown
        assert CLOSE not in shown
        assert reader.post(CLOSE, {"complete": str(visit.pk)}).status_code == 403
    assert statuses(visit) == ["confirmed"]


def test_a_visit_that_is_over_is_nowhere_called_confirmed(desk: Client, world: World) -> None:
    (visit,) = booked(world, 10)
    with time_machine.travel(EVENING, tick=False):
        for address in (
            page(visit),
            reverse("admin:bookings_booking_changelist"),
            f"{reverse('admin:bookings_booking_day')}?day={DAY}",
            reverse("admin:bookings_client_change", args=[visit.client_id]),
        ):
            assert "Not closed" in desk.get(address).content.decode(), address


def test_a_slip_is_taken_back_on_the_visits_page_the_same_day(desk: Client, world: World) -> None:
    (visit,) = booked(world, 10)
    take_back = reverse("admin:bookings_booking_do", args=[visit.pk, "reopen"])
    with time_machine.travel(EVENING, tick=False):
        assert take_back not in desk.get(page(visit)).content.decode()
        desk.post(CLOSE, {"no-show": str(visit.pk)})
        assert take_back in desk.get(page(visit)).content.decode()
        answer = desk.post(take_back, {"reason": "the wrong row"}, follow=True)
        assert said(answer) == [f"{visit.reference}: taken back; it waits to be closed."]
        desk.post(CLOSE, {"complete": str(visit.pk)})
    with time_machine.travel(EVENING + timedelta(days=1), tick=False):
        assert take_back not in desk.get(page(visit)).content.decode()
        assert "can't become confirmed; nothing was changed" in said(desk.post(take_back, follow=True))[0]
    assert statuses(visit) == ["completed"]


def test_the_fee_of_a_missed_visit_is_asked_paid_or_waived_with_a_reason(desk: Client, world: World) -> None:
    (visit,) = booked(world, 10)

    def decide(answer: str, **sent: str) -> list[str]:
        address = reverse("admin:bookings_booking_late_fee", args=[visit.pk, answer])
        return said(desk.post(address, sent, follow=True))

    with time_machine.travel(EVENING, tick=False):
        desk.post(CLOSE, {"no-show": str(visit.pk)})
        shown = desk.get(page(visit)).content.decode()
        assert "Nobody opened within 15 minutes. By the terms v1: 50% of the price of the session" in shown
        assert decide("waive") == [f"{visit.reference}: Say in a few words why the late fee is waived."]
        assert decide("charge") == [f"{visit.reference}: the late fee of $60 is charged."]
        assert decide("paid", shown="charged") == [f"{visit.reference}: the late fee of $60 is paid."]
        assert "Not paid after all" in desk.get(page(visit)).content.decode()
        decide("charge", shown="paid")
        assert decide("waive", shown="charged", reason="The bell was broken") == [
            f"{visit.reference}: the late fee of $60 is waived."
        ]
        assert "Waived: The bell was broken" in desk.get(page(visit)).content.decode()
    assert LateFee.objects.get().state == LateFeeState.WAIVED


@pytest.mark.parametrize("answer", ["reopen", "complete"])
@pytest.mark.parametrize("decided", [False, True])
def test_a_fee_that_was_decided_goes_only_by_whoever_may_decide(
    desk: Client, world: World, answer: str, decided: bool
) -> None:
    (visit,) = booked(world, 10)
    hands = signed_in(staff_user("hands", "view_booking", "finish_own_visits"))
    with time_machine.travel(EVENING, tick=False):
        hands.post(CLOSE, {"no-show": str(visit.pk)})
        if decided:
            desk.post(reverse("admin:bookings_booking_late_fee", args=[visit.pk, "charge"]))
        address = reverse("admin:bookings_booking_do", args=[visit.pk, answer])
        words = said(hands.post(address, follow=True))[-1]
        assert ("somebody has decided about the late fee already" in words) is decided
        assert LateFee.objects.exists() is decided
        if decided:
            desk.post(address)
    assert statuses(visit) == ["confirmed" if answer == "reopen" else "completed"]
    assert not LateFee.objects.exists()
