"""The revision of tables that seldom change: each change of one of them, whoever makes it, makes it another.

A trigger writes a random token at each change; the revision is the sum of all tokens, and is never the same again.
Changes of two transactions don't wait for each other, and what one takes back leaves no trace.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations import RunPython

TABLE = "massagerx_reference_change"
#: The present revision, as text; NULL before anything was ever changed.
REVISION = f"(SELECT sum(token)::text FROM {TABLE})"  # noqa: S608  # no value in it


class _Known(threading.local):
    """What a thread knows of the revision, as each has a connection of its own."""

    revision: str | None = None
    # Whether rows may be kept by it here; and whether it has to be asked for first.
    keeps = False
    is_awaited = False


known = _Known()

_TRIGGER = (
    f"CREATE TRIGGER {TABLE} AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {{table}} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}()"
)
_CREATE = (
    f"""CREATE TABLE IF NOT EXISTS {TABLE} (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        token bigint NOT NULL DEFAULT (random() * 9007199254740992)::bigint)""",
    # Who deletes old tokens leaves those that somebody else deletes at the moment, and waits for nobody.
    f"""CREATE OR REPLACE FUNCTION {TABLE}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        DECLARE number bigint;
        BEGIN
            INSERT INTO {TABLE} DEFAULT VALUES RETURNING id INTO number;
            IF number % 100 = 0 THEN
                DELETE FROM {TABLE} WHERE id IN
                    (SELECT id FROM {TABLE} WHERE id < number ORDER BY id FOR UPDATE SKIP LOCKED);
            END IF;
            RETURN NULL;
        END $$""",  # noqa: S608
)


def track(*tables: str) -> RunPython:
    """A migration's operation: changes of these tables make another revision from now on, with PostgreSQL. The way back
    leaves the tokens."""
    from django.db.migrations import RunPython  # not for the web's processes

    def start(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
        _run([*_CREATE, *(_TRIGGER.format(table=table) for table in tables)], schema_editor)

    def stop(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
        _run([f"DROP TRIGGER {TABLE} ON {table}" for table in tables], schema_editor)

    return RunPython(start, stop)


def _run(statements: Sequence[str], schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in statements:
            schema_editor.execute(statement, params=None)
