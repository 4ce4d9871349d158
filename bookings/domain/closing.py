"""Visits that are over and wait to be closed: nobody has said whether they took place; and how the desk is told."""

from __future__ import annotations

from datetime import datetime, time

from bookings.domain import outbox
from bookings.enums import MessageKind
from bookings.models import Booking, BookingQuerySet, BookingRules
from massagerx.lib.localtime import day_bounds, local

# From this hour on, local time, the visits of the same day wait as well.
EVENING = time(18, 0)


def waiting(*, now: datetime) -> BookingQuerySet:
    """Visits that wait to be closed: those of days before, and from the evening on today's that are over."""
    rows = Booking.objects.not_closed(now)
    return rows if local(now).time() >= EVENING else rows.filter(starts_at__lt=_today_began(now))


def waiting_since_yesterday(*, now: datetime) -> BookingQuerySet:
    """Those of days before."""
    return Booking.objects.not_closed(now).filter(starts_at__lt=_today_began(now))


def tell_desk(*, now: datetime) -> bool:
    """Writes to the desk, once a day while somebody is there, if visits of days before wait; whether it was written."""
    rules, here = BookingRules.load(), local(now)
    if not rules.desk_opens_at <= here.time() < rules.desk_closes_at:
        return False
    if not waiting_since_yesterday(now=now).exists():
        return False
    return outbox.write_of_day(kind=MessageKind.MORNING, day=here.date(), now=now)


def _today_began(now: datetime) -> datetime:
    return day_bounds(local(now).date())[0]
