"""Requests from people at ZIP codes that we don't drive to."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from bookings.exceptions import TooManyRequests
from bookings.models import AreaRequest, BookingRules
from massagerx.lib.batches import delete_in_batches
from massagerx.lib.locks import lock_names
from services.models import Service

# Open requests of one email or one phone, for ZIP codes that differ.
OPEN_PER_PERSON = 5


def leave_area_request(
    *, name: str, email: str, phone: str, zip_code: str, service: Service | None, note: str, now: datetime
) -> AreaRequest:
    """Keeps the request of somebody who agreed to be contacted, at an email, a phone (E.164), or both. Sent again for
    the same ZIP code before it is answered, it is the same request, with the newer words.

    Raises `TooManyRequests` when this email or phone has `OPEN_PER_PERSON` others open.
    """
    same_person = Q(email=email) if email else Q()
    if phone:
        same_person |= Q(phone=phone)
    # Two at once would both be counted as not there yet.
    names = [f"area:{address}" for address in (email, phone) if address]
    with transaction.atomic():
        lock_names(*names)
        others = AreaRequest.objects.filter(same_person, is_answered=False).exclude(zip_code=zip_code)
        if others.count() >= OPEN_PER_PERSON:
            raise TooManyRequests
        request, _created = AreaRequest.objects.update_or_create(
            email=email,
            phone=phone,
            zip_code=zip_code,
            is_answered=False,
            defaults={"name": name, "service": service, "note": note, "agreed_at": now},
            create_defaults={
                "name": name,
                "service": service,
                "note": note,
                "agreed_at": now,
                "created_at": now,
            },
        )
    return request


def purge_area_requests(*, now: datetime) -> int:
    """Deletes the requests that are older than the owner keeps them, answered or not; returns how many."""
    oldest = now - timedelta(days=BookingRules.load().area_requests_kept_days)
    return delete_in_batches(AreaRequest.objects.filter(created_at__lte=oldest))
