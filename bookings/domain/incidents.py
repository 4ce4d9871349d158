"""The log of incidents: whether it names a client, and when its time is over."""

from __future__ import annotations

import re
from datetime import datetime

from django.db.models import Q
from django.db.models.functions import Lower

from bookings.models import Booking, Client, Incident
from bookings.retention import INCIDENTS_KEPT
from massagerx.lib.batches import delete_in_batches

_WORD = re.compile(r"[^\W\d_][\w'’.-]*")
# Names have so many words.
_LONGEST_NAME = 4


def names_in(text: str) -> list[str]:
    """The whole names of clients, or of those whom visits were for, that stand in the text; two queries."""
    words = [word.rstrip(".") for word in _WORD.findall(text.lower())]
    spans = {
        " ".join(words[start : start + length])
        for start in range(len(words))
        for length in range(2, _LONGEST_NAME + 1)
    }
    clients = Client.objects.annotate(small=Lower("name")).filter(small__in=spans)
    visits = Booking.objects.annotate(small=Lower("contact_name"), other=Lower("recipient_name"))
    found = set(clients.order_by().values_list("small", flat=True))
    for names in (
        visits.filter(Q(small__in=spans) | Q(other__in=spans)).order_by().values_list("small", "other")
    ):
        found |= set(names) & spans
    return sorted(found)


def purge(*, now: datetime) -> int:
    """Deletes what happened, and was written down, longer ago than the law asks for; returns how many."""
    old = Incident.objects.filter(happened_at__lt=now - INCIDENTS_KEPT, recorded_at__lt=now - INCIDENTS_KEPT)
    return delete_in_batches(old)
