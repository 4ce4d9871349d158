"""When what pages and feeds show was last changed, by the histories of its rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any


def last_changes(*models: Any) -> Iterator[datetime]:
    """The newest change (aware) to any row of each of these models, which keep histories; a deletion is one too. One
    query each."""
    for model in models:
        yield from model.history.order_by("-history_date").values_list("history_date", flat=True)[:1]
