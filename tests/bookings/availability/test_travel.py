"""Drive times: the estimate, the owner's table before it, staff's word before both."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.availability import (
    DriveRow,
    DriveTable,
    DriveTime,
    MeasuredDrives,
    OfflineEstimate,
    Place,
    WeekBands,
    WithOverrides,
    one_band,
)
from bookings.availability.drives import Drives, Leg, Traffic
from bookings.availability.local_days import local_day, minute_floor
from bookings.availability.travel import miles_between, whole_minutes
from tests.bookings.availability.strategies import CLOCK_CHANGES, PLACES, UNHURRIED, drive_times

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
HOME = Place("90026", "echo-park", 34.079, -118.264)
BEACH = Place("90291", "venice", 33.994, -118.464)
NOWHERE = Place("00000")
HOME_POINT, BEACH_POINT = (34.079, -118.264), (33.994, -118.464)


def at(hour: int, minute: int = 0, *, day: date = date(2026, 7, 1)) -> datetime:
    """A local time, on a Wednesday if nothing else is said, in UTC as the engine gives it."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LOS_ANGELES).astimezone(UTC)


def test_miles_between_two_airports() -> None:
    # Los Angeles (LAX) to San Francisco (SFO): 337 miles as the great circle goes.
    assert miles_between(33.9425, -118.4081, 37.6189, -122.3750) == pytest.approx(337, abs=1)
    assert miles_between(34.0, -118.0, 34.0, -118.0) == 0
    assert miles_between(34.0, -118.0, 35.0, -118.0) == pytest.approx(69.1, abs=0.1)


