"""What staff, the client and the clock do to a booking."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from bookings import exceptions, screening
from bookings.domain import intake, operations
from bookings.enums import BookingStatus, MessageKind
from bookings.models import Booking, HealthAccess, Message, TimeOff
from tests.factories import NOW, World, at

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]

OPERATIONS: dict[str, Any] = {
    BookingStatus.CONFIRMED: operations.confirm_booking,
    BookingStatus.DECLINED: operations.decline_booking,
    BookingStatus.CANCELED: operations.cancel_booking,
    BookingStatus.COMPLETED: operations.complete_booking,
    BookingStatus.NO_SHOW: operations.mark_no_show,
}
# By hand, and not as the code has it: what each status may become.
FOLLOWS = {
    "requested": {"confirmed", "declined", "canceled"},
    "confirmed": {"completed", "no_show", "canceled"},
    "completed": {"no_show"},
    "no_show": {"completed"},
    "canceled": set(),
    "declined": set(),
    "expired": set(),
}


@pytest.fixture
def staff(db: None):
    return get_user_model().objects.create_user("desk", is_staff=True)


def test_confirm_tells_the_client_and_grows_the_revision(world: World, staff) -> None:
    booking = operations.confirm_booking(booking=world.book(), actor=staff, now=NOW, reason="fine")
    assert (booking.status, booking.revision, booking.confirmed_at) == (BookingStatus.CONFIRMED, 1, NOW)
    assert Message.objects.get(kind=MessageKind.CONFIRMED).revision == 1
    event = booking.events.last()
    assert (event.from_status, event.to_status, event.actor, event.reason) == (
        "requested",
        "confirmed",
        staff,
        "fine",
    )


@pytest.mark.parametrize("status", BookingStatus.values)
@pytest.mark.parametrize("wanted", list(OPERATIONS))
def test_a_visit_becomes_only_what_its_status_allows(world: World, staff, status: str, wanted: str) -> None:
    booking = world.book()
    Booking.objects.filter(pk=booking.pk).update(status=status)
    operation = OPERATIONS[wanted]
    later = at(10, 30) if wanted in (BookingStatus.COMPLETED, BookingStatus.NO_SHOW) else NOW
    messages = Message.objects.count()
    if wanted in FOLLOWS[status]:
        assert operation(booking=booking, actor=staff, now=later).status == wanted
    else:
        with pytest.raises(exceptions.InvalidTransition):
            operation(booking=booking, actor=staff, now=later)
        assert Booking.objects.get().status == status
        assert Message.objects.count() == messages


def test_cancelling_frees_the_time(world: World, staff) -> None:
    booking = world.book()
    operations.cancel_booking(booking=booking, actor=None, by_client=True, now=NOW)
    assert world.book(email="b@example.com", phone="+12135550111").starts_at == booking.starts_at
    assert booking.events.last().by_client


def test_a_request_is_not_confirmed_over_time_off_written_meanwhile(world: World, staff) -> None:
    booking = world.book()
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(9), ends_at=at(12))
    with pytest.raises(exceptions.SlotNotOffered) as refusal:
        operations.confirm_booking(booking=booking, actor=staff, now=NOW)
    assert refusal.value.reason == "time_off"
    assert Booking.objects.get().status == BookingStatus.REQUESTED


def test_a_request_is_not_confirmed_after_its_start(world: World, staff) -> None:
    with pytest.raises(exceptions.SlotNotOffered):
        operations.confirm_booking(booking=world.book(), actor=staff, now=at(10, 1))


def test_completion_waits_for_the_visit_to_start(world: World, staff) -> None:
    booking = operations.confirm_booking(booking=world.book(), actor=staff, now=NOW)
    with pytest.raises(exceptions.InvalidTransition):
        operations.complete_booking(booking=booking, actor=staff, now=NOW)


def test_looking_at_answers_is_written_down_before_they_are_shown(world: World, staff) -> None:
    booking = world.book()
    shown = intake.open_screening(booking=booking, user=staff, reason="planning", now=NOW)
    assert "no" in {answer for _, answer in shown.answers}
    assert len(shown.answers) > 5
    access = HealthAccess.objects.get()
    assert (access.user, access.reason, access.at) == (staff, "planning", NOW)


def test_answers_are_read_by_the_local_day_on_which_they_were_given(
    world: World, staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    # At eight in the evening in Los Angeles it is tomorrow in UTC.
    evening = at(20, day=date(2026, 12, 2))
    booking = world.book(now=evening)
    days: list[date] = []
    evaluate = screening.evaluate

    def watched(*args: Any, **more: Any) -> screening.Result:
        days.append(args[3])
        return evaluate(*args, **more)

    monkeypatch.setattr(screening, "evaluate", watched)
    intake.open_screening(booking=booking, user=staff, reason="planning", now=evening)
    assert days == [date(2026, 12, 2)]
