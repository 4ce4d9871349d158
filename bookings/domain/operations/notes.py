"""A clinician's note as a file: handed in by the client, opened by staff."""

from __future__ import annotations

import base64
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from bookings.enums import EventKind, FileKind
from bookings.exceptions import InvalidTransition, TooManyFiles
from bookings.models import Booking, HealthAccess, NoteFile
from massagerx.lib.encryption import keyed_digests

from .act import Act
from .changes import may_change
from .transaction import lock_visit, record, translated_errors

# Of one visit: a note of several pages, photographed, and a second try.
MOST_FILES = 8


def hand_in_note(*, booking: Booking, kind: FileKind, data: bytes, now: datetime) -> NoteFile:
    """Keeps a file, encrypted, for staff to look at; the same file sent twice is one. `data` was looked through by the
    form.

    Raises `InvalidTransition` for a visit that doesn't stand any more, and `TooManyFiles`.
    """
    encoded = base64.b64encode(data).decode()
    digests = keyed_digests(encoded, "bookings.notefile")
    with translated_errors(), transaction.atomic():
        fresh = lock_visit(booking)
        if not may_change(fresh, now=now):
            raise InvalidTransition(fresh.status, EventKind.NOTE_HANDED_IN)
        files = NoteFile.objects.filter(booking=fresh).defer("data")
        if (same := files.filter(digest__in=digests).first()) is not None:
            return same
        if files.count() >= MOST_FILES:
            raise TooManyFiles
        handed_in = NoteFile.objects.create(
            booking=fresh, kind=kind, data=encoded, digest=digests[0], handed_in_at=now
        )
        record(fresh, EventKind.NOTE_HANDED_IN, fresh.status, Act(now, by_client=True))
    return handed_in


def open_note_file(*, file: NoteFile, user: User, reason: str, now: datetime) -> bytes:
    """The file as it was kept. Writes down who looked, when and why, before it is opened. Raises `UnreadableValue`, and
    `NoteFile.DoesNotExist` when it was purged meanwhile."""
    words = _("Clinician\u2019s note: %(why)s") % {"why": reason}
    HealthAccess.objects.create(booking_id=file.booking_id, user=user, at=now, reason=words[:120])
    NoteFile.objects.filter(pk=file.pk, seen_at=None).update(seen_at=now)
    return NoteFile.objects.get(pk=file.pk).content
