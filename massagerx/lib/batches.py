"""Work on many rows in pieces, so that no statement holds locks on all of them, or the table's time, at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

#: Rows that one statement changes.
BATCH = 1000


def in_batches(rows: QuerySet[Any], act: Callable[[QuerySet[Any]], int], *, size: int = BATCH) -> int:
    """Call `act` with at most `size` of the rows at a time, by ascending primary key; returns the sum of its answers.

    Each piece is a statement of its own: outside of a transaction what is done stays done when a later piece fails, and
    the next call goes on. Rows that are added meanwhile behind the last key are taken too. `rows` asks for no encrypted
    column: the pieces read keys alone.
    """
    done, last = 0, None
    keys = rows.order_by("pk").values_list("pk", flat=True)
    while batch := list((keys if last is None else keys.filter(pk__gt=last))[:size]):
        # A row may have changed since its key was read: it is asked again.
        done += act(rows.order_by().filter(pk__in=batch))
        last = batch[-1]
    return done


def delete_in_batches(rows: QuerySet[Any]) -> int:
    """Delete the rows, and what hangs on them, in batches; returns how many of `rows` themselves went."""
    label = rows.model._meta.label
    return in_batches(rows.only("pk"), lambda batch: batch.delete()[1].get(label, 0))
