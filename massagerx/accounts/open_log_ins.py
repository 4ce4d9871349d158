"""Where a member of staff is logged in now. The record of a log-in keeps the name of its session, encrypted,
for as long as a log-in can last; the session itself says since when, and when a page was last asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.models import Device

from . import sessions
from .models import LogIn, LogInOutcome

# What browsers and systems call themselves, in the order of asking: most name others before themselves.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "Chrome": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "CrOS": "ChromeOS",
    "Windows": "Windows",
    "Mac OS": "Mac",
    "Linux": "Linux",
}


@dataclass(frozen=True, slots=True)
class OpenLogIn:
    """A log-in that still opens pages: its record, its session's name, two aware instants, and whether it is the one
    that asks."""

    row: LogIn
    key: str
    since: datetime
    seen: datetime
    is_here: bool

    @property
    def browser(self) -> str:
        """The kind of browser in words, such as *Firefox on Windows*."""
        return browser_of(self.row.agent)


def browser_of(agent: str) -> str:
    """A `User-Agent` header in words, as far as its names are known."""
    browser, system = _named(agent, _BROWSERS), _named(agent, _SYSTEMS)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("A browser we can’t name")


def _named(agent: str, names: Mapping[str, str]) -> str:
    return next((name for part, name in names.items() if part in agent), "")


def of_user(user: Any, *, here: str | None, now: datetime) -> list[OpenLogIn]:
    """The account's log-ins that still open pages at `now`, the latest first. `here` is the name of the session that
    asks."""
    rows = LogIn.objects.filter(
        user=user,
        outcome=LogInOutcome.LOGGED_IN,
        at__gt=now - timedelta(seconds=sessions.LASTS_SECONDS),
    ).exclude(session="")
    # Who logs in again in the same session has two records of it; the later one counts.
    by_key = {row.session: row for row in rows.order_by("at", "pk")}
    found = []
    for stored in Session.objects.filter(session_key__in=by_key, expire_date__gt=now):
        held, row = stored.get_decoded(), by_key[stored.session_key]
        if _opens(held, user):
            since, seen = sessions.clocks(held)
            found.append(
                OpenLogIn(
                    row, stored.session_key, _instant(since), _instant(seen), stored.session_key == here
                )
            )
    return sorted(found, key=lambda one: (one.since, one.row.pk), reverse=True)


def others_of(user: Any, *, here: str | None, now: datetime) -> list[str]:
    """The names of all sessions but `here` that the account is logged in with at `now`, those of which there is no
    record, or another's, among them. Reads every session that is open, a thousand at a time."""
    others = Session.objects.filter(expire_date__gt=now).exclude(session_key=here or "")
    return [
        stored.session_key
        for stored in others.iterator(chunk_size=1000)
        if _opens(stored.get_decoded(), user)
    ]


def end(keys: Iterable[str]) -> None:
    """Ends the sessions of these names on the server: whatever their browsers ask for next, they are visitors."""
    Session.objects.filter(session_key__in=list(keys)).delete()


def _opens(held: Mapping[str, Any], user: User) -> bool:
    """Whether what a session holds lets somebody in: not too old, and made with today's password and second factor."""
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return (
        held.get(SESSION_KEY) == str(user.pk)
        and any(constant_time_compare(held.get(HASH_SESSION_KEY, ""), known) for known in hashes)
        and not sessions.is_over(held)
        and (not sessions.was_verified(held) or _is_there(held.get(DEVICE_ID_SESSION_KEY, "")))
    )


def _is_there(device: str) -> bool:
    """Whether nobody has taken the second factor of that name off."""
    return Device.from_persistent_id(device) is not None


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)
