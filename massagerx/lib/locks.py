"""Advisory locks on names, for counting rows before inserting one."""

from __future__ import annotations

import hashlib

from django.db import connection
from django.db.transaction import TransactionManagementError

from .statements import Statement, execute_together


def lock_names(*names: str) -> None:
    """Waits until nobody else's open transaction holds one of these names, and holds them until this one ends.

    Two who count before they insert would both find room; under the name of what they count, the second finds the
    first one's row. In one order for everybody, so that nobody waits in a circle. On SQLite a transaction has the
    whole database for itself. Raises `TransactionManagementError` outside of a transaction, and OperationalError when
    the lock is not given in time.
    """
    statements = lock_statements(*names)
    with connection.cursor() as cursor:
        execute_together(connection, cursor, statements)


def lock_statements(*names: str) -> list[Statement]:
    """What `lock_names` does, to be run ahead of the query that counts, in the same round trip."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("a name is locked until the end of a transaction")
    keys = sorted({_key(name) for name in names})
    if connection.vendor != "postgresql" or not keys:
        return []
    # A list is evaluated from left to right.
    return [Statement(f"SELECT {', '.join(['pg_advisory_xact_lock(%s)'] * len(keys))}", keys)]


def _key(name: str) -> int:
    """64 bits of the name. Two names with the same bits only wait for each other."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
