"""What the engine asks of drive times, what it remembers, and staff's word before all."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.availability import (
    Conditions,
    DriveTime,
    ExtraHours,
    Interval,
    Job,
    Occupied,
    Place,
    SchedulingRules,
    Therapist,
    WeekBands,
    WeeklyHours,
    WithOverrides,
    offer_slots,
    offer_starts,
)
from bookings.availability.drives import Drives, Leg, Traffic
from bookings.availability.local_days import LocalDay, local_day, minute_floor
from bookings.availability.sweep import DayPlanner, Start
from bookings.availability.travel import FreeDays, whole_minutes
from bookings.drives import table
from bookings.drives.estimates import Basis
from tests.bookings.availability.strategies import CLOCK_CHANGES, PLACES, UNHURRIED, drive_times
from tests.support.drive_times import DriveTable, OfflineEstimate, one_band

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
HOME = Place("90026", "echo-park", 34.079, -118.264)
BEACH = Place("90291", "venice", 33.994, -118.464)
NOWHERE = Place("00000")
HOME_POINT, BEACH_POINT = (34.079, -118.264), (33.994, -118.464)


def at(hour: int, minute: int = 0, *, day: date = date(2026, 7, 1)) -> datetime:
    """A local time, on a Wednesday if nothing else is said, in UTC as the engine gives it."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LOS_ANGELES).astimezone(UTC)


def test_override_speaks_for_one_drive_in_one_direction() -> None:
    drive_time = WithOverrides(OfflineEstimate(LOS_ANGELES), {(HOME, BEACH): 5, (NOWHERE, HOME): 40})

    assert drive_time(HOME, BEACH, at(17)) == 5
    assert (drive_time(BEACH, HOME, at(17)) or 0) > 5
    assert drive_time(NOWHERE, HOME, at(17)) == 40
    assert drive_time(HOME, NOWHERE, at(17)) is None
    with pytest.raises(ValueError):
        WithOverrides(OfflineEstimate(LOS_ANGELES), {(HOME, BEACH): -1})


@pytest.mark.parametrize(
    ("answer", "minutes"),
    [
        (None, None),
        (0, 0),
        (12, 12),
        (12.01, 13),
        (-1, None),
        (float("nan"), None),
        (float("inf"), None),
        (1441, None),
    ],
)
def test_answers_that_no_drive_can_take_count_as_unknown(answer: float | None, minutes: int | None) -> None:
    assert whole_minutes(answer) == minutes


@settings(UNHURRIED, max_examples=40)
@given(
    drive_times,
    st.sampled_from([*CLOCK_CHANGES, date(2026, 7, 1), date(2026, 7, 5)]),
    st.permutations(PLACES),
)
def test_what_the_engine_remembers_is_what_it_would_be_told(
    drive_time: DriveTime, day: date, where: list[Place]
) -> None:
    """Through a whole day, and into the first minute of the next, after another day has been asked about."""
    drives = Drives(drive_time, LOS_ANGELES)
    leg = drives.leg(drives.place_id(where[0]), drives.place_id(where[1]))
    for date_asked in (day - timedelta(days=1), day):
        frame = local_day(date_asked, LOS_ANGELES)
        traffic = drives.traffic(frame)
        assert len(traffic.bands) == len(traffic.changes) == frame.end - frame.start + 1
        for index in range(0, len(traffic.bands), 15):
            departing_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=frame.start + index)
            told = 0 if where[0].same_address(where[1]) else drive_time(where[0], where[1], departing_at)
            assert leg.by_band[traffic.bands[index]] == whole_minutes(told)


@UNHURRIED
@given(
    drive_times,
    st.sampled_from([*CLOCK_CHANGES, date(2026, 7, 1), date(2026, 7, 5)]),
    st.permutations(PLACES),
)
def test_latest_departure_is_what_trying_every_minute_finds(
    drive_time: DriveTime, day: date, where: list[Place]
) -> None:
    drives = Drives(drive_time, LOS_ANGELES)
    origin, destination = where[0], where[1]
    leg = drives.leg(drives.place_id(origin), drives.place_id(destination))

    def minutes(departing_at: datetime) -> int | None:
        if origin.same_address(destination):
            return 0
        return whole_minutes(drive_time(origin, destination, departing_at))

    def by_trying(arriving_at: datetime) -> tuple[int | None, datetime | None]:
        for early in range(301):
            departing_at = arriving_at - timedelta(minutes=early)
            drive = minutes(departing_at)
            if drive is None:
                return None, None
            if drive <= early:
                return drive, departing_at
        return None, None

    for hour in range(0, 24, 3):
        for minute in (0, 7):
            arriving_at = at(hour, minute, day=day)
            assert drives.latest_departure(leg, arriving_at) == by_trying(arriving_at)
            assert drives.minutes(leg, arriving_at) == minutes(arriving_at)


