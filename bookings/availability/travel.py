"""What drive times declare, so that the engine asks for each only a few times; and staff's overrides before all.

A `types.DriveTime` is called with two places and an aware departure, and answers whole minutes, or None for unknown.
One whose answers change only at certain times of the week says so in `week_bands`; `by_band(origin, destination)`, if
it has that too, tells the minutes of all bands at once, or None. With `same_for_all_addresses` doors of one area are
alike to it, and `remembered` keeps what the engine has asked. An instance may be shared by requests and threads: what
it remembers can only be worked out again, to the same answer.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from functools import partial
from itertools import count
from typing import Any

from .local_days import DAY_MINUTES
from .types import DriveTime, Place


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


# The starts of one therapist on one day, ascending: minutes since the day's first, and of driving that each adds.
Offsets = list[tuple[int, int]]


class FreeDays(dict[tuple[object, ...], Offsets]):
    """The starts of days without visits, by all that they depend on: `MOST` of them, from then on all anew."""

    __slots__ = ()
    MOST = 2000

    def keep(self, key: tuple[object, ...], offsets: Offsets) -> None:
        """Keeps them, which nobody may change from now on."""
        if len(self) >= self.MOST:
            self.clear()
        self[key] = offsets


class Remembered:
    """What the engine was told by one DriveTime, kept for its next question.

    Made anew for a DriveTime with other answers, so it is never wrong; threads may share it, since two of them can
    at most work out the same thing twice. It holds one entry for each pair of places and each weekday asked about, and
    some `free_days`.
    """

    __slots__ = ("_counter", "days", "departures", "free_days", "legs", "numbers", "places")

    def __init__(self) -> None:
        self.numbers: dict[object, int] = {}
        self._counter = count()
        self.places: dict[int, Place] = {}
        self.legs: dict[tuple[int, int], Any] = {}
        # The bands of a weekday on which no clock changes, and a departure for each band.
        self.days: dict[int, tuple[list[int], list[int], list[int]]] = {}
        self.departures: dict[int, datetime] = {}
        self.free_days = FreeDays()

    def number(self, area: object, place: Place, *, any_address: bool) -> int:
        """The number of the places that are alike to the DriveTime; `place` is one of them. With `any_address` it
        stands for all doors of its area, and so for none: two that share its key would seem to be no drive apart."""
        number = self.numbers.get(area)
        if number is None:
            # The place goes in first: whoever finds the number finds its place.
            fresh = next(self._counter)
            self.places[fresh] = replace(place, address_key=None) if any_address else place
            number = self.numbers.setdefault(area, fresh)
        return number


class Always(dict[int, int | None]):
    """The same minutes in every band."""

    __slots__ = ("_minutes",)

    def __init__(self, minutes: int | None) -> None:
        super().__init__()
        self._minutes = minutes

    def __missing__(self, band: int) -> int | None:
        return self._minutes


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

    @property
    def by_band(self) -> Callable[[Place, Place], Any] | None:
        """The minutes of each band at once, if what is behind can tell them so."""
        behind: Callable[[Place, Place], Any] | None = getattr(self._behind, "by_band", None)
        return partial(self._by_band, behind) if behind is not None else None

    def _by_band(self, behind: Callable[[Place, Place], Any], origin: Place, destination: Place) -> Any:
        override = self._minutes.get((origin, destination))
        return Always(override) if override is not None else behind(origin, destination)


def bands_of(drive_time: DriveTime, zone: tzinfo) -> WeekBands | None:
    """The bands that `drive_time` declares, when it declares them for `zone`."""
    bands: WeekBands | None = getattr(drive_time, "week_bands", None)
    return bands if bands is not None and bands.zone == zone else None


def whole_minutes(minutes: float | None) -> int | None:
    """A DriveTime's answer rounded up; None for no answer, and for one that no drive can take."""
    if minutes is None or not 0 <= minutes <= DAY_MINUTES:
        return None
    return math.ceil(minutes)
