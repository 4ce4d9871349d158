"""Copies of emails as they were handed over, which staff can read again for a while."""

from __future__ import annotations

import base64
import json
import zlib
from datetime import datetime

from bookings.models import Message
from bookings.retention import COPIES_KEPT
from massagerx.lib.batches import in_batches


def packed(copy: dict[str, str] | None) -> str | None:
    """As a message's row keeps it. An email's markup says the same ten times over: a fifth of it is left."""
    if copy is None:
        return None
    return base64.b64encode(zlib.compress(json.dumps(copy).encode())).decode()


def copy_of(message: Message) -> dict[str, str] | None:
    """What was handed over last, as `sending.mark_handing_over` got it; None when nothing was, or it is too long ago.

    Raises `UnreadableValue` when none of the site's keys opens it.
    """
    if message.copy is None:
        return None
    copy: dict[str, str] = json.loads(zlib.decompress(base64.b64decode(message.copy)))
    return copy


def purge_copies(*, now: datetime) -> int:
    """Deletes the copies of messages handed over longer ago than `COPIES_KEPT`; returns how many. The rows stay."""
    long_ago = now - COPIES_KEPT
    old = Message.objects.filter(due_at__lte=long_ago, copy__isnull=False)
    return in_batches(old, lambda batch: batch.update(copy=None))
