"""Local days as minutes of UTC, right on the days when clocks change.

A minute here is a whole number: minutes since 1970-01-01T00:00 UTC. A wall minute is minutes since local
midnight as a wall clock shows them, 0 to 1440.

One definition covers every clock change: an instant is inside wall hours when a wall clock, at that instant,
shows a time inside them. So hours from 02:30 begin at 03:00 on the day that skips 02:30; on the day that has
01:30 twice, hours until 01:30 stop at the first 01:30, and run again from the second 01:00 to the second
01:30. No instant outside the hours ever gets in, no time that doesn't exist is made, and lengths are real
ones, because they are differences in UTC.

A zone is taken to change its clocks at most once in a day and to be whole minutes away from UTC.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cached_property, lru_cache
from typing import NamedTuple

from .intervals import Span

DAY_MINUTES = 24 * 60
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = EPOCH.toordinal()


def minute_floor(instant: datetime) -> int:
    """The minute that `instant` (aware) is in."""
    since = instant - EPOCH
    return since.days * DAY_MINUTES + since.seconds // 60


def minute_ceil(instant: datetime) -> int:
    """The first minute that begins at `instant` (aware) or after it."""
    since = instant - EPOCH
    partial = since.seconds % 60 or since.microseconds
    return since.days * DAY_MINUTES + since.seconds // 60 + (1 if partial else 0)


def instant_at(minute: int) -> datetime:
    """The beginning of `minute`, as an aware datetime in UTC."""
    return EPOCH + timedelta(0, minute * 60)


def local_date(instant: datetime, zone: tzinfo) -> date:
    """The date on a calendar in `zone` at `instant` (aware)."""
    return instant.astimezone(zone).date()


def wall_start(at: time) -> int:
    """The wall minute at which hours that start at `at` begin; seconds count as a whole minute."""
    return at.hour * 60 + at.minute + (1 if at.second or at.microsecond else 0)


def wall_end(at: time) -> int:
    """The wall minute at which hours that end at `at` stop; seconds are dropped, and 00:00 is the end of the day."""
    return DAY_MINUTES if at == time(0) else at.hour * 60 + at.minute


class Steady(NamedTuple):
    """A part of a day in which the clock doesn't change: local = UTC + `offset` minutes."""

    start: int
    end: int
    offset: int


@dataclass(frozen=True)
class LocalDay:
    """One local date: its minutes of UTC, `start` up to `end`, in one part, or two on a day when clocks change."""

    date: date
    start: int
    end: int
    # The minute at which local midnight would be if the zone were UTC: minute + offset - wall_zero is the
    # wall minute.
    wall_zero: int
    parts: tuple[Steady, ...]

    @cached_property
    def is_plain(self) -> bool:
        """Whether it has 24 hours, all with the same offset."""
        return len(self.parts) == 1 and self.end - self.start == DAY_MINUTES

    @cached_property
    def weekday(self) -> int:
        """Monday is 0."""
        return self.date.weekday()

    def spans(self, wall_from: int, wall_until: int) -> list[Span]:
        """The minutes of this day at which a wall clock shows `wall_from` or later, and earlier than `wall_until`."""
        found = []
        for part in self.parts:
            shift = self.wall_zero - part.offset
            start = max(part.start, wall_from + shift)
            end = min(part.end, wall_until + shift)
            if start < end:
                found.append((start, end))
        return found

    def grid(self, first: int, last: int, granularity: int) -> Iterator[range]:
        """The minutes from `first` to `last`, both included, whose wall minute divides by `granularity`, ascending."""
        for part in self.parts:
            start = max(first, part.start)
            wall = start + part.offset - self.wall_zero
            yield range(start + -wall % granularity, min(last + 1, part.end), granularity)


def _offset(minute: int, zone: tzinfo) -> int:
    instant = instant_at(minute)
    return (instant.astimezone(zone).replace(tzinfo=UTC) - instant) // timedelta(minutes=1)


def _midnight(day: date, zone: tzinfo) -> int:
    # Where clocks skip midnight, this is the instant of the change, which is when that day begins.
    return minute_floor(datetime.combine(day, time(0), zone).astimezone(UTC))


@lru_cache(maxsize=4096)
def local_day(day: date, zone: tzinfo) -> LocalDay:
    """`day` in `zone`. Raises OverflowError on the calendar's very first and last days."""
    start, end = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
    wall_zero = (day.toordinal() - _EPOCH_ORDINAL) * DAY_MINUTES
    if start >= end:  # a date that a zone skipped when it moved across the date line
        return LocalDay(day, start, start, wall_zero, ())
    before, after = _offset(start, zone), _offset(end - 1, zone)
    if before == after:
        return LocalDay(day, start, end, wall_zero, (Steady(start, end, before),))
    low, high = start, end - 1  # the change lies after low and at or before high
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(middle, zone) == before:
            low = middle
        else:
            high = middle
    return LocalDay(day, start, end, wall_zero, (Steady(start, high, before), Steady(high, end, after)))
