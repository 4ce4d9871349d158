"""Inserts rows of several tables in one round trip to the database.

For code that holds a lock, where each round trip and each statement that Django builds delays others. Works for rows
that are only added: no signals, no parent tables, no defaults made by the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models


def bulk_insert_mixed(rows: Sequence[models.Model]) -> None:
    """Adds rows that have not been saved before, in this order; only inside a transaction is it all or nothing.

    PostgreSQL gets all statements at once, SQLite one after another. The rows of the last table are given their
    keys; those of other tables have to bring theirs, or are not told them. Raises `IntegrityError` as `save` does.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    groups = [list(group) for _, group in groupby(rows, key=type)]
    statements: list[tuple[str, list[Any]]] = []
    for group in groups:
        start, places, fields, key = _statement(type(group[0]), connection.vendor)
        values = [
            field.get_db_prep_save(field.pre_save(row, add=True), connection)
            for row in group
            for field in fields
        ]
        returning = f" RETURNING {key}" if group is groups[-1] else ""
        statements.append((f"{start}{', '.join([places] * len(group))}{returning}", values))
    if connection.vendor == "postgresql":
        sql = "; ".join(sql for sql, _ in statements)
        statements = [(sql, [value for _, values in statements for value in values])]
    with connection.cursor() as cursor:
        for sql, values in statements:
            cursor.execute(sql, values)
        keys = cursor.fetchall()
    for row, (key,) in zip(groups[-1], keys, strict=True):
        row.pk = key
    for row in rows:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


@lru_cache(maxsize=64)
def _statement(model: type[models.Model], vendor: str) -> tuple[str, str, tuple[models.Field, ...], str]:
    """The statement up to its values, the places of one row, its fields, and the key's column."""
    quote = connections[DEFAULT_DB_ALIAS].ops.quote_name
    meta = model._meta
    fields = tuple(field for field in meta.local_concrete_fields if not isinstance(field, models.AutoField))
    columns = ", ".join(quote(str(field.column)) for field in fields)
    places = f"({', '.join(['%s'] * len(fields))})"
    key = next(field for field in meta.local_concrete_fields if field.primary_key)
    # Names of our own tables, quoted; values go through the driver.
    start = f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES "  # noqa: S608
    return start, places, fields, quote(str(key.column))
