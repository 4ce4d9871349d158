"""What is behind `django.db` is what we think."""

import pytest
from django.db import connection


@pytest.mark.integrity
@pytest.mark.django_db
def test_postgresql_is_spoken_to_by_psycopg2() -> None:
    """Django would silently prefer psycopg 3, if any package brought it in."""
    expected = {"postgresql": "psycopg2", "sqlite": "sqlite3.dbapi2"}

    assert connection.Database.__name__ == expected[connection.vendor]  # type: ignore[attr-defined]


@pytest.mark.integrity
@pytest.mark.django_db(transaction=True)
def test_sqlite_writes_ahead_and_locks_at_once() -> None:
    if connection.vendor != "sqlite":
        assert connection.vendor == "postgresql"
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone() == ("wal",)
        cursor.execute("PRAGMA foreign_keys")
        assert cursor.fetchone() == (1,)
    assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
