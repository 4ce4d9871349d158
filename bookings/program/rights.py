"""Whose programs a member of staff may see."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Exists, OuterRef, Q, QuerySet

from bookings.enums import BookingStatus
from bookings.models import Booking
from bookings.models.intake import one_person
from bookings.staff.visibility import sees_own_visits


def programs_seen_by(user: User | AnonymousUser, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Of these programs those that a member of staff may see: a therapist's are of their visits, and of people whom
    they visit after it was made, so that the one who takes over knows it. What was asked for, or fell away, opens
    none."""
    if not sees_own_visits(user):
        return rows
    own = Booking.objects.filter(
        status__in=[BookingStatus.CONFIRMED, BookingStatus.COMPLETED],
        starts_at__gte=OuterRef("made_at"),
        therapist__user=user.pk,
        **one_person(lambda name: OuterRef(f"booking__{name}")),
    )
    return rows.filter(Q(booking__therapist__user=user.pk) | Exists(own))
