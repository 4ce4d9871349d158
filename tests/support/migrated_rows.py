"""Puts the database back to what migrations leave, after a test with transactions of its own.

Django empties all tables then, the roles too: each test after it has to write them anew, and begins elsewhere than one
before it. Most tables are empty, and to truncate those takes PostgreSQL as long as the full ones.
"""

from __future__ import annotations

from django.db import connection, transaction
from django.test import TransactionTestCase

from massagerx.lib.postgresql import revisions
from tests.support.copied_rows import copies


def watch() -> None:
    """Keep the rows that there are, and have each test end with them from now on, in this process."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    kept = {table: statement for table, statement, number in copies(tables) if number}
    quoted = {table: connection.ops.quote_name(table) for table in sorted(tables)}

    def put_back(self: TransactionTestCase) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            changed = list(quoted)
            if connection.vendor == "postgresql":
                # As TRUNCATE does, this waits for whoever still writes. Guards and relations let all of it pass.
                cursor.execute(f"LOCK TABLE {', '.join(quoted.values())} IN ACCESS EXCLUSIVE MODE")
                cursor.execute("SET LOCAL session_replication_role = replica")
                full = (
                    f"SELECT '{table}' WHERE EXISTS (SELECT FROM {name})" for table, name in quoted.items()
                )
                cursor.execute(" UNION ALL ".join(full))
                changed = sorted({table for (table,) in cursor.fetchall()} | set(kept))
                # No trigger tells of what follows.
                cursor.execute(f"DELETE FROM {revisions.TABLE}")
            for table in changed:
                cursor.execute(f"DELETE FROM {quoted[table]}")
            for statement in kept.values():
                cursor.execute(statement)

    setattr(TransactionTestCase, "_fixture_teardown", put_back)  # noqa: B010  (a method, to the type checker)
