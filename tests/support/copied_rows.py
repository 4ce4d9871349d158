"""Rows that many tests begin with: written by their models once in a process, and after that copied as they stand.

A world of some thirty rows takes its models thirty statements, and its copy one (on SQLite one a table).
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar
from unittest.mock import patch

from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.utils import timezone

from massagerx.lib.prepared import Prepared

T = TypeVar("T")
# On SQLite a relation of many to many is added to with `OR IGNORE`.
_INSERT = re.compile(r'INSERT (?:OR IGNORE )?INTO "(\w+)"')
#: Columns that say when a row was written, which is now for a copy too.
_WRITTEN = ("history_date", "updated_at")
_THIS_INSTANT = "'this instant'"


class CopiedRows(Generic[T]):
    """`rows()` does what `make()` does, and returns equal objects of its own each time.

    `make` writes rows into tables that are empty, and no rows elsewhere.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._kept: tuple[list[str], bytes] | None = None

    def __call__(self) -> T:
        if self._kept is None:
            return self._make_and_keep()
        statements, made = self._kept
        now = f"'{connection.ops.adapt_datetimefield_value(timezone.now())}'"
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement.replace(_THIS_INSTANT, now))
        except IntegrityError:  # one of these rows is there already, which its model would change
            return self._make()
        copy: T = pickle.loads(made)
        return copy

    def _make_and_keep(self) -> T:
        """Makes the rows, and keeps them if no others were there."""
        inserted: dict[str, int] = {}
        is_alone = True

        def count(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
            nonlocal is_alone
            result = execute(sql, params, many, context)
            if found := _INSERT.match(sql):
                is_sqlite = connection.vendor == "sqlite"  # which counts no rows that it returns
                number = sql.count("), (") + 1 if is_sqlite else context["cursor"].rowcount
                inserted[found[1]] = inserted.get(found[1], 0) + number
            elif sql.startswith("UPDATE") and context["cursor"].rowcount:
                is_alone = False
            return result

        # Under the name that a connection keeps it prepared by, a statement doesn't say which table it writes.
        spelled_out = patch.object(Prepared, "takes", return_value=False)
        with spelled_out, connection.execute_wrapper(count):
            made = self._make()
        found = copies(inserted)
        if is_alone and [number for _table, _statement, number in found] == list(inserted.values()):
            statements = [statement for _table, statement, _number in found]
            if connection.vendor == "postgresql":
                statements = [";".join(statements)]
            self._kept = statements, pickle.dumps(made)
        return made


def copies(tables: Iterable[str]) -> list[tuple[str, str, int]]:
    """Of each table of a model its name, one statement that writes all of its rows, and their number."""
    models = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    return [(table, *_copy_of(models[table])) for table in tables]


def _copy_of(model: type[Model]) -> tuple[str, int]:
    """One statement that writes all rows that a table has, and their number."""
    quote = "quote_nullable({}::text)" if connection.vendor == "postgresql" else "quote({})"
    names = [str(field.column) for field in model._meta.local_concrete_fields if not field.generated]
    columns = [connection.ops.quote_name(name) for name in names]
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(quote.format(column) for column in columns)} FROM {table}")
        rows = [
            ", ".join(
                _THIS_INSTANT if name in _WRITTEN else value for name, value in zip(names, row, strict=True)
            )
            for row in cursor.fetchall()
        ]
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({'), ('.join(rows)})", len(rows)
