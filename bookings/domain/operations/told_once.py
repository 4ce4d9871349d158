"""What a client is asked once, with a booking: where they heard of us, and whether they may be asked for a review."""

from __future__ import annotations

from typing import Any

from bookings.models import Booking, Client, HeardFrom


def told_once(heard_from: str, may_be_asked: bool) -> dict[str, Any] | None:
    """The answers as a booking keeps them while they may be somebody else's; None where there are none."""
    told: dict[str, Any] = {}
    if heard_from:
        told["heard_from"] = heard_from
    if may_be_asked:
        told["may_be_asked"] = True
    return told or None


def note_told(client: int, told: dict[str, Any]) -> None:
    """Keeps the answers with the client (a key): the first one stands."""
    if told.get("may_be_asked"):
        Client.objects.filter(pk=client, may_be_asked=False).update(may_be_asked=True)
    way = HeardFrom.objects.filter(link_name=told.get("heard_from", "")).first()
    if way is not None:
        Client.objects.filter(pk=client, heard_from=None).update(heard_from=way)


def note_what_was_told(booking: Booking) -> None:
    """The mailbox of a booking's client is proved: what was told with it, and with all that were asked for together, is
    theirs. Within a transaction."""
    rows = list(Booking.objects.together_with(booking).exclude(told_once__isnull=True))
    for row in rows:
        note_told(row.client_id, row.told_once or {})
        row.told_once = None
        row.save(update_fields=["told_once"])