def test_estimate_is_distance_by_the_speed_of_the_local_hour_rounded_up() -> None:
    estimate = OfflineEstimate(
        LOS_ANGELES,
        winding_factor=1.5,
        weekday_mph=[30.0] * 17 + [15.0] + [30.0] * 6,
        weekend_mph=[40.0] * 24,
    )
    miles = miles_between(34.079, -118.264, 33.994, -118.464)

    assert estimate(HOME, BEACH, at(12)) == -int(-miles * 1.5 / 30 * 60 // 1)
    assert estimate(HOME, BEACH, at(16, 59)) == estimate(HOME, BEACH, at(12))
    assert estimate(HOME, BEACH, at(17)) == -int(-miles * 1.5 / 15 * 60 // 1)
    assert estimate(HOME, BEACH, at(17, day=date(2026, 7, 4))) == -int(-miles * 1.5 / 40 * 60 // 1)


def test_estimate_does_not_round_a_whole_number_of_minutes_up() -> None:
    miles = miles_between(34.079, -118.264, 33.994, -118.464)
    estimate = OfflineEstimate(LOS_ANGELES, winding_factor=1, weekday_mph=[miles / 3 * 60 / 7] * 24)

    assert estimate(HOME, BEACH, at(12)) == 21


def test_estimate_is_slower_in_rush_hours() -> None:
    estimate = OfflineEstimate(LOS_ANGELES)
    night, morning, noon, evening = (estimate(HOME, BEACH, at(hour)) or 0 for hour in (2, 8, 12, 17))

    assert 0 < night < noon < morning <= evening


def test_estimate_never_goes_under_the_floor_between_two_addresses() -> None:
    estimate = OfflineEstimate(LOS_ANGELES, floor_minutes=9)

    assert estimate(HOME, replace(HOME, zip_code="90039"), at(2)) == 9
    assert estimate(HOME, HOME, at(2)) == 9  # one centroid, but nothing says that it is one address


def test_estimate_is_nothing_at_one_address_and_unknown_without_coordinates() -> None:
    estimate = OfflineEstimate(LOS_ANGELES)

    assert estimate(replace(HOME, address_key="k"), replace(BEACH, address_key="k"), at(12)) == 0
    assert estimate(HOME, NOWHERE, at(12)) is None
    assert estimate(NOWHERE, HOME, at(12)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"weekday_mph": [30.0] * 23},
        {"weekend_mph": [0.0] * 24},
        {"winding_factor": 0.9},
        {"floor_minutes": 0},
    ],
)
def test_estimate_refuses_impossible_settings(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        OfflineEstimate(LOS_ANGELES, **wrong)  # type: ignore[arg-type]


def test_table_takes_the_direction_asked_then_the_other_then_what_is_behind() -> None:
    there = DriveRow("echo-park", "venice", 50, time(7), time(10))
    back = DriveRow("venice", "echo-park", 35)
    table = DriveTable([there, back], LOS_ANGELES, behind=lambda origin, destination, departing_at: 99)

    assert table(HOME, BEACH, at(8)) == 50
    assert table(HOME, BEACH, at(10)) == 35
    assert table(BEACH, HOME, at(8)) == 35
    assert table(HOME, NOWHERE, at(8)) == 99
    assert DriveTable([there], LOS_ANGELES)(BEACH, HOME, at(12)) is None
    assert DriveTable([there], LOS_ANGELES)(BEACH, HOME, at(7)) == 50


def test_table_prefers_the_narrower_band_and_then_the_longer_drive() -> None:
    table = DriveTable(
        [
            DriveRow("echo-park", "venice", 30),
            DriveRow("echo-park", "venice", 20, time(20), time(0)),
            DriveRow("echo-park", "venice", 60, time(16), time(19), frozenset(range(5))),
            DriveRow("echo-park", "venice", 55, time(16), time(19), frozenset({2})),
        ],
        LOS_ANGELES,
    )

    assert [table(HOME, BEACH, at(hour)) for hour in (15, 16, 19, 20)] == [30, 60, 30, 20]
    assert table(HOME, BEACH, at(23, 59)) == 20
    assert table(HOME, BEACH, at(17, day=date(2026, 7, 4))) == 30


def test_table_is_nothing_at_one_address_and_speaks_within_a_zone() -> None:
    table = DriveTable([DriveRow("venice", "venice", 12)], LOS_ANGELES)

    assert table(BEACH, replace(BEACH, zip_code="90292"), at(12)) == 12
    assert table(replace(BEACH, address_key="k"), replace(BEACH, address_key="k"), at(12)) == 0


@pytest.mark.parametrize(
    ("minutes", "start", "end"), [(0, 7, 9), (-5, 7, 9), (2000, 7, 9), (20, 9, 7), (20, 9, 9)]
)
def test_drive_row_refuses_impossible_drives_and_bands(minutes: int, start: int, end: int) -> None:
    with pytest.raises(ValueError):
        DriveRow("a", "b", minutes, time(start), time(end))


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
            assert leg[traffic.bands[index]] == whole_minutes(told)


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
            assert leg[band] == 20
    assert len(asked) < 48


def test_bands_for_another_zone_are_not_trusted() -> None:
    class Elsewhere:
        week_bands = one_band(ZoneInfo("Asia/Tokyo"))

        def __call__(self, origin: Place, destination: Place, departing_at: datetime) -> int:
            return departing_at.minute

    drives = Drives(Elsewhere(), LOS_ANGELES)
    leg = drives.leg(drives.place_id(HOME), drives.place_id(BEACH))
    frame = local_day(date(2026, 7, 1), LOS_ANGELES)

    assert [leg[band] for band in drives.traffic(frame).bands[:3]] == [0, 1, 2]


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


def test_measured_drive_is_slowed_down_by_the_profile_s_hour() -> None:
    estimate = OfflineEstimate(
        LOS_ANGELES,
        weekday_mph=[30.0] * 17 + [15.0] + [40.0] * 6,
        weekend_mph=[20.0] * 24,
    )
    drive_time = MeasuredDrives({(HOME_POINT, BEACH_POINT): 20 * 60.0}, estimate)

    assert drive_time(HOME, BEACH, at(19)) == 20  # the quickest hour is an empty road
    assert drive_time(HOME, BEACH, at(16, 59)) == 27  # 26 minutes 40 seconds
    assert drive_time(HOME, BEACH, at(17)) == 54
    assert drive_time(HOME, BEACH, at(12, day=date(2026, 7, 4))) == 40


def test_measured_drive_is_one_direction_and_the_rest_is_estimated() -> None:
    estimate = OfflineEstimate(LOS_ANGELES)
    drive_time = MeasuredDrives({(HOME_POINT, BEACH_POINT): 3600.0}, estimate)

    assert drive_time(HOME, BEACH, at(2)) == 60
    assert drive_time(BEACH, HOME, at(2)) == estimate(BEACH, HOME, at(2)) != 60
    assert drive_time(HOME, NOWHERE, at(2)) is None
    assert drive_time(NOWHERE, BEACH, at(2)) is None


def test_measured_drive_is_never_under_the_floor_nor_between_one_door() -> None:
    estimate = OfflineEstimate(LOS_ANGELES, floor_minutes=9)
    drive_time = MeasuredDrives({(HOME_POINT, BEACH_POINT): 0.0, (HOME_POINT, HOME_POINT): 3600.0}, estimate)

    assert drive_time(HOME, BEACH, at(17)) == 9
    door = replace(HOME, address_key="a")
    assert drive_time(door, door, at(17)) == 0


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_measured_drives_refuse_what_no_drive_takes(seconds: float) -> None:
    with pytest.raises(ValueError, match="no time"):
        MeasuredDrives({(HOME_POINT, BEACH_POINT): seconds}, OfflineEstimate(LOS_ANGELES))


@UNHURRIED
@given(st.floats(0, 18_000), st.integers(0, 6), st.integers(0, 1439))
def test_measured_drive_is_the_same_all_through_a_band_of_the_week(
    seconds: float, weekday: int, minute: int
) -> None:
    drive_time = MeasuredDrives({(HOME_POINT, BEACH_POINT): seconds}, OfflineEstimate(LOS_ANGELES))
    start = [edge for edge, _ in drive_time.week_bands.days[weekday] if edge <= minute][-1]
    monday = datetime(2026, 7, 6, tzinfo=LOS_ANGELES) + timedelta(days=weekday)

    def departing(wall_minute: int) -> datetime:
        return monday.replace(hour=wall_minute // 60, minute=wall_minute % 60).astimezone(UTC)

    assert drive_time(HOME, BEACH, departing(minute)) == drive_time(HOME, BEACH, departing(start))


def test_two_doors_of_one_area_are_a_drive_apart_whichever_was_seen_first() -> None:
    """The places of an area share what was asked; the first of them must not lend the others its door."""
    table = DriveTable([], LOS_ANGELES, behind=OfflineEstimate(LOS_ANGELES))
    here = replace(HOME, address_key="12 sample street")
    drives = Drives(table, LOS_ANGELES)
    first, second = drives.place_id(here), drives.place_id(replace(HOME, address_key="99 other road"))
    traffic = drives.traffic(local_day(date(2026, 7, 1), LOS_ANGELES))
    band = traffic.bands[12 * 60]
    assert drives.leg(first, second)[band] == table(HOME, HOME, at(12)) == 8
    assert drives.leg(first, drives.place_id(HOME))[band] == 8
    assert drives.leg(first, first)[band] == 0
