"""Labels of the access notes on the pages of one visit."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from bookings.models import AccessNotes, Booking
from massagerx.lib.encryption import UnreadableValue

ACCESS_LABELS = {
    "parking": gettext_lazy("Parking"),
    "gate_code": gettext_lazy("Gate code"),
    "pets": gettext_lazy("Pets"),
    "room": gettext_lazy("Room for the table"),
    "notes": gettext_lazy("Notes"),
}


def access_lines(booking: Booking) -> tuple[list[tuple[Any, str]], bool]:
    """(label, text) of each access note, and whether they are there and can't be opened. One query."""
    try:
        found = AccessNotes.objects.filter(booking=booking).first()
    except UnreadableValue:
        return [], True
    notes = found.notes if found else {}
    return [(label, notes[key]) for key, label in ACCESS_LABELS.items() if notes.get(key)], False
