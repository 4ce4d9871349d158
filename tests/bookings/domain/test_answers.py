"""By when a request is answered, and which times may be asked for while nobody is at the desk."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from bookings import exceptions
from bookings.domain import operations
from bookings.domain.answers import answer_by, first_for_request, rules_for_requests
from bookings.domain.operations import Act, NewTime
from bookings.enums import BookingStatus, MessageKind
from bookings.models import Booking, BookingRules
from massagerx.lib.localtime import local
from tests.factories import CLEAR_ANSWERS, DAY, NOW, World, at

#: The Sunday before `DAY`.
SUNDAY = DAY - timedelta(days=1)
RULES = BookingRules()


def promised(asked_at: datetime, starts_at: datetime, **rules: Any) -> datetime | None:
    return answer_by(asked_at=asked_at, starts_at=starts_at, rules=BookingRules(**rules))


@pytest.mark.parametrize(
    ("asked", "starts", "expected"),
    [
        # The owner's limit of a day, rounded down to a full hour at the desk.
        (at(12, 0, SUNDAY - timedelta(days=3)), at(10), at(12, 0, SUNDAY - timedelta(days=2))),
        (at(12, 25, SUNDAY - timedelta(days=3)), at(10), at(12, 0, SUNDAY - timedelta(days=2))),
        (at(23, 25, SUNDAY - timedelta(days=3)), at(10), at(20, 0, SUNDAY - timedelta(days=2))),
        # Never nearer to the visit than four hours: 9:00 gives the evening before.
        (at(14, 0, SUNDAY), at(9), at(20, 0, SUNDAY)),
        (at(14, 0, SUNDAY), at(12), at(8)),
        (at(14, 0, SUNDAY), at(11, 59), at(20, 0, SUNDAY)),
        (at(14, 0, SUNDAY), at(13, 30), at(9)),
        # No hour left: somebody calls.
        (at(19, 1, SUNDAY), at(9), None),
        (at(19, 0, SUNDAY), at(9), at(20, 0, SUNDAY)),
        (at(9), at(13, 30), None),
    ],
)  # fmt: skip
def test_the_answer_comes_at_an_hour_at_the_desk_in_good_time(
    asked: datetime, starts: datetime, expected: datetime | None
) -> None:
    assert promised(asked, starts) == expected


def test_the_owner_sets_the_time_before_the_visit_and_the_hours_at_the_desk() -> None:
    asked = at(12, 0, SUNDAY)
    assert promised(asked, at(16), answer_before_minutes=60, request_expires_after_minutes=2_880) == at(15)
    assert promised(asked, at(16), answer_before_minutes=0, request_expires_after_minutes=2_880) == at(16)
    assert promised(asked, at(16), desk_opens_at=time(12, 30)) == at(20, 0, SUNDAY)
    assert promised(asked, at(17), desk_opens_at=time(11, 30)) == at(12)
    assert promised(asked, at(12), desk_closes_at=time(18, 45)) == at(8)
    assert promised(asked, at(11), desk_closes_at=time(18, 45)) == at(18, 45, SUNDAY)


@pytest.mark.parametrize("day", [date(2026, 10, 31), date(2026, 11, 1), date(2027, 3, 13), date(2027, 3, 14)])
def test_an_answer_is_at_the_hour_on_the_wall_when_the_clocks_change(day: date) -> None:
    following = day + timedelta(days=1)
    assert promised(at(14, 0, day), at(9, 0, following)) == at(20, 0, day)
    assert promised(at(14, 0, day), at(13, 0, following)) == at(9, 0, following)


def test_every_promise_is_kept_before_the_visit_and_while_somebody_is_there() -> None:
    """Every quarter of an hour of a day, for every half hour of the two days after."""
    for quarter in range(96):
        asked = at(0, 0, SUNDAY) + timedelta(minutes=15 * quarter)
        first = first_for_request(rules=RULES, now=asked)
        for half in range(1, 96):
            starts = asked + timedelta(minutes=30 * half)
            found = promised(asked, starts)
            if found is None:
                # Nobody is told that we call at night.
                assert starts < first or time(8) <= local(asked).time() < time(20)
                continue
            here = local(found)
            assert asked + timedelta(hours=1) <= found <= starts - timedelta(hours=4)
            assert time(8) <= here.time() <= time(20)
            assert here.minute == 0


def test_a_time_too_soon_for_an_answer_is_offered_only_while_somebody_is_at_the_desk() -> None:
    noon, evening, night = at(12, 0, SUNDAY), at(20, 0, SUNDAY), at(3)
    assert first_for_request(rules=RULES, now=noon) == noon
    assert rules_for_requests(RULES, now=noon) is RULES
    for now in (evening, night):
        assert first_for_request(rules=RULES, now=now) == at(13)
        stricter = rules_for_requests(RULES, now=now)
        assert now + timedelta(minutes=stricter.minimum_notice_minutes) == at(13)
    assert RULES.minimum_notice_minutes == 240
    assert first_for_request(rules=RULES, now=at(19, 59, SUNDAY)) == at(19, 59, SUNDAY)
    assert first_for_request(rules=RULES, now=at(8)) == at(8)


@pytest.mark.django_db
def test_a_request_at_night_for_the_morning_is_refused_and_a_later_one_taken(world: World) -> None:
    night = at(22, 0, SUNDAY)
    with pytest.raises(exceptions.SlotNotOffered) as refusal:
        world.book(starts_at=at(12), now=night)
    assert refusal.value.reason == "notice"
    assert not Booking.objects.exists()
    booking = world.book(starts_at=at(13), now=night)
    assert booking.answer_by == at(9)


@pytest.mark.django_db
def test_who_is_confirmed_at_once_books_at_any_hour(world: World) -> None:
    first = world.book()
    Booking.objects.filter(pk=first.pk).update(status=BookingStatus.COMPLETED)
    night = at(22, 0, SUNDAY)
    booking = world.book(starts_at=at(12), now=night)
    assert (booking.status, booking.answer_by) == (BookingStatus.CONFIRMED, None)
    # With an answer that a person looks at, they wait as others do.
    world.add_therapist()
    with pytest.raises(exceptions.SlotNotOffered) as refusal:
        world.book(starts_at=at(12), now=night, answers={**CLEAR_ANSWERS, "neck": "yes"})
    assert refusal.value.reason == "notice"


@pytest.mark.django_db
def test_a_promise_is_kept_by_the_clock_whatever_the_owner_sets_later(world: World) -> None:
    booking = world.book(starts_at=at(14), now=at(18, 30, SUNDAY))
    assert booking.answer_by == at(10)
    BookingRules.objects.update(request_expires_after_minutes=20_160, answer_before_minutes=0)
    assert operations.expires_at(booking, BookingRules.load()) == at(10)
    assert operations.expire_requests(now=at(9, 59)) == 0
    assert operations.expire_requests(now=at(10)) == 1
    booking.refresh_from_db()
    assert booking.status == BookingStatus.EXPIRED


@pytest.mark.django_db
def test_where_a_call_is_promised_the_request_waits_for_it(world: World) -> None:
    booking = world.book(starts_at=at(13, 30), now=at(9))
    assert booking.answer_by is None
    assert booking.messages.filter(kind=MessageKind.STAFF_ALERT).exists()
    assert operations.expire_requests(now=at(13, 29)) == 0
    assert operations.expire_requests(now=at(13, 30)) == 1


@pytest.mark.django_db
def test_a_request_that_is_moved_is_promised_another_answer(world: World) -> None:
    booking = world.book(now=NOW)
    noon = NOW + timedelta(days=1)
    moved = operations.move_booking(booking=booking, to=NewTime(at(16)), act=Act(noon, by_client=True))
    assert moved.answer_by == noon + timedelta(days=1)
    night = at(22, 0, SUNDAY)
    Booking.objects.filter(pk=booking.pk).update(answer_by=at(9))
    with pytest.raises(exceptions.SlotNotOffered):
        operations.move_booking(booking=booking, to=NewTime(at(11)), act=Act(night, by_client=True))
    again = operations.move_booking(booking=booking, to=NewTime(at(15)), act=Act(night, by_client=True))
    assert again.answer_by == at(11)
