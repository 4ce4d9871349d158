"""Who was erased, kept beside the backups: a backup from before an erasure must not bring anybody back.

A line holds the client's number, the instant and who did it; nothing that names the client. Where the bucket is away,
it is kept in the folder of this machine.
"""

from __future__ import annotations

import json
import logging
import uuid
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from bookings.domain.erasure import erase_client
from bookings.domain.listeners import ClientErased
from bookings.exceptions import BookingError
from bookings.models import Client

from . import places

log = logging.getLogger("massagerx.backups")


def _file() -> Path:
    return Path(settings.BACKUP_DIR) / "erased.jsonl"


def note(erasure: ClientErased) -> None:
    """Adds a line once the erasure is committed."""
    line = {"client": erasure.client, "at": erasure.at.isoformat(), "by": erasure.by}
    transaction.on_commit(lambda: _append(line))


def _append(line: dict[str, Any]) -> None:
    try:
        if kept := places.bucket():
            kept.note(f"{uuid.uuid4().hex}.json", json.dumps(line))
            return
    except OSError:
        log.exception("an erasure is noted here, not in the bucket", extra={"client": line["client"]})
    try:
        _file().parent.mkdir(parents=True, exist_ok=True)
        with _file().open("a") as file:
            file.write(f"{json.dumps(line)}\n")
    except OSError:
        log.exception("an erasure could not be written beside the backups", extra={"client": line["client"]})


def erase_again(*, since: datetime, now: datetime) -> tuple[int, list[int]]:
    """Erases those who were erased after `since`. Returns how many, and the numbers of clients that must be erased by
    hand, since a visit of theirs is still open in what was restored."""
    done, left = 0, []
    for line in _lines():
        if datetime.fromisoformat(line["at"]) < since:
            continue
        client = Client.objects.filter(pk=line["client"], erased_at=None).first()
        if client is None:
            continue
        actor = User.objects.filter(pk=line["by"]).first()
        try:
            erase_client(client=client, actor=actor, now=now)
            done += 1
        except BookingError:
            left.append(client.pk)
    return done, left


def _lines() -> list[dict[str, Any]]:
    """Raises OSError while the bucket is away."""
    kept = places.bucket()
    lines = kept.notes() if kept else []
    with suppress(FileNotFoundError):
        lines += _file().read_text().splitlines()
    return [json.loads(line) for line in lines if line.strip()]
