"""Staff's corrections of single drives on a day; all other drives are `bookings.drives`'."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from django.db.models import Q

from bookings import availability
from bookings.models import Booking, DriveOverride
from massagerx.lib.localtime import day_bounds

from .values import local_day, place_of


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
