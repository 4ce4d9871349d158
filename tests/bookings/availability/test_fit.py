"""Which therapist for anyone, and which times to show first."""

import math
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.availability import (
    Interval,
    Occupied,
    OccupiedKind,
    Place,
    SchedulingRules,
    Slot,
    Therapist,
    choose_therapist,
    for_anyone,
    offer_slots,
    visits_by_week,
)
from tests.bookings.availability import oracle
from tests.bookings.availability.strategies import UNHURRIED, World, good_fits_among, worlds

RULES = SchedulingRules("America/Los_Angeles", timedelta(0), 60, 15)
MINUTE = timedelta(minutes=1)
MORNING = datetime(2026, 7, 1, 16, tzinfo=UTC)  # 09:00 on a Wednesday


def slot(therapist_id: int, quarter: int, added: int) -> Slot:
    starts_at = MORNING + quarter * 15 * MINUTE
    return Slot(therapist_id, starts_at, starts_at + 60 * MINUTE, starts_at, starts_at + 60 * MINUTE, added)


def therapist(therapist_id: int, *visits: datetime) -> Therapist:
    place = Place("90026")
    return Therapist(
        id=therapist_id,
        home=place,
        existing=tuple(
            Occupied(Interval(start, start + 60 * MINUTE), place, 60, OccupiedKind.HOLD) for start in visits
        ),
    )


def test_choose_therapist_takes_the_least_added_driving_then_fewest_visits_then_the_lower_id() -> None:
    assert choose_therapist([slot(1, 0, 30), slot(2, 0, 10)], {2: 9}).therapist_id == 2
    assert choose_therapist([slot(1, 0, 10), slot(2, 0, 10)], {1: 3, 2: 2}).therapist_id == 2
    assert choose_therapist([slot(1, 0, 10), slot(2, 0, 10)], {1: 1}).therapist_id == 2
    assert choose_therapist([slot(2, 0, 10), slot(1, 0, 10)], {}).therapist_id == 1
    assert choose_therapist([slot(1, 0, 10), slot(2, 0, 90)], {2: 9}, {2, 3}).therapist_id == 2
    with pytest.raises(ValueError):
        choose_therapist([], {})


def test_visits_by_week_counts_local_weeks_from_monday() -> None:
    sunday_night = datetime(2026, 7, 6, 6, 30, tzinfo=UTC)  # still Sunday the 5th in Los Angeles
    monday = datetime(2026, 7, 6, 16, tzinfo=UTC)

    counts = visits_by_week([therapist(1, MORNING, sunday_night), therapist(2, monday)], RULES)

    assert counts == {date(2026, 6, 29): {1: 2}, date(2026, 7, 6): {2: 1}}


def test_for_anyone_gives_one_therapist_a_start_by_that_weeks_visits() -> None:
    week = 7 * 24 * 4
    slots = [slot(1, 0, 10), slot(2, 0, 10), slot(2, 1, 99), slot(1, week, 10), slot(2, week, 10)]
    busy_now = therapist(1, MORNING - timedelta(days=1))
    busy_later = therapist(2, MORNING + timedelta(days=8))

    chosen = for_anyone(slots, therapists=[busy_now, busy_later], rules=RULES)

    assert chosen == [slot(2, 0, 10), slot(2, 1, 99), slot(1, week, 10)]


def test_good_fit_is_the_third_that_spares_most() -> None:
    added = [5, 10, 40, 45, 50, 60]
    slots = [slot(1, quarter, minutes) for quarter, minutes in enumerate(added)]

    assert good_fits_among(slots) == {slots[0].starts_at, slots[1].starts_at}


def test_good_fit_counts_each_start_with_the_therapist_for_whom_it_adds_least() -> None:
    slots = [slot(1, 0, 60), slot(2, 0, 5), slot(1, 1, 60), slot(2, 2, 60)]

    assert good_fits_among(slots) == {MORNING}


def test_good_fit_is_nothing_on_a_day_of_equals() -> None:
    assert good_fits_among([]) == frozenset()
    assert good_fits_among([slot(1, quarter, 0) for quarter in range(8)]) == frozenset()
    assert good_fits_among([slot(1, quarter, 30 + quarter) for quarter in range(8)]) == frozenset()


@settings(UNHURRIED)
@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 30), st.integers(-10, 90)), max_size=40),
    st.integers(0, 50),
)
def test_good_fit_is_never_half_the_day_and_knows_only_differences(
    drawn: list[tuple[int, int, int]], farther: int
) -> None:
    """The flag is the same when every drive of the day is longer by the same: it can't tell near from far."""
    slots = [slot(therapist_id, quarter, added) for therapist_id, quarter, added in drawn]
    starts = {found.starts_at for found in slots}

    good = good_fits_among(slots)

    assert good <= starts
    assert not good or 2 * len(good) <= len(starts)
    further = [found._replace(added_drive_minutes=found.added_drive_minutes + 5 * farther) for found in slots]
    assert good_fits_among(further) == good


