"""How the days behind us went, counted by hand."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from bookings.domain import operations
from bookings.domain.days_behind import DaysBehind, DrivesBetween, days_behind
from bookings.domain.operations import Press
from bookings.drives.models import ObservedDrive
from bookings.enums import StepKind
from bookings.models import Booking, BookingRules, Message, SecondThought, TimeOff
from tests.factories import DAY, NOW, World, at

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
EVENING = at(22)


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("desk")


def booked(world: World, hour: int, **more: Any) -> Booking:
    number = hour + 24 * more.get("day", DAY).day
    booking = world.book(
        starts_at=at(hour, day=more.pop("day", DAY)),
        email=f"c{number}@example.com",
        phone=f"+1213555{number:04}",
        **more,
    )
    return operations.confirm_booking(booking=booking, actor=None, now=NOW)


def pressed(booking: Booking, staff: User, kind: StepKind, at_: datetime, minutes: int | None = None) -> None:
    press = Press(kind=kind, key=uuid.uuid4(), at=at_, minutes=minutes)
    operations.press_step(booking=booking, press=press, actor=staff, now=at_)


def found(days: int = 30, now: datetime = EVENING) -> DaysBehind:
    return days_behind(days=days, rules=BookingRules.load(), now=now)


def test_nothing_happened(world: World) -> None:
    assert found() == DaysBehind((), 0, 0, 0, 0, None, 0, 0, 0, 0, 0)
    assert found().is_empty


def test_lateness_is_told_by_the_door(world: World, staff: User) -> None:
    grace = BookingRules.load().late_grace_minutes
    assert grace > 6
    for hour, late in ((10, 5), (12, 6), (14, grace), (16, grace + 1)):
        visit = booked(world, hour)
        pressed(visit, staff, StepKind.ARRIVED, visit.blocked_from + late * MINUTE)
    booked(world, 10, day=DAY + timedelta(days=1))
    figures = found()
    assert (figures.arrivals, figures.on_time, figures.within_grace, figures.beyond_grace) == (4, 1, 2, 1)
    assert figures.late_minutes == grace
    assert (figures.worked_days, figures.late_days) == (1, 0)


def test_a_day_runs_late_once(world: World, staff: User) -> None:
    for hour in (10, 14):
        visit = booked(world, hour)
        pressed(visit, staff, StepKind.LATE, visit.blocked_from - MINUTE, 20)
    booked(world, 10, day=DAY + timedelta(days=1))
    assert (found().worked_days, found().late_days) == (1, 1)
    assert found(now=at(22, day=DAY + timedelta(days=1))).worked_days == 2


def test_drives_stand_beside_their_plan_by_zone_and_band(world: World) -> None:
    def drove(hour: int, planned: int, took: int, *, back: bool = False) -> None:
        ends = [world.far_area, world.area] if back else [world.area, world.far_area]
        ObservedDrive.objects.create(
            origin=ends[0], destination=ends[1], left_at=at(hour), arrived_at=at(hour) + took * MINUTE,
            planned_minutes=planned,
        )  # fmt: skip

    for planned, took in ((40, 30), (40, 50), (44, 44)):
        drove(8, planned, took)
    drove(13, 30, 31)
    drove(8, 20, 20, back=True)
    near, far = world.area.zone.name, world.far_area.zone.name
    first, *others = found().drives
    assert (first.origin, first.destination) == (near, far)
    assert (first.drives, first.planned_minutes, first.took_minutes, first.longer) == (3, 40, 44, 1)
    assert {(row.origin, row.drives, row.longer) for row in others} == {(near, 1, 1), (far, 1, 0)}
    assert isinstance(first, DrivesBetween)
    assert len({first.hours, *(row.hours for row in others)}) == 2
    assert found(days=30, now=EVENING + timedelta(days=40)).drives == ()
    assert len(found(days=90, now=EVENING + timedelta(days=40)).drives) == 3


def out(world: World) -> None:
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(0), ends_at=at(15))


def test_a_visit_moved_away_from_time_off_is_rescued(world: World, staff: User) -> None:
    other = world.add_therapist()
    visits = [
        booked(world, hour, preference=f"therapist:{world.therapist.slug}") for hour in (10, 12, 14, 16)
    ]
    before = NOW + timedelta(hours=1)

    def move(visit: Booking, hour: int, slug: str) -> None:
        to = operations.NewTime(at(hour), f"therapist:{slug}")
        operations.move_booking(booking=visit, to=to, act=operations.Act(before, staff))

    # Where nobody is out, a move is a move.
    move(visits[3], 17, world.therapist.slug)
    assert (found().rescued, found().lost) == (0, 0)
    out(world)
    move(visits[0], 10, other.slug)
    move(visits[1], 13, other.slug)
    operations.cancel_booking(booking=visits[2], actor=staff, now=before)
    figures = found()
    assert (figures.rescued, figures.same_time, figures.lost) == (2, 1, 1)
    # What was undone is neither.
    press = SecondThought.objects.order_by("-event")[0].press
    operations.undo(press=press, actor=staff, now=before + MINUTE)
    assert (found().rescued, found().lost) == (2, 0)
    # The client's own cancel is no loss of ours.
    operations.cancel_booking(booking=visits[2], actor=None, by_client=True, now=before + MINUTE)
    assert (found().rescued, found().lost) == (2, 0)


def test_only_what_was_undone_is_no_rescue(world: World, staff: User) -> None:
    other = world.add_therapist()
    visit = booked(world, 10, preference=f"therapist:{world.therapist.slug}")
    out(world)

    def move(hour: int, moment: datetime, slug: str = other.slug) -> None:
        to = operations.NewTime(at(hour), f"therapist:{slug}")
        operations.move_booking(booking=visit, to=to, act=operations.Act(moment, staff))

    def figures() -> tuple[int, int]:
        return found().rescued, found().same_time

    then = NOW + timedelta(hours=1)
    move(10, then)
    move(13, then + 5 * MINUTE)
    press = SecondThought.objects.order_by("-event")[0].press
    operations.undo(press=press, actor=staff, now=then + 6 * MINUTE)
    assert figures() == (1, 1)
    # The same time it was, wherever the client goes from there.
    operations.move_booking(
        booking=visit,
        to=operations.NewTime(at(17)),
        act=operations.Act(then + timedelta(hours=1), by_client=True),
    )
    assert figures() == (1, 1)


def test_it_costs_the_same_however_much_happened(
    world: World, staff: User, count_queries: Callable[..., Any]
) -> None:
    rules = BookingRules.load()
    counts = []
    for hours in ((10,), (12, 14, 16)):
        for hour in hours:
            visit = booked(world, hour)
            pressed(visit, staff, StepKind.ARRIVED, visit.blocked_from)
        with count_queries() as queries:
            days_behind(days=90, rules=rules, now=EVENING)
        counts.append(len(queries))
    assert counts == [4, 4]
    assert Message.objects.exists()
