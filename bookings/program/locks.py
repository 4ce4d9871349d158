"""What a change of a program waits for. Inside a transaction."""

from __future__ import annotations

from bookings.exceptions import ChangedMeanwhile
from bookings.models import Booking, Client

from .models import Program


def lock_client(booking: Booking) -> None:
    """Has who asks for another visit of the client's, with health answers of its own, wait."""
    Client.objects.select_for_update(no_key=True).get(pk=booking.client_id)


def lock(program: Program) -> Program:
    """The program as it is now, the note still shut. Raises `ChangedMeanwhile` for one that was deleted."""
    rows = Program.objects.select_for_update(no_key=True, of=("self",)).defer("note")
    found = rows.select_related("booking__client", "link").filter(pk=program.pk).first()
    if found is None:
        raise ChangedMeanwhile
    return found


def lock_open(program: Program) -> Program:
    """The same. Raises `ChangedMeanwhile` for one that has ended, too."""
    fresh = lock(program)
    if fresh.ended_at is not None:
        raise ChangedMeanwhile
    return fresh
