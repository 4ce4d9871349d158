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
from django.db.models import CharField
from django.db.models.expressions import Expression

from .postgresql.revisions import REVISION, known

# How many answers a process keeps, and of how many rows at most: of a business's years a few dozen are asked for.
MOST_KEPT = 300
MOST_ROWS = 1_000

Rows = list[tuple[Any, ...]]

_kept: OrderedDict[Any, tuple[str, Rows]] = OrderedDict()
_lock = Lock()


def start() -> None:
    """Forgets between two requests what was true in the first."""
    for signal in (request_started, request_finished):
        signal.connect(_forget, dispatch_uid="reference data")


def _forget(**_of_signal: object) -> None:
    vars(known).clear()


def keep_for_this_request() -> None:
    """From here to the end of the request, reference data is as it was when the request asked its first query."""
    known.keeps = True


@contextmanager
def read_under_locks() -> Iterator[None]:
    """Reads reference data as it is inside the block, a transaction, and keeps it from when its revision was `told`."""
    before = dict(vars(known))
    known.revision, known.keeps, known.is_awaited = None, True, True
    try:
        yield
    finally:
        vars(known).clear()
        vars(known).update(before)


def awaits_revision() -> bool:
    """Whether who asks the database something here should ask it for the revision, too."""
    return known.is_awaited


def told(revision: str | None) -> None:
    """Says what `Revision` was, inside `read_under_locks`."""
    known.revision = revision


def known_revision() -> str | None:
    """The revision by which rows may be kept here, None where they may not."""
    return known.revision if known.keeps else None


def rows_of(revision: str, query: object, values: dict[str, Any], ask: Callable[[], Rows]) -> Rows:
    """The rows of a query with these values as of a revision, asked for where they aren't kept. No rows are not kept:
    anybody can ask for what there isn't."""
    key = query, *((name, tuple(v) if isinstance(v, list) else v) for name, v in values.items())
    with _lock:
        found = _kept.get(key)
        if found is not None and found[0] == revision:
            _kept.move_to_end(key)
            return list(found[1])
    rows = ask()
    if 0 < len(rows) <= MOST_ROWS:
        with _lock:
            _kept[key] = revision, rows
            _kept.move_to_end(key)
            if len(_kept) > MOST_KEPT:
                _kept.popitem(last=False)
    return list(rows)


class Revision(Expression):
    """The revision as a column; NULL where it isn't known."""

    def __init__(self) -> None:
        super().__init__(output_field=CharField())

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """NULL, as for SQLite."""
        return "NULL", []

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """Of the same moment as the rest of the query's rows."""
        return REVISION, []
