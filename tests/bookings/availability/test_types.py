"""Values that make no sense are refused when they are made."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from bookings.availability import ExtraHours, Interval, Job, Place, SchedulingRules, Therapist, WeeklyHours

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
HERE = Place("90026")


def test_interval_is_kept_in_utc() -> None:
    interval = Interval(
        datetime(2026, 7, 1, 9, tzinfo=LOS_ANGELES), datetime(2026, 7, 1, 10, 30, tzinfo=LOS_ANGELES)
    )

    assert (interval.start, interval.start.tzinfo) == (datetime(2026, 7, 1, 16, tzinfo=UTC), UTC)
    assert interval.duration == timedelta(minutes=90)


def test_interval_tells_the_two_half_past_ones_of_an_autumn_night_apart() -> None:
    first = datetime(2026, 11, 1, 1, 30, tzinfo=LOS_ANGELES)
    second = first.replace(fold=1)
    assert first == second  # what plain datetimes say

    assert Interval(first, second).duration == timedelta(hours=1)


def test_interval_has_real_length_across_a_clock_change() -> None:
    interval = Interval(
        datetime(2026, 11, 1, 0, 30, tzinfo=LOS_ANGELES), datetime(2026, 11, 1, 2, 0, tzinfo=LOS_ANGELES)
    )

    assert interval.duration == timedelta(minutes=150)


def test_intervals_that_touch_do_not_overlap() -> None:
    ten, eleven, noon = (datetime(2026, 7, 1, hour, tzinfo=UTC) for hour in (10, 11, 12))

    assert not Interval(ten, eleven).overlaps(Interval(eleven, noon))
    assert Interval(ten, noon).overlaps(Interval(eleven, noon))
    assert Interval(ten, noon).contains(Interval(eleven, noon))
    assert not Interval(eleven, noon).contains(Interval(ten, noon))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(2026, 7, 1, 10), datetime(2026, 7, 1, 11)),  # noqa: DTZ001 (that is what is refused)
        (datetime(2026, 7, 1, 10, tzinfo=UTC), datetime(2026, 7, 1, 10, tzinfo=UTC)),
        (datetime(2026, 7, 1, 11, tzinfo=UTC), datetime(2026, 7, 1, 10, tzinfo=UTC)),
    ],
)
def test_interval_refuses_what_is_no_interval(start: datetime, end: datetime) -> None:
    with pytest.raises(ValueError):
        Interval(start, end)


@pytest.mark.parametrize(
    ("start", "end"), [(time(9), time(9)), (time(18), time(9)), (time(9, tzinfo=UTC), time(10, tzinfo=UTC))]
)
def test_hours_refuse_to_run_backwards_or_past_midnight(start: time, end: time) -> None:
    with pytest.raises(ValueError):
        WeeklyHours(0, start, end)
    with pytest.raises(ValueError):
        ExtraHours(date(2026, 7, 1), start, end)


def test_weekly_hours_apply_on_both_ends_of_their_dates() -> None:
    hours = WeeklyHours(2, time(9), time(18), date(2026, 7, 1), date(2026, 7, 15))

    applying = [day for day in range(1, 31) if hours.apply_on(date(2026, 7, day))]
    assert applying == [1, 8, 15]


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(34.0, None), (91.0, 0.0), (0.0, 181.0), (float("nan"), 0.0)]
)
def test_place_refuses_what_is_not_on_the_globe(latitude: float | None, longitude: float | None) -> None:
    with pytest.raises(ValueError):
        Place("90026", None, latitude, longitude)


def test_places_are_one_address_only_with_one_key() -> None:
    assert Place("90026", address_key="a").same_address(Place("90039", address_key="a"))
    assert not Place("90026", address_key="a").same_address(Place("90026", address_key="b"))
    assert not Place("90026").same_address(Place("90026"))


@pytest.mark.parametrize(
    "numbers", [{"treatment_minutes": 0}, {"setup_minutes": -1}, {"packdown_minutes": 2000}, {"people": 0}]
)
def test_job_refuses_lengths_that_no_visit_has(numbers: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Job(place=HERE, **({"treatment_minutes": 60} | numbers))


def test_therapist_refuses_negative_limits() -> None:
    with pytest.raises(ValueError, match="max_visits_per_day"):
        Therapist(id=1, home=HERE, max_visits_per_day=-1)


@pytest.mark.parametrize(
    ("notice", "horizon", "granularity"),
    [
        (timedelta(minutes=-1), 60, 15),
        (timedelta(0), -1, 15),
        (timedelta(0), 60, 0),
        (timedelta.max, 60, 15),
        (timedelta(0), 10**9, 15),
    ],
)
def test_rules_refuses_rules_that_cannot_be_kept(notice: timedelta, horizon: int, granularity: int) -> None:
    with pytest.raises(ValueError):
        SchedulingRules(LOS_ANGELES, notice, horizon, granularity)


def test_rules_refuses_an_unknown_zone() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        SchedulingRules("America/Lost_Angeles", timedelta(0), 60, 15)
