"""Connections that notice when the tables have changed under what they keep prepared, or what is kept of their rows."""

from __future__ import annotations

from _thread import get_ident
from contextlib import suppress
from typing import Any

import psycopg2
from django.db.backends.postgresql import base

from .revisions import REVISION, known

# What is asked of a connection before each request, and the name that the server keeps it prepared by.
_QUESTION = f"SELECT max(id), {REVISION} FROM django_migrations"  # noqa: S608  # no value in it
_NAME = "massagerx_question"


class DatabaseWrapper(base.DatabaseWrapper):
    """As Django's. What is asked of a connection before it serves another request tells also which migration was the
    last: after another one, the server would refuse what was prepared for columns of other types. It tells the revision
    of the reference data, too."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        #: The names of what this connection keeps prepared.
        self.prepared: set[str] = set()
        self._last_migration: int | None = None

    def connect(self) -> None:
        """Opens the connection, which keeps nothing yet."""
        super().connect()
        self.prepared.clear()
        with suppress(psycopg2.Error):
            self._last_migration = self._ask_last_migration()

    def cursor(self) -> Any:
        """As Django's, which takes eight calls to each of which nothing has changed since the last."""
        state: Any = self  # of which its types tell nothing
        is_new = self.connection is None or (state.health_check_enabled and not state.health_check_done)
        if is_new or state._thread_ident != get_ident():
            return super().cursor()
        with self.wrap_database_errors:
            cursor = self.create_cursor()
        return self.make_debug_cursor(cursor) if self.queries_logged else self.make_cursor(cursor)

    def create_cursor(self, name: str | None = None) -> Any:
        """As Django's, which asks for each whether asynchronous code calls, for the settings and for the driver."""
        if name is not None:
            return super().create_cursor(name)
        cursor = self.connection.cursor()
        cursor.tzinfo_factory = self.tzinfo_factory
        return cursor

    def is_usable(self) -> bool:
        """Whether the server answers; what was prepared before another migration is forgotten."""
        if self.connection is None:
            return False
        try:
            last = self._ask_last_migration()
            if last != self._last_migration and self.prepared:
                with self.connection.cursor() as cursor:
                    cursor.execute("DEALLOCATE ALL")
                self.prepared.clear()
        except psycopg2.Error:
            return False
        self._last_migration = last
        return True

    def _ask_last_migration(self) -> int | None:
        """By the driver's own cursor, as Django asks whether a connection is usable: this is not counted or logged."""
        with self.connection.cursor() as cursor:
            known.revision = None
            try:
                if self.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):  # another connection each time
                    cursor.execute(_QUESTION)
                else:
                    if _NAME not in self.prepared:
                        cursor.execute(f"PREPARE {_NAME} AS {_QUESTION}")
                        self.prepared.add(_NAME)
                    cursor.execute(f"EXECUTE {_NAME}")
            except psycopg2.errors.UndefinedTable:  # from before the migration that made it
                cursor.execute("SELECT max(id), NULL FROM django_migrations")
            last, known.revision = cursor.fetchone()
        return last
