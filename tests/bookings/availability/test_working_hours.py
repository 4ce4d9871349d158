"""Wall hours as instants, on plain days and on those when clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.availability import (
    ExtraHours,
    Interval,
    Place,
    SchedulingRules,
    Therapist,
    WeeklyHours,
    working_intervals,
)
from bookings.availability.local_days import local_day, minute_ceil, minute_floor
from bookings.availability.working_hours import WorkingHours
from tests.bookings.availability.strategies import CLOCK_CHANGES, UNHURRIED, days, wall_hours

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
RULES = SchedulingRules(LOS_ANGELES, timedelta(0), 60, 15)
SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)
WEDNESDAY = date(2026, 7, 1)


def on(
    day: date, *hours: tuple[time, time], time_off: tuple[Interval, ...] = (), rules: SchedulingRules = RULES
) -> list[str]:
    """The working time of `day` as UTC clock times."""
    therapist = Therapist(
        id=1,
        home=Place("90026"),
        weekly_hours=tuple(WeeklyHours(day.weekday(), start, end) for start, end in hours),
        time_off=time_off,
    )
    return [
        f"{interval.start:%H:%M}-{interval.end:%H:%M}"
        for interval in working_intervals(therapist, day, day, rules)
    ]


def utc(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "start", "end", "expected"),
    [
        (WEDNESDAY, time(9), time(18), ["16:00-01:00"]),
        (date(2026, 1, 7), time(9), time(18), ["17:00-02:00"]),
        (WEDNESDAY, time(0), time(0), ["07:00-07:00"]),
        # The spring day has no 02:00 to 03:00.
        (SPRING, time(9), time(18), ["16:00-01:00"]),
        (SPRING, time(1), time(5), ["09:00-12:00"]),
        (SPRING, time(2, 30), time(5), ["10:00-12:00"]),
        (SPRING, time(1), time(2, 30), ["09:00-10:00"]),
        (SPRING, time(2, 10), time(2, 50), []),
        (SPRING, time(0), time(0), ["08:00-07:00"]),
        # The autumn day has 01:00 to 02:00 twice, in daylight time from 08:00 and in standard time from 09:00.
        (AUTUMN, time(9), time(18), ["17:00-02:00"]),
        (AUTUMN, time(0), time(3), ["07:00-11:00"]),
        (AUTUMN, time(0, 30), time(1, 30), ["07:30-08:30", "09:00-09:30"]),
        (AUTUMN, time(1, 30), time(3), ["08:30-09:00", "09:30-11:00"]),
        (AUTUMN, time(1, 10), time(1, 50), ["08:10-08:50", "09:10-09:50"]),
    ],
)
def test_working_intervals_follow_the_wall_clock(
    day: date, start: time, end: time, expected: list[str]
) -> None:
    assert on(day, (start, end)) == expected


def test_working_intervals_join_hours_that_overlap_or_touch() -> None:
    assert on(
        WEDNESDAY, (time(9), time(12)), (time(11), time(14)), (time(14), time(15)), (time(16), time(17))
    ) == [
        "16:00-22:00",
        "23:00-00:00",
    ]


def test_working_intervals_leave_out_time_off_even_in_part_of_a_minute() -> None:
    off = Interval(utc(WEDNESDAY, 18, 0, 30), utc(WEDNESDAY, 19, 0, 30))

    assert on(WEDNESDAY, (time(9), time(14)), time_off=(off,)) == ["16:00-18:00", "19:01-21:00"]


def test_working_intervals_are_none_on_a_closure_whatever_the_extra_hours() -> None:
    closed = SchedulingRules(LOS_ANGELES, timedelta(0), 60, 15, closures=frozenset({WEDNESDAY}))
    therapist = Therapist(
        id=1,
        home=Place("90026"),
        weekly_hours=(WeeklyHours(2, time(9), time(18)),),
        extra_hours=(
            ExtraHours(WEDNESDAY, time(19), time(21)),
            ExtraHours(date(2026, 7, 2), time(8), time(9)),
        ),
    )

    assert working_intervals(therapist, WEDNESDAY, WEDNESDAY, closed) == []
    assert [
        (interval.start, interval.duration)
        for interval in working_intervals(therapist, WEDNESDAY, date(2026, 7, 2), RULES)
    ] == [
        (utc(WEDNESDAY, 16), timedelta(hours=9)),
        (utc(date(2026, 7, 2), 2), timedelta(hours=2)),
        (utc(date(2026, 7, 2), 15), timedelta(hours=1)),
    ]


def test_working_intervals_change_on_the_day_that_new_hours_begin() -> None:
    therapist = Therapist(
        id=1,
        home=Place("90026"),
        weekly_hours=(
            WeeklyHours(2, time(9), time(12), valid_until=WEDNESDAY),
            WeeklyHours(2, time(13), time(18), valid_from=WEDNESDAY + timedelta(days=7)),
        ),
    )

    found = working_intervals(therapist, date(2026, 6, 20), date(2026, 7, 10), RULES)

    assert [(interval.start.date(), interval.duration) for interval in found] == [
        (date(2026, 6, 24), timedelta(hours=3)),
        (WEDNESDAY, timedelta(hours=3)),
        (date(2026, 7, 8), timedelta(hours=5)),
    ]


def test_shifts_part_at_time_off_and_not_at_a_gap_in_the_hours() -> None:
    therapist = Therapist(
        id=1,
        home=Place("90026"),
        weekly_hours=(
            WeeklyHours(2, time(8), time(11)),
            WeeklyHours(2, time(12), time(14)),
            WeeklyHours(2, time(15), time(20)),
        ),
        time_off=(
            Interval(utc(WEDNESDAY, 21, 10), utc(WEDNESDAY, 21, 50)),  # 14:10 to 14:50, inside a gap
            Interval(utc(WEDNESDAY, 23), utc(WEDNESDAY, 23, 30)),  # 16:00 to 16:30, inside the hours
        ),
    )
    day = local_day(WEDNESDAY, LOS_ANGELES)

    shifts = WorkingHours(therapist, RULES).shifts_on(day)

    walls = [
        [tuple((minute - day.start) / 60 for minute in stretch) for stretch in shift.stretches]
        for shift in shifts
    ]
    assert walls == [[(8, 11), (12, 14)], [(15, 16)], [(16.5, 20)]]
    assert [((shift.start - day.start) / 60, (shift.end - day.start) / 60) for shift in shifts] == [
        (8, 14),
        (15, 16),
        (16.5, 20),
    ]


@settings(UNHURRIED, max_examples=40)
@given(days, st.lists(wall_hours, min_size=1, max_size=3))
def test_an_instant_is_worked_exactly_when_the_wall_clock_shows_working_hours(
    day: date, hours: list[tuple[time, time]]
) -> None:
    therapist = Therapist(
        id=1,
        home=Place("90026"),
        weekly_hours=tuple(WeeklyHours(day.weekday(), start, end) for start, end in hours),
    )
    intervals = working_intervals(therapist, day, day, RULES)

    instant = datetime.combine(day, time(0), UTC)
    while instant < datetime.combine(day, time(0), UTC) + timedelta(hours=36):
        local = instant.astimezone(LOS_ANGELES)
        inside = local.date() == day and any(
            start <= local.time() and (local.time() < end or end == time(0)) for start, end in hours
        )
        assert any(interval.start <= instant < interval.end for interval in intervals) == inside
        instant += timedelta(minutes=5)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/Los_Angeles", WEDNESDAY, 24),
        ("America/Los_Angeles", SPRING, 23),
        ("America/Los_Angeles", AUTUMN, 25),
        ("America/Havana", date(2026, 3, 8), 23),  # skips midnight
        ("America/Havana", date(2026, 11, 1), 25),  # has midnight twice
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Asia/Kathmandu", WEDNESDAY, 24),
        ("Pacific/Apia", date(2011, 12, 30), 0),  # never happened there
    ],
)
def test_local_days_have_their_real_length_and_follow_one_another(zone: str, day: date, hours: float) -> None:
    found = local_day(day, ZoneInfo(zone))

    assert found.end - found.start == hours * 60
    assert local_day(day - timedelta(days=1), ZoneInfo(zone)).end == found.start
    assert sum(part.end - part.start for part in found.parts) == hours * 60


def test_los_angeles_changes_its_clocks_twice_a_year() -> None:
    assert len(CLOCK_CHANGES) == 10
    assert {SPRING, AUTUMN} <= set(CLOCK_CHANGES)


def test_part_of_a_minute_counts_down_for_starts_and_up_for_ends() -> None:
    whole, later = utc(WEDNESDAY, 16), utc(WEDNESDAY, 16, 0, 1)

    assert minute_floor(later) == minute_floor(whole) == minute_ceil(whole)
    assert minute_ceil(later) == minute_ceil(whole) + 1
