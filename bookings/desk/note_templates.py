"""The owner's texts with which notes begin: a press puts one into the field, and nothing is saved by it."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from bookings.enums import NoteKind
from bookings.models import NoteTemplate

from .frame import read_key

CLIENT_KINDS = (NoteKind.CLIENT, NoteKind.COMPLAINT)
#: The name of the buttons; the value is the template's key.
PRESS = "template"


def templates_for(*kinds: NoteKind) -> list[NoteTemplate]:
    """The templates of these kinds, in the order of the kinds."""
    rows = NoteTemplate.objects.filter(kind__in=kinds).order_by("position", "name", "pk")
    return sorted(rows, key=lambda row: kinds.index(NoteKind(row.kind)))


def with_template(sent: QueryDict, field: str, *kinds: NoteKind) -> dict[str, Any]:
    """What was typed into a form, with the text of the template that was pressed behind what stood in `field`; one for
    a complaint ticks that it is one. A template that is gone by now adds nothing."""
    typed: dict[str, Any] = sent.dict()
    key = read_key(sent.get(PRESS, ""))
    found = NoteTemplate.objects.filter(pk=key, kind__in=kinds).first() if key is not None else None
    if found is not None:
        typed[field] = "\n".join(filter(None, [str(typed.get(field, "")).rstrip(), found.text]))
        if found.kind == NoteKind.COMPLAINT:
            typed["is_complaint"] = True
    return typed
