"""What the owner sets up, kept in each process for as long as nobody changes it: rules, prices, areas, hours.

PostgreSQL tells the revision of the tables that a migration tracks (`postgresql.revisions`), whoever changes them. A
query of those tables alone that says so (`CompiledQuery(…, of_reference_data=True)`) takes its rows from memory while
they are known to be of the present revision:

- for the rest of a request from `keep_for_this_request` on: the revision is what the database told when it was asked
  whether it answers at all, before the request's first query;
- inside `read_under_locks`, from the moment that a query asked there has told it (`Revision`).

Everywhere else, and with SQLite, such a query is asked each time. Nothing may change a tracked table in between and
read it again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from django.core.signals import request_finished, request_started
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import CharField
from django.db.models.expressions import Expression

from .postgresql.revisions import REVISION

# How many answers a process keeps: of a business's years a few dozen are asked for.
MOST_KEPT = 500

Rows = list[tuple[Any, ...]]

# What a connection knows, of `postgresql.base`: set by the names here alone.
_STATE = ("revision", "keeps_reference_data", "awaits_revision")

_kept: OrderedDict[Any, tuple[str, Rows]] = OrderedDict()
_lock = Lock()


def start() -> None:
    """Forgets between two requests what was true in the first."""
    for signal in (request_started, request_finished):
        signal.connect(_forget, dispatch_uid="reference data")


def _forget(**_of_signal: object) -> None:
    connection: Any = connections[DEFAULT_DB_ALIAS]
    connection.revision, connection.keeps_reference_data = None, False


def keep_for_this_request() -> None:
    """From here to the end of the request, reference data is as it was when the request asked its first query."""
    connections[DEFAULT_DB_ALIAS].keeps_reference_data = True  # type: ignore[attr-defined]


@contextmanager
def read_under_locks() -> Iterator[None]:
    """Reads reference data as it is inside the block, a transaction, and keeps it from when its revision was `told`."""
    connection: Any = connections[DEFAULT_DB_ALIAS]
    before = {name: getattr(connection, name, None) for name in _STATE}
    vars(connection).update(revision=None, keeps_reference_data=True, awaits_revision=True)
    try:
        yield
    finally:
        vars(connection).update(before)


def awaits_revision() -> bool:
    """Whether who asks the database something here should ask it for the revision, too."""
    return bool(getattr(connections[DEFAULT_DB_ALIAS], "awaits_revision", False))


def told(revision: str) -> None:
    """Says what `Revision` was, inside `read_under_locks`; blank is not known."""
    connections[DEFAULT_DB_ALIAS].revision = revision or None  # type: ignore[attr-defined]


def known_revision() -> str | None:
    """The revision by which rows may be kept here, None where they may not."""
    connection = connections[DEFAULT_DB_ALIAS]
    return (
        getattr(connection, "revision", None) if getattr(connection, "keeps_reference_data", False) else None
    )


def rows_of(revision: str, query: object, values: dict[str, Any], ask: Callable[[], Rows]) -> Rows:
    """The rows of a query with these values as of a revision, asked for where they aren't kept."""
    key = query, *((name, tuple(v) if isinstance(v, list) else v) for name, v in values.items())
    with _lock:
        found = _kept.get(key)
        if found is not None and found[0] == revision:
            _kept.move_to_end(key)
            return list(found[1])
    rows = ask()
    with _lock:
        _kept[key] = revision, rows
        _kept.move_to_end(key)
        if len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return list(rows)


class Revision(Expression):
    """The revision as a column; blank where it isn't known."""

    def __init__(self) -> None:
        super().__init__(output_field=CharField())

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """Blank, as for SQLite."""
        return "''", []

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """Of the same moment as the rest of the query's rows."""
        return f"coalesce({REVISION}, '')", []
