"""Rows that another connection holds, as somebody at work on them does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.models import QuerySet

ONLY_POSTGRESQL = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite locks no rows")


@contextmanager
def held_elsewhere(rows: QuerySet[Any]) -> Iterator[None]:
    """Another connection holds `rows` meanwhile, and this one waits for a fifth of a second alone. In a test with
    `transactional_db`."""
    locked, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                list(rows.select_for_update(no_key=True).order_by("pk"))
                locked.set()
                let_go.wait(timeout=60)
        finally:
            connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert locked.wait(timeout=60)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 200")
        yield
    finally:
        let_go.set()
        holder.join(timeout=60)
        connection.close()
