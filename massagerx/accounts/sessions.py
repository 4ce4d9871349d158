"""How long a member of staff stays logged in: so long without doing anything, and so long altogether; and whose
mailbox a browser has shown to be its own."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings

# How long a member of staff stays logged in: without doing anything, and altogether.
IDLE_SECONDS = 2 * 3600
LASTS_SECONDS = 12 * 3600

_SINCE, _SEEN, _VERIFIED = "staff_since", "staff_seen", "staff_verified"
_MAILBOX, _MAILBOX_SECONDS = "staff_mailbox", 3600
# The last press is written down at most this often, so that not every page writes to the session.
_STEP_SECONDS = 60


def begin(session: Any) -> None:
    """A log-in starts both clocks."""
    session[_SINCE] = session[_SEEN] = int(time.time())


def is_over(session: Any) -> bool:
    """Whether a log-in has lasted long enough. One that nobody stamped is over."""
    now = time.time()
    since, seen = session.get(_SINCE), session.get(_SEEN)
    if not isinstance(since, int) or not isinstance(seen, int):
        return True
    return now - since >= LASTS_SECONDS or now - seen >= IDLE_SECONDS


def clocks(session: Any) -> tuple[int, int]:
    """When a log-in that isn't over began, and when its last press was written down: seconds since 1970."""
    return session[_SINCE], session[_SEEN]


def touch(session: Any) -> None:
    """Somebody did something."""
    now = int(time.time())
    if now - session[_SEEN] >= _STEP_SECONDS:
        session[_SEEN] = now


def lost_factor(session: Any, user: Any) -> bool:
    """Whether the second factor that a log-in was made with is gone: reset by a colleague, or replaced elsewhere."""
    if user.is_verified():
        session.setdefault(_VERIFIED, True)
        return False
    return was_verified(session)


def was_verified(session: Any) -> bool:
    """Whether a log-in has been seen with a second factor."""
    return _VERIFIED in session


def forget_factor(session: Any) -> None:
    """This log-in takes its own second factor off, and goes on to set up another."""
    session.pop(_VERIFIED, None)


def show_mailbox(session: Any, user: Any) -> None:
    """Whoever has this browser read the mailbox of that account, or typed its code: for an hour it may set a second
    factor up, logged in already or not."""
    session[_MAILBOX] = [user.pk, int(time.time())]


def may_set_up(session: Any, user: Any) -> bool:
    """Whether this log-in may set a second factor up. Where none is required, a password opens everything anyway."""
    whose, at = session.get(_MAILBOX) or (None, 0)
    return not settings.REQUIRE_SECOND_FACTOR or (
        whose == user.pk and 0 <= time.time() - at < _MAILBOX_SECONDS
    )
