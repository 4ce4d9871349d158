"""Inserts rows of several tables in one round trip to the database.

For code that holds a lock, where each round trip and each statement that Django builds delays others. Works for rows
that are only added: no signals, no parent tables, no defaults made by the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

from django.db import DEFAULT_DB_ALIAS, connections, models

from .column_values import ALWAYS_PLAIN, is_plain, plain_kind
from .prepared import Prepared
from .statements import Statement, execute_together

# Up to how many rows of a table are kept prepared: each number of them is a statement of its own.
FEW = 3
DATED = (models.DateField, models.DateTimeField, models.TimeField)


def bulk_insert_mixed(rows: Sequence[models.Model], ahead: Sequence[Statement] = ()) -> None:
    """Adds rows that have not been saved before, in this order; only inside a transaction is it all or nothing. The
    statements `ahead` are run before.

    PostgreSQL gets all statements at once, SQLite one after another. The rows of the last table are given their
    keys; those of other tables have to bring theirs, or are not told them. Raises `IntegrityError` as `save` does.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    groups = [list(group) for _, group in groupby(rows, key=type)]
    key = connection.ops.quote_name(str(groups[-1][0]._meta.pk.column))
    statements = [*map(_insert, groups[:-1]), _insert(groups[-1], f" RETURNING {key}")]
    with connection.cursor() as cursor:
        execute_together(connection, cursor, [*ahead, *statements])
        keys = cursor.fetchall()
    for row, (key,) in zip(groups[-1], keys, strict=True):
        row.pk = key
    for row in rows:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def insert_if_missing(row: models.Model) -> Statement:
    """What adds the row unless one stands that it may not stand beside, to be run ahead of the query that reads it."""
    return _insert([row], " ON CONFLICT DO NOTHING")


def _insert(group: Sequence[models.Model], ending: str = "") -> Statement:
    connection = connections[DEFAULT_DB_ALIAS]
    sql, prepared, columns = _insertion(type(group[0]), len(group), ending, connection.vendor)
    values = []
    for row in group:
        for field, name, kind in columns:
            value = getattr(row, name) if name else field.pre_save(row, add=True)
            is_as_most = type(value) is kind and kind in ALWAYS_PLAIN
            if not is_as_most and not is_plain(value, kind):
                value = field.get_db_prep_save(value, connection)
            values.append(value)
    return Statement(sql, values, prepared)


@lru_cache(maxsize=64)
def _insertion(
    model: type[models.Model], rows: int, ending: str, vendor: str
) -> tuple[str, Prepared | None, list[tuple[models.Field, str, type | None]]]:
    """The SQL for so many rows, under its name where they are few, and the fields: each with the attribute that is
    written as it stands, if it is, and with its `plain_kind`."""
    connection = connections[DEFAULT_DB_ALIAS]
    quote = connection.ops.quote_name
    meta = model._meta
    fields = [field for field in meta.local_concrete_fields if not isinstance(field, models.AutoField)]
    columns = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * rows)
    # Names of our own tables, quoted; values go through the driver.
    sql = f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES {places}{ending}"  # noqa: S608
    given = dict(enumerate(fields * rows))
    prepared = Prepared.of(model, sql, [None] * len(given), given, connection) if rows <= FEW else None
    return sql, prepared, [(field, _as_it_stands(field), plain_kind(field, vendor)) for field in fields]


def _as_it_stands(field: models.Field) -> str:
    """The attribute's name; none where the field makes what is written, such as the instant at which it is."""
    of_its_own = type(field).pre_save is not models.Field.pre_save
    if type(field) in DATED and not (field.auto_now or field.auto_now_add):  # type: ignore[attr-defined]
        of_its_own = False
    return "" if of_its_own else field.attname
