"""The race in process, at size: 48 connections, three therapists, times that overlap and touch."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, connections

from bookings import exceptions
from bookings.domain import operations, scheduling
from bookings.domain.operations import Submission
from bookings.domain.operations import transaction as locks
from bookings.models import Booking, Message, Therapist
from massagerx.lib.prepared import Prepared
from tests.bookings.domain.test_races import no_constraint
from tests.factories import DAY, NOW, World, at, make_world
from tests.support.integrity import percentile, size, write_down

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

CONNECTIONS = 48
ATTEMPTS = size(600, 10_000)
CONTROL_ATTEMPTS = 96
_CODES = {"40P01": "deadlock", "55P03": "lock timeout", "40001": "serialisation failure"}


@pytest.fixture
def world(transactional_db: None) -> World:
    world = make_world()
    world.add_therapist("Sample Therapist Two")
    world.add_therapist("Sample Therapist Three", home_zip=world.far_area)
    return world


def attempts(world: World, number: int, *, days: int) -> list[Submission]:
    """Requests of different clients for starts all over the working hours of some days."""
    chance = random.Random(7)
    slugs = list(Therapist.objects.values_list("slug", flat=True))
    made = []
    for place in range(number):
        made.append(
            world.submission(
                starts_at=at(9 + chance.randrange(8), 30 * chance.randrange(2), DAY)
                + timedelta(days=chance.randrange(days)),
                preference=chance.choice(["any", f"therapist:{chance.choice(slugs)}"]),
                email=f"client{place}@example.com",
                phone=f"+1213{234 + place // 10_000}{place % 10_000:04}",
                street=f"{place} Sample Street",
            )
        )
    return made


def outcome(error: Exception) -> str:
    """What an exception says, looking behind 'that time has just gone' for the database's own words."""
    cause = error.__cause__
    if isinstance(cause, OperationalError):
        return _CODES.get(getattr(cause.__cause__, "pgcode", ""), "database busy")
    if isinstance(cause, IntegrityError):
        return "stopped by the constraint"
    if isinstance(error, exceptions.SlotTaken | exceptions.SlotNotOffered):
        return "refused"
    return f"error: {type(error).__name__}"


def race(submissions: list[Submission]) -> tuple[Counter[str], list[float]]:
    """All of them, by as many threads as there are connections, as fast as they can."""
    waiting: SimpleQueue[Submission] = SimpleQueue()
    for submission in submissions:
        waiting.put(submission)
    start = threading.Barrier(CONNECTIONS)
    results: list[str] = []
    seconds: list[float] = []

    def work() -> None:
        try:
            connection.ensure_connection()
            start.wait(timeout=60)
            while True:
                submission = waiting.get_nowait()
                began = time.monotonic()
                try:
                    operations.request_booking(submission=submission, now=NOW)
                    results.append("booked")
                except Exception as error:
                    results.append(outcome(error))
                seconds.append(time.monotonic() - began)
        except Empty:
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=1800)
    return Counter(results), seconds


def overlapping() -> int:
    blocks = Booking.objects.occupying().order_by("therapist", "blocked_from")
    values = list(blocks.values_list("therapist", "blocked_from", "blocked_until"))
    return sum(one[0] == other[0] and other[1] < one[2] for one, other in itertools.combinations(values, 2))


def deadlocks() -> int:
    """How many the database has counted; SQLite has none, its writers queue."""
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def test_racing_attempts_on_48_connections_never_overlap_nor_deadlock(world: World) -> None:
    before = deadlocks()
    results, seconds = race(attempts(world, ATTEMPTS, days=size(5, 45)))
    time.sleep(1.1)  # the database's counters are told once a second
    found = {"overlaps": overlapping(), "deadlocks": deadlocks() - before}
    write_down(
        "race in process",
        attempts=ATTEMPTS,
        connections=CONNECTIONS,
        therapists=3,
        results=dict(results),
        **found,
        server_errors=sum(count for name, count in results.items() if name.startswith("error")),
        p50_ms=round(percentile(seconds, 0.5) * 1000),
        p99_ms=round(percentile(seconds, 0.99) * 1000),
    )
    assert results.total() == ATTEMPTS
    # On a slow machine 48 wait longer for the lock than the five seconds that it may take: a polite no as well.
    assert set(results) <= {"booked", "refused", "lock timeout"}
    assert results["lock timeout"] < ATTEMPTS / 10
    assert found == {"overlaps": 0, "deadlocks": 0}
    assert Booking.objects.count() == results["booked"]
    assert Message.objects.count() == 2 * results["booked"]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite writes one transaction at a time")
def test_same_race_without_the_guards_overlaps(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: check, then insert, with 5 ms in between."""
    monkeypatch.setattr(type(Therapist.objects.all()), "select_for_update", lambda self, **_: self)
    # The query is compiled once: one without the lock, for this test only.
    monkeypatch.setattr(locks, "_LOCKED", Prepared(locks._lockable))
    chosen = scheduling.choose_slot

    def choose_slowly(**kwargs: Any) -> Any:
        slot = chosen(**kwargs)
        time.sleep(0.005)
        return slot

    monkeypatch.setattr(scheduling, "choose_slot", choose_slowly)
    with no_constraint():
        results, _seconds = race(attempts(world, CONTROL_ATTEMPTS, days=1))
        found = overlapping()
    write_down(
        "race in process, without guards", attempts=CONTROL_ATTEMPTS, results=dict(results), overlaps=found
    )
    assert found > 0
