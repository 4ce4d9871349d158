"""Days, therapists and drives for property tests: small numbers, so that things collide often."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from bookings.availability import (
    Conditions,
    DriveTime,
    ExtraHours,
    Interval,
    Job,
    Occupied,
    OccupiedKind,
    Place,
    SchedulingRules,
    Slot,
    Therapist,
    WeeklyHours,
    WithOverrides,
    good_fits,
)
from bookings.drives import table
from bookings.drives.estimates import Basis
from tests.support.drive_times import DriveRow, DriveTable, OfflineEstimate

ZONE = ZoneInfo("America/Los_Angeles")
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

# The oracle takes its time, and a timing never decides a test.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def clock_changes(first_year: int, last_year: int) -> list[date]:
    """The days, in those years, on which Los Angeles has 23 or 25 hours."""
    day, found = date(first_year, 1, 1), []
    while day <= date(last_year, 12, 31):
        midnights = [datetime.combine(day + timedelta(days=ahead), time(0), ZONE) for ahead in (0, 1)]
        if midnights[0].utcoffset() != midnights[1].utcoffset():
            found.append(day)
        day += timedelta(days=1)
    return found


CLOCK_CHANGES = clock_changes(2026, 2030)

days = st.one_of(
    st.sampled_from(CLOCK_CHANGES),
    st.dates(date(2026, 1, 5), date(2030, 12, 25)),
)

# Two zones, one place nobody knows the way to, and two doors that are one.
PLACES = (
    Place("90026", "echo-park", 34.079, -118.264),
    Place("90026", "echo-park", 34.079, -118.264, address_key="corner-house"),
    Place("90039", "silver-lake", 34.112, -118.262, address_key="corner-house"),
    Place("90291", "venice", 33.994, -118.464),
    Place("91342", None, 34.305, -118.433),
    Place("00000", None),
    Place("00001", "venice"),
)
places = st.sampled_from(PLACES[:5] * 4 + PLACES)
known_places = st.sampled_from(PLACES[:5])


@dataclass(frozen=True)
class Erratic:
    """A drive time that follows no pattern, is sometimes unknown, and declares no bands."""

    seed: int
    every_minutes: int

    def __call__(self, origin: Place, destination: Place, departing_at: datetime) -> float | None:
        step = int(departing_at.timestamp()) // (60 * self.every_minutes)
        dice = hash((self.seed, PLACES.index(origin), PLACES.index(destination), step)) % 100
        return None if dice < 6 else dice * 0.9


@st.composite
def tables(draw: st.DrawFn) -> DriveTable:
    zones = ("echo-park", "silver-lake", "venice")
    rows = draw(
        st.lists(
            st.builds(
                lambda origin, destination, minutes, start, length, weekdays: DriveRow(
                    origin,
                    destination,
                    minutes,
                    time(start),
                    time((start + length) % 24 if start + length < 24 else 0),
                    weekdays,
                ),
                st.sampled_from(zones),
                st.sampled_from(zones),
                st.integers(1, 70),
                st.integers(0, 23),
                st.integers(1, 24),
                st.frozensets(st.integers(0, 6), min_size=1),
            ),
            max_size=6,
        )
    )
    behind = draw(st.sampled_from([OfflineEstimate(ZONE), OfflineEstimate(ZONE, floor_minutes=25), None]))
    return DriveTable(rows, ZONE, behind=behind)


MODEL = table.DriveTable(Basis(), zone="America/Los_Angeles")

drive_times: st.SearchStrategy[DriveTime] = st.one_of(
    st.just(MODEL),
    st.just(WithOverrides(MODEL, {(PLACES[0], PLACES[3]): 4, (PLACES[5], PLACES[0]): 9})),
    st.just(OfflineEstimate(ZONE)),
    st.just(OfflineEstimate(ZONE, weekday_mph=[13] * 24, weekend_mph=[31] * 24)),
    tables(),
    tables().map(lambda table: WithOverrides(table, {(PLACES[0], PLACES[3]): 4, (PLACES[5], PLACES[0]): 9})),
    st.builds(Erratic, st.integers(0, 1000), st.sampled_from([1, 20, 60])),
)


@st.composite
def metric_drives(draw: st.DrawFn) -> DriveTime:
    """Drives that are the same at any hour and never shorter by way of a third place."""
    points = {
        place: draw(st.tuples(st.integers(0, 6), st.integers(0, 6))) if place.address_key is None else (3, 3)
        for place in PLACES
    }
    per_block, floor = draw(st.integers(1, 9)), draw(st.integers(0, 20))

    def drive_time(origin: Place, destination: Place, departing_at: datetime) -> int:
        (x, y), (other_x, other_y) = points[origin], points[destination]
        return max(floor, per_block * (abs(x - other_x) + abs(y - other_y)))

    return drive_time


def good_fits_among(slots: Iterable[Slot]) -> frozenset[datetime]:
    """The starts of one day's `slots` to offer first, each with the therapist for whom it adds least."""
    least: dict[datetime, int] = {}
    for slot in slots:
        added = slot.added_drive_minutes
        least[slot.starts_at] = min(added, least.get(slot.starts_at, added))
    return good_fits(least)


