"""What staff's pages cost with many visits stored, beside an empty list in the same rounds.

Run from the repository: python -m bench.admin [--sizes 1000,50000] [--rounds 15] [--lists]

With --lists it is every list of the admin, and a few searches: with two messages and a look at health answers for each
visit, a client for each five, and a late move and a message from the site for each ten. Each is asked for by turns
with the same list in a copy of the database that was made before anything was stored, and printed at once: three
times each, and where it takes more than twice as long, until it has had its rounds or twenty seconds. Figures go to
bench/results/admin_lists.json.

Whole pages through Django's test client, without a network: middleware, queries and templates, as the owner sees
them. The empty list is the same page asked for a day without visits. All is measured in one process, in interleaved
rounds, on a PostgreSQL that is started for it. Figures go to bench/results/admin.json.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import time_machine

from bench.availability import Measured, measure
from bench.world import FIRST_DAY, NOW, Calendar, found_business, own_postgres

RESULTS = Path(__file__).parent / "results" / "admin.json"
LIST = "/admin/bookings/booking/"
PAGES = {
    "empty list": f"{LIST}?day=2001-01-01",
    "list": LIST,
    "list, any day": f"{LIST}?day=any",
    "list, any day, last page": f"{LIST}?day=any&o=2",
    "list, one state": f"{LIST}?status__exact=canceled",
    "list, one zone": f"{LIST}?zone=1",
    "search by name": f"{LIST}?q=maria+lopez",
    "search by first name": f"{LIST}?q=maria",
    "search by email, all of them": f"{LIST}?q=example.com",
    "search by phone": f"{LIST}?q=%28310%29+555-0123",
    "search by last four digits": f"{LIST}?q=0123",
    "search by street and ZIP code": f"{LIST}?q=90026+17+vine",
    "clients": "/admin/bookings/client/",
    "clients, search by name": "/admin/bookings/client/?q=maria",
    "finder, as one types": f"{LIST}book/?q=mar",
    "day board": f"{LIST}day/?day={FIRST_DAY}",
    "week": f"{LIST}week/?day={FIRST_DAY}",
    "reports, three months": f"{LIST}reports/",
    "reports, twelve months": f"{LIST}reports/?first=2025-12-07&last=2026-12-06",
}
# The world's clients share one name; a search needs many.
_FIRST = [
    "Maria",
    "James",
    "Ana",
    "Robert",
    "Linda",
    "Jose",
    "Karen",
    "Daniel",
    "Sofia",
    "Kevin",
    "Emily",
    "Miguel",
    "Grace",
    "Peter",
    "Lucia",
    "Henry",
    "Nina",
]
_LAST = [
    "Lopez",
    "Smith",
    "Garcia",
    "Johnson",
    "O'Brien",
    "Kim",
    "Nguyen",
    "Patel",
    "Cohen",
    "Rossi",
    "Novak",
    "Sato",
    "Silva",
    "Chen",
    "Brown",
    "Davis",
    "Lee",
]
_STREETS = [
    "Sunset",
    "Vine",
    "Alvarado",
    "Figueroa",
    "Hyperion",
    "Fountain",
    "Normandie",
    "Western",
    "Vermont",
    "Crenshaw",
    "Pico",
    "Venice",
]
_NAMES = """
UPDATE bookings_client SET name = (%s::text[])[1 + id %% 17] || ' ' || (%s::text[])[1 + (id / 17) %% 17];
UPDATE bookings_booking AS b SET contact_name = c.name,
    street = (100 + b.id %% 9000) || ' ' || (%s::text[])[1 + b.id %% 12] || ' Street'
FROM bookings_client AS c WHERE c.id = b.client_id
"""
_SCREENINGS = """
INSERT INTO bookings_screeningrecord (booking_id, version_id, answers, tier, evaluated_at)
SELECT b.id, (SELECT min(id) FROM bookings_screeningversion), '', 'clear', b.created_at
FROM bookings_booking AS b ON CONFLICT DO NOTHING
"""


# Those that only make questions quick: they are made anew when all rows are stored.
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid::regclass::text LIKE 'bookings_%' AND NOT indisunique AND NOT indisexclusion
"""
# What lies beside each visit, and what else grows with the years.
_CLIENTS = """
INSERT INTO bookings_client (name, email, phone, is_blocked, created_at)
SELECT 'Sample Client', 'grown' || n || '@example.com', '+1424' || lpad(n::text, 7, '0'), false,
    now() - n * interval '1 minute'
FROM generate_series((SELECT count(*) FROM bookings_client), %(visits)s / 5) AS n
"""
_BESIDE = """
INSERT INTO bookings_message (
    kind, channel, booking_id, revision, state, due_at, attempts, uncertain_attempts, sent_at, message_uuid,
    last_error, created_at
)
SELECT
    kind, 'email', id, revision, CASE WHEN id %% 5000 = 0 THEN 'failed' ELSE 'sent' END, created_at, 1, 0, created_at,
    gen_random_uuid(), '', created_at
FROM bookings_booking CROSS JOIN unnest(ARRAY['confirmed', 'reminder_last']) AS kind
ON CONFLICT DO NOTHING;
INSERT INTO bookings_contactmessage (name, email, phone, body, written_at, submission_key)
SELECT
    'Sample Client', 'sample' || n || '@example.com', '', '', now() - n * interval '1 hour', gen_random_uuid()
FROM generate_series(1, %(visits)s / 10) AS n;
INSERT INTO bookings_healthaccess (booking_id, user_id, at, what, reason)
SELECT id, (SELECT min(id) FROM auth_user), created_at, 'answers', 'measured' FROM bookings_booking;
INSERT INTO bookings_changerequest (
    booking_id, wanted_starts_at, preference, reason, fee_cents, asked_at, state, answered_at
)
SELECT id, starts_at, '', '', 6000, created_at, 'refused', created_at FROM bookings_booking WHERE id %% 10 = 0
"""


