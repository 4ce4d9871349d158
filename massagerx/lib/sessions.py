"""Django's sessions in the database, read and saved with one statement each."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.db.models import CharField, DateTimeField
from django.utils import timezone

from .compiled_query import CompiledQuery, CompiledUpdate, Parameters


def _of_key(parameter: Parameters) -> Any:
    from django.contrib.sessions.models import Session  # not before the apps are ready

    return Session.objects.filter(
        session_key=parameter("key", CharField()), expire_date__gt=parameter("now", DateTimeField())
    )


def _kept(parameter: Parameters) -> Any:
    from django.contrib.sessions.models import Session

    return Session.objects.filter(session_key=parameter("key", CharField()))


_SESSION: CompiledQuery[Any] = CompiledQuery(_of_key)
_SAVED: CompiledUpdate[Any] = CompiledUpdate(_kept, "session_data", "expire_date")


class SessionStore(db.SessionStore):
    """As Django's: the same rows, the same name in the signatures of what they hold."""

    def _get_session_from_db(self) -> Any:
        found = _SESSION.first(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None
        return found

    def save(self, must_create: bool = False) -> None:
        """Saves what has changed. Raises `CreateError` or `UpdateError`."""
        if must_create or self.session_key is None:
            super().save(must_create)
            return
        row = self.create_model_instance(dict(self.items()))
        # One statement needs no transaction of its own.
        if not _SAVED.run(key=row.session_key, session_data=row.session_data, expire_date=row.expire_date):
            raise UpdateError
