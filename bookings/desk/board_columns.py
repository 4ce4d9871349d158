"""One therapist's day as the board's template draws it: cards and stretches with their minutes on the day's scale."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from bookings.domain import operations
from bookings.domain.day_board import SHORTEST_GAP, Column, Visit
from bookings.domain.scheduling import Drive
from bookings.enums import BookingStatus
from bookings.models import Booking
from bookings.refusals import stranding_words
from bookings.staff.labels import (
    clock,
    clock_span,
    drive_words,
    local_span,
    long_day,
    map_url,
    status_mark,
)
from massagerx.lib.localtime import day_bounds, local

# The board shows at least these hours, as minutes after local midnight, and more where there is more.
_FROM, _UNTIL = 8 * 60, 19 * 60


def column_words(column: Column, *, now: datetime, may_change: bool = False) -> dict[str, Any]:
    """The column, its visits, gaps, holds and time off by time. `may_change` adds the links that move and book."""
    day, home = column.day, column.way_home
    items: list[dict[str, Any]] = [
        _card(visit, column, may_change=may_change, now=now) for visit in column.visits
    ]
    items += _gaps(column, may_change=may_change, now=now)
    items += [_stretch("hold", hold, day) for hold in column.plan.holds]
    items += [_stretch("off", off, day) for off in column.plan.off]
    return {
        "therapist": column.therapist,
        "day": day,
        "day_words": long_day(day),
        "short_day": f"{day:%a} {day.day}",
        "is_today": day == local(now).date(),
        "count": len(column.visits),
        "treatment_minutes": column.treatment_minutes,
        "drive_minutes": column.drive_minutes,
        "hours": [
            {
                "from": minute_of_day(start, day),
                "until": minute_of_day(end, day),
                "drawn": (end - start) // timedelta(minutes=1),
                "words": clock_span(start, end),
            }
            for start, end in column.plan.hours
        ],
        "items": sorted(
            ({**item, "drawn": item["until"] - item["from"]} for item in items),
            key=lambda item: (item["from"], item["until"]),
        ),
        "home": _drive(home, day) if home else None,
    }


def span_of(columns: Sequence[Column]) -> tuple[int, int]:
    """From which whole hour to which the board is drawn, in minutes after local midnight."""
    marks = [_FROM, _UNTIL]
    for column in columns:
        instants = [instant for span in column.plan.hours for instant in span]
        for visit in column.visits:
            instants += [visit.booking.blocked_from, visit.booking.blocked_until]
        for drive in column.plan.drives:
            instants += [instant for instant in (drive.leaves_at, drive.arrives_at) if instant is not None]
        marks += [minute_of_day(instant, column.day) for instant in instants]
    return min(marks) // 60 * 60, -(-max(marks) // 60) * 60


def minute_of_day(instant: datetime, day: date) -> int:
    """Where an instant stands on the day's scale: real minutes since local midnight."""
    return int((instant - day_bounds(day)[0]).total_seconds() // 60)


def _card(visit: Visit, column: Column, *, may_change: bool, now: datetime) -> dict[str, Any]:
    booking: Booking = visit.booking
    day = column.day
    may_move = may_change and booking.status in operations.MOVABLE and booking.starts_at > now
    return {
        "kind": "visit",
        "booking": booking,
        "from": minute_of_day(booking.blocked_from, day),
        "until": minute_of_day(booking.blocked_until, day),
        "treatment_from": minute_of_day(booking.starts_at, day),
        "treatment_until": minute_of_day(booking.ends_at, day),
        "treatment": local_span(booking.starts_at, booking.ends_at),
        "clocks": clock_span(booking.starts_at, booking.ends_at),
        "door": clock_span(booking.blocked_from, booking.blocked_until),
        "at_door": local_span(booking.blocked_from, booking.blocked_until),
        "drive": _drive(visit.drive, day) if visit.drive else None,
        # A visit to come says nothing: it is what a board is for.
        "status": status_mark(booking, now) if _needs_mark(booking, now) else "",
        "stranded": stranding_words(visit.stranded) if visit.stranded else "",
        "needs_a_look": visit.needs_a_look,
        "has_caution": visit.has_caution,
        "has_notes": visit.booking.has_client_note if may_change else visit.booking.has_door_note,
        "place": visit.place,
        "map_url": map_url(booking),
        "address": reverse("admin:bookings_booking_change", args=[booking.pk]),
        "move": reverse("admin:bookings_booking_move", args=[booking.pk]) if may_move else "",
    }


def _needs_mark(booking: Booking, now: datetime) -> bool:
    return booking.status != BookingStatus.CONFIRMED or booking.is_not_closed(now)


def _drive(drive: Drive, day: date) -> dict[str, Any]:
    leaves_at, arrives_at = drive.leaves_at, drive.arrives_at
    return {
        "minutes": drive.minutes,
        "length": drive_words(drive),
        "fits": drive.fits,
        "from": minute_of_day(leaves_at, day) if leaves_at else None,
        "until": minute_of_day(arrives_at, day) if arrives_at else None,
        "drawn": (arrives_at - leaves_at) // timedelta(minutes=1) if leaves_at and arrives_at else None,
        "leave_by": clock(leaves_at) if leaves_at else "",
        "arrive": clock(arrives_at) if arrives_at else "",
    }


def _gaps(column: Column, *, may_change: bool, now: datetime) -> list[dict[str, Any]]:
    """What was free, and what is: of a gap that has begun what is left of it."""
    query = urlencode({"day": column.day, "therapist": column.therapist.slug})
    book = f"{reverse('admin:bookings_booking_book')}?{query}"
    gaps = []
    for start, end in column.gaps:
        is_over = end <= now
        left = (start if is_over else max(start, now), end)
        if left[1] - left[0] >= SHORTEST_GAP:
            gap = _stretch("gap", left, column.day)
            gaps.append({**gap, "book": book if may_change and not is_over else ""})
    return gaps


def _stretch(kind: str, span: tuple[datetime, datetime], day: date) -> dict[str, Any]:
    first, last = day_bounds(day)
    start, end = max(span[0], first), min(span[1], last)
    return {
        "kind": kind,
        "from": minute_of_day(start, day),
        "until": minute_of_day(end, day),
        "words": clock_span(start, end),
    }
