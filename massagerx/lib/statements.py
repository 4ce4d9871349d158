"""SQL statements that go to the database in one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper


class Statement(NamedTuple):
    """SQL with a place for each value; values go through the driver."""

    sql: str
    values: Sequence[Any]


def execute_together(connection: BaseDatabaseWrapper, cursor: Any, statements: Sequence[Statement]) -> None:
    """Runs them in this order; the cursor then has the rows of the last. PostgreSQL gets all at once, each of them
    seeing what others had committed when its turn came; SQLite one after another. Only inside a transaction are they
    all or nothing."""
    if connection.vendor == "postgresql" and len(statements) > 1:
        values = [value for statement in statements for value in statement.values]
        cursor.execute("; ".join(statement.sql for statement in statements), values)
        return
    for statement in statements:
        cursor.execute(statement.sql, statement.values)
