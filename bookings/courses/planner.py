"""Which of the free times the visits of a course take.

Pure: the standard library only, no database, no clock. The visits of a course follow each other, never two on a day,
so the best choice for the first visits up to a day doesn't depend on what comes later: `plan` goes through the days
once, and finds what costs least of all there is. What it costs is counted in points, one of which is a minute's drive:

- a day away from the visit's ideal day, which spreads a phase's visits over it: `DAY`;
- a day that is none of the weekdays wished for: `WEEKDAY`;
- a minute away from the hour wished for: half a point;
- another therapist than the one who comes to most: `THERAPIST`, or never, as the client wishes;
- one who isn't sent first, where somebody is: `THERAPIST`;
- each minute by which the therapist's driving grows: one.

A visit without a place costs more than all of that, so as few as possible are left out. The work grows with visits
times days, and with times of day times therapists.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import NamedTuple, TypeVar

DAY, WEEKDAY, THERAPIST = 60, 150, 120
# Of two minutes off the hour wished for, one counts.
_MINUTES_A_POINT = 2
# More than a whole course can cost otherwise.
_MISSED = 10**7


class Phase(NamedTuple):
    """So many visits from one day to another, both included, counted from day 0; each at least `apart` days after the
    visit before."""

    from_day: int
    to_day: int
    visits: int
    apart: int = 1


class Target(NamedTuple):
    """One visit to be planned: its number in the course, from 1, its phase, from 0, and its days, both included.

    `kind` says which of the lists of free times are its own: visits at different doors, or of different lengths, have
    different ones. `fixed_at` is the start that somebody chose for it: that one or none.
    """

    number: int
    phase: int
    first_day: date
    last_day: date
    ideal_day: date
    apart: int
    kind: int = 0
    fixed_at: datetime | None = None


class FreeTime(NamedTuple):
    """A start that a therapist can keep, with its local day and the local minute of the day."""

    day: date
    minute: int
    starts_at: datetime
    therapist_id: int
    added_drive_minutes: int


class Same(StrEnum):
    """Whether one therapist should come to all visits."""

    ALWAYS = "always"
    PREFERRED = "preferred"
    ANYONE = "anyone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the client would like: weekdays (0 is Monday; none is any), the local minute of the day, and who comes.
    Therapists (by id) of `preferred` are sent first."""

    weekdays: frozenset[int] = frozenset()
    minute: int | None = None
    same: Same = Same.PREFERRED
    preferred: frozenset[int] = frozenset()


class Why(StrEnum):
    """Why a visit has no place."""

    TOO_EARLY = "too_early"  # all of its days are before the first one that is allowed
    HORIZON = "horizon"  # all of its days are later than can be booked
    CHOSEN_TIME = "chosen_time"  # the start that was chosen for it can't be had beside the others
    NO_TIME = "no_time"  # no time is free on any of its days
    TOO_CLOSE = "too_close"  # free times are too close to the course's other visits


class Place(NamedTuple):
    """What became of a visit: its time; or why there is none, and the nearest that could be had, if there is any."""

    target: Target
    time: FreeTime | None
    why: Why | None = None
    nearest: FreeTime | None = None


