"""Where somebody could come to at all, as far as drives go: within their reach, and there and back in a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, time
from typing import Any, NamedTuple

from django.db.models import F, Min, Prefetch, Q, QuerySet

from bookings.drives.table import read_drives
from bookings.models import ExtraHours, ServiceArea, Therapist, WorkingHours, Zone
from services.models import ServiceOption

from .queries import visited_zones
from .scheduling import place_of

_MIDNIGHT = 24 * 60


class _Day(NamedTuple):
    """A day of somebody's: where they set out from, how many minutes they drive at most, the minutes from their first
    hour to their last, and the zones (keys) that they can be in then; None for all of them."""

    home: ServiceArea
    reach: int | None
    minutes: int
    zones: frozenset[int] | None


class Reach:
    """Of therapists (left out, all who can be booked), read once: five queries."""

    def __init__(self, *, today: date, therapists: QuerySet[Therapist] | None = None) -> None:
        """Hours count that hold on the local day `today` or later."""
        who = Therapist.objects.bookable(today) if therapists is None else therapists
        self._days = set(_days_of(list(who.select_related("home_zip")), today))
        self._drives = read_drives()
        whole = F("minutes") + F("service__setup_minutes") + F("service__packdown_minutes")
        offered = ServiceOption.objects.active().filter(service__is_active=True).order_by()
        self._shortest: int = offered.aggregate(least=Min(whole))["least"] or 0

    def includes(self, area: ServiceArea) -> bool:
        """Whether somebody could come to this ZIP code: with hours in its zone, within their reach, and with time
        enough from the first hour to the last for the way there, the shortest visit and the way home. While nobody has
        any hours, all of them are: that is a pause. No query."""
        return not self._days or any(self._fits(day, area) for day in self._days)

    def _fits(self, day: _Day, area: ServiceArea) -> bool:
        if day.zones is not None and area.zone_id not in day.zones:
            return False
        there, back = self._least(day.home, area), self._least(area, day.home)
        is_near = day.reach is None or there <= day.reach
        return is_near and there + self._shortest + back <= day.minutes

    def _least(self, origin: ServiceArea, destination: ServiceArea) -> int:
        """The minutes of the shortest drive of the week; none where nobody knows."""
        told = self._drives.by_band(place_of(origin), place_of(destination)) or ()
        return min((minutes for minutes in told if minutes is not None), default=0)


def zones_within_reach(*, today: date) -> list[Zone]:
    """Those of `queries.visited_zones` with a ZIP code that somebody could come to. Seven queries."""
    served = Prefetch("zips", ServiceArea.objects.filter(is_active=True).order_by("zip_code"))
    reach = Reach(today=today)
    zones = visited_zones(today).prefetch_related(served)
    return [zone for zone in zones if any(map(reach.includes, zone.zips.all()))]


def lowest_travel_cents(today: date) -> int:
    """The lowest travel fee among the zones that somebody could come to, in cents: what the first price shown must
    hold. One query where all cost the same, eight otherwise."""
    fees = set(visited_zones(today).order_by().values_list("travel_fee_cents", flat=True))
    if len(fees) > 1:
        fees = {zone.travel_fee_cents for zone in zones_within_reach(today=today)} or fees
    return min(fees, default=0)


def _days_of(therapists: list[Therapist], today: date) -> Iterator[_Day]:
    """Every weekday of each, and every date with extra hours, which add up with those of its weekday."""
    theirs = Q(therapist__in=therapists)
    weekly = WorkingHours.objects.filter(theirs, Q(valid_until=None) | Q(valid_until__gte=today))
    extra = ExtraHours.objects.filter(theirs, date__gte=today)
    figures = ("therapist", "starts_at", "ends_at", "zones")
    found: dict[int, dict[Any, list[tuple[time, time, int | None]]]] = defaultdict(lambda: defaultdict(list))
    for rows, when in ((weekly, "weekday"), (extra, "date")):
        for day, key, *hours in rows.order_by().values_list(when, *figures):
            found[key][day].append((hours[0], hours[1], hours[2]))
    for therapist in therapists:
        days = found[therapist.pk]
        for day, own in list(days.items()):
            hours = [*own, *days.get(day.weekday(), ())] if isinstance(day, date) else own
            first = min(_minute(starts_at) for starts_at, _ends_at, _zone in hours)
            last = max(_minute(ends_at) or _MIDNIGHT for _starts_at, ends_at, _zone in hours)
            zones = frozenset(zone for _starts_at, _ends_at, zone in hours if zone is not None)
            is_anywhere = any(zone is None for _starts_at, _ends_at, zone in hours)
            where = None if is_anywhere else zones
            yield _Day(therapist.home_zip, therapist.reach_minutes, last - first, where)


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute
