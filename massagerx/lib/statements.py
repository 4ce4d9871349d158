"""SQL statements that go to the database in one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from .prepared import Prepared


class Statement(NamedTuple):
    """SQL with a place for each value; values go through the driver. Under the name that a connection keeps it prepared
    by, if it is."""

    sql: str
    values: Sequence[Any]
    prepared: Prepared | None = None

    def ready(self, connection: BaseDatabaseWrapper, cursor: Any) -> tuple[str, Sequence[Any]]:
        """The SQL and the values to run it with: where the connection can keep it prepared, those that run that."""
        if self.prepared is not None and self.prepared.takes(self.values, connection, cursor):
            return self.prepared.execute, [self.values[number] for number in self.prepared.given]
        return self.sql, self.values


def execute_together(connection: BaseDatabaseWrapper, cursor: Any, statements: Sequence[Statement]) -> None:
    """Runs them in this order; the cursor then has the rows of the last. PostgreSQL gets all at once, each of them
    seeing what others had committed when its turn came; SQLite one after another. Only inside a transaction are they
    all or nothing."""
    ready = [statement.ready(connection, cursor) for statement in statements]
    if connection.vendor == "postgresql" and len(ready) > 1:
        ready = [
            ("; ".join(sql for sql, _values in ready), [value for _sql, each in ready for value in each])
        ]
    for sql, values in ready:
        cursor.execute(sql, values)
