"""How a visit stands, in words."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from bookings.enums import BookingStatus
from bookings.models import Booking


def headline(booking: Booking, *, now: datetime) -> tuple[str, str]:
    """One or two words for the state, and a sentence."""
    is_past = booking.ends_at <= now
    begun = booking.starts_at <= now
    if booking.status == BookingStatus.CONFIRMED:
        if is_past:
            return _("Visited"), _("This visit has taken place.")
        if begun:
            return _("Today"), _("Your visit is under way.")
        return _("Confirmed"), _("Your visit is booked.")
    return {
        BookingStatus.REQUESTED: (_("Request received"), _("We have your request.")),
        BookingStatus.COMPLETED: (_("Visited"), _("Thank you for having us.")),
        BookingStatus.NO_SHOW: (_("Missed"), _("We came, and nobody answered the door.")),
        BookingStatus.CANCELED: (_("Canceled"), _("This visit is canceled.")),
        BookingStatus.DECLINED: (_("Declined"), _("We couldn’t take this visit.")),
        BookingStatus.EXPIRED: (_("Expired"), _("We did not answer this request in time. We are sorry.")),
    }[BookingStatus(booking.status)]
