"""A late day worked out again, held against a clock that walks minute by minute, and what it makes of real presses."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.domain import operations
from bookings.domain.operations import Press, Shown
from bookings.domain.reflow import LateVisit, Stop, Verdict, reflow, reflow_day, time_until_next
from bookings.enums import StepKind
from bookings.models import Booking, BookingRules, Therapist, VisitStep
from bookings.models.steps import told_last
from tests.factories import DAY, NOW, World, at, fix_drives

pytestmark = pytest.mark.integrity
MORNING = datetime(2026, 12, 7, 17, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def minute(number: int) -> datetime:
    return MORNING + number * MINUTE


def by_hour(base: int, leaves_at: datetime) -> int:
    """A drive that takes longer in every second hour."""
    return base + 7 * (leaves_at.hour % 2)


@st.composite
def days(draw: st.DrawFn) -> tuple[list[Stop], datetime]:
    stops: list[Stop] = []
    at_ = 0
    for _ in range(draw(st.integers(1, 5))):
        at_ += draw(st.integers(0, 60))
        ends = at_ + draw(st.integers(1, 90))
        told = draw(st.none() | st.integers(-10, 60))
        stops.append(
            Stop(
                minute(at_),
                minute(ends),
                partial(by_hour, draw(st.integers(0, 40))),
                left_at=minute(draw(st.integers(-30, 60))) if draw(st.booleans()) and not stops else None,
                expected_at=None if told is None else minute(at_ + told),
                arrived_at=minute(draw(st.integers(-30, 60))) if draw(st.booleans()) and not stops else None,
            )
        )
        at_ = ends
    return stops, minute(draw(st.integers(0, 120)))


def walked(stops: Sequence[Stop], free_at: datetime) -> list[datetime]:
    """When the therapist is at each door: a clock goes on minute by minute, and somebody drives, waits or works."""
    clock, found = free_at, []
    for stop in stops:
        if stop.arrived_at is not None:
            there = stop.arrived_at
        else:
            left = clock if stop.left_at is None else stop.left_at
            there = left
            while there - left < stop.drive(left) * MINUTE:  # type: ignore[operator]
                there += MINUTE
            while there < clock or (stop.expected_at is not None and there < stop.expected_at):
                there += MINUTE
        while there < stop.starts_at:
            there += MINUTE
        found.append(there)
        done = there
        while done - there < stop.ends_at - stop.starts_at:
            done += MINUTE
        clock = max(clock, done)
    return found


@settings(max_examples=300, deadline=None)
@given(days(), st.integers(0, 40))
def test_reflow_is_what_a_clock_walks_through(day: tuple[list[Stop], datetime], grace: int) -> None:
    stops, free_at = day
    lates = reflow(stops, free_at=free_at, grace_minutes=grace)
    assert [late.arrives_at for late in lates] == walked(stops, free_at)
    for stop, late in zip(stops, lates, strict=True):
        assert stop.starts_at + late.minutes * MINUTE == late.arrives_at
        known = max(stop.starts_at, stop.expected_at or stop.starts_at)
        is_told = stop.arrived_at is not None or late.arrives_at <= known
        assert (late.verdict is Verdict.UNTOUCHED) is is_told
        assert is_told or (late.verdict is Verdict.TOLD) is (late.minutes <= grace)


@settings(max_examples=100, deadline=None)
@given(days(), st.integers(1, 60))
def test_being_free_later_makes_nobody_earlier(day: tuple[list[Stop], datetime], later: int) -> None:
    stops, free_at = day
    stops = [replace(stop, drive=lambda _at: 10) for stop in stops]
    before = reflow(stops, free_at=free_at, grace_minutes=15)
    after = reflow(stops, free_at=free_at + later * MINUTE, grace_minutes=15)
    assert all(old.arrives_at <= new.arrives_at for old, new in zip(before, after, strict=True))


@settings(max_examples=100, deadline=None)
@given(days(), st.integers(0, 40), st.integers(0, 90))
def test_as_long_at_the_door_keeps_the_next_visit_and_a_minute_more_does_not(
    day: tuple[list[Stop], datetime], drive: int, ahead: int
) -> None:
    """Tried minute by minute, the longest that works."""
    stops, free_at = day
    late = reflow(stops, free_at=free_at, grace_minutes=15)[-1]
    after = Stop(late.arrives_at + ahead * MINUTE, late.arrives_at + 999 * MINUTE, partial(by_hour, drive))
    kept = [
        length
        for length in range(ahead + 1)
        if late.arrives_at + (length + after.drive(late.arrives_at + length * MINUTE)) * MINUTE  # type: ignore[operator]
        <= after.starts_at
    ]
    assert time_until_next(late, after) == max(kept, default=0)


# A day of real rows ---------------------------------------------------------------------------------------------------


@pytest.fixture
def hands(db: None) -> User:
    return User.objects.create_user("hands", is_staff=True)


@pytest.fixture
def visits(world: World) -> list[Booking]:
    """Three of an hour at 10, 12 and 14, each 20 minutes at the door besides, and 30 minutes of driving between."""
    fix_drives((world.area, world.area, 30))
    Therapist.objects.update(break_after_minutes=None)
    return [
        operations.confirm_booking(
            booking=world.book(
                starts_at=at(hour), email=f"c{hour}@example.com", phone=f"+121355501{hour}",
                street=f"{hour} Sample Street",
            ),
            actor=None,
            now=NOW,
        )
        for hour in (10, 12, 14)
    ]  # fmt: skip


def press(visit: Booking, hands: User, kind: StepKind, when: datetime, **more: Any) -> VisitStep:
    last = told_last(visit.steps.standing())
    pressed = Press(kind=kind, key=uuid.uuid4(), at=when, shown=last.key if last else None, **more)
    return operations.press_step(booking=visit, press=pressed, actor=hands, now=when)


def left(world: World, now: datetime) -> list[LateVisit]:
    therapists = list(Therapist.objects.select_related("home_zip__zone").order_by("pk"))
    found = reflow_day(therapists=therapists, day=DAY, rules=BookingRules.load(), now=now)
    return found.get(world.therapist.pk, [])


def said(world: World, now: datetime) -> list[tuple[int, str]]:
    return [(row.late.untold_minutes, row.late.verdict.value) for row in left(world, now)]


def test_a_day_on_which_nothing_is_pressed_says_nothing(world: World, visits: list[Booking]) -> None:
    assert left(world, at(13)) == []


def test_who_is_in_time_touches_nobody(world: World, visits: list[Booking], hands: User) -> None:
    press(visits[0], hands, StepKind.LEAVING, at(9, 15))
    press(visits[0], hands, StepKind.ARRIVED, at(9, 48))
    assert said(world, at(10)) == [(0, "untouched")] * 3


def test_late_at_the_first_door_reaches_the_next_as_far_as_the_gaps_don_t_hold_it(
    world: World, visits: list[Booking], hands: User
) -> None:
    """There is a gap of 40 minutes and a drive of 30: ten minutes are made good at each."""
    press(visits[0], hands, StepKind.LATE, at(9, 20), minutes=30)
    assert said(world, at(9, 25)) == [(0, "untouched"), (20, "choices"), (10, "told")]
    # With ten minutes less the last visit is in time.
    assert [row.shorter_minutes for row in left(world, at(9, 25))] == [None, 50, None]
    # Who was told so is not told again.
    press(visits[1], hands, StepKind.LATE, at(9, 30), minutes=20)
    assert said(world, at(9, 35)) == [(0, "untouched"), (0, "untouched"), (10, "told")]


def test_a_visit_that_nobody_said_is_done_is_found_out(
    world: World, visits: list[Booking], hands: User
) -> None:
    press(visits[0], hands, StepKind.ARRIVED, at(9, 50))
    # It should be over at 11:10, and the drive can begin at 11:20 at the latest.
    assert said(world, at(11, 20)) == [(0, "untouched")] * 3
    assert said(world, at(11, 25))[1] == (5, "told")
    assert said(world, at(11, 45))[1] == (25, "choices")
    press(visits[0], hands, StepKind.DONE, at(11, 45))
    assert [row.booking for row in left(world, at(11, 45))] == visits[1:]
    assert said(world, at(11, 45))[0] == (25, "choices")


def test_a_day_costs_three_queries_and_one_where_nothing_was_pressed(
    world: World, visits: list[Booking], hands: User
) -> None:
    for number in range(3):
        world.add_therapist(f"Sample Number {number}")
    with CaptureQueriesContext(connection) as idle:
        left(world, at(9))
    press(visits[0], hands, StepKind.LATE, at(9, 20), minutes=30)
    with CaptureQueriesContext(connection) as busy:
        left(world, at(9, 25))
    # With that of the therapists and of the rules.
    assert (len(idle), len(busy)) == (3, 5)


@pytest.mark.parametrize(("minutes", "is_free"), [(30, False), (40, True)])
def test_canceling_is_free_when_we_are_too_late(
    visits: list[Booking], hands: User, minutes: int, is_free: bool
) -> None:
    visit = visits[1]
    assert operations.late_fee(visit, now=at(9)) == 6_000
    for _ in range(minutes // 10):
        press(visit, hands, StepKind.LATE, at(9), minutes=10)
    assert (operations.late_fee(visit, now=at(9)) is None) is is_free
    if is_free:
        canceled = operations.cancel_by_client(booking=visit, shown=Shown(visit.revision), now=at(9))
        assert canceled.late_fee_cents == 0
