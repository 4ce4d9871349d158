"""What staff wrote down of clients, for the pages that show it: notes for those they concern, and who is never sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet

from bookings.enums import ComplaintState, NoteReader
from bookings.models import ClientNote, Pairing
from massagerx.lib.encryption import UnreadableValue

from .labels import local_when, unreadable
from .visibility import sees_own_visits

FOR_THERAPISTS = (NoteReader.THERAPISTS, NoteReader.BOTH)


def notes_seen_by(user: User | AnonymousUser) -> QuerySet[ClientNote]:
    """The notes that concern this member of staff, newest first: a therapist reads those for therapists."""
    if not user.has_perm("bookings.view_clientnote"):
        return ClientNote.objects.none()
    rows = ClientNote.objects.select_related("by", "settled_by").order_by("-at", "-pk")
    return rows.filter(reader__in=FOR_THERAPISTS) if sees_own_visits(user) else rows


def notes_on(user: User | AnonymousUser, clients: Collection[int]) -> dict[int, list[dict[str, Any]]]:
    """The same by client, in words; one query. Read one by one only when a key is lost, so that it costs a line and not
    the page."""
    rows = notes_seen_by(user).filter(client__in=clients)
    try:
        texts = [(row, str(row.text)) for row in rows]
    except UnreadableValue:
        texts = [(row, _text(row.pk)) for row in rows.defer("text")]
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row, text in texts:
        found[row.client_id].append(
            {
                "pk": row.pk,
                "text": text,
                "who": row.by.get_username(),
                "when": local_when(row.at),
                "reader": row.get_reader_display(),
                "is_complaint": bool(row.complaint),
                "is_open": row.complaint == ComplaintState.OPEN,
                "settled": f"{row.settled_by.get_username()}, {local_when(row.settled_at)}"
                if row.settled_by is not None
                else "",
            }
        )
    return found


def _text(pk: int) -> str:
    try:
        return str(ClientNote.objects.values_list("text", flat=True).get(pk=pk))
    except UnreadableValue:
        return unreadable()


def pairings_on(user: User | AnonymousUser, clients: Collection[int]) -> dict[int, list[Pairing]]:
    """Who is never sent to these clients, or first, for who may see it; one query, and none of the reasons."""
    found: dict[int, list[Pairing]] = defaultdict(list)
    if user.has_perm("bookings.view_pairing"):
        rows = Pairing.objects.filter(client__in=clients).select_related("therapist", "by").defer("reason")
        for row in rows.order_by("kind", "therapist__position", "pk"):
            found[row.client_id].append(row)
    return found


def reason_of(pairing: Pairing) -> str:
    """Why the desk wrote it down."""
    try:
        return str(pairing.reason)
    except UnreadableValue:
        return unreadable()