def test_bands_are_few_and_asked_once_each() -> None:
    asked = []

    class Counted:
        week_bands = OfflineEstimate(LOS_ANGELES).week_bands

        def __call__(self, origin: Place, destination: Place, departing_at: datetime) -> int:
            asked.append(departing_at)
            return 20

    drives = Drives(Counted(), LOS_ANGELES)
    leg = drives.leg(drives.place_id(HOME), drives.place_id(BEACH))
    for ahead in range(60):
        traffic = drives.traffic(local_day(date(2026, 10, 1) + timedelta(days=ahead), LOS_ANGELES))
        for band in traffic.bands:
            assert leg.by_band[band] == 20
    assert len(asked) < 48


def test_bands_for_another_zone_are_not_trusted() -> None:
    class Elsewhere:
        week_bands = one_band(ZoneInfo("Asia/Tokyo"))

        def __call__(self, origin: Place, destination: Place, departing_at: datetime) -> int:
            return departing_at.minute

    drives = Drives(Elsewhere(), LOS_ANGELES)
    leg = drives.leg(drives.place_id(HOME), drives.place_id(BEACH))
    frame = local_day(date(2026, 7, 1), LOS_ANGELES)

    assert [leg.by_band[band] for band in drives.traffic(frame).bands[:3]] == [0, 1, 2]


def test_week_bands_refuse_days_that_do_not_begin_with_the_day() -> None:
    with pytest.raises(ValueError):
        WeekBands(LOS_ANGELES, (((0, 0),),) * 6)
    with pytest.raises(ValueError):
        WeekBands(LOS_ANGELES, (((60, 0),),) * 7)


def test_arrival_waits_for_lighter_traffic_when_that_is_sooner() -> None:
    frame = local_day(date(2026, 7, 1), LOS_ANGELES)

    def heavy_until_ten(origin: Place, destination: Place, departing_at: datetime) -> int:
        return 60 if departing_at < at(10) else 15

    def arrival(ready: datetime, limit: datetime) -> int | None:
        drives = Drives(heavy_until_ten, LOS_ANGELES)
        leg: Leg = drives.leg(drives.place_id(HOME), drives.place_id(BEACH))
        traffic: Traffic = drives.traffic(frame)
        return traffic.arrival(leg, minute_floor(ready), minute_floor(limit))

    assert arrival(at(9, 10), at(12)) == minute_floor(at(10, 10))
    assert arrival(at(9, 30), at(12)) == minute_floor(at(10, 15))
    assert arrival(at(9, 30), at(10, 15)) == minute_floor(at(10, 15))
    assert arrival(at(9, 30), at(10, 14)) is None
    assert arrival(at(11), at(10)) is None


def test_two_doors_of_one_area_are_a_drive_apart_whichever_was_seen_first() -> None:
    """The places of an area share what was asked; the first of them must not lend the others its door."""
    table = DriveTable([], LOS_ANGELES, behind=OfflineEstimate(LOS_ANGELES))
    here = replace(HOME, address_key="12 sample street")
    drives = Drives(table, LOS_ANGELES)
    first, second = drives.place_id(here), drives.place_id(replace(HOME, address_key="99 other road"))
    traffic = drives.traffic(local_day(date(2026, 7, 1), LOS_ANGELES))
    band = traffic.bands[12 * 60]
    assert drives.leg(first, second).by_band[band] == table(HOME, HOME, at(12)) == 8
    assert drives.leg(first, drives.place_id(HOME)).by_band[band] == 8
    assert drives.leg(first, first).by_band[band] == 0


@given(
    st.sampled_from(PLACES),
    st.sampled_from(PLACES),
    st.integers(0, 5 * 366 * 24 * 60),
)
@UNHURRIED
def test_what_is_told_at_once_is_what_would_be_told_one_by_one(
    origin: Place, destination: Place, minute: int
) -> None:
    departing_at = at(0) + timedelta(minutes=minute)
    corrected = WithOverrides(
        table.DriveTable(Basis(), zone="America/Los_Angeles"), {(PLACES[0], PLACES[3]): 4}
    )
    for drive_time in (table.DriveTable(Basis(), zone="America/Los_Angeles"), corrected):
        drives = Drives(drive_time, LOS_ANGELES)
        leg = drives.leg(drives.place_id(origin), drives.place_id(destination))

        assert drives.minutes(leg, departing_at) == drive_time(origin, destination, departing_at)


def test_of_days_without_visits_only_some_are_kept() -> None:
    kept = FreeDays()
    for number in range(FreeDays.MOST + 1):
        kept.keep((number,), [(540, number)])
    assert 0 < len(kept) <= FreeDays.MOST
    assert kept[(FreeDays.MOST,)] == [(540, FreeDays.MOST)]


