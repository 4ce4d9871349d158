"""What the engine remembers of drive times during one call, so that a month asks for each drive only a few
times.

Instants are minutes since 1970-01-01T00:00 UTC (see `local_days`), drives whole minutes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple

from .local_days import DAY_MINUTES, LocalDay, instant_at
from .travel import WeekBands, bands_of, whole_minutes
from .types import DriveTime, Place


class Leg(dict[int, int | None]):
    """The drive from one place to another: minutes by band of traffic, asked for when first looked up.

    A dict, so that looking up what is known costs the hot loop no Python call.
    """

    __slots__ = ("_departures", "_destination", "_drive_time", "_origin")

    def __init__(
        self, drive_time: DriveTime, departures: Mapping[int, datetime], origin: Place, destination: Place
    ) -> None:
        self._drive_time = drive_time
        self._departures = departures
        self._origin = origin
        self._destination = destination

    def __missing__(self, band: int) -> int | None:
        minutes: int | None = 0
        if not self._origin.same_address(self._destination):
            departing_at = self._departures.get(band) or instant_at(band)
            minutes = whole_minutes(self._drive_time(self._origin, self._destination, departing_at))
        self[band] = minutes
        return minutes


class Traffic(NamedTuple):
    """The bands of one day, by minutes since `start`, the day's first minute; the minute of its end included.

    `changes` holds, for each minute, how many minutes after `start` the next band begins.
    """

    start: int
    bands: Sequence[int]
    changes: Sequence[int]

    def arrival(self, leg: Leg, ready: int, limit: int) -> int | None:
        """The earliest minute, `limit` at the latest, at which somebody who is `ready` can have driven `leg`.

        Waiting for lighter traffic is allowed, so being ready earlier never means arriving later. A departure
        at which the drive is unknown is no departure. Both minutes have to be of this day.
        """
        best = limit + 1
        index = ready - self.start
        while self.start + index < best:
            minutes = leg[self.bands[index]]
            if minutes is not None and self.start + index + minutes < best:
                best = self.start + index + minutes
            index = self.changes[index]
        return best if best <= limit else None


class Drives:
    """All drives of one call."""

    __slots__ = (
        "_area_ids", "_area_legs", "_areas", "_days", "_departures", "_drive_time", "_ids", "_legs", "_places", "_week",
    )  # fmt: skip

    def __init__(self, drive_time: DriveTime, zone: tzinfo) -> None:
        self._drive_time = drive_time
        self._week: WeekBands | None = bands_of(drive_time, zone)
        # One departure for each band; without bands, a band is a minute, and departs then.
        self._departures: dict[int, datetime] = {}
        self._days: dict[int, tuple[list[int], list[int]]] = {}
        self._places: list[Place] = []
        self._ids: dict[Place, int] = {}
        self._legs: dict[tuple[int, int], Leg] = {}
        # Where doors make no difference, places of one area share their legs; None where they may make one.
        self._areas: list[int] | None = [] if getattr(drive_time, "same_for_all_doors", False) else None
        self._area_ids: dict[tuple[object, ...], int] = {}
        self._area_legs: dict[tuple[int, int], Leg] = {}

    def place_id(self, place: Place) -> int:
        """A number for `place`: hashing it again for every leg would cost more than the rest."""
        number = self._ids.setdefault(place, len(self._places))
        if number == len(self._places):
            self._places.append(place)
            if self._areas is not None:
                area = (place.zip_code, place.zone, place.latitude, place.longitude)
                self._areas.append(self._area_ids.setdefault(area, len(self._area_ids)))
        return number

    def leg(self, origin: int, destination: int) -> Leg:
        """The drive between two numbered places."""
        leg = self._legs.get((origin, destination))
        if leg is None:
            leg = self._legs[origin, destination] = self._new_leg(origin, destination)
        return leg

    def _new_leg(self, origin: int, destination: int) -> Leg:
        start, end = self._places[origin], self._places[destination]
        if self._areas is None or start.same_address(end):
            return Leg(self._drive_time, self._departures, start, end)
        areas = self._areas[origin], self._areas[destination]
        shared = self._area_legs.get(areas)
        if shared is None:
            shared = self._area_legs[areas] = Leg(self._drive_time, self._departures, start, end)
        return shared

    def traffic(self, day: LocalDay) -> Traffic:
        """The bands of `day`."""
        length = day.end - day.start
        if self._week is None:
            return Traffic(day.start, range(day.start, day.end + 1), range(1, length + 2))
        weekday = day.date.weekday()
        plain = len(day.parts) == 1 and length == DAY_MINUTES
        known = self._days.get(weekday) if plain else None
        if known is None:
            known = self._plain(weekday) if plain else self._changing(day)
            for index in {0, *known[1]}:
                if index <= length:
                    self._departures.setdefault(known[0][index], instant_at(day.start + index))
            if plain:
                self._days[weekday] = known
        return Traffic(day.start, *known)

    def _plain(self, weekday: int) -> tuple[list[int], list[int]]:
        assert self._week is not None
        bands: list[int] = []
        changes: list[int] = []
        edges = self._week.days[weekday]
        for number, (edge, band) in enumerate(edges):
            until = edges[number + 1][0] if number + 1 < len(edges) else DAY_MINUTES
            bands += [band] * (until - edge)
            changes += [until] * (until - edge)
        bands.append(self._week.days[(weekday + 1) % 7][0][1])
        changes.append(DAY_MINUTES + 1)
        return bands, changes

    def _changing(self, day: LocalDay) -> tuple[list[int], list[int]]:
        """For a day on which clocks change: its bands follow the wall clock."""
        wall = self._plain(day.date.weekday())[0]
        bands: list[int] = []
        for part in day.parts:
            first = part.start + part.offset - day.wall_zero
            bands += wall[first : first + part.end - part.start]
        bands.append(wall[-1])
        changes = [len(bands)] * len(bands)
        for index in range(len(bands) - 2, -1, -1):
            changes[index] = changes[index + 1] if bands[index] == bands[index + 1] else index + 1
        return bands, changes
