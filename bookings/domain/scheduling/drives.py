"""Drives: the owner's table, the routing server where there is one, the estimate, and staff's corrections of a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from itertools import pairwise, permutations

from django.conf import settings
from django.db.models import Q

from bookings import availability
from bookings.domain.visit_request import VisitRequest
from bookings.integrations import routing
from bookings.models import Booking, DriveOverride, DriveTime, ServiceArea
from massagerx.lib.compiled_query import CompiledQuery
from massagerx.lib.localtime import day_bounds, local

from .values import local_day, place_of, therapist_values

# From one point to another: latitude and longitude in degrees.
Leg = tuple[tuple[float, float], tuple[float, float]]


def asks_a_server() -> bool:
    """Whether drive times come from a routing server."""
    return routing.source() is not None


def warm_drives(visit_request: VisitRequest, day: date, now: datetime) -> None:
    """Looks drive times up for a decision about a start on this local day.

    To be called before the transaction that locks therapists: under the lock nobody waits for a routing server, and
    what was not looked up is estimated. Without a routing server it does nothing, not even a query.
    """
    source = routing.source()
    if source is not None:
        therapists = visit_request.therapists or visit_request.read(local(now).date()).therapists
        values, _closures = therapist_values(
            therapists,
            first_day=day,
            last_day=day,
            now=now,
            excluding_booking=visit_request.excluding_booking,
            draft=visit_request.draft,
        )
        source.warm(_legs(values, place_of(visit_request.area)))


def warm_drives_of(booking: Booking, area: ServiceArea, now: datetime) -> None:
    """The same for a decision about a visit that stands, in an area."""
    source = routing.source()
    if source is not None:
        day = local_day(booking.starts_at)
        values, _closures = therapist_values(
            [booking.therapist], first_day=day, last_day=day, now=now, excluding_booking=booking
        )
        source.warm(_legs(values, place_of(area)))


def drives_to(
    therapists: Sequence[availability.Therapist], place: availability.Place
) -> availability.DriveTable:
    """The owner's table first, then the routing server if there is one, then the offline estimate; one query.

    Of the server only what is known or can be looked up outside of a transaction, see `integrations.routing`. What
    comes back is a value: the same answers for the whole decision.
    """
    source = routing.source()
    legs = _legs(therapists, place) if source is not None else []
    if source is not None:
        source.warm(legs)
    return drive_table(legs)


def drive_table(legs: Sequence[Leg]) -> availability.DriveTable:
    """The drives of one decision; of the routing server only what is already known of these legs. One query."""
    rows = tuple(_DRIVES.rows())
    source = routing.source()
    if source is None:
        return _estimated_table(rows, settings.TIME_ZONE)
    estimate = availability.OfflineEstimate(settings.TIME_ZONE)
    behind = availability.MeasuredDrives(source.known(legs), estimate)
    return availability.DriveTable(_drive_rows(rows), settings.TIME_ZONE, behind=behind)


# Origin, destination, minutes, and the band of the day from when until when.
DriveFigures = tuple[int, int, int, time, time]
_DRIVES = CompiledQuery(
    lambda _: DriveTime.objects.order_by("pk").values_list(
        "origin_id", "destination_id", "minutes", "starts_at", "ends_at"
    )
)


def _drive_rows(rows: Iterable[DriveFigures]) -> list[availability.DriveRow]:
    return [
        availability.DriveRow(
            origin_zone=str(origin),
            destination_zone=str(destination),
            minutes=max(1, minutes),
            start=start,
            end=end,
        )
        for origin, destination, minutes, start, end in rows
    ]


@lru_cache(maxsize=8)
def _estimated_table(rows: tuple[DriveFigures, ...], zone: str) -> availability.DriveTable:
    """The same rows make the same table, and making it costs as much as a day's times."""
    return availability.DriveTable(_drive_rows(rows), zone, behind=availability.OfflineEstimate(zone))


def legs_between(places: Sequence[availability.Place]) -> list[Leg]:
    """Every drive from one of these places to another."""
    points = {place.point for place in places if place.point is not None}
    return list(permutations(points, 2))


def _legs(therapists: Sequence[availability.Therapist], place: availability.Place) -> list[Leg]:
    """The drives that the engine may ask about for a visit at `place`, those of the visit itself first."""
    here: list[tuple[availability.Place, availability.Place]] = []
    others: list[tuple[availability.Place, availability.Place]] = []
    for therapist in therapists:
        stops = [taken.place for taken in sorted(therapist.existing, key=lambda taken: taken.blocked.start)]
        here += [leg for stop in (therapist.home, *stops) for leg in ((place, stop), (stop, place))]
        others += [leg for stop in stops for leg in ((therapist.home, stop), (stop, therapist.home))]
        others += pairwise(stops)
    points = ((origin.point, destination.point) for origin, destination in here + others)
    return list(dict.fromkeys((a, b) for a, b in points if a is not None and b is not None and a != b))


def corrections_between(
    therapist_ids: Iterable[int], *, first_day: date, last_day: date
) -> dict[tuple[int, date], dict[tuple[availability.Place, availability.Place], int]]:
    """Staff's own figures for drives between booked visits of these local days, by therapist and day; one query.

    Places of booked visits carry their address's key, so a correction speaks of no other place.
    """
    start, end = day_bounds(first_day)[0], day_bounds(last_day)[1]
    keys = list(therapist_ids)
    ends = ("from_booking", "to_booking")
    rows = DriveOverride.objects.filter(
        Q(
            from_booking__therapist__in=keys,
            from_booking__starts_at__gte=start,
            from_booking__starts_at__lt=end,
        )
        | Q(to_booking__therapist__in=keys, to_booking__starts_at__gte=start, to_booking__starts_at__lt=end)
    ).select_related(
        *(f"{name}__{path}" for name in ends for path in ("area", "therapist__home_zip")),
    )
    corrections: dict[tuple[int, date], dict[tuple[availability.Place, availability.Place], int]] = (
        defaultdict(dict)
    )
    for row in rows:
        visits = [visit for visit in (row.from_booking, row.to_booking) if visit is not None]
        days = {(visit.therapist_id, local_day(visit.starts_at)) for visit in visits}
        if len(days) != 1:
            continue  # one of the two has been moved since: there is no such drive any more
        home = place_of(visits[0].therapist.home_zip)
        pair = _place_of_visit(row.from_booking) or home, _place_of_visit(row.to_booking) or home
        corrections[days.pop()][pair] = row.minutes
    return corrections


def _place_of_visit(booking: Booking | None) -> availability.Place | None:
    return place_of(booking.area, address_key=booking.address_key) if booking is not None else None
