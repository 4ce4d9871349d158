"""Drive times for the engine's tests: speeds by the hour, and tables between zones. They change in steps and may let a
later departure arrive earlier, which the engine must cope with and the site's own drives never do."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, tzinfo
from zoneinfo import ZoneInfo

from bookings.availability import DriveTime, Place, WeekBands
from bookings.availability.local_days import DAY_MINUTES, wall_end, wall_start
from bookings.availability.travel import Remembered, bands_of, whole_minutes
from bookings.availability.types import MIDNIGHT
from bookings.drives.model import miles_between

EVERY_DAY = frozenset(range(7))
WEEKDAY_MPH = (30, 30, 30, 30, 30, 28, 24, 17, 16, 18, 21, 21, 21, 21, 20, 17, 15, 14, 15, 19, 23, 26, 28, 30)
WEEKEND_MPH = (30, 30, 30, 30, 30, 30, 29, 28, 26, 25, 23, 22, 21, 21, 21, 21, 21, 21, 21, 22, 24, 26, 28, 30)
WINDING_FACTOR = 1.35
FLOOR_MINUTES = 8


def _tz(zone: str | tzinfo) -> tzinfo:
    return ZoneInfo(zone) if isinstance(zone, str) else zone


def _number_bands(zone: tzinfo, days: Sequence[Iterable[tuple[int, object]]]) -> WeekBands:
    """Bands from what makes the answer: equal makings, on whatever day, get the same number."""
    numbers: dict[object, int] = {}
    numbered = []
    for day in days:
        bands: list[tuple[int, int]] = []
        for start, making in day:
            band = numbers.setdefault(making, len(numbers))
            if not bands or bands[-1][1] != band:
                bands.append((start, band))
        numbered.append(tuple(bands))
    return WeekBands(zone, tuple(numbered))


class OfflineEstimate:
    """Straight-line miles × winding factor ÷ the speed of the local hour, rounded up, never under a floor.

    The speeds are 24 numbers each, from midnight, in miles an hour. None when a place has no coordinates.
    Raises ValueError for speeds, a factor or a floor that make no sense.
    """

    __slots__ = ("_floor_minutes", "_speeds", "_tz", "_winding_factor", "week_bands")
    same_for_all_addresses = True

    def __init__(
        self,
        zone: str | tzinfo,
        *,
        winding_factor: float = WINDING_FACTOR,
        floor_minutes: int = FLOOR_MINUTES,
        weekday_mph: Sequence[float] = WEEKDAY_MPH,
        weekend_mph: Sequence[float] = WEEKEND_MPH,
    ) -> None:
        if len(weekday_mph) != 24 or len(weekend_mph) != 24 or min(*weekday_mph, *weekend_mph) <= 0:
            raise ValueError("Speeds are 24 positive numbers, one for each hour of the day.")
        if winding_factor < 1 or floor_minutes < 1:
            raise ValueError("No road is shorter than the straight line, and no drive shorter than a minute.")
        self._tz = _tz(zone)
        self._winding_factor = winding_factor
        self._floor_minutes = floor_minutes
        self._speeds = (tuple(weekday_mph),) * 5 + (tuple(weekend_mph),) * 2
        self.week_bands = _number_bands(
            self._tz, [[(hour * 60, mph) for hour, mph in enumerate(day)] for day in self._speeds]
        )

    def __call__(self, origin: Place, destination: Place, departing_at: datetime) -> int | None:
        """Minutes from `origin` to `destination` for who leaves at `departing_at` (aware); 0 at the same address."""
        if origin.same_address(destination):
            return 0
        if origin.latitude is None or origin.longitude is None:
            return None
        if destination.latitude is None or destination.longitude is None:
            return None
        miles = miles_between(
            (origin.latitude, origin.longitude), (destination.latitude, destination.longitude)
        )
        local = departing_at.astimezone(self._tz)
        hours = miles * self._winding_factor / self._speeds[local.weekday()][local.hour]
        # A millionth of a minute off, so that a drive of exactly 30 minutes isn't 31 by a rounding error.
        return max(self._floor_minutes, math.ceil(hours * 60 - 1e-6))


def one_band(zone: tzinfo) -> WeekBands:
    """For drive times that are the same at any hour."""
    return WeekBands(zone, (((0, 0),),) * 7)


def _band_at(bands: WeekBands, weekday: int, wall_minute: int) -> int:
    return [band for start, band in bands.days[weekday] if start <= wall_minute][-1]


@dataclass(frozen=True, slots=True)
class DriveRow:
    """The owner's word on one drive: `minutes` from one zone to another for who leaves between `start` and
    `end`.

    Local wall times, `end` not included, 00:00 as an end is the end of the day. A row may go from a zone to
    itself. Raises ValueError for a drive under a minute: two addresses are never none apart.
    """

    origin_zone: str
    destination_zone: str
    minutes: int
    start: time = MIDNIGHT
    end: time = MIDNIGHT
    weekdays: frozenset[int] = EVERY_DAY

    def __post_init__(self) -> None:
        if not 1 <= self.minutes <= DAY_MINUTES:
            raise ValueError("A drive takes between a minute and a day.")
        if self.end != MIDNIGHT and self.end <= self.start:
            raise ValueError("A time band ends after it starts, on the same day.")
        if not self.weekdays <= EVERY_DAY:
            raise ValueError("Weekdays run from 0, Monday, to 6, Sunday.")

    def covers(self, weekday: int, wall_minute: int) -> bool:
        """Whether the row speaks of that local time."""
        return weekday in self.weekdays and wall_start(self.start) <= wall_minute < wall_end(self.end)


class DriveTable:
    """The owner's table, with another DriveTime behind it for what the table doesn't say.

    For a pair of zones at a time: the row in that direction, else the row in the other direction, else
    `behind`, else None. Where rows for a pair overlap, the one with the shortest time band speaks (an
    exception was made for it), and between equals the longer drive.
    """

    __slots__ = ("_behind", "_rows", "_tz", "remembered", "same_for_all_addresses", "week_bands")

    def __init__(
        self, rows: Iterable[DriveRow], zone: str | tzinfo, *, behind: DriveTime | None = None
    ) -> None:
        self._tz = _tz(zone)
        self._behind = behind
        self._rows: dict[tuple[str, str], list[DriveRow]] = {}
        ordered = sorted(rows, key=lambda row: (wall_end(row.end) - wall_start(row.start), -row.minutes))
        for row in ordered:
            self._rows.setdefault((row.origin_zone, row.destination_zone), []).append(row)
        self.week_bands = self._bands(ordered)
        self.same_for_all_addresses = behind is None or bool(getattr(behind, "same_for_all_addresses", False))
        # Without this, the same table asked twice works everything out twice.
        self.remembered = (
            Remembered() if self.same_for_all_addresses and self.week_bands is not None else None
        )

    def __call__(self, origin: Place, destination: Place, departing_at: datetime) -> int | None:
        """Minutes from `origin` to `destination` for who leaves at `departing_at` (aware); 0 at the same address."""
        if origin.same_address(destination):
            return 0
        if origin.zone is not None and destination.zone is not None:
            local = departing_at.astimezone(self._tz)
            weekday, wall_minute = local.weekday(), local.hour * 60 + local.minute
            for pair in ((origin.zone, destination.zone), (destination.zone, origin.zone)):
                for row in self._rows.get(pair, ()):
                    if row.covers(weekday, wall_minute):
                        return row.minutes
        return whole_minutes(self._behind(origin, destination, departing_at)) if self._behind else None

    def _bands(self, rows: Sequence[DriveRow]) -> WeekBands | None:
        behind = one_band(self._tz) if self._behind is None else bands_of(self._behind, self._tz)
        if behind is None:
            return None
        # Rows of one time band and the same weekdays come and go together, whatever zones they are between.
        kinds = {(wall_start(row.start), wall_end(row.end), row.weekdays) for row in rows}
        days: list[list[tuple[int, object]]] = []
        for weekday in range(7):
            active = [(start, end) for start, end, weekdays in kinds if weekday in weekdays]
            edges = {0, *(start for start, _ in behind.days[weekday])}
            edges.update(edge for span in active for edge in span if edge < DAY_MINUTES)
            days.append(
                [
                    (
                        edge,
                        (
                            _band_at(behind, weekday, edge),
                            frozenset(
                                kind for kind in kinds if weekday in kind[2] and kind[0] <= edge < kind[1]
                            ),
                        ),
                    )
                    for edge in sorted(edges)
                ]
            )
        return _number_bands(self._tz, days)
