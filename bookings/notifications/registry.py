"""What each kind of message is: its templates, who gets it, and until when it is true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bookings.domain.calendar import CalendarMethod
from bookings.enums import BookingStatus, MessageKind
from bookings.models import Booking, BookingPolicy, Message
from services.models import Business

_S = BookingStatus


@dataclass(frozen=True, slots=True)
class Kind:
    """`true_while` are the statuses in which the message is still true. One with `until_start` is of no use once
    the visit's time has come. `calendar` is the method of its calendar part, None when it has none."""

    folder: str
    audience: Literal["client", "staff"]
    true_while: frozenset[str]
    until_start: bool = False
    calendar: CalendarMethod | None = None


KINDS: dict[str, Kind] = {
    MessageKind.RECEIVED: Kind("received", "client", frozenset({_S.REQUESTED}), until_start=True),
    MessageKind.CONFIRMED: Kind(
        "confirmed", "client", frozenset({_S.CONFIRMED}), until_start=True, calendar="REQUEST"
    ),
    MessageKind.DECLINED: Kind("declined", "client", frozenset({_S.DECLINED})),
    MessageKind.CANCELLED: Kind("cancelled", "client", frozenset({_S.CANCELLED}), calendar="CANCEL"),
    MessageKind.EXPIRED: Kind("expired", "client", frozenset({_S.EXPIRED})),
    # Confirmed too: a known client's visit is confirmed at once, and staff hear of it in the same way.
    MessageKind.STAFF_ALERT: Kind(
        "staff_alert", "staff", frozenset({_S.REQUESTED, _S.CONFIRMED}), until_start=True
    ),
}


def kind_of(message: Message) -> Kind:
    """Raises KeyError for a kind that nobody described here."""
    return KINDS[message.kind]


def recipient(kind: Kind, booking: Booking, business: Business, policy: BookingPolicy) -> str:
    """The email address that a message goes to; an empty text when the owner has given none for staff."""
    if kind.audience == "client":
        return booking.client.email
    return policy.alert_email or business.email


def why_stale(message: Message, booking: Booking, *, now: datetime) -> str:
    """Why a message is not true any more, without naming anybody; an empty text while it is."""
    kind = kind_of(message)
    if booking.status not in kind.true_while:
        return f"the booking is {booking.status} now"
    # Each change that the client is told of makes a revision, and has its own message.
    if booking.revision != message.revision:
        return f"the booking is at revision {booking.revision} now"
    if kind.until_start and booking.starts_at <= now:
        return "the visit's time has come"
    return ""


def calendar_method(kind: Kind, booking: Booking) -> CalendarMethod | None:
    """The method of the calendar part. A visit that never was confirmed is in nobody's calendar to be taken out."""
    if kind.calendar == "CANCEL" and booking.confirmed_at is None:
        return None
    return kind.calendar
