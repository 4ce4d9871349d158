"""What a therapist found and heard at a visit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from bookings.domain import intake
from bookings.domain.operations import StaffAct
from bookings.enums import LookedAt
from bookings.models import Booking
from bookings.models.intake import one_person

from .models import Assessment
from .operations import MADE_AT, NoVisit


def write_assessment(*, booking: Booking, findings: Mapping[str, Any], act: StaffAct) -> Assessment:
    """Keeps what was found and heard at a visit. Raises `NoVisit` for one that doesn't stand, or whose client was
    erased."""
    with transaction.atomic():
        fresh = Booking.objects.select_for_update(no_key=True).select_related("client").get(pk=booking.pk)
        if fresh.status not in MADE_AT or fresh.client.erased_at is not None:
            raise NoVisit
        return Assessment.objects.create(booking=fresh, findings=dict(findings), at=act.at, by=act.actor)


def last_assessment(booking: Booking) -> Assessment | None:
    """The newest assessment of the visit's person up to this visit, still shut."""
    person = one_person(partial(getattr, booking), "booking__")
    rows = Assessment.objects.filter(booking__starts_at__lte=booking.starts_at, **person)
    return rows.select_related("booking", "by").defer("findings").order_by("-at", "-pk").first()


def open_assessment(*, booking: Booking, user: User, now: datetime) -> Assessment | None:
    """The same, opened; writes the look at its visit down first. Raises `UnreadableValue`."""
    found = last_assessment(booking)
    if found is not None:
        intake.log_look(booking=found.booking, user=user, what=LookedAt.PROGRAM, now=now)
        found.refresh_from_db(fields=["findings"])
    return found
