"""The planner against a search that tries everything, and what it says of visits without a place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.courses import planner
from bookings.courses.planner import (
    DAY,
    THERAPIST,
    WEEKDAY,
    FreeTime,
    Phase,
    Place,
    Same,
    Target,
    Why,
    Wishes,
)

ZERO = date(2026, 12, 7)  # a Monday
LATER = ZERO + timedelta(days=400)


def free(day: int, hour: int = 10, therapist: int = 1, drive: int = 0) -> FreeTime:
    there = ZERO + timedelta(days=day)
    return FreeTime(there, hour * 60, datetime.combine(there, time(hour), tzinfo=UTC), therapist, drive)


def every_day(first: int, last: int, **more: int) -> list[FreeTime]:
    return [free(day, **more) for day in range(first, last + 1)]


def planned(
    phases: Sequence[Phase],
    times: Sequence[FreeTime],
    *,
    not_before: int = 0,
    last_bookable: date = LATER,
    **wishes: object,
) -> list[Place]:
    wanted = planner.targets(phases, day_zero=ZERO, not_before=ZERO + timedelta(days=not_before))
    return planner.plan(wanted, [times], Wishes(**wishes), last_bookable=last_bookable)  # type: ignore[arg-type]


def days(places: Sequence[Place]) -> list[int | None]:
    return [(place.time.day - ZERO).days if place.time else None for place in places]


LIPOSUCTION = [Phase(3, 7, 3), Phase(8, 14, 3, 2), Phase(15, 28, 4, 2), Phase(29, 42, 2, 4)]


def test_free_calendar_gives_each_visit_its_ideal_day() -> None:
    places = planned(LIPOSUCTION, every_day(0, 60))
    assert days(places) == [3, 5, 7, 9, 11, 13, 16, 20, 23, 27, 32, 39]


# An independent search --------------------------------------------------------------------------------------------


def cost_of(chosen: Sequence[tuple[Target, FreeTime]], wishes: Wishes, anchor: int | None) -> int | None:
    """What a choice costs, counted from the rules' words; None when it breaks one."""
    for (_before, earlier), (target, later) in pairwise(chosen):
        if (later.day - earlier.day).days < target.apart:
            return None
    points = 0
    for target, at in chosen:
        if not target.first_day <= at.day <= target.last_day:
            return None
        if wishes.same is Same.ALWAYS and at.therapist_id != anchor:
            return None
        points += at.added_drive_minutes + DAY * abs((at.day - target.ideal_day).days)
        points += abs(at.minute - wishes.minute) // 2 if wishes.minute is not None else 0
        points += WEEKDAY if wishes.weekdays and at.day.weekday() not in wishes.weekdays else 0
        points += THERAPIST if anchor is not None and at.therapist_id != anchor else 0
    return points


def everything(
    wanted: Sequence[Target], times: Sequence[FreeTime]
) -> Iterator[list[tuple[Target, FreeTime]]]:
    if not wanted:
        yield []
        return
    for rest in everything(wanted[1:], times):
        yield rest
        for at in times:
            yield [(wanted[0], at), *rest]


def anchors_of(times: Sequence[FreeTime], wishes: Wishes) -> list[int | None]:
    """Each therapist who might come to all visits; None where it doesn't matter."""
    therapists = sorted({at.therapist_id for at in times}) if wishes.same is not Same.ANYONE else []
    return [*therapists] or [None]


def best_of_all(wanted: Sequence[Target], times: Sequence[FreeTime], wishes: Wishes) -> tuple[int, int]:
    """(visits with a place, cost) of the best choice there is."""
    anchors = anchors_of(times, wishes)
    found = [(0, 0)]
    for chosen in everything(wanted, times):
        for anchor in anchors:
            cost = cost_of(chosen, wishes, anchor)
            if cost is not None:
                found.append((-len(chosen), cost))
    visits, cost = min(found)
    return -visits, cost


@st.composite
def phases(draw: st.DrawFn) -> list[Phase]:
    found, day = [], 0
    for _ in range(draw(st.integers(1, 2))):
        visits, apart = draw(st.integers(1, 2)), draw(st.integers(1, 3))
        first = day + draw(st.integers(0, 2))
        last = first + (visits - 1) * apart + draw(st.integers(0, 3))
        found.append(Phase(first, last, visits, apart))
        day = last + 1
    return found


some_times = st.lists(
    st.builds(
        free, st.integers(0, 12), st.sampled_from([9, 14]), st.integers(1, 2), st.sampled_from([0, 15, 40])
    ),
    max_size=6,
)
some_wishes = st.builds(
    Wishes,
    weekdays=st.sampled_from([frozenset(), frozenset({1}), frozenset({0, 3})]),
    minute=st.sampled_from([None, 9 * 60, 13 * 60]),
    same=st.sampled_from(Same),
)


@settings(max_examples=150, deadline=None)
@given(phases=phases(), times=some_times, wishes=some_wishes, not_before=st.integers(0, 4))
def test_nothing_better_exists(
    phases: list[Phase], times: list[FreeTime], wishes: Wishes, not_before: int
) -> None:
    wanted = planner.targets(phases, day_zero=ZERO, not_before=ZERO + timedelta(days=not_before))

    places = planner.plan(wanted, [times], wishes, last_bookable=LATER)

    chosen = [(place.target, place.time) for place in places if place.time is not None]
    costs = [cost_of(chosen, wishes, anchor) for anchor in anchors_of(times, wishes)]
    assert (len(chosen), min(cost for cost in costs if cost is not None)) == best_of_all(
        wanted, times, wishes
    )
    assert all(place.why is not None for place in places if place.time is None)
    assert len({at.day for _target, at in chosen}) == len(chosen)


