"""What the engine remembers of drive times, so that a month asks for each drive only a few times.

Instants are minutes since 1970-01-01T00:00 UTC (see `local_days`), drives whole minutes.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from operator import itemgetter
from typing import Any, NamedTuple

from .local_days import DAY_MINUTES, LocalDay, instant_at, minute_floor
from .travel import Always, FreeDays, Remembered, WeekBands, bands_of, whole_minutes
from .types import DriveTime, Place

# No drive takes longer: corrections by staff and the owner's table stop there.
LONGEST_DRIVE_MINUTES = 300
# The bands of a day, where each begins and where the next one does (see `Traffic`).
Bands = tuple[list[int], list[int], list[int]]
# A number for all places that drives don't tell apart, and the door, where it is known.
Spot = tuple[int, str | None]


# Minutes by band of traffic: told all at once, or asked for one by one.
ByBand = Mapping[int, int | None] | Sequence[int | None]


class Leg(NamedTuple):
    """The drive from one place to another: minutes by band, none of them fewer than `least`."""

    by_band: ByBand
    least: int = 0

    @classmethod
    def told(cls, by_band: ByBand) -> "Leg":
        """With the least of all bands, when all of them are known."""
        known = [minutes for minutes in by_band if minutes is not None]
        return cls(by_band, min(known) if len(known) == len(by_band) > 0 else 0)


class AskedMinutes(dict[int, int | None]):
    """Minutes from one place to another by band of traffic, asked for when first looked up.

    A dict, so that looking up what is known costs the hot loop no Python call.
    """

    __slots__ = ("_departures", "_destination", "_drive_time", "_origin")

    def __init__(
        self, drive_time: DriveTime, departures: dict[int, Any], origin: Place, destination: Place
    ) -> None:
        self._drive_time = drive_time
        self._departures = departures
        self._origin = origin
        self._destination = destination

    def __missing__(self, band: int) -> int | None:
        departing_at = self._departures.get(band) or instant_at(band)
        minutes = whole_minutes(self._drive_time(self._origin, self._destination, departing_at))
        self[band] = minutes
        return minutes


_SAME_ADDRESS = Leg(Always(0))
_UNKNOWN = Leg(Always(None))


class Traffic(NamedTuple):
    """The bands of one day, by minutes since `start`, the day's first minute; the minute of its end included.

    For each minute `begins` holds how many minutes after `start` its band begins, and `changes` the next one.
    """

    start: int
    bands: Sequence[int]
    begins: Sequence[int]
    changes: Sequence[int]

    def arrival(self, leg: Leg, ready: int, limit: int) -> int | None:
        """The earliest minute, `limit` at the latest, at which somebody who is `ready` can have driven `leg`.

        Waiting for lighter traffic is allowed, so being ready earlier never means arriving later. A departure
        at which the drive is unknown is no departure. Both minutes have to be of this day.
        """
        by_band, least = leg
        bands, changes, day_start = self.bands, self.changes, self.start
        index, best = ready - day_start, limit + 1 - day_start
        while index + least < best:
            minutes = by_band[bands[index]]
            if minutes is not None and index + minutes < best:
                best = index + minutes
            index = changes[index]
        best += day_start
        return best if best <= limit else None

    def departure(self, leg: Leg, ready: int, limit: int) -> int | None:
        """The latest minute, `ready` at the earliest, at which somebody can leave and have driven `leg` by `limit`.

        None when there is none. Whoever is ready by then is there in time. Both minutes have to be of this day.
        """
        by_band, least = leg
        first, end = ready - self.start, limit - self.start
        index = end - least
        while index >= first:
            band_begins = self.begins[index]
            minutes = by_band[self.bands[index]]
            if minutes is not None:
                leaving = end - minutes if end - minutes < index else index
                if leaving >= band_begins and leaving >= first:
                    return self.start + leaving
            index = band_begins - 1
        return None


class Drives:
    """All drives of one call, with what the drive times remember from earlier calls, if they do."""

    __slots__ = (
        "_drive_time", "_last", "_legs", "_one_area", "_remembered", "_week", "_zone", "free_days",
    )  # fmt: skip

    def __init__(self, drive_time: DriveTime, zone: tzinfo) -> None:
        self._drive_time = drive_time
        self._zone = zone
        self._week: WeekBands | None = bands_of(drive_time, zone)
        # Where doors make no difference, places of one area share their legs.
        self._one_area = bool(getattr(drive_time, "same_for_all_addresses", False))
        remembered: Remembered | None = getattr(drive_time, "remembered", None)
        # Without bands, a band is a minute, and nothing is worth keeping.
        self._remembered = Remembered() if remembered is None or self._week is None else remembered
        self._legs = self._remembered.legs
        # Without bands no two days are known to be alike.
        self.free_days: FreeDays | None = self._remembered.free_days if self._week is not None else None
        self._last: tuple[LocalDay, Traffic] | None = None

    def place_id(self, place: Place) -> Spot:
        """A handle for `place`: hashing it again for every leg would cost more than the rest."""
        area = (place.zip_code, place.zone, place.latitude, place.longitude) if self._one_area else place
        number = self._remembered.numbers.get(area)
        if number is None:
            number = self._remembered.number(area, place, any_address=self._one_area)
        return number, place.address_key

    def leg(self, origin: Spot, destination: Spot) -> Leg:
        """The drive between two places."""
        area, address = origin
        goal, goal_address = destination
        if address is not None and address == goal_address:
            return _SAME_ADDRESS
        leg: Leg | None = self._legs.get((area, goal))
        if leg is None:
            places = self._remembered.places
            leg = self._legs[area, goal] = self._new_leg(places[area], places[goal])
        return leg

    def _new_leg(self, origin: Place, destination: Place) -> Leg:
        by_band = getattr(self._drive_time, "by_band", None)
        if by_band is None or self._week is None:
            return Leg(AskedMinutes(self._drive_time, self._remembered.departures, origin, destination))
        told: ByBand | None = by_band(origin, destination)
        return _UNKNOWN if told is None else Leg.told(told)

    def minutes(self, leg: Leg, departing_at: datetime) -> int | None:
        """What `leg` takes who leaves at `departing_at` (aware); None when nobody knows."""
        return leg.by_band[self._band(departing_at)[0]]

    def latest_departure(self, leg: Leg, arriving_at: datetime) -> tuple[int | None, datetime | None]:
        """The minutes of `leg`, and the latest whole number of minutes before `arriving_at` (aware) at which one can
        leave and be there in time. (None, None) when nobody knows, or when not even `LONGEST_DRIVE_MINUTES` are enough.
        """
        early = 0
        while early <= LONGEST_DRIVE_MINUTES:
            departing_at = arriving_at - timedelta(minutes=early)
            band, since = self._band(departing_at)
            minutes = leg.by_band[band]
            if minutes is None:
                return None, None
            if minutes <= early:
                return minutes, departing_at
            # Up to where the band began the drive stays as long, so leaving before that is too late as well.
            ahead = min(minutes, early + since + 1)
            unchanged = self._offset(arriving_at - timedelta(minutes=ahead)) == self._offset(departing_at)
            early = ahead if unchanged else early + 1
        return None, None

    def _band(self, departing_at: datetime) -> tuple[int, int]:
        """The band at an instant, and for how many minutes on the wall clock it has been on that day."""
        if self._week is None:
            return minute_floor(departing_at), 0
        local = departing_at.astimezone(self._zone)
        day, wall = self._week.days[local.weekday()], local.hour * 60 + local.minute
        start, band = day[bisect_right(day, wall, key=itemgetter(0)) - 1]
        self._remembered.departures.setdefault(band, departing_at)
        return band, wall - start

    def _offset(self, instant: datetime) -> timedelta | None:
        return instant.astimezone(self._zone).utcoffset()

    def traffic(self, day: LocalDay) -> Traffic:
        """The bands of `day`."""
        if self._last is None or self._last[0] is not day:
            self._last = day, self._traffic(day)
        return self._last[1]

    def _traffic(self, day: LocalDay) -> Traffic:
        length = day.end - day.start
        if self._week is None:
            every_minute = range(length + 1)
            return Traffic(day.start, range(day.start, day.end + 1), every_minute, range(1, length + 2))
        weekday = day.weekday
        plain = day.is_plain
        known = self._remembered.days.get(weekday) if plain else None
        if known is None:
            known = self._plain(self._week, weekday) if plain else self._changing(self._week, day)
            for index in {0, *known[2]}:
                if index <= length:
                    self._remembered.departures.setdefault(known[0][index], instant_at(day.start + index))
            if plain:
                self._remembered.days[weekday] = known
        return Traffic(day.start, *known)

    def _plain(self, week: WeekBands, weekday: int) -> Bands:
        bands: list[int] = []
        begins: list[int] = []
        changes: list[int] = []
        edges = week.days[weekday]
        for number, (edge, band) in enumerate(edges):
            until = edges[number + 1][0] if number + 1 < len(edges) else DAY_MINUTES
            bands += [band] * (until - edge)
            begins += [edge] * (until - edge)
            changes += [until] * (until - edge)
        bands.append(week.days[(weekday + 1) % 7][0][1])
        begins.append(DAY_MINUTES)
        changes.append(DAY_MINUTES + 1)
        return bands, begins, changes

    def _changing(self, week: WeekBands, day: LocalDay) -> Bands:
        """For a day on which clocks change: its bands follow the wall clock."""
        wall = self._plain(week, day.date.weekday())[0]
        bands: list[int] = []
        for part in day.parts:
            first = part.start + part.offset - day.wall_zero
            bands += wall[first : first + part.end - part.start]
        bands.append(wall[-1])
        changes = [len(bands)] * len(bands)
        for index in range(len(bands) - 2, -1, -1):
            changes[index] = changes[index + 1] if bands[index] == bands[index + 1] else index + 1
        begins = [0] * len(bands)
        for index in range(1, len(bands)):
            begins[index] = begins[index - 1] if bands[index] == bands[index - 1] else index
        return bands, begins, changes
