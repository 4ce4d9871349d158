"""Every day of 2026 to 2030, every length of visit: no time outside local hours, none that isn't, no wrong length."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bookings.availability import (
    Conditions,
    Job,
    Place,
    SchedulingRules,
    Slot,
    Therapist,
    WeeklyHours,
    offer_slots,
)

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
FIRST_DAY, LAST_DAY = date(2026, 1, 1), date(2030, 12, 31)
DAYS = (LAST_DAY - FIRST_DAY).days + 1
HERE = Place("90026", address_key="here")


def no_drive(origin: Place, destination: Place, departing_at: datetime) -> int:
    raise AssertionError("one address asks for no drive")


def slots(start: time, end: time, treatment_minutes: int, granularity_minutes: int) -> list[Slot]:
    """Five years of somebody who works at home, every day from `start` to `end`."""
    return offer_slots(
        therapists=[
            Therapist(
                id=1, home=HERE, weekly_hours=tuple(WeeklyHours(weekday, start, end) for weekday in range(7))
            )
        ],
        job=Job(HERE, treatment_minutes, 10, 5),
        first_day=FIRST_DAY,
        last_day=LAST_DAY,
        conditions=Conditions(
            SchedulingRules(LOS_ANGELES, timedelta(0), DAYS, granularity_minutes),
            no_drive,
            datetime(2026, 1, 1, 8, tzinfo=UTC),
        ),
    )


@pytest.mark.parametrize("treatment_minutes", [30, 60, 90, 120, 180])
def test_daytime_hours_offer_the_same_wall_times_every_day(treatment_minutes: int) -> None:
    found = slots(time(9), time(18), treatment_minutes, 30)

    by_day: dict[date, list[time]] = {}
    for slot in found:
        local = slot.starts_at.astimezone(LOS_ANGELES)
        by_day.setdefault(local.date(), []).append(local.time())
        assert slot.ends_at - slot.starts_at == timedelta(minutes=treatment_minutes)
    last = 18 * 60 - treatment_minutes - 5
    expected = [time(minute // 60, minute % 60) for minute in range(9 * 60 + 30, last + 1, 30)]
    assert len(by_day) == DAYS
    assert all(walls == expected for walls in by_day.values())


@pytest.mark.parametrize("treatment_minutes", [60, 90])
@pytest.mark.parametrize(
    ("start", "end"), [(time(0), time(5)), (time(1, 30), time(4)), (time(0), time(2, 30))]
)
def test_night_hours_offer_only_times_that_exist_with_their_real_length(
    start: time, end: time, treatment_minutes: int
) -> None:
    found = slots(start, end, treatment_minutes, 30)

    assert len({slot.starts_at for slot in found}) == len(found)
    for slot in found:
        # Back and forth: a time that doesn't exist would come back as another.
        local = slot.starts_at.astimezone(LOS_ANGELES)
        assert local.astimezone(UTC) == slot.starts_at
        assert local.minute % 30 == 0
        assert slot.blocked_until - slot.blocked_from == timedelta(minutes=treatment_minutes + 15)
        first, last = (
            instant.astimezone(LOS_ANGELES).time()
            for instant in (slot.blocked_from, slot.blocked_until - timedelta(minutes=1))
        )
        assert start <= first < end
        assert start <= last < end


def test_the_autumn_night_offers_its_second_hour_as_a_time_of_its_own() -> None:
    starts = [
        slot.starts_at
        for slot in slots(time(0), time(5), 60, 30)
        if slot.starts_at.astimezone(LOS_ANGELES).date() == date(2026, 11, 1)
    ]

    walls = [f"{start.astimezone(LOS_ANGELES):%H:%M %Z}" for start in starts]
    assert walls == [
        "00:30 PDT",
        "01:00 PDT",
        "01:30 PDT",
        "01:00 PST",
        "01:30 PST",
        "02:00 PST",
        "02:30 PST",
        "03:00 PST",
        "03:30 PST",
    ]


def test_the_spring_night_has_no_time_in_the_hour_that_is_skipped() -> None:
    walls = [
        f"{slot.starts_at.astimezone(LOS_ANGELES):%H:%M %Z}"
        for slot in slots(time(0), time(5), 60, 30)
        if slot.starts_at.astimezone(LOS_ANGELES).date() == date(2026, 3, 8)
    ]

    assert walls == ["00:30 PST", "01:00 PST", "01:30 PST", "03:00 PDT", "03:30 PDT"]
