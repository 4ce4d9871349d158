"""A look into a running site's database from outside, past its code."""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg2

# Emails that should have left. A call that is due waits for a person, and what was dropped or failed for nobody.
WAITING = """SELECT kind, state, attempts, due_at FROM bookings_message
    WHERE channel = 'email' AND state IN ('due', 'sending') AND due_at <= now()"""
OCCUPYING = "('requested', 'confirmed', 'completed', 'no_show')"


def rows(address: str, query: str) -> list[tuple[Any, ...]]:
    """Runs one statement on a connection of its own, commits, and returns its rows."""
    connection: Any
    if address.startswith("postgres"):
        connection = psycopg2.connect(address)
    else:
        connection = sqlite3.connect(address.removeprefix("sqlite:///"), timeout=20)
    try:
        cursor = connection.cursor()
        cursor.execute(query)
        found = cursor.fetchall() if cursor.description else []
        connection.commit()
        return found
    finally:
        connection.close()


def number(address: str, query: str) -> int:
    """The one number that a query comes to."""
    return int(rows(address, query)[0][0])


def overlaps(address: str) -> int:
    """Pairs of visits that take the same time of one therapist."""
    return number(
        address,
        f"""SELECT count(*) FROM bookings_booking a JOIN bookings_booking b ON a.therapist_id = b.therapist_id
        AND a.id < b.id AND a.blocked_from < b.blocked_until AND b.blocked_from < a.blocked_until
        WHERE a.status IN {OCCUPYING} AND b.status IN {OCCUPYING}""",
    )


def without_messages(address: str) -> int:
    """Bookings that lack one of the two message rows of their request."""
    return number(
        address,
        """SELECT count(*) FROM bookings_booking b WHERE
        (SELECT count(*) FROM bookings_message m WHERE m.booking_id = b.id AND m.revision = 0
        AND m.kind IN ('received', 'confirmed', 'staff_alert')) <> 2""",
    )
