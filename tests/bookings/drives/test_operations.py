"""Drives that were driven: kept without saying who drove, learned from, never shortening a plan by themselves."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from bookings.drives import operations, rows, tasks
from bookings.drives.models import Days, DriveCorrection, DriveRules, ObservedDrive
from bookings.drives.operations import lengthen, record_drive, suggestions, take
from bookings.models import ServiceArea
from tests.factories import NOW, World, at, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]


@pytest.fixture
def world() -> World:
    world = make_world()
    # Two places in each zone: a word on zones speaks of the ways between them.
    ServiceArea.objects.create(zip_code="90012", zone=world.zone, latitude=34.0614, longitude=-118.2385)
    rows.refresh(now=NOW)
    return world


def drive(world: World, factor: float, *, back: int, hour: int = 17, longer: float = 0) -> ObservedDrive:
    """One drive from the Valley to the Eastside that took `factor` times its plan, so many working days back."""
    day = _working_day(back)
    left_at = at(hour, 0, day)
    planned = operations.read_drives()(
        operations._place(world.far_area), operations._place(world.area), left_at
    )
    assert planned is not None
    took = timedelta(minutes=4 + (planned - 4) * factor + longer)
    found = record_drive(
        origin=world.far_area, destination=world.area, left_at=left_at, arrived_at=left_at + took
    )
    assert found is not None
    return found


def _working_day(back: int) -> date:
    day = NOW.date()
    while back >= 0:
        day -= timedelta(days=1)
        back -= day.weekday() < 5
    return day


def test_a_drive_is_kept_with_its_plan(world: World) -> None:
    row = drive(world, 1.0, back=1)

    assert row.minutes == row.planned_minutes
    fields = {field.name for field in ObservedDrive._meta.get_fields()}
    assert fields == {"id", "origin", "destination", "left_at", "arrived_at", "planned_minutes"}


@pytest.mark.parametrize("minutes", [-1, 301, 24 * 60])
def test_what_is_no_drive_is_not_kept(minutes: int, world: World) -> None:
    left_at = at(9)
    arrived_at = left_at + timedelta(minutes=minutes)
    assert (
        record_drive(origin=world.area, destination=world.far_area, left_at=left_at, arrived_at=arrived_at)
        is None
    )
    assert not ObservedDrive.objects.exists()


def test_a_drive_without_a_plan_is_not_kept(world: World) -> None:
    nowhere = ServiceArea.objects.create(zip_code="00000", zone=world.zone)
    assert (
        record_drive(
            origin=nowhere, destination=world.area, left_at=at(9), arrived_at=at(9) + timedelta(minutes=20)
        )
        is None
    )


def test_a_suggestion_says_from_where_to_where_and_when(world: World) -> None:
    for number in range(20):
        drive(world, 1.3 + number % 5 * 0.02, back=number)
    drive(world, 1.0, back=3, hour=11)
    (found,) = suggestions(now=NOW)

    assert (found.origin, found.destination) == (world.far_zone, world.zone)
    assert found.hours == "Monday to Friday, 15:00–19:00"
    assert found.lesson.drives == 20
    assert found.lesson.planned < found.lesson.use < found.lesson.took
    assert not DriveCorrection.objects.exists()


def test_old_drives_say_nothing(world: World) -> None:
    for number in range(20):
        drive(world, 1.5, back=number)
    assert suggestions(now=NOW)
    assert suggestions(now=NOW + timedelta(days=200)) == []


def test_taking_it_plans_what_it_said_and_asks_no_more(world: World) -> None:
    for number in range(40):
        drive(world, 1.4, back=number)
    left_at = at(17, 0, _working_day(1))
    before = ObservedDrive.objects.first()
    assert before is not None
    (found,) = suggestions(now=NOW)
    with transaction.atomic():
        row = take(found)
    rows.refresh(now=NOW)

    assert (row.days, row.minutes, row.both_ways) == (Days.WEEKDAYS, found.minutes, False)
    planned = operations.read_drives()(
        operations._place(world.far_area), operations._place(world.area), left_at
    )
    assert planned is not None
    assert abs(planned - found.lesson.use) <= 3
    assert not [one for one in suggestions(now=NOW) if one.lesson.use < found.lesson.use]


def test_longer_is_taken_by_itself_only_when_the_owner_says_so(world: World) -> None:
    for number in range(40):
        drive(world, 1.4, back=number)
    assert lengthen(now=NOW) == []
    assert not DriveCorrection.objects.exists()

    DriveRules(lengthen_by_itself=True).save()
    with transaction.atomic():
        assert len(lengthen(now=NOW)) == 1
    assert DriveCorrection.objects.count() == 1


def test_shorter_is_suggested_and_never_taken_by_itself(world: World) -> None:
    DriveRules(lengthen_by_itself=True).save()
    for number in range(40):
        drive(world, 0.6, back=number)
    (found,) = suggestions(now=NOW)

    assert not found.lesson.is_longer
    assert lengthen(now=NOW) == []
    assert not DriveCorrection.objects.exists()


def test_months_of_noisy_drives_converge_and_the_plan_never_gets_shorter_by_itself(world: World) -> None:
    DriveRules(lengthen_by_itself=True).save()
    rows.refresh(now=NOW)
    chance = random.Random(7)
    left_at = at(17, 0, _working_day(0))
    first = operations.read_drives()(
        operations._place(world.far_area), operations._place(world.area), left_at
    )
    assert first is not None
    plans = [first]
    truth = 1.35
    for week in range(10):
        for day in range(5):
            # What drives take hangs on the streets, not on the plan of the day.
            took = (first - 4) * truth * chance.lognormvariate(-0.8416 * 0.15, 0.15)
            strange = chance.choice([0.0, 150.0]) if chance.random() < 0.1 else None
            at_time = at(17, 0, _working_day(week * 5 + day))
            record_drive(
                origin=world.far_area,
                destination=world.area,
                left_at=at_time,
                arrived_at=at_time + timedelta(minutes=4 + (took if strange is None else strange)),
            )
        with transaction.atomic():
            lengthen(now=NOW)
        rows.refresh(now=NOW)
        now = operations.read_drives()(
            operations._place(world.far_area), operations._place(world.area), left_at
        )
        assert now is not None
        plans.append(now)

    assert plans == sorted(plans)
    assert plans[-1] == pytest.approx(4 + (first - 4) * truth, rel=0.12)


def test_drives_of_long_ago_are_deleted(world: World) -> None:
    drive(world, 1.0, back=2)
    assert operations.purge_drives(now=NOW) == 0
    assert operations.purge_drives(now=NOW + timedelta(days=600)) == 1


def test_tasks_are_shells(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[datetime] = []
    monkeypatch.setattr(rows, "refresh", lambda now: called.append(now))
    tasks.refresh_drives()
    assert abs(called[0] - timezone.now()) < timedelta(days=1)

    DriveRules(lengthen_by_itself=True).save()
    tasks.learn_from_drives()


def test_a_change_tells_a_worker_after_its_commit(
    world: World, django_capture_on_commit_callbacks: object
) -> None:
    told: list[bool] = []
    rows.set_wake_worker(lambda: told.append(True))
    try:
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            rows.ask_for_rows()
            assert told == []
        assert told == [True]
    finally:
        rows.set_wake_worker(tasks.wake_worker)