# Wishes -----------------------------------------------------------------------------------------------------------


def test_weekday_and_hour_wished_for() -> None:
    times = [*every_day(0, 40), *every_day(0, 40, hour=16)]
    places = planned([Phase(0, 41, 6, 5)], times, weekdays=frozenset({1}), minute=16 * 60)
    assert days(places) == [1, 8, 15, 22, 29, 36]
    assert {place.time.minute for place in places if place.time} == {16 * 60}


def test_same_therapist_when_possible() -> None:
    times = [*every_day(0, 9, therapist=1), *every_day(0, 20, therapist=2, drive=20)]
    two = [Phase(0, 0, 1), Phase(10, 14, 1)]

    def who(same: Same) -> list[int | None]:
        return [place.time.therapist_id if place.time else None for place in planned(two, times, same=same)]

    assert who(Same.ANYONE) == [1, 2]
    assert who(Same.PREFERRED) == [2, 2]
    assert who(Same.ALWAYS) == [2, 2]


def test_least_driving_between_equal_days() -> None:
    (place,) = planned([Phase(0, 0, 1)], [free(0, 9, drive=30), free(0, 15, drive=5)])
    assert place.time is not None
    assert place.time.minute == 15 * 60


def test_chosen_time_stays_and_others_move() -> None:
    wanted = list(planner.targets([Phase(0, 6, 2, 3)], day_zero=ZERO, not_before=ZERO))
    wanted[0] = wanted[0]._replace(fixed_at=free(3, 16).starts_at)
    times = [*every_day(0, 6), free(3, 16)]

    places = planner.plan(wanted, [times], Wishes(), last_bookable=LATER)

    assert days(places) == [3, 6]
    assert places[0].time == free(3, 16)


def test_chosen_time_that_has_gone() -> None:
    wanted = list(planner.targets([Phase(0, 6, 1)], day_zero=ZERO, not_before=ZERO))
    wanted[0] = wanted[0]._replace(fixed_at=free(3, 16).starts_at)
    (place,) = planner.plan(wanted, [every_day(0, 6)], Wishes(), last_bookable=LATER)
    assert (place.time, place.why, place.nearest) == (None, Why.CHOSEN_TIME, free(3))


# What can't be met -------------------------------------------------------------------------------------------------


def test_never_before_the_day_that_is_allowed() -> None:
    places = planned([Phase(3, 7, 2)], every_day(0, 30), not_before=6)
    assert days(places) == [6, 7]


def test_phase_that_ends_before_the_day_that_is_allowed() -> None:
    places = planned([Phase(0, 2, 1), Phase(3, 7, 1)], every_day(0, 30), not_before=4)
    assert days(places) == [None, 6]
    assert places[0].why is Why.TOO_EARLY
    assert places[0].nearest == free(4)


def test_days_that_are_full_with_the_nearest_that_could_be_had() -> None:
    places = planned([Phase(0, 2, 1), Phase(10, 12, 1)], [free(1), *every_day(15, 20)])
    assert days(places) == [1, None]
    assert (places[1].why, places[1].nearest) == (Why.NO_TIME, free(15))


def test_free_times_too_close_to_each_other() -> None:
    places = planned([Phase(0, 4, 2, 3)], [free(1), free(2), free(8)])
    assert sorted(days(places), key=str) == [1, None]
    missed = next(place for place in places if place.time is None)
    assert (missed.why, missed.nearest) == (Why.TOO_CLOSE, free(2))


def test_end_of_the_calendar() -> None:
    places = planned(
        [Phase(0, 5, 1), Phase(50, 60, 1)], every_day(0, 40), last_bookable=ZERO + timedelta(days=40)
    )
    assert days(places) == [3, None]
    assert places[1].why is Why.HORIZON


@pytest.mark.parametrize("same", Same)
def test_nothing_is_free(same: Same) -> None:
    places = planned(LIPOSUCTION, [], same=same)
    assert [place.why for place in places] == [Why.NO_TIME] * 12


def test_whoever_is_sent_first_comes_where_they_can() -> None:
    times = [*every_day(0, 60), *every_day(0, 60, therapist=2, drive=30)]
    assert {place.time.therapist_id for place in planned(LIPOSUCTION, times) if place.time} == {1}
    first = planned(LIPOSUCTION, times, preferred=frozenset({2}))
    assert {place.time.therapist_id for place in first if place.time} == {2}


def test_each_kind_of_visit_has_times_of_its_own() -> None:
    day = timedelta(days=1)
    wanted = [
        Target(number, 0, ZERO, ZERO + 9 * day, ZERO + 3 * day, 1, kind=number - 1) for number in (1, 2)
    ]
    here, there = ([time for time in every_day(0, 9) if time.day == ZERO + n * day] for n in (2, 5))
    places = planner.plan(wanted, [here, there], Wishes(), last_bookable=LATER)
    assert [place.time and place.time.day for place in places] == [ZERO + 2 * day, ZERO + 5 * day]
    # Free for the other alone.
    (_first, second) = planner.plan(wanted, [here, []], Wishes(), last_bookable=LATER)
    assert (second.time, second.why, second.nearest) == (None, planner.Why.NO_TIME, None)
