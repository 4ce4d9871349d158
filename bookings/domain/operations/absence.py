"""A therapist who can't come any more today."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from bookings.domain import stranding
from bookings.domain.stranding import Stranded
from bookings.models import Therapist, TimeOff
from massagerx.lib.localtime import day_bounds, local

from .transaction import translated_errors


def stay_away_today(*, therapist: Therapist, now: datetime, reason: str) -> list[Stranded]:
    """Writes time off from now to the end of the local day, and at once to the desk about each visit that nobody comes
    to now; returns these visits, by start. A second press changes nothing. Under the therapist's lock: who is booking
    them at this moment is either seen here or refused.

    Raises `SlotTaken` when somebody else is at the therapist or one of the visits: nothing was written then."""
    today = local(now).date()
    ends_at = day_bounds(today)[1]
    with translated_errors(), transaction.atomic():
        list(Therapist.objects.select_for_update(no_key=True).filter(pk=therapist.pk).order_by("pk"))
        covering = TimeOff.objects.filter(therapist=therapist, starts_at__lte=now, ends_at__gte=ends_at)
        if not covering.exists():
            TimeOff.objects.create(therapist=therapist, starts_at=now, ends_at=ends_at, reason=reason[:120])
        found = stranding.stranded_by(therapist_ids={therapist.pk}, now=now, days=(today, today))
        stranding.tell_of(found, now=now)
        return found
