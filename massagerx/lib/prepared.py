"""Statements that each connection to PostgreSQL parses once, and plans until one plan is found to do for all values.

Of what a hot statement costs its server, more is parsing and planning than looking up or writing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg2.extensions import AsIs

# How many a connection keeps: a plan takes its server some 50 KB. Those that come later are sent as always.
MOST_PREPARED = 100
# The largest number of a bigint.
LARGEST = 2**63 - 1

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement under a name of its own. Connections are those of `.postgresql`."""

    name: str
    prepare: str
    execute: str
    # Which of its parameters are given anew each time; the others are a part of it.
    given: tuple[int, ...]

    @classmethod
    def of(
        cls,
        model: type[models.Model],
        sql: str,
        parameters: Sequence[Any],
        given: Mapping[int, models.Field],
        connection: BaseDatabaseWrapper,
    ) -> Prepared | None:
        """Of SQL with a place for each of `parameters`, those `given` being of these fields' types. None where nothing
        is prepared: by SQLite, and where a PgBouncer hands out another connection for each transaction."""
        if connection.vendor != "postgresql" or connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
            return None
        written = list(parameters)
        for place, number in enumerate(given, 1):
            written[number] = AsIs(f"${place}")
        with connection.cursor() as cursor:
            query = cursor.mogrify(sql, written).decode()
        name = f"{model._meta.db_table}_{next(_numbers)}"
        types = _in_brackets([_type(field, connection) for field in given.values()])
        values = _in_brackets(["%s"] * len(given))
        return cls(name, f"PREPARE {name}{types} AS {query}", f"EXECUTE {name}{values}", tuple(given))

    def takes(self, values: Sequence[Any], connection: BaseDatabaseWrapper, cursor: Any) -> bool:
        """Whether the connection keeps it now, and can run it with the `values` of all its parameters: not where it
        keeps too many already, or a number is too large for the type that it was prepared with."""
        for value in values:
            if type(value) is int and not -LARGEST <= value <= LARGEST:
                return False
        names: set[str] = connection.prepared  # type: ignore[attr-defined]  # ours, of .postgresql
        if self.name not in names:
            if len(names) >= MOST_PREPARED:
                return False
            # By the driver's own cursor: it isn't one of the statements that are counted and logged.
            with connection.wrap_database_errors:
                cursor.cursor.execute(self.prepare)
            names.add(self.name)
        return True


def _in_brackets(parts: Sequence[str]) -> str:
    return f"({', '.join(parts)})" if parts else ""


def _type(field: models.Field, connection: BaseDatabaseWrapper) -> str:
    column = field.target_field if isinstance(field, models.ForeignKey) else field
    kind = str(column.db_type(connection))
    return "bigint" if kind in {"smallint", "integer"} else kind
