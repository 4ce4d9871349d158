"""Errors for a service that speaks Sentry's protocol, by what `NoPersonalData` leaves of a record: the type of an
exception and the places it passed, or a message of ours without figures. No request, no local variable, no host.

`sentry-sdk` sends them from a thread of its own, and drops what the service doesn't take; what it would look at by
itself is switched off.
"""

from __future__ import annotations

import logging
import re
from typing import Any, cast

import sentry_sdk

from .error_kinds import kind_of

# All that an event may have; a newer library adds nothing.
_KEPT = frozenset(
    {
        "environment",
        "event_id",
        "exception",
        "fingerprint",
        "level",
        "logger",
        "message",
        "platform",
        "sdk",
        "timestamp",
    }
)
_PLACE = re.compile(r"(?P<filename>.+):(?P<lineno>\d+) (?P<function>.+)")
# What is told of sending itself would be sent again.
_OF_SENDING = ("sentry_sdk", "urllib3")


class ErrorReportHandler(logging.Handler):
    """Sends errors that the filter `NoPersonalData` has gone over to the service at `dsn`."""

    def __init__(self, dsn: str, level: int | str = logging.ERROR) -> None:
        super().__init__(level)
        self._client = sentry_sdk.Client(
            dsn=dsn,
            environment="production",
            default_integrations=False,
            auto_enabling_integrations=False,
            auto_session_tracking=False,
            include_local_variables=False,
            include_source_context=False,
            send_client_reports=False,
            before_send=_only_ours,
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Hands the record over; nothing waits for the service."""
        kind = kind_of(record)
        if kind and not record.name.startswith(_OF_SENDING):
            self._client.capture_event(_event(record, kind))

    def flush(self) -> None:
        """Waits a little for what is under way, such as when the process ends."""
        self._client.flush(timeout=2.0)


def _event(record: logging.LogRecord, kind: str) -> Any:
    event: dict[str, Any] = {
        "level": record.levelname.lower(),
        "logger": record.name,
        "fingerprint": [kind],
    }
    if not hasattr(record, "error"):
        return event | {"message": kind}
    found = [_PLACE.fullmatch(place) for place in getattr(record, "places", [])]
    frames = [{**place.groupdict(), "lineno": int(place["lineno"])} for place in found if place]
    return event | {
        "exception": {"values": [{"type": cast("Any", record).error, "stacktrace": {"frames": frames}}]}
    }


def _only_ours(event: Any, _hint: Any) -> Any:
    return {name: value for name, value in event.items() if name in _KEPT}
