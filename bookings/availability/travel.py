"""Drive times that need no network: the owner's table between zones, an estimate behind it, what was measured
between the two, staff's overrides before all.

Each class here is a value that can be called as a `types.DriveTime`: whole minutes, or None for unknown.
Distances are statute miles, speeds miles an hour, and times of day local wall times in the zone given. An
instance may be shared by requests and threads: what it remembers can only be worked out again, to the same
answer.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, tzinfo
from functools import lru_cache
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from .local_days import DAY_MINUTES, wall_end, wall_start
from .types import MIDNIGHT, DriveTime, Place

EARTH_RADIUS_MILES = 3958.8
EVERY_DAY = frozenset(range(7))

# Door to door in Los Angeles, hour by hour from midnight: our own cautious guesses, lower than an empty road
# allows. The owner's table corrects them where they are wrong.
WEEKDAY_MPH = (30, 30, 30, 30, 30, 28, 24, 17, 16, 18, 21, 21, 21, 21, 20, 17, 15, 14, 15, 19, 23, 26, 28, 30)
WEEKEND_MPH = (30, 30, 30, 30, 30, 30, 29, 28, 26, 25, 23, 22, 21, 21, 21, 21, 21, 21, 21, 22, 24, 26, 28, 30)
# Streets are longer than the straight line between two points; a third more is common for a city's grid.
WINDING_FACTOR = 1.35
# Between two addresses nobody takes less: finding the car, the way out, parking.
FLOOR_MINUTES = 8


@dataclass(frozen=True, slots=True)
class WeekBands:
    """At what local times of the week the answers of a DriveTime may change.

    For each weekday from Monday the pairs (wall minute, band), ascending from minute 0: from that minute on,
    the band applies. All departures of one band, on whatever day, have the same answer for the same two
    places.
    """

    zone: tzinfo
    days: tuple[tuple[tuple[int, int], ...], ...]

    def __post_init__(self) -> None:
        if len(self.days) != 7 or any(not day or day[0][0] != 0 for day in self.days):
            raise ValueError("Bands are given for seven days, each from its first minute.")

    def band_at(self, weekday: int, wall_minute: int) -> int:
        """The band of a local time."""
        return [band for start, band in self.days[weekday] if start <= wall_minute][-1]


class Remembered:
    """What the engine was told by one DriveTime, kept for its next question.

    Made anew for a DriveTime with other answers, so it is never wrong; threads may share it, since two of them can
    at most work out the same thing twice. It holds one entry for each pair of places and each weekday asked about.
    """

    __slots__ = ("_counter", "_numbers", "days", "departures", "legs", "places")

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}
        self._counter = count()
        self.places: dict[int, Place] = {}
        self.legs: dict[tuple[int, int], Any] = {}
        # The bands of a weekday on which no clock changes, and a departure for each band.
        self.days: dict[int, tuple[list[int], list[int], list[int]]] = {}
        self.departures: dict[int, datetime] = {}

    def number(self, area: object, place: Place, *, any_address: bool) -> int:
        """The number of the places that are alike to the DriveTime; `place` is one of them. With `any_address` it
        stands for all doors of its area, and so for none: two that share its key would seem to be no drive apart."""
        number = self._numbers.get(area)
        if number is None:
            # The place goes in first: whoever finds the number finds its place.
            fresh = next(self._counter)
            self.places[fresh] = replace(place, address_key=None) if any_address else place
            number = self._numbers.setdefault(area, fresh)
        return number


def one_band(zone: tzinfo) -> WeekBands:
    """For drive times that are the same at any hour."""
    return WeekBands(zone, (((0, 0),),) * 7)


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


@lru_cache(maxsize=65536)
def miles_between(
    origin_latitude: float, origin_longitude: float, destination_latitude: float, destination_longitude: float
) -> float:
    """The great-circle distance in statute miles between two points given in degrees (haversine formula)."""
    origin_phi, destination_phi = math.radians(origin_latitude), math.radians(destination_latitude)
    half_phi = (destination_phi - origin_phi) / 2
    half_lambda = math.radians(destination_longitude - origin_longitude) / 2
    chord = (
        math.sin(half_phi) ** 2
        + math.cos(origin_phi) * math.cos(destination_phi) * math.sin(half_lambda) ** 2
    )
    return 2 * EARTH_RADIUS_MILES * math.asin(min(1.0, math.sqrt(chord)))


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

    def from_free_flow(self, seconds: float, departing_at: datetime) -> int:
        """Minutes for who leaves at `departing_at` (aware), on a way that takes `seconds` when roads are empty.

        The profile's quickest hour is taken for an empty road: an hour at half its speed doubles the drive. The
        floor is the same as for an estimate. So the profile's share of traffic is used, which is our own guess,
        and the way through the streets is not guessed any more.
        """
        local = departing_at.astimezone(self._tz)
        slowdown = max(map(max, self._speeds)) / self._speeds[local.weekday()][local.hour]
        return max(self._floor_minutes, math.ceil(seconds / 60 * slowdown - 1e-6))

    def __call__(self, origin: Place, destination: Place, departing_at: datetime) -> int | None:
        """Minutes from `origin` to `destination` for who leaves at `departing_at` (aware); 0 at the same address."""
        if origin.same_address(destination):
            return 0
        if origin.latitude is None or origin.longitude is None:
            return None
        if destination.latitude is None or destination.longitude is None:
            return None
        miles = miles_between(origin.latitude, origin.longitude, destination.latitude, destination.longitude)
        local = departing_at.astimezone(self._tz)
        hours = miles * self._winding_factor / self._speeds[local.weekday()][local.hour]
        # A millionth of a minute off, so that a drive of exactly 30 minutes isn't 31 by a rounding error.
        return max(self._floor_minutes, math.ceil(hours * 60 - 1e-6))


class MeasuredDrives:
    """Drives whose way somebody has measured, with the estimate for all others.

    `seconds` holds what a drive takes on empty roads, by ((latitude, longitude), (latitude, longitude)) of its two
    ends, one direction; the estimate's profile puts the traffic of the hour on top (`from_free_flow`). Two places
    at one point are left to the estimate. Raises ValueError for a duration that is negative or not a number.
    """

    __slots__ = ("_estimate", "_seconds", "week_bands")
    same_for_all_addresses = True

    def __init__(
        self,
        seconds: Mapping[tuple[tuple[float, float], tuple[float, float]], float],
        estimate: OfflineEstimate,
    ) -> None:
        if not all(0 <= value < math.inf for value in seconds.values()):
            raise ValueError("A drive never takes less than no time.")
        self._seconds = dict(seconds)
        self._estimate = estimate
        self.week_bands = estimate.week_bands

    def __call__(self, origin: Place, destination: Place, departing_at: datetime) -> int | None:
        """Minutes from `origin` to `destination` for who leaves at `departing_at` (aware); 0 at the same address."""
        if origin.same_address(destination):
            return 0
        if origin.point is not None and destination.point is not None:
            seconds = self._seconds.get((origin.point, destination.point))
            if seconds is not None:
                return self._estimate.from_free_flow(seconds, departing_at)
        return self._estimate(origin, destination, departing_at)


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
                            behind.band_at(weekday, edge),
                            frozenset(
                                kind for kind in kinds if weekday in kind[2] and kind[0] <= edge < kind[1]
                            ),
                        ),
                    )
                    for edge in sorted(edges)
                ]
            )
        return _number_bands(self._tz, days)


class WithOverrides:
    """Another DriveTime in which staff have corrected single drives: (origin, destination) → minutes, one
    direction.

    Raises ValueError for a negative override.
    """

    __slots__ = ("_behind", "_minutes", "week_bands")

    def __init__(self, behind: DriveTime, minutes: Mapping[tuple[Place, Place], int]) -> None:
        if any(value < 0 for value in minutes.values()):
            raise ValueError("A drive never takes less than no time.")
        self._behind = behind
        self._minutes = dict(minutes)
        self.week_bands: WeekBands | None = getattr(behind, "week_bands", None)

    def __call__(self, origin: Place, destination: Place, departing_at: datetime) -> int | None:
        """Minutes from `origin` to `destination` for who leaves at `departing_at` (aware); 0 at the same address."""
        if origin.same_address(destination):
            return 0
        override = self._minutes.get((origin, destination))
        if override is not None:
            return override
        return whole_minutes(self._behind(origin, destination, departing_at))


def bands_of(drive_time: DriveTime, zone: tzinfo) -> WeekBands | None:
    """The bands that `drive_time` declares, when it declares them for `zone`."""
    bands: WeekBands | None = getattr(drive_time, "week_bands", None)
    return bands if bands is not None and bands.zone == zone else None


def whole_minutes(minutes: float | None) -> int | None:
    """A DriveTime's answer rounded up; None for no answer, and for one that no drive can take."""
    if minutes is None or not 0 <= minutes <= DAY_MINUTES:
        return None
    return math.ceil(minutes)
