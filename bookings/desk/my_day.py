"""The front page of a therapist, made for a phone between two doors: the next visit, the rest of today, tomorrow."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse

from bookings.domain.day_board import Visit, load_columns
from bookings.enums import BookingStatus
from bookings.models import Booking
from bookings.staff.labels import access_lines, clock, clock_span, drive_words, local_when, map_url, way_url
from bookings.staff.visibility import FINISH_OWN, sees_own_visits, therapists_seen_by
from massagerx.lib.localtime import local
from services.models import Business

# Visits of so many days back are asked about while nobody has said how they ended.
LOOKS_BACK = timedelta(days=14)
MOST_OPEN = 10


def my_day(user: User | AnonymousUser, now: datetime) -> dict[str, Any] | None:
    """What a therapist needs to know now; None for everybody else. Without a therapist behind the log-in only
    `is_unknown` is there. Nine queries, however full the days are."""
    if not sees_own_visits(user):
        return None
    therapist = therapists_seen_by(user).first()
    if therapist is None:
        return {"is_unknown": True}
    today = local(now).date()
    tomorrow = today + timedelta(days=1)
    columns = load_columns(therapists=[therapist], first_day=today, last_day=tomorrow, now=now)
    coming = [visit for visit in columns[0].visits if visit.is_ahead(now)]
    after = [visit for visit in columns[1].visits if visit.is_ahead(now)]
    following = next(iter([*coming, *after]), None)
    home = columns[0].way_home
    return {
        "next": _next(user, following, now) if following is not None else None,
        "next_is_tomorrow": not coming,
        "then": [_line(visit) for visit in coming[1:]],
        "home_at": clock(home.arrives_at) if coming and home is not None and home.arrives_at else "",
        "done": len(columns[0].visits) - len(coming),
        "open": _open(therapist.pk, now),
        "may_finish": user.has_perm(FINISH_OWN),
        "tomorrow": [_line(visit) for visit in after if visit is not following],
        "tomorrow_url": f"{reverse('admin:bookings_booking_day')}?day={tomorrow}",
        "today": today,
        "may_take_off": user.has_perm("bookings.add_timeoff"),
        "business": Business.load(),
    }


def _line(visit: Visit) -> dict[str, Any]:
    """A visit in a few words."""
    booking, drive = visit.booking, visit.drive
    return {
        "booking": booking,
        "url": reverse("admin:bookings_booking_change", args=[booking.pk]),
        "span": clock_span(booking.starts_at, booking.ends_at),
        "leave_by": clock(drive.leaves_at) if drive is not None and drive.leaves_at is not None else "",
        "drive": drive_words(drive) if drive is not None else "",
        "is_request": booking.status == BookingStatus.REQUESTED,
        "needs_a_look": visit.needs_a_look,
        "has_caution": visit.has_caution,
        "way_url": way_url(booking),
        "map_url": map_url(booking),
    }


def _next(user: User | AnonymousUser, visit: Visit, now: datetime) -> dict[str, Any]:
    """The next visit, or the one that goes on, with the way in."""
    booking = visit.booking
    may_enter = user.has_perm("bookings.view_accessnotes") and booking.has_access
    access, is_lost = access_lines(booking) if may_enter else ([], False)
    has_begun = booking.starts_at <= now
    return {
        **_line(visit),
        "access": access,
        "access_lost": is_lost,
        "has_begun": has_begun,
        "may_end": has_begun and booking.status == BookingStatus.CONFIRMED,
    }


def _open(therapist_pk: int, now: datetime) -> list[dict[str, Any]]:
    """Visits that are over and of which nobody has said how they ended, the oldest first."""
    rows = (
        Booking.objects.filter(
            therapist=therapist_pk,
            status=BookingStatus.CONFIRMED,
            starts_at__gt=now - LOOKS_BACK,
            ends_at__lte=now,
        )
        .select_related("client", "service")
        .order_by("starts_at")[:MOST_OPEN]
    )
    return [{"booking": row, "when": local_when(row.starts_at)} for row in rows]
