"""What Prometheus reads of this machine and of the business' queues: numbers alone, about nobody."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from django.conf import settings

from bookings.domain.sending import oldest_due_minutes
from bookings.enums import MessageState
from bookings.models import Booking, Message
from massagerx.backups import places
from massagerx.lib import error_kinds

from .probes import OK, status

# Of the text format of Prometheus.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(now: datetime) -> str:
    """All gauges in Prometheus' text format. Without a database those that need none."""
    return "".join(f"{line}\n" for line in _lines(now))


def _lines(now: datetime) -> Iterator[str]:
    found = status()
    yield from _gauge(
        "well",
        "1 while a part is as /status wants it",
        {f'{{part="{part}"}}': state == OK for part, state in sorted(found.items())},
    )
    if found["database"] == OK:
        in_trouble = Message.objects.filter(state__in=[MessageState.FAILED, MessageState.UNKNOWN])
        yield from _gauge(
            "oldest_message_due_minutes", "How late the oldest message is", oldest_due_minutes(now=now)
        )
        yield from _gauge("messages_in_trouble", "Messages that wait for a person", in_trouble.count())
        yield from _gauge(
            "requests_waiting", "Requests that nobody answered yet", Booking.objects.waiting().count()
        )
    errors = sum(kind.times for kind in error_kinds.lately(now))
    yield from _gauge("errors_lately", "Errors of kinds that this machine met within a day", errors)
    yield from _gauge("disk_free_bytes", "Where VAR_DIR is", shutil.disk_usage(settings.VAR_DIR).free)
    with suppress(OSError):
        if backup := places.newest():
            age = (now - backup).total_seconds()
            yield from _gauge("backup_age_seconds", "Of the newest archive", round(age))


def _gauge(name: str, words: str, values: dict[str, bool] | float) -> Iterator[str]:
    yield f"# HELP massagerx_{name} {words}."
    yield f"# TYPE massagerx_{name} gauge"
    for labels, value in values.items() if isinstance(values, dict) else [("", values)]:
        yield f"massagerx_{name}{labels} {value:.0f}"