def lists() -> dict[str, str]:
    """Every list of the admin, by what it lists; of the long ones their last pages and searches, too."""
    from django.contrib import admin
    from django.urls import reverse

    every_one = {
        str(model._meta.verbose_name_plural): reverse(
            f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        )
        for model in admin.site._registry
    }
    beyond = {
        f"{name}, {what}": f"{every_one[name]}?{query}"
        for name in ("clients", "messages", "bookings")
        for what, query in {
            "by mail domain": "q=example.com",
            "by one mailbox": "q=sample17@example.com",
            "by name": "q=maria+lopez",
        }.items()
    }
    return every_one | beyond | {"messages, failed": f"{every_one['messages']}?state__exact=failed"}


@contextmanager
def stored_quickly() -> Iterator[None]:
    """Rows of bookings are stored in bulk meanwhile: no foreign key is checked, and indexes come afterwards."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_INDEXES)
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute("SET session_replication_role = replica")
        yield
        cursor.execute("VACUUM FULL")
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("SET maintenance_work_mem = '1GB'")
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute("VACUUM ANALYZE")


def store(calendar: Calendar, size: int, *, beside: bool) -> None:
    """Grows the calendar to `size` visits with names and screenings, and with `beside` all that lies beside them."""
    from django.db import connection

    with stored_quickly(), connection.cursor() as cursor:
        if beside:
            cursor.execute(_CLIENTS, {"visits": size})
        calendar.grow_to(size)
        cursor.execute(_SCREENINGS)
        if beside:
            cursor.execute(_BESIDE, {"visits": size})
        cursor.execute(_NAMES, [_FIRST, _LAST, _STREETS])


def page(client: Any, address: str) -> Callable[[], int]:
    """Asks for one page and returns how many bytes came."""

    def ask() -> int:
        response = client.get(address, follow=True)
        if response.status_code != 200:
            raise SystemExit(f"{address}: {response.status_code}")
        return len(response.content)

    return ask


@contextmanager
def connected_to(name: str) -> Iterator[None]:
    """What is asked goes to another database of the same server meanwhile."""
    from django.db import connection

    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    yield
    connection.close()
    connection.settings_dict["NAME"] = before


def copy_database(name: str) -> None:
    """A copy of the database as it is; nobody may be connected to that."""
    from django.db import connection

    original = connection.settings_dict["NAME"]
    with connected_to("template1"), connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {original}")
    with connected_to(name), connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def beside_empty(task: Callable[[], int], empty: str, rounds: int) -> tuple[Measured, Measured]:
    """One page with what is stored and from the empty database, by turns of three; once, when it is nowhere near
    three times the other."""
    from django.db import connection

    stored = connection.settings_dict["NAME"]
    found: dict[str, list[Measured]] = {stored: [], empty: []}
    until = time.perf_counter() + 20
    while not found[empty] or (
        len(found[empty]) * 3 < rounds
        and time.perf_counter() < until
        and _together(found[stored]).milliseconds > 2 * _together(found[empty]).milliseconds
    ):
        for name, taken in found.items():
            with connected_to(name):
                taken.append(measure({"page": task}, 3)["page"])
    return _together(found[stored]), _together(found[empty])


def _together(taken: list[Measured]) -> Measured:
    middle = sorted(one.milliseconds for one in taken)[len(taken) // 2]
    return Measured(middle, min(one.quickest for one in taken), taken[0].queries, taken[0].found)


def figures(one: Measured, empty: Measured) -> dict[str, float]:
    return {
        "queries": one.queries,
        "ms": round(one.milliseconds, 1),
        "quickest_ms": round(one.quickest, 1),
        "times_empty": round(one.milliseconds / empty.milliseconds, 2),
        "times_empty_quickest": round(one.quickest / empty.quickest, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Staff's pages with many visits stored.")
    parser.add_argument("--sizes", default="1000,50000")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--lists", action="store_true")
    options = parser.parse_args()
    results = RESULTS.with_stem("admin_lists") if options.lists else RESULTS
    RESULTS.parent.mkdir(exist_ok=True)
    report: dict[str, Any] = {"sizes": {}}
    with own_postgres(), time_machine.travel(NOW, tick=True):
        from django.contrib.auth.models import User
        from django.test import Client

        logging.disable(logging.INFO)
        business = found_business()
        client = Client(SERVER_NAME="localhost")
        client.force_login(User.objects.create_superuser("measured", password="a-long-password"))
        tasks = {
            name: page(client, address) for name, address in (lists() if options.lists else PAGES).items()
        }
        if options.lists:
            copy_database("nothing_stored")
        calendar = Calendar(business)
        for size in sorted(int(size) for size in options.sizes.split(",")):
            store(calendar, size, beside=options.lists)
            print(
                f"{size} visits stored\n{'queries':>7} {'ms':>8} {'× empty':>7} {'quickest':>8} {'× empty':>7}"
            )
            report["sizes"][str(size)] = found = {}
            every_one = {} if options.lists else measure(tasks, options.rounds)
            for name, task in tasks.items():
                if options.lists:
                    found[name] = figures(*beside_empty(task, "nothing_stored", options.rounds))
                else:
                    found[name] = figures(every_one[name], every_one["empty list"])
                queries, ms, times, quickest, times_quickest = found[name].values()
                print(
                    f"{queries:7} {ms:8.1f} {times:7.2f} {quickest:8.1f} {times_quickest:7.2f}  {name}",
                    flush=True,
                )
            results.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
