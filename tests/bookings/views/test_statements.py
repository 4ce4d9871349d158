"""How many statements the last requests of a booking send to the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.bookings.views.flow import Flow

RULES = (
    "bookings_bookingrules",
    "bookings_termsversion",
    "bookings_screeningversion",
    "bookings_bookingdraft",
)


def read(queries: Any) -> Counter[str]:
    """How often each table of the owner's rules, and the draft, is read first-hand."""
    return Counter(
        name
        for query in queries
        for name in RULES
        if query["sql"].startswith("SELECT") and f'FROM "{name}"' in query["sql"]
    )


def test_review_page_reads_rules_once_and_leaves_the_session_alone(
    flow: Flow, count_queries: Callable[..., Any]
) -> None:
    flow.until("review")

    with count_queries() as queries:
        flow.hidden()

    assert read(queries) == dict.fromkeys(RULES, 1)
    assert not [query for query in queries if query["sql"].startswith('UPDATE "django_session"')]
    # One of them asks whether this is a known client, for what the button says.
    assert len(queries) == 14


def test_press_reads_rules_once_and_its_link_is_looked_for_once(
    flow: Flow, count_queries: Callable[..., Any]
) -> None:
    form = flow.until("review").hidden()

    with count_queries() as queries:
        answer = flow.post("/book/review/", {**form, "agree": "on"}, {})

    assert answer.headers["Location"] == "/book/done/"
    assert read(queries) == dict.fromkeys(RULES, 1)
    assert len([query for query in queries if query["sql"].startswith('SELECT "bookings_link"')]) == 1
    # Beginnings and ends of transactions among them; two more when the drives are read.
    assert len(queries) <= 26
    # After the lock on all unproved requests one count and the rows: others wait for as little as can be.
    said = [query["sql"] for query in queries]
    counted = max(number for number, sql in enumerate(said) if " FILTER " in sql or "CASE WHEN" in sql)
    assert {sql.split()[0] for sql in said[counted + 1 : counted + 3]} <= {"INSERT", "DELETE"}
