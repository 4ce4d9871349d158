"""Booked visits that a change of hours, drives or rules would leave without a therapist who can keep them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from bookings.domain import scheduling
from bookings.models import Booking, Therapist
from services.models import ServiceOption


@dataclass(frozen=True, slots=True)
class Stranded:
    """A visit to come that its therapist can't keep, or that is not offered any more. `reason` is `inactive`,
    `qualification`, `service`, `length`, `people`, or one of `availability.RefusalReason`."""

    booking: Booking
    reason: str


def stranded_by(*, therapist_ids: Collection[int] | None, now: datetime) -> list[Stranded]:
    """The visits to come of these therapists (None: of all) that can't be kept as things are now, by start.

    By staff's rules: neither notice nor horizon nor grid count. A fixed number of queries.
    """
    checked = scheduling.check_upcoming(therapist_ids=therapist_ids, now=now)
    qualified = scheduling.qualifications({booking.therapist_id for booking, _ in checked})
    off_the_site = set(
        ServiceOption.objects.filter(pk__in={booking.option_id for booking, _ in checked}, is_active=False)
        .order_by()
        .values_list("pk", flat=True)
    )
    found = []
    for booking, refusal in checked:
        reason = (
            scheduling.why_therapist_stands_back(booking, qualified)
            or refusal
            or _not_offered_any_more(booking, off_the_site)
        )
        if reason is not None:
            found.append(Stranded(booking, str(reason)))
    return found


def _not_offered_any_more(booking: Booking, options_off_the_site: set[int]) -> str | None:
    if not booking.service.is_active:
        return "service"
    if booking.option_id in options_off_the_site:
        return "length"
    return "people" if booking.people > booking.service.max_people else None


def lock_therapists_of_change(therapist_ids: Collection[int] | None) -> None:
    """Locks these therapists (None: all), in the order in which everybody does: nobody books one of them between the
    look at their visits and the change. Only inside a transaction."""
    rows = Therapist.objects.select_for_update(no_key=True).order_by("pk")
    if therapist_ids is not None:
        rows = rows.filter(pk__in=therapist_ids)
    list(rows.values_list("pk", flat=True))