@settings(UNHURRIED)
@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(0, 6), st.integers(0, 40)), unique_by=lambda drawn: drawn[:2]
    )
)
def test_for_anyone_never_adds_more_driving_than_another_choice_would(
    drawn: list[tuple[int, int, int]],
) -> None:
    slots = sorted(
        (slot(*values) for values in drawn), key=lambda found: (found.starts_at, found.therapist_id)
    )

    chosen = for_anyone(slots, therapists=[], rules=RULES)

    assert [found.starts_at for found in chosen] == sorted({found.starts_at for found in slots})
    for found in chosen:
        others = [other for other in slots if other.starts_at == found.starts_at]
        assert found.added_drive_minutes == min(other.added_drive_minutes for other in others)


# Against a brute-force oracle: the rules in words, counted out one by one. -----------------------------------------


def good_fits_counted_out(added_by_start: dict[datetime, list[int]]) -> set[datetime]:
    """The starts to offer first, from what each therapist's day would grow by at each start.

    A start is one when no more than a third of the day's starts add less, and when half of them add ten minutes more or
    worse; all of it in steps of five minutes, with the therapist for whom the start adds least.
    """
    steps = {
        start: min(math.ceil(added / 5) for added in of_start) for start, of_start in added_by_start.items()
    }
    found = set()
    for start, mine in steps.items():
        adding_less = sum(1 for other in steps.values() if other < mine)
        far_worse = sum(1 for other in steps.values() if (other - mine) * 5 >= 10)
        if 3 * adding_less <= len(steps) - 1 and 2 * far_worse >= len(steps):
            found.add(start)
    return found


def chosen_counted_out(slots: list[Slot], therapists: list[Therapist]) -> list[Slot]:
    """For each start the slot that no other candidate is better than."""

    def visits_that_week(therapist_id: int, start: datetime) -> int:
        def week(instant: datetime) -> tuple[int, int]:
            return instant.astimezone(RULES.tz).date().isocalendar()[:2]

        (mine,) = (therapist for therapist in therapists if therapist.id == therapist_id)
        return sum(1 for taken in mine.existing if week(taken.blocked.start) == week(start))

    def beats(one: Slot, other: Slot) -> bool:
        if one.added_drive_minutes != other.added_drive_minutes:
            return one.added_drive_minutes < other.added_drive_minutes
        weeks = [visits_that_week(slot.therapist_id, slot.starts_at) for slot in (one, other)]
        if weeks[0] != weeks[1]:
            return weeks[0] < weeks[1]
        return one.therapist_id < other.therapist_id

    return [
        one
        for one in slots
        if not any(other.starts_at == one.starts_at and beats(other, one) for other in slots)
    ]


@settings(UNHURRIED, max_examples=150)
@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(0, 30), st.integers(-20, 60)),
        max_size=60,
        unique_by=lambda drawn: drawn[:2],
    )
)
def test_good_fits_are_those_counted_out(drawn: list[tuple[int, int, int]]) -> None:
    slots = [slot(*values) for values in drawn]
    added: dict[datetime, list[int]] = {}
    for found in slots:
        added.setdefault(found.starts_at, []).append(found.added_drive_minutes)

    assert good_fits_among(slots) == good_fits_counted_out(added)


@settings(UNHURRIED, max_examples=100)
@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from([0, 1, 7 * 96, 7 * 96 + 1]), st.integers(0, 3)),
        unique_by=lambda drawn: drawn[:2],
    ),
    st.lists(st.lists(st.integers(-8, 16), max_size=4), min_size=4, max_size=4),
)
def test_anyone_gets_the_therapist_counted_out(
    drawn: list[tuple[int, int, int]], days_of_visits: list[list[int]]
) -> None:
    slots = sorted(
        (slot(*values) for values in drawn), key=lambda found: (found.starts_at, found.therapist_id)
    )
    therapists = [
        therapist(number, *(MORNING + timedelta(days=day) for day in days))
        for number, days in enumerate(days_of_visits, start=1)
    ]

    assert for_anyone(slots, therapists=therapists, rules=RULES) == chosen_counted_out(slots, therapists)


@settings(UNHURRIED, max_examples=12)
@given(worlds(granularities=(15, 30)))
def test_good_fits_of_whole_days_are_those_of_the_rules_walked_minute_by_minute(world: World) -> None:
    """From hours, visits and drives to the flag: the engine's days against the oracle's, ranked by counting."""
    expected: dict[date, dict[datetime, list[int]]] = {}
    for start, _therapist, added in oracle.offered(**world.arguments()):
        day = start.astimezone(world.rules.tz).date()
        expected.setdefault(day, {}).setdefault(start, []).append(added)
    found: dict[date, list[Slot]] = {}
    for offered in offer_slots(**world.arguments()):
        found.setdefault(offered.starts_at.astimezone(world.rules.tz).date(), []).append(offered)

    assert {day: good_fits_among(slots) for day, slots in found.items()} == {
        day: good_fits_counted_out(starts) for day, starts in expected.items()
    }
