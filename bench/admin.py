"""What staff's pages cost with many visits stored, beside an empty list in the same rounds.

Run from the repository: python -m bench.admin [--sizes 1000,50000] [--rounds 15] [--lists]

With --lists it is every list of the admin, beside the same list before anything was stored: with two messages and a
look at health answers for each visit, a client for each five, and a late move and a message from the site for each
ten. Figures go to bench/results/admin_lists.json.

Whole pages through Django's test client, without a network: middleware, queries and templates, as the owner sees
them. The empty list is the same page asked for a day without visits. All is measured in one process, in interleaved
rounds, on a PostgreSQL that is started for it. Figures go to bench/results/admin.json.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import time_machine

from bench.availability import measure
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
FROM bookings_booking AS b LEFT JOIN bookings_screeningrecord AS s ON s.booking_id = b.id
WHERE s.booking_id IS NULL
"""


# What lies beside each visit, and what else grows with the years.
_BESIDE = """
INSERT INTO bookings_client (name, email, phone, is_blocked, created_at)
SELECT 'Sample Client', 'grown' || n || '@example.com', '+1424' || lpad(n::text, 7, '0'), false,
    now() - n * interval '1 minute'
FROM generate_series((SELECT count(*) FROM bookings_client), %(visits)s / 5) AS n;
UPDATE bookings_booking SET client_id = (SELECT min(id) FROM bookings_client) + id %% (%(visits)s / 5);
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
    """Every list of the admin, by what it lists."""
    from django.contrib import admin
    from django.urls import reverse

    return {
        str(model._meta.verbose_name_plural): reverse(
            f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        )
        for model in admin.site._registry
    }


def page(client: Any, address: str) -> Callable[[], int]:
    """Asks for one page and returns how many bytes came."""

    def ask() -> int:
        response = client.get(address, follow=True)
        if response.status_code != 200:
            raise SystemExit(f"{address}: {response.status_code}")
        return len(response.content)

    return ask


def main() -> None:
    parser = argparse.ArgumentParser(description="Staff's pages with many visits stored.")
    parser.add_argument("--sizes", default="1000,50000")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--lists", action="store_true")
    options = parser.parse_args()
    report: dict[str, Any] = {"sizes": {}}
    with own_postgres(), time_machine.travel(NOW, tick=True):
        from django.contrib.auth.models import User
        from django.db import connection
        from django.test import Client

        logging.disable(logging.INFO)
        calendar = Calendar(found_business())
        client = Client(SERVER_NAME="localhost")
        client.force_login(User.objects.create_superuser("measured", password="a-long-password"))
        pages = lists() if options.lists else PAGES
        tasks = {name: page(client, address) for name, address in pages.items()}
        nothing_stored = measure(tasks, options.rounds) if options.lists else {}
        for size in sorted(int(size) for size in options.sizes.split(",")):
            calendar.grow_to(size)
            with connection.cursor() as cursor:
                cursor.execute(_SCREENINGS)
                if options.lists:
                    cursor.execute(_BESIDE, {"visits": size})
                cursor.execute(_NAMES, [_FIRST, _LAST, _STREETS])
                cursor.execute("VACUUM FULL")
                cursor.execute("VACUUM ANALYZE")
            print(
                f"{size} visits stored\n{'page':32} {'queries':>7} {'ms':>8} {'quickest':>8} {'× empty':>7}"
            )
            found = measure(tasks, options.rounds)
            report["sizes"][str(size)] = figures = {}
            for name, one in found.items():
                empty = nothing_stored[name] if options.lists else found["empty list"]
                ratio = one.quickest / empty.quickest
                figures[name] = {
                    "queries": one.queries,
                    "ms": round(one.milliseconds, 1),
                    "quickest_ms": round(one.quickest, 1),
                    "times_empty": round(ratio, 2),
                }
                print(
                    f"{name:32} {one.queries:7} {one.milliseconds:8.1f} {one.quickest:8.1f} {ratio:7.2f}",
                    flush=True,
                )
    RESULTS.parent.mkdir(exist_ok=True)
    results = RESULTS.with_stem("admin_lists") if options.lists else RESULTS
    results.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