def wall_times(first_hour: int = 0, last_hour: int = 23) -> st.SearchStrategy[time]:
    return st.builds(time, st.integers(first_hour, last_hour), st.sampled_from([0, 0, 0, 15, 30, 45, 5]))


# Made once, like all below that is the same for each draw: to make a strategy takes longer than to draw from it.
STARTS = st.one_of(wall_times(), wall_times(7, 10))
ENDS = st.one_of(wall_times(), wall_times(15, 20), st.just(time(0)))


def _hours(start: time, end: time) -> tuple[time, time]:
    return (
        (start, end) if end == time(0) or start < end else (end, start) if end < start else (start, time(0))
    )


wall_hours = st.builds(_hours, STARTS, ENDS)


only_in = st.sampled_from([None, None, frozenset({"echo-park"}), frozenset({"venice", "silver-lake"})])


HOURS = st.lists(wall_hours, min_size=1, max_size=2)
TIMES_OFF = st.lists(st.tuples(st.integers(-60, 1500), st.integers(1, 400)), max_size=2)
FIRST_VISIT = st.one_of(st.integers(-120, 1200), st.integers(480, 840))
VISITS = {
    where: [
        st.lists(
            st.tuples(
                st.one_of(st.just(0), st.integers(0, 300), st.integers(100, 240)),
                st.integers(20, 150),
                where,
                st.sampled_from(OccupiedKind),
            ),
            min_size=least,
            max_size=4,
        )
        for least in range(4)
    ]
    for where in (places, known_places)
}
LIMITS = st.sampled_from([None, None, None, None, 3, 2, 1, 4, 0])
WORK_LIMITS = st.sampled_from([None, None, None, None, 480, 300, 120])
REACHES = st.sampled_from([None, None, None, None, 70, 45, 25])
BREAKS = st.tuples(st.sampled_from([15, 30, 60, 120]), st.sampled_from([60, 90, 150, 240]))


