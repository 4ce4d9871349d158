"""How often a log-in can be tried, and the record of them: whoever has to say after a breach who came in needs it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse

from massagerx.lib.batches import delete_in_batches
from massagerx.lib.limits import client_address, limited

from . import sessions
from .models import LogIn, LogInOutcome

KEPT = timedelta(days=400)
_RECORD = "staff_log_in"
# From one address: in all, and at one name.
TRIES, TRIES_AT_A_NAME = "10/m", "20/h"

P = ParamSpec("P")


def limit_tries(
    log_in: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """The view `log_in`, at which guessing a password costs time: by address, and more so for one name; never by name
    alone, so that an outsider can't lock a member of staff out."""
    return limited(TRIES, "admin-login")(limited(TRIES_AT_A_NAME, "admin-login-name", also=_name)(log_in))


def _name(request: HttpRequest) -> str:
    """Whom somebody wants to log in as; in any case, like mail addresses are typed."""
    return request.POST.get("username", "")[:150].casefold()


def record(
    request: HttpRequest | None, user: User | None, outcome: LogInOutcome, *, now: datetime, session: str = ""
) -> LogIn | None:
    """Writes an attempt down, with the name of the session that it opened; one without a request, such as a test's, is
    none of a person's."""
    if request is None:
        return None
    agent = "".join(letter for letter in request.headers.get("User-Agent", "")[:200] if letter.isprintable())
    address = client_address("", request)
    return LogIn.objects.create(
        user=user, at=now, outcome=outcome, address=address, agent=agent, session=session
    )


def record_success(request: HttpRequest, user: User, *, now: datetime) -> None:
    """Writes down that somebody is logged in, and into their session which record is theirs."""
    session = request.session
    if session.session_key is None:  # another account was logged in before
        session.create()
    row = record(request, user, LogInOutcome.LOGGED_IN, now=now, session=session.session_key or "")
    session[_RECORD] = [row and row.pk, session.session_key]


def follow(session: Any) -> None:
    """Where a session has another name since its log-in was written down, the record follows."""
    record, name = session.get(_RECORD) or (None, "")
    if record is not None and name != session.session_key:
        LogIn.objects.filter(pk=record).update(session=session.session_key)
        session[_RECORD] = [record, session.session_key]


def record_failure(request: HttpRequest | None, credentials: dict[str, Any], *, now: datetime) -> None:
    """Writes down that name and password didn't fit; `credentials` as Django's signal tells them."""
    name = str(credentials.get("username") or "")[:150]
    user = User.objects.filter(username=name).first() if name and "\x00" not in name else None
    record(request, user, LogInOutcome.WRONG_PASSWORD, now=now)


def purge(*, now: datetime) -> None:
    """Deletes what is older than thirteen months, and the names of sessions that are over."""
    ended = now - timedelta(seconds=sessions.LASTS_SECONDS)
    LogIn.objects.filter(at__lt=ended).exclude(session="").update(session="")
    delete_in_batches(LogIn.objects.filter(at__lt=now - KEPT))
