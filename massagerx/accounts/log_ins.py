"""The record of log-ins: whoever has to say after a breach who came in needs it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest

from massagerx.lib.batches import delete_in_batches
from massagerx.lib.limits import client_address

from .models import LogIn, LogInOutcome

KEPT = timedelta(days=400)


def record(request: HttpRequest | None, user: User | None, outcome: LogInOutcome, *, now: datetime) -> None:
    """Writes an attempt down; one without a request, such as a test's, is none of a person's."""
    if request is None:
        return
    agent = "".join(letter for letter in request.headers.get("User-Agent", "")[:200] if letter.isprintable())
    LogIn.objects.create(user=user, at=now, outcome=outcome, address=client_address("", request), agent=agent)


def record_failure(request: HttpRequest | None, credentials: dict[str, Any], *, now: datetime) -> None:
    """Writes down that name and password didn't fit; `credentials` as Django's signal tells them."""
    name = str(credentials.get("username") or "")[:150]
    user = User.objects.filter(username=name).first() if name and "\x00" not in name else None
    record(request, user, LogInOutcome.WRONG_PASSWORD, now=now)


def purge(*, now: datetime) -> None:
    """Deletes what is older than thirteen months."""
    delete_in_batches(LogIn.objects.filter(at__lt=now - KEPT))
