"""From weekly hours, extra hours, time off and closures to the minutes in which a therapist works.

Hours are wall times in the zone of the rules; what comes out is UTC. Weekly and extra hours of a day add up,
overlapping or not. Time off wins over both; a closure, and a day later than
the last one on which the therapist may be given a visit, over everything. Hours that name zones are hours of the
therapist's day like all others, but a visit elsewhere can't be in them. Each day stands alone: hours up to
midnight and hours from midnight are two stretches, and no visit spans them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple, TypeVar

from .intervals import Span, merge, subtract
from .local_days import (
    LocalDay,
    instant_at,
    local_day,
    minute_ceil,
    minute_floor,
    wall_end,
    wall_start,
)
from .types import ExtraHours, Interval, RefusalReason, SchedulingRules, Therapist, WeeklyHours


class Shift(NamedTuple):
    """A part of a day that begins and ends at home: sorted `stretches` of work with no time off among them.

    In a gap between two weekly hours (a midday closing, say) the therapist may be on the way from one visit
    to the next. Time off is different: nobody knows where it is spent, so work before it ends at home, and
    work after it begins there.
    """

    stretches: tuple[Span, ...]
    # The minute before which the therapist doesn't leave home, and the minute of being home again.
    start: int
    end: int

    @classmethod
    def through(cls, stretches: Iterable[Span]) -> "Shift":
        """The shift of these stretches, which are at least one."""
        spans = tuple(stretches)
        return cls(spans, spans[0][0], spans[-1][1])


class WorkingHours:
    """One therapist's hours, made ready for asking day by day."""

    __slots__ = ("_bookable_until", "_closures", "_extra", "_in_zone", "_plain", "_time_off", "_weekly")

    def __init__(self, therapist: Therapist, rules: SchedulingRules, zone: str | None = None) -> None:
        """`zone` is where a visit would be, for `stretches_on`."""
        weekly_hours, extra_hours = therapist.weekly_hours, therapist.extra_hours
        self._in_zone: WorkingHours | None = None
        named = [hours.zones for hours in weekly_hours] + [hours.zones for hours in extra_hours]
        if any(zones is not None for zones in named):
            there = replace(
                therapist,
                weekly_hours=tuple(_everywhere(hours) for hours in weekly_hours if _are_in(hours, zone)),
                extra_hours=tuple(_everywhere(hours) for hours in extra_hours if _are_in(hours, zone)),
            )
            self._in_zone = WorkingHours(there, rules)
        self._closures = rules.closures
        self._bookable_until = date.max if therapist.bookable_until is None else therapist.bookable_until
        self._weekly: list[list[tuple[WeeklyHours, int, int]]] = [[] for _ in range(7)]
        for weekly in therapist.weekly_hours:
            self._weekly[weekly.weekday].append((weekly, wall_start(weekly.start), wall_end(weekly.end)))
        # The merged wall minutes of each weekday on which no hours depend on the date.
        self._plain = [
            None
            if any(weekly.valid_from or weekly.valid_until for weekly, _, _ in of_day)
            else merge([(start, end) for _, start, end in of_day])
            for of_day in self._weekly
        ]
        self._extra: dict[date, list[Span]] = {}
        for extra in therapist.extra_hours:
            self._extra.setdefault(extra.date, []).append((wall_start(extra.start), wall_end(extra.end)))
        self._time_off = merge((minute_floor(off.start), minute_ceil(off.end)) for off in therapist.time_off)

    def why_no_work(self, day: LocalDay) -> RefusalReason | None:
        """Why nobody may work on `day`, or this therapist may not, whatever the hours say; None when they count."""
        if day.date in self._closures:
            return RefusalReason.CLOSED
        return RefusalReason.CERTIFICATE if day.date > self._bookable_until else None

    def are_usual(self, day: LocalDay) -> bool:
        """Whether the hours of `day` are those of every day with its weekday: nothing that has a date changes them."""
        return (
            self._plain[day.weekday] is not None
            and day.date not in self._extra
            and day.date not in self._closures
            and day.date <= self._bookable_until
            and not (self._time_off and any(s < day.end and day.start < e for s, e in self._time_off))
        )

    def hours_on(self, day: LocalDay) -> list[Span]:
        """The hours of `day` before time off: merged, in minutes of UTC. None where `why_no_work` has a reason."""
        if self.why_no_work(day) is not None:
            return []
        plain = self._plain[day.weekday]
        if plain is not None and day.is_plain and day.date not in self._extra:
            # One offset all day: the wall clock's spans only have to be moved.
            shift = day.wall_zero - day.parts[0].offset
            return [(start + shift, end + shift) for start, end in plain]
        spans: list[Span] = []
        for weekly, start, end in self._weekly[day.weekday]:
            if weekly.apply_on(day.date):
                spans += day.spans(start, end)
        for start, end in self._extra.get(day.date, ()):
            spans += day.spans(start, end)
        return merge(spans) if len(spans) > 1 else spans

    def shifts_on(self, day: LocalDay) -> list[Shift]:
        """The hours of `day` without time off, as shifts in their order."""
        hours = self.hours_on(day)
        if not hours:
            return []
        off = [span for span in self._time_off if span[0] < hours[-1][1] and hours[0][0] < span[1]]
        if not off:
            return [Shift.through(hours)]
        return _split(subtract(hours, off), off)

    def stretches_on(self, day: LocalDay, shift: Shift) -> Sequence[Span]:
        """The stretches of a shift of `day` in which a visit in the zone may be."""
        if self._in_zone is None:
            return shift.stretches
        elsewhere = subtract(shift.stretches, self._in_zone.hours_on(day))
        return subtract(shift.stretches, elsewhere)


Hours = TypeVar("Hours", WeeklyHours, ExtraHours)


def _are_in(hours: WeeklyHours | ExtraHours, zone: str | None) -> bool:
    return hours.zones is None or zone in hours.zones


def _everywhere(hours: Hours) -> Hours:
    return replace(hours, zones=None)


def _split(free: Sequence[Span], off: Sequence[Span]) -> list[Shift]:
    shifts: list[list[Span]] = []
    for stretch in free:
        if shifts and not any(start < stretch[0] and shifts[-1][-1][1] < end for start, end in off):
            shifts[-1].append(stretch)
        else:
            shifts.append([stretch])
    return [Shift.through(stretches) for stretches in shifts]


def working_intervals(
    therapist: Therapist, first_day: date, last_day: date, rules: SchedulingRules
) -> list[Interval]:
    """When `therapist` works from `first_day` to `last_day` (local dates, both included), sorted, in UTC.

    Time off and closures are taken out; visits are not.
    """
    hours = WorkingHours(therapist, rules)
    found = []
    for ordinal in range(first_day.toordinal(), last_day.toordinal() + 1):
        day = local_day(date.fromordinal(ordinal), rules.tz)
        for shift in hours.shifts_on(day):
            found += [Interval(instant_at(start), instant_at(end)) for start, end in shift.stretches]
    return found


@lru_cache(maxsize=1024)
def week_of(day: date) -> tuple[date, date]:
    """The Monday on or before `day`, and the Sunday after it."""
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)