def targets(phases: Iterable[Phase], *, day_zero: date, not_before: date) -> tuple[Target, ...]:
    """The visits of these phases, in order. Of a phase that begins before the first day allowed the rest is used."""
    found: list[Target] = []
    for index, phase in enumerate(phases):
        first = max(day_zero + timedelta(days=phase.from_day), not_before)
        last = day_zero + timedelta(days=phase.to_day)
        days = max((last - first).days + 1, 0)
        for number in range(phase.visits):
            # The middle of each of as many equal parts.
            ideal = first + timedelta(days=(2 * number + 1) * days // (2 * phase.visits))
            found.append(Target(len(found) + 1, index, first, last, ideal, phase.apart))
    return tuple(found)


def moved_targets(
    days: Sequence[date], phases: Sequence[Phase], *, day_zero: date, by: int, not_before: date
) -> tuple[Target, ...]:
    """The visits on these days, in order, `by` so many days later or earlier: each as near as can be to its own day
    then, and in the same phase, which moves as well. A visit outside of all phases belongs to the nearest."""
    found = []
    for number, day in enumerate(days, start=1):
        offset = (day - day_zero).days
        index = min(
            range(len(phases)),
            key=lambda n: (max(phases[n].from_day - offset, offset - phases[n].to_day, 0), n),
        )
        phase, zero = phases[index], day_zero + timedelta(days=by)
        ideal = max(day + timedelta(days=by), not_before)
        first = max(min(zero + timedelta(days=phase.from_day), ideal), not_before)
        last = max(zero + timedelta(days=phase.to_day), ideal)
        found.append(Target(number, index, first, last, ideal, phase.apart))
    return tuple(found)


def plan(
    wanted: Sequence[Target], free: Sequence[Iterable[FreeTime]], wishes: Wishes, *, last_bookable: date
) -> list[Place]:
    """A place for each visit, in order: as many as can be had, at the least cost. `free` has the times of each kind of
    visit; those that are later than `last_bookable` or belong to no visit's days only serve as the nearest that could
    be had."""
    times = [sorted(kind, key=lambda time: (time.starts_at, time.therapist_id)) for kind in free]
    fixed = {target.fixed_at for target in wanted}
    rated = [_Rated(kind, wishes, fixed) for kind in times]
    anchors = _anchors(chain.from_iterable(times), wishes)
    chosen = min((_choose(wanted, rated, wishes, anchor) for anchor in anchors), key=_cost)
    taken = {time.day for time in chosen.times if time is not None}
    return [
        Place(target, time)
        if time is not None
        else _without_place(target, times[target.kind], taken, last_bookable=last_bookable)
        for target, time in zip(wanted, chosen.times, strict=True)
    ]


class _Choice(NamedTuple):
    cost: int
    times: tuple[FreeTime | None, ...]


def _cost(choice: _Choice) -> int:
    return choice.cost


def _anchors(times: Iterable[FreeTime], wishes: Wishes) -> Iterator[int | None]:
    """Each therapist who might come to all visits; None where it doesn't matter who comes."""
    therapists = sorted({time.therapist_id for time in times})
    if wishes.same is Same.ANYONE or not therapists:
        yield None
    else:
        yield from therapists


class _Rated:
    """Of each therapist the best time of each day, and each start that was chosen, with what it costs by itself."""

    def __init__(
        self, times: Iterable[FreeTime], wishes: Wishes, chosen: Collection[datetime | None]
    ) -> None:
        self.days: dict[tuple[date, int], tuple[int, FreeTime]] = {}
        self.starts: dict[tuple[date, datetime, int], tuple[int, FreeTime]] = {}
        for time in times:
            rated = _points(time, wishes), time
            key = time.day, time.therapist_id
            # Of equals the first stays: the earlier start.
            if key not in self.days or rated[0] < self.days[key][0]:
                self.days[key] = rated
            if time.starts_at in chosen:
                self.starts[time.day, time.starts_at, time.therapist_id] = rated


def _points(time: FreeTime, wishes: Wishes) -> int:
    points = time.added_drive_minutes
    if wishes.minute is not None:
        points += abs(time.minute - wishes.minute) // _MINUTES_A_POINT
    if wishes.weekdays and time.day.weekday() not in wishes.weekdays:
        points += WEEKDAY
    if wishes.preferred and time.therapist_id not in wishes.preferred:
        points += THERAPIST
    return points


K = TypeVar("K")


def _choose(wanted: Sequence[Target], rated: Sequence[_Rated], wishes: Wishes, anchor: int | None) -> _Choice:
    def best(found: Iterable[tuple[K, tuple[int, FreeTime]]]) -> dict[K, tuple[int, FreeTime]]:
        """Of the therapists who may come the best; between equals the earlier start, then the lower key."""
        of: dict[K, tuple[int, FreeTime]] = {}
        for key, (points, time) in found:
            if anchor not in (None, time.therapist_id):
                if wishes.same is Same.ALWAYS:
                    continue
                points += THERAPIST
            if key not in of or (points, *time[2:4]) < (of[key][0], *of[key][1][2:4]):
                of[key] = points, time
        return of

    days = [best((day, one) for (day, _therapist), one in kind.days.items()) for kind in rated]
    starts = [
        best(((day, start), one) for (day, start, _therapist), one in kind.starts.items()) for kind in rated
    ]
    return _through_the_days(
        wanted, [_of_target(target, days[target.kind], starts[target.kind]) for target in wanted]
    )


_Options = dict[int, tuple[int, FreeTime]]


def _of_target(
    target: Target,
    best: Mapping[date, tuple[int, FreeTime]],
    fixed: Mapping[tuple[date, datetime], tuple[int, FreeTime]],
) -> _Options:
    """By the ordinal of each day on which the visit could be, its cost and time."""
    options: _Options = {}
    for ordinal in range(target.first_day.toordinal(), target.last_day.toordinal() + 1):
        day = date.fromordinal(ordinal)
        found = best.get(day) if target.fixed_at is None else fixed.get((day, target.fixed_at))
        if found is not None:
            options[ordinal] = found[0] + DAY * abs((day - target.ideal_day).days), found[1]
    return options


def _through_the_days(wanted: Sequence[Target], options: Sequence[_Options]) -> _Choice:
    """The cheapest choice of one day at most for each visit, in order and far enough apart.

    `before[x]` is the least cost of the visits so far when the last one that has a place is on day `x` at the latest;
    day 0 is the one before the first of all days.
    """
    days = [day for of_target in options for day in of_target]
    start, width = min(days, default=1) - 1, max(days, default=1) - min(days, default=1) + 2
    before = [0] * width
    taken: list[list[int]] = []  # by visit and `x`: the day that the visit takes, 0 for none
    for target, of_target in zip(wanted, options, strict=True):
        costs, days_taken = [before[0] + _MISSED], [0]
        for x in range(1, width):
            cost, day = before[x] + _MISSED, 0
            if costs[x - 1] < cost:
                cost, day = costs[x - 1], days_taken[x - 1]
            option = of_target.get(start + x)
            if option is not None and (here := before[max(0, x - target.apart)] + option[0]) < cost:
                cost, day = here, x
            costs.append(cost)
            days_taken.append(day)
        before = costs
        taken.append(days_taken)
    x, times = width - 1, []
    for target, of_target, days_taken in zip(
        reversed(wanted), reversed(options), reversed(taken), strict=True
    ):
        day = days_taken[x]
        times.append(of_target[start + day][1] if day else None)
        x = max(0, day - target.apart) if day else x
    return _Choice(before[-1], tuple(reversed(times)))


def _without_place(
    target: Target, times: Sequence[FreeTime], taken: set[date], *, last_bookable: date
) -> Place:
    if target.first_day > target.last_day:
        why = Why.TOO_EARLY
    elif target.first_day > last_bookable:
        why = Why.HORIZON
    elif target.fixed_at is not None:
        why = Why.CHOSEN_TIME
    else:
        has_any = any(target.first_day <= time.day <= target.last_day for time in times)
        why = Why.TOO_CLOSE if has_any else Why.NO_TIME
    open_times = (time for time in times if time.day not in taken and time.day >= target.first_day)
    nearest = min(
        open_times,
        key=lambda time: (abs((time.day - target.ideal_day).days), time.added_drive_minutes, time.starts_at),
        default=None,
    )
    return Place(target, None, why, nearest)
