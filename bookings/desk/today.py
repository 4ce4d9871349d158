"""Today at the desk: each therapist's lane, what happens in the next two hours, and the next day that has visits."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.urls import reverse

from bookings.domain.day_board import SHORTEST_GAP, Column, Visit, load_columns
from bookings.domain.operations import MOVABLE
from bookings.models import Booking, BookingRules, Therapist
from bookings.staff.labels import clock, long_day
from bookings.staff.visibility import only_seen_by, therapists_seen_by
from massagerx.lib.localtime import day_bounds, local

from .board_columns import column_words, minute_of_day, span_of
from .reflow import late_days

# No day has more visits.
MOST_A_DAY = 200
HOUR = timedelta(hours=1)
SOON = timedelta(hours=2)


def todays_work(user: User, now: datetime) -> dict[str, Any]:
    """Today's lanes, what happens in the next two hours, and the next day that has visits."""
    day = local(now).date()
    tomorrow = day + timedelta(days=1)
    therapists = list(therapists_seen_by(user))
    columns = load_columns(therapists=therapists, first_day=day, last_day=tomorrow, now=now)
    today = [column for column in columns if column.day == day and column.is_worked]
    first, last = span_of(today)
    ahead = [visit for column in today for visit in column.visits if visit.is_ahead(now)]
    gaps = sorted(
        (max(start, now), column.therapist.name)
        for column in today
        for start, end in column.gaps
        if end - max(start, now) >= SHORTEST_GAP
    )
    return {
        "today_date": day,
        "day": long_day(day),
        "clock": clock(now),
        "lanes": [_lane(column, now) for column in today],
        "lane_from": first,
        "lane_length": last - first,
        "lane_now": minute_of_day(now, day) if first <= minute_of_day(now, day) < last else None,
        "lane_hours": [minute // 60 % 12 or 12 for minute in range(first, last, 60)],
        "left": len(ahead),
        "next_start": _next_start(ahead, now),
        "free": {"at": clock(gaps[0][0]), "who": gaps[0][1], "is_now": gaps[0][0] == now} if gaps else None,
        "soon": _soon(today, now),
        "running_late": _running_late(today, therapists, now),
        "next_day": _of_tomorrow(columns, tomorrow) or _next_day(user, now),
    }


def _running_late(today: list[Column], therapists: list[Therapist], now: datetime) -> list[str]:
    """The names of those who are late for somebody who doesn't know; no query where nothing was pressed today."""
    if not any(visit.booking.has_steps for column in today for visit in column.visits):
        return []
    return [row.name for row, _visits in late_days(therapists, BookingRules.load(), now)]


def _next_start(visits: list[Visit], now: datetime) -> str:
    starts = [visit.booking.starts_at for visit in visits if visit.booking.starts_at > now]
    return clock(min(starts)) if starts else ""


def _lane(column: Column, now: datetime) -> dict[str, Any]:
    """A therapist's day in one line: the board's column, what is next, and when they are home."""
    following = next((visit for visit in column.visits if visit.is_ahead(now)), None)
    home = column.way_home.arrives_at if column.way_home is not None else None
    return {
        **column_words(column, now=now),
        "next": following.booking if following is not None else None,
        "next_at": clock(following.booking.starts_at) if following is not None else "",
        "home_at": clock(home) if home is not None else "",
    }


def _soon(columns: list[Column], now: datetime) -> list[dict[str, Any]]:
    """Who leaves, begins and becomes free within two hours, in the order of the clock."""
    found: list[dict[str, Any]] = []
    for column in columns:
        for visit in column.visits:
            if visit.booking.status not in MOVABLE:
                continue
            drive = visit.drive
            said = {"therapist": column.therapist, "booking": visit.booking}
            if drive is not None and drive.leaves_at is not None:
                found.append({**said, "kind": "leave", "instant": drive.leaves_at, "minutes": drive.minutes})
            found.append({**said, "kind": "start", "instant": visit.booking.starts_at})
        found += [
            {"therapist": column.therapist, "kind": "free", "instant": start, "until": clock(end)}
            for start, end in column.gaps
        ]
    coming = sorted(
        (row for row in found if now <= row["instant"] < now + SOON), key=lambda row: row["instant"]
    )
    return [{**row, "at": clock(row["instant"])} for row in coming]


def _of_tomorrow(columns: list[Column], tomorrow: date) -> dict[str, Any] | None:
    """As `_next_day`, of columns that are there already."""
    found = [column for column in columns if column.day == tomorrow]
    starts = [visit.booking.starts_at for column in found for visit in column.visits]
    if not starts:
        return None
    free = sum(((end - start) for column in found for start, end in column.gaps), timedelta())
    return {**_day_ahead(tomorrow, len(starts), min(starts)), "is_tomorrow": True, "free_hours": free // HOUR}


def _next_day(user: User, now: datetime) -> dict[str, Any] | None:
    """The next day after today that has visits: which, how many, and when the first starts; None without any."""
    after = day_bounds(local(now).date())[1]
    coming = only_seen_by(user, Booking.objects.occupying().filter(starts_at__gte=after), "therapist")
    starts = list(coming.order_by("starts_at").values_list("starts_at", flat=True)[:MOST_A_DAY])
    if not starts:
        return None
    day = local(starts[0]).date()
    return _day_ahead(day, sum(local(start).date() == day for start in starts), starts[0])


def _day_ahead(day: date, count: int, first: datetime) -> dict[str, Any]:
    return {
        "count": count,
        "day": long_day(day),
        "first": clock(first),
        "url": f"{reverse('admin:bookings_booking_day')}?day={day}",
    }
