"""Sessions: Django's rows, and one statement to read and to save one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.utils import timezone

from massagerx.lib.sessions import SessionStore

pytestmark = pytest.mark.django_db


def made(**values: Any) -> SessionStore:
    session = SessionStore()
    session.update(values)
    session.create()
    return session


def test_session_is_read_and_saved_with_one_statement_each(count_queries: Callable[[], Any]) -> None:
    key = made(visit=1).session_key
    with count_queries() as queries:
        session = SessionStore(key)
        assert session["visit"] == 1
        session["visit"] = 2
        session.save()
    assert len(queries) == 2
    assert SessionStore(key)["visit"] == 2


def test_session_of_django_is_one_of_ours() -> None:
    theirs = db.SessionStore()
    theirs["visit"] = 1
    theirs.create()
    ours = SessionStore(theirs.session_key)
    assert ours["visit"] == 1
    ours["visit"] = 2
    ours.save()
    assert db.SessionStore(theirs.session_key)["visit"] == 2


def test_session_that_is_over_or_gone_opens_nothing() -> None:
    session = made(visit=1)
    with time_machine.travel(timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE + 1)):
        late = SessionStore(session.session_key)
        assert "visit" not in late
        assert late.session_key is None
    assert "visit" not in SessionStore("n0tone0fours")


def test_session_that_was_ended_meanwhile_is_not_saved_anew() -> None:
    """Somebody has signed out in another tab."""
    session = made(visit=1)
    ended = SessionStore(session.session_key)
    assert ended["visit"] == 1
    session.delete()
    with pytest.raises(UpdateError):
        ended.save()
    assert "visit" not in SessionStore(ended.session_key)


def test_name_that_is_taken_is_not_given_twice() -> None:
    session = made(visit=1)
    twin = SessionStore(session.session_key)
    with pytest.raises(CreateError):
        twin.save(must_create=True)
