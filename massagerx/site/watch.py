"""Who is told when that stands still on which alarms, reminders and emails hang, or when something breaks: the owner,
by a connection of our own.

The worker can't tell of its own death. So each web process looks while it is asked for pages, and `manage.py watch`
looks by a timer. What was found and told stands in a file, because database and broker may be what is gone.
"""

from __future__ import annotations

import fcntl
import json
import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.models import BookingRules
from bookings.notifications import delivery
from bookings.notifications.wording import moment
from massagerx.lib import error_kinds
from massagerx.lib.localtime import clock_time, local
from services.models import Business

from .probes import OK, status

log = logging.getLogger("massagerx.watch")

# Seconds between two looks of one web process.
LOOK_EVERY = 60.0
# What was found is told when it has lasted so long: a restart is nobody's trouble.
LASTS = timedelta(minutes=2)
# And told again while it lasts.
AGAIN_AFTER = timedelta(hours=1)
# A look so long ago says nothing of what was in between.
FORGOTTEN_AFTER = timedelta(minutes=30)


class WatchMiddleware:
    """Looks now and then while pages are asked for, beside the answer and never before it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._looks_at = time.monotonic() + LOOK_EVERY

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if time.monotonic() >= self._looks_at:
            self._looks_at = time.monotonic() + LOOK_EVERY
            threading.Thread(target=_look_beside, name="watch", daemon=True).start()
        return self.get_response(request)


def _look_beside() -> None:
    try:
        look(now=timezone.now())
    # Nobody hears of what is raised in a thread.
    except Exception as error:
        log.error("the watch failed", extra={"cause": type(error).__name__})
    finally:
        connections.close_all()


def look(*, now: datetime) -> dict[str, str]:
    """Asks everything that a person should be called for, and writes to the owner of what has lasted and of what
    broke; returns what isn't well, by its name. Two that look at once tell once."""
    found = {name: state for name, state in status().items() if state != OK}
    path = Path(settings.VAR_DIR) / "watch.json"
    with path.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        kept = _read(file)
        kept["to"] = _address() or kept.get("to", "")
        kept["since"] = _since(found, kept, now)
        kept["looked_at"] = now.isoformat()
        lasting = sorted(
            name for name, since in kept["since"].items() if now - datetime.fromisoformat(since) >= LASTS
        )
        if not found:
            kept["told"], kept["told_at"] = [], ""
        elif (
            lasting
            and _is_news(lasting, kept, now)
            and _tell({name: found[name] for name in lasting}, kept["to"])
        ):
            kept["told"], kept["told_at"] = lasting, now.isoformat()
        _tell_of_errors(kept["to"], now)
        file.seek(0)
        file.truncate()
        json.dump(kept, file)
    return found


def _read(file: TextIO) -> dict[str, Any]:
    """What was kept; nothing where a process died while it wrote."""
    file.seek(0)
    try:
        kept = json.load(file)
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}


def _since(found: dict[str, str], kept: dict[str, Any], now: datetime) -> dict[str, str]:
    looked_at = kept.get("looked_at", "")
    is_recent = bool(looked_at) and now - datetime.fromisoformat(looked_at) < FORGOTTEN_AFTER
    before = kept.get("since", {}) if is_recent else {}
    return {name: before.get(name, now.isoformat()) for name in found}


def _is_news(lasting: list[str], kept: dict[str, Any], now: datetime) -> bool:
    told_at = kept.get("told_at", "")
    if not told_at or not set(lasting) <= set(kept.get("told", [])):
        return True
    return now - datetime.fromisoformat(told_at) >= AGAIN_AFTER


def _address() -> str:
    """Where alerts go; empty when the database doesn't say."""
    try:
        return BookingRules.load().alert_email or Business.load().email
    except AnyDatabaseError:
        return ""


def _tell(found: dict[str, str], to: str) -> bool:
    """Whether it is told for now."""
    names = ", ".join(f"{name}: {state}" for name, state in sorted(found.items()))
    log.error("something stands still", extra={"found": names})
    if not to:
        return False
    body = _(
        "%(names)s\n\nWhile this lasts, check-ins at doors are not watched and reminders don’t leave. Look at the "
        "machine: the services of the web server, the worker and beat, the database and Redis. %(site)s/status says "
        "how it stands."
    )
    return delivery.send_at_once(
        to=to,
        subject=_("The site needs a look: %(names)s") % {"names": names},
        body=body % {"names": names, "site": settings.SITE_URL},
    )


def _when(instant: datetime, now: datetime) -> str:
    return clock_time(instant) if local(instant).date() == local(now).date() else moment(instant)


def _tell_of_errors(to: str, now: datetime) -> None:
    """One email of all kinds that were not told within the hour. Those whom nobody could be told of wait."""
    kinds = [kind for kind in error_kinds.lately(now) if kind.is_to_be_told(now)]
    if not kinds or not to:
        return
    lines = [
        ngettext("%(what)s: once, at %(clock)s", "%(what)s: %(times)d times since %(clock)s", kind.times)
        % {"what": kind.what, "times": kind.times, "clock": _when(kind.first, now)}
        for kind in kinds
    ]
    body = _(
        "%(lines)s\n\nSomebody may have seen an error page, or something was not done. Pass this on to whoever "
        "looks after the site: the lines of the log have the same words. Nobody’s name, and nothing that anybody "
        "typed, is in it. While it goes on you hear once an hour."
    )
    # Noted first: where that fails, nobody shall be written to each minute.
    error_kinds.mark_told(kinds, now)
    subject = _("Something went wrong on the site")
    if not delivery.send_at_once(to=to, subject=subject, body=body % {"lines": "\n".join(lines)}):
        error_kinds.mark_told(kinds, None)
