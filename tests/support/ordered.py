"""A guard for all tests: rows without an order are never sliced, listed or paged.

Django drops a model's own order from a query that groups (an aggregate in `annotate`), without a word. Then what a page
shows first is chance. The guard looks at each query that is run: one that gives several rows has an order, or says with
an empty `order_by()` that none is needed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

from django.db.models.query import QuerySet

from tests.support import ROOT

_APPS = ("blog", "bookings", "massagerx", "services")
_fetch_all = QuerySet._fetch_all


class UnorderedRows(AssertionError):
    """Several rows were read in an order that nobody chose."""


def watch() -> None:
    """Has each query set looked at from now on, in this process."""
    setattr(QuerySet, "_fetch_all", _looked_at)  # noqa: B010  (a method, to the type checker)


def _looked_at(rows: Any) -> None:
    is_new = rows._result_cache is None
    _fetch_all(rows)
    ours = rows.model.__module__.startswith(_APPS)
    if not is_new or rows.ordered or not rows._result_cache or not ours:
        return
    query = rows.query
    if not query.default_ordering and not query.is_sliced:
        return  # whoever writes `order_by()` says that no order is needed
    cut = query.is_sliced and query.high_mark is not None
    is_full = cut and len(rows._result_cache) == query.high_mark - query.low_mark
    if (len(rows._result_cache) > 1 or is_full) and (asked := _asked_by()):
        raise UnorderedRows(f"{asked}: rows of {rows.model.__name__} without an order.")


def _asked_by() -> str:
    """The function of the site that asked; "" when a test did, or Django needs no order."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        if code.co_name in ("in_bulk", "collect"):  # a dictionary; what a deletion takes along
            return ""
        path = Path(code.co_filename)
        if (
            path.is_relative_to(ROOT) and "site-packages" not in path.parts
        ):  # an environment may lie in the clone
            file = path.relative_to(ROOT).as_posix()
            site = file.startswith(_APPS) and "/migrations/" not in file
            return "" if not site else f"{file}:{frame.f_lineno} {code.co_name}"
        frame = frame.f_back
    return ""