@st.composite
def therapists(draw: st.DrawFn, day: date, *, therapist_id: int = 1, any_place: bool = True) -> Therapist:
    """Somebody with hours, time off and visits on `day`, and some on its neighbours."""
    where = places if any_place else known_places
    hours = draw(HOURS)
    valid = draw(st.sampled_from([(None, None), (day, None), (None, day), (None, day - timedelta(days=1))]))
    weekly = [WeeklyHours(day.weekday(), *hours[0])]
    weekly += [WeeklyHours(day.weekday(), start, end, *valid, draw(only_in)) for start, end in hours[1:]]
    tomorrow = day + timedelta(days=1)
    weekly.append(WeeklyHours(tomorrow.weekday(), *draw(wall_hours)))
    extra = [ExtraHours(day, *draw(wall_hours), draw(only_in))] if draw(st.booleans()) else []

    midnight = datetime.combine(day, time(0), ZONE).astimezone(UTC)
    time_off = [
        Interval(midnight + start * MINUTE, midnight + start * MINUTE + length * timedelta(seconds=30))
        for start, length in draw(TIMES_OFF)
    ]
    existing = []
    cursor = midnight + draw(FIRST_VISIT) * MINUTE
    for gap, length, place, kind in draw(VISITS[where][draw(st.integers(0, 3))]):
        cursor += gap * MINUTE
        existing.append(
            Occupied(Interval(cursor, cursor + length * MINUTE), place, max(1, length - 20), kind)
        )
        cursor += length * MINUTE
    rest, work = draw(BREAKS) if draw(st.booleans()) else (None, None)
    return Therapist(
        id=therapist_id,
        home=draw(where),
        weekly_hours=tuple(weekly),
        extra_hours=tuple(extra),
        time_off=tuple(time_off),
        existing=tuple(draw(st.permutations(existing))),
        max_visits_per_day=draw(LIMITS),
        max_work_minutes_per_day=draw(WORK_LIMITS),
        reach_minutes=draw(REACHES),
        break_minutes=rest,
        break_after_minutes=work,
        bookable_until=draw(
            st.sampled_from([None, None, None, None, day, day + timedelta(days=1), day - DAY])
        ),
    )


@functools.cache
def jobs(*, any_place: bool = True) -> st.SearchStrategy[Job]:
    return st.builds(
        Job,
        place=places if any_place else known_places,
        treatment_minutes=st.sampled_from([30, 60, 90, 120]),
        setup_minutes=st.sampled_from([0, 10, 15]),
        packdown_minutes=st.sampled_from([0, 10, 25]),
        never=st.sampled_from([frozenset[int]()] * 4 + [frozenset({1})]),
        preferred=st.sampled_from([frozenset[int]()] * 2 + [frozenset({2})]),
    )


@dataclass(frozen=True)
class World:
    """What `offer_slots` takes, for one or two days."""

    therapists: tuple[Therapist, ...]
    job: Job
    first_day: date
    last_day: date
    rules: SchedulingRules
    drive_time: DriveTime
    now: datetime

    def arguments(self) -> dict[str, Any]:
        """As keywords."""
        given = {name: getattr(self, name) for name in ("therapists", "job", "first_day", "last_day")}
        return {**given, "conditions": Conditions(self.rules, self.drive_time, self.now)}


@st.composite
def worlds(
    draw: st.DrawFn,
    *,
    drive_time: st.SearchStrategy[DriveTime] = drive_times,
    any_place: bool = True,
    most_therapists: int = 2,
    granularities: tuple[int, ...] = (15, 20, 30, 45),
) -> World:
    day = draw(days)
    number = draw(st.integers(1, most_therapists))
    midnight = datetime.combine(day, time(0), ZONE).astimezone(UTC)
    return World(
        therapists=tuple(
            draw(therapists(day, therapist_id=therapist_id, any_place=any_place))
            for therapist_id in range(1, number + 1)
        ),
        job=draw(jobs(any_place=any_place)),
        first_day=day,
        last_day=day + timedelta(days=draw(st.integers(0, 1))),
        rules=SchedulingRules(
            zone=ZONE,
            minimum_notice=timedelta(minutes=draw(st.sampled_from([0, 0, 0, 120, 1440]))),
            horizon_days=draw(st.sampled_from([2, 30, 30, 30, 1, 0])),
            granularity_minutes=draw(st.sampled_from(granularities)),
            closures=frozenset({day + timedelta(days=1)}) if draw(st.integers(0, 4)) == 0 else frozenset(),
        ),
        drive_time=draw(drive_time),
        now=midnight
        + draw(st.sampled_from([-600, -600, -1500, 400])) * MINUTE
        + timedelta(seconds=draw(st.integers(0, 90))),
    )
