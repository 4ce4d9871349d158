"""A therapist's private calendar feed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q

from bookings.enums import OCCUPYING, LinkPurpose
from bookings.models import Booking, BookingEvent, Therapist
from massagerx.lib.changes import last_changes
from massagerx.lib.localtime import day_bounds, local
from services.models import Business, Service

from .calendar import FeedVisit, therapist_calendar
from .links import find_link

DAYS_BACK = 30
DAYS_AHEAD = 180


@dataclass(frozen=True, slots=True)
class Feed:
    """The calendar's text, and when it last became another (aware)."""

    text: str
    changed_at: datetime


def find_therapist(token: str, *, now: datetime) -> Therapist | None:
    """Whose feed a token opens; None for a token that opens none, and for a therapist who has left."""
    link = find_link(token, purpose=LinkPurpose.FEED, now=now)
    if link is None or link.therapist is None or not link.therapist.is_active:
        return None
    return link.therapist


def therapist_feed(therapist: Therapist, *, now: datetime) -> Feed:
    """The therapist's visits from 30 days back to 180 ahead, in whole local days. The queries don't grow with them."""
    today = local(now).date()
    begin, _ = day_bounds(today - timedelta(days=DAYS_BACK))
    _, end = day_bounds(today + timedelta(days=DAYS_AHEAD))
    bookings = (
        Booking.objects.for_therapist(therapist)
        .filter(status__in=OCCUPYING, starts_at__gte=begin, starts_at__lt=end)
        .select_related("service", "area")
        .annotate(changed_at=Max("events__at"))
        .order_by("starts_at", "pk")
    )
    visits = [FeedVisit(booking, booking.changed_at or booking.created_at) for booking in bookings]
    # A visit that was canceled, or moved to somebody else, is a change of this feed too; and with a new day the
    # window has moved on.
    last = BookingEvent.objects.filter(
        Q(booking__therapist=therapist) | Q(moved_from_therapist=therapist)
    ).aggregate(last=Max("at"))["last"]
    midnight, _ = day_bounds(today)
    text = therapist_calendar(therapist=therapist, visits=visits, business=Business.load())
    # What visits and the therapist are called stands in it as well.
    named = last_changes(Service, Therapist, Business)
    return Feed(text, max(midnight, *named, *([last] if last is not None else [])))
