"""Whether clients can book online."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists

from bookings.models import BookingRules, ScreeningVersion, ServiceArea, TermsVersion
from massagerx.lib.localtime import local
from services.models import Service


def takes_bookings(*, now: datetime) -> bool:
    """Whether a page may promise that a visit can be booked online at `now` (aware): the owner has opened, terms and
    health questions are in force, and something is offered somewhere. One query."""
    return (
        BookingRules.objects.filter(
            Exists(TermsVersion.objects.filter(published_at__lte=now)),
            Exists(ScreeningVersion.objects.filter(published_at__lte=now)),
            Exists(Service.objects.offered(local(now).date())),
            Exists(ServiceArea.objects.filter(is_active=True)),
            is_open=True,
        )
        .order_by()
        .exists()
    )


def set_open(*, is_open: bool) -> None:
    """Opens online booking, or closes it: then staff alone book. Visits that stand are kept."""
    with transaction.atomic():
        rules = BookingRules.objects.select_for_update().filter(pk=1).first() or BookingRules(pk=1)
        rules.is_open = is_open
        rules.save()
