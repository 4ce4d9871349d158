"""Look-ups that more than one page needs."""

from __future__ import annotations

from django.db.models import Min

from bookings.models import Booking, ServedZip, Zone

from .selection import load_area


def area(zip_code: str) -> ServedZip:
    """The served area of a ZIP code. Raises `OutsideArea`."""
    return load_area(zip_code)


def booking_by_reference(reference: str) -> Booking | None:
    """A booking with all that a page shows, or None."""
    return Booking.objects.with_details().filter(reference=reference).first()


def lowest_travel_cents() -> int:
    """The lowest travel fee among the zones that we drive to, in cents: what the first price shown must hold."""
    served = Zone.objects.filter(zips__is_active=True)
    return served.aggregate(lowest=Min("travel_fee_cents"))["lowest"] or 0
