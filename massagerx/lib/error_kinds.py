"""What has gone wrong lately, by kind: a file of this machine, since the database may be what is gone.

Nothing in it was typed by anybody: a kind is the type of an exception and the place in our code that it passed last, or
a message of ours without its figures.
"""

from __future__ import annotations

import fcntl
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings

# A kind that nobody met for so long is over.
LATELY = timedelta(days=1)
# One email a kind in so long.
AGAIN_AFTER = timedelta(hours=1)
# More kinds than a machine in trouble has; the oldest go.
MOST = 50
_LONGEST = 160
_OURS = ("bookings/", "blog/", "services/", "massagerx/")
# What strangers send is refused and logged as an error; pages without a database, and what stands still, are told by
# the watch as such.
_NOT_OURS = ("django.security", "massagerx.watch")
_ANSWERS = "django.request"
# A task's key is another one each time, with letters in it.
_FIGURES = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+")


@dataclass
class ErrorKind:
    """`times` it was met since `first`, which is at most a day before `last`. All instants are in UTC."""

    what: str
    times: int
    first: datetime
    last: datetime
    told: datetime | None = None

    def is_to_be_told(self, now: datetime) -> bool:
        """Whether it came since it was told last, and that is not within the hour."""
        return self.told is None or (self.last > self.told and now - self.told >= AGAIN_AFTER)


class ErrorKindHandler(logging.Handler):
    """Counts errors that the filter `NoPersonalData` has gone over; one that can't be counted is only logged."""

    def emit(self, record: logging.LogRecord) -> None:
        """Adds the record to its kind."""
        what = kind_of(record)
        if not what:
            return
        at = datetime.fromtimestamp(record.created, UTC)
        try:
            with _kept() as kinds:
                kind = kinds.get(what)
                if kind is None or at - kind.first >= LATELY:
                    told = kind.told if kind is not None else None
                    kind = kinds[what] = ErrorKind(what, 0, at, at, told)
                kind.times += 1
                kind.last = max(kind.last, at)
        except OSError:
            pass  # a full disk has an alert of its own


def lately(now: datetime) -> list[ErrorKind]:
    """The kinds of the last day that this machine met, the newest first."""
    try:
        with _kept() as kinds:
            found = [kind for kind in kinds.values() if now - kind.last < LATELY]
    except OSError:
        return []
    return sorted(found, key=lambda kind: kind.last, reverse=True)


def mark_told(told: list[ErrorKind], at: datetime | None) -> None:
    """Notes when the owner was written to about these; None when nobody took the email."""
    with _kept() as kinds:
        for kind in told:
            if kind.what in kinds:
                kinds[kind.what].told = at


def kind_of(record: logging.LogRecord) -> str:
    """The record's kind; empty for what nobody is to be told of."""
    if record.name.startswith(_NOT_OURS):
        return ""
    error = getattr(record, "error", "")
    if not error:
        if record.name == _ANSWERS:
            return ""
        return _FIGURES.sub("…", f"{record.name}: {record.getMessage()}")[:_LONGEST]
    places = getattr(record, "places", [])
    ours = [place for place in places if place.startswith(_OURS)]
    return " ".join([error, *(ours or places)[-1:]])[:_LONGEST]


@contextmanager
def _kept() -> Iterator[dict[str, ErrorKind]]:
    """The kinds by their names, for one at a time; what was changed is written."""
    with Path(settings.VAR_DIR, "errors.json").open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        before = file.read()
        kinds = _read(before)
        yield kinds
        newest = sorted(kinds.values(), key=lambda kind: kind.last)[-MOST:]
        after = json.dumps([asdict(kind) for kind in newest], default=datetime.isoformat)
        if after != before:
            file.seek(0)
            file.truncate()
            file.write(after)


def _read(text: str) -> dict[str, ErrorKind]:
    """Nothing where a process died while it wrote."""
    try:
        rows = [
            ErrorKind(
                row["what"],
                row["times"],
                datetime.fromisoformat(row["first"]),
                datetime.fromisoformat(row["last"]),
                datetime.fromisoformat(row["told"]) if row["told"] else None,
            )
            for row in json.loads(text)
        ]
    except (ValueError, TypeError, KeyError):
        return {}
    return {row.what: row for row in rows}