def test_days_without_visits_are_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """By weekday, and not again for the next who asks; for each length of a block of its own."""
    worked_out: list[date] = []
    starts_on = DayPlanner.starts_on

    def counted(planner: DayPlanner, day: LocalDay, earliest: int, granularity: int) -> Iterable[Start]:
        worked_out.append(day.date)
        return starts_on(planner, day, earliest, granularity)

    monkeypatch.setattr(DayPlanner, "starts_on", counted)
    first_day, last_day = date(2026, 7, 1), date(2026, 7, 28)
    hours = tuple(WeeklyHours(weekday, time(9), time(18)) for weekday in range(7))
    drives = table.DriveTable(Basis(), zone="America/Los_Angeles")
    rules = SchedulingRules(LOS_ANGELES, timedelta(0), 60, 15)
    for minutes, times in ((60, 7), (60, 7), (90, 14)):
        offered = offer_starts(
            therapists=[Therapist(id=1, home=HOME, weekly_hours=hours)],
            job=Job(BEACH, treatment_minutes=minutes),
            first_day=first_day,
            last_day=last_day,
            conditions=Conditions(rules, drives, at(0, day=date(2026, 6, 30))),
        )
        assert len(offered) == 28
        assert len(worked_out) == times


_USUAL = tuple(WeeklyHours(weekday, time(9), time(18)) for weekday in range(7))
_TUESDAY = date(2026, 7, 14)


@pytest.mark.parametrize(
    ("therapist", "closures"),
    [
        (Therapist(1, HOME, _USUAL, extra_hours=(ExtraHours(_TUESDAY, time(18), time(20)),)), frozenset()),
        (Therapist(1, HOME, _USUAL, time_off=(Interval(at(9, day=_TUESDAY), at(12, day=_TUESDAY)),)), frozenset()),
        (Therapist(1, HOME, _USUAL, bookable_until=_TUESDAY), frozenset()),
        (Therapist(1, HOME, (*_USUAL, WeeklyHours(1, time(18), time(20), valid_until=_TUESDAY))), frozenset()),
        (Therapist(1, HOME, _USUAL), frozenset([_TUESDAY])),
        (
            Therapist(
                1, HOME, _USUAL, extra_hours=(ExtraHours(_TUESDAY, time(18), time(20), frozenset(["echo-park"])),)
            ),
            frozenset(),
        ),
    ],
    ids=["extra hours", "time off", "last day", "hours until a day", "closure", "extra hours elsewhere"],
)  # fmt: skip
def test_day_that_is_not_as_usual_has_its_own_times(therapist: Therapist, closures: frozenset[date]) -> None:
    """In the middle of weeks that are, which share theirs: the calendar offers what `offer_slots` finds day by day."""
    asked: dict[str, Any] = {
        "therapists": [therapist],
        "job": Job(BEACH, treatment_minutes=60),
        "first_day": date(2026, 7, 6),
        "last_day": date(2026, 7, 26),
        "conditions": Conditions(
            SchedulingRules(LOS_ANGELES, timedelta(0), 60, 30, closures),
            table.DriveTable(Basis(), zone="America/Los_Angeles"),
            at(0, day=date(2026, 6, 30)),
        ),
    }
    offered = [start.starts_at for starts in offer_starts(**asked).values() for start in starts]
    assert offered == [slot.starts_at for slot in offer_slots(**asked)]


def test_who_has_fewer_visits_that_week_comes_also_where_homes_and_hours_are_alike() -> None:
    """Of two who live next door each week's free days go to the other: to whom has no visit in it."""
    hours = tuple(WeeklyHours(weekday, time(9), time(18)) for weekday in range(7))
    first_monday, second_monday = date(2026, 7, 6), date(2026, 7, 13)

    def busy(day: date) -> Occupied:
        return Occupied(Interval(at(12, day=day), at(13, day=day)), BEACH, treatment_minutes=60)

    offered = offer_starts(
        therapists=[
            Therapist(id=1, home=HOME, weekly_hours=hours, existing=(busy(second_monday),)),
            Therapist(id=2, home=HOME, weekly_hours=hours, existing=(busy(first_monday),)),
        ],
        job=Job(BEACH, treatment_minutes=60),
        first_day=first_monday,
        last_day=date(2026, 7, 19),
        conditions=Conditions(
            SchedulingRules(LOS_ANGELES, timedelta(0), 60, 15),
            table.DriveTable(Basis(), zone="America/Los_Angeles"),
            at(0, day=date(2026, 6, 30)),
        ),
    )
    comes = {day: {start.therapist_id for start in starts} for day, starts in offered.items()}
    assert comes[date(2026, 7, 8)] == {1}
    assert comes[date(2026, 7, 15)] == {2}
