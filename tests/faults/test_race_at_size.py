"""The race in several processes, at size: 48 connections, three therapists, times that overlap and touch."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from bookings.domain import scheduling
from bookings.domain.operations import Submission
from bookings.domain.operations import transaction as locks
from bookings.models import Booking, BookingRules, Message, Therapist
from massagerx.lib.compiled_query import CompiledQuery
from tests.bookings.domain.test_races import no_constraint
from tests.factories import DAY, World, at, make_world
from tests.support.integrity import percentile, size, write_down
from tests.support.racer import Order, Racers, Results, book, work_through

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

CONNECTIONS = 48
PROCESSES = size(2, 6)
ATTEMPTS = size(200, 10_000)
PACED_ATTEMPTS = size(40, 1_000)
CONTROL_ATTEMPTS = 96
DAYS = size(5, 45)


@pytest.fixture
def world(transactional_db: None) -> World:
    world = make_world()
    world.add_therapist("Sample Therapist Two")
    world.add_therapist("Sample Therapist Three", home_zip=world.far_area)
    # Every attempt is a new client's: how many may wait for a press in their email is not what is raced for.
    BookingRules.objects.update(unproved_per_address=ATTEMPTS, unproved_in_all=ATTEMPTS)
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


def clear() -> None:
    Message.objects.all().delete()
    Booking.objects.all().delete()


def times(results: Results) -> dict[str, float]:
    """How long the attempts took, and how many a second there were."""
    return {
        "a_second": round(results.counts.total() / results.elapsed, 1),
        "p50_ms": round(percentile(results.seconds, 0.5) * 1000, 1),
        "p99_ms": round(percentile(results.seconds, 0.99) * 1000, 1),
    }


def require_nothing_lost(results: Results, *, deadlocks_before: int, number: int) -> dict[str, int]:
    """Asserts what must hold after any race; returns the zeros."""
    time.sleep(1.1)  # the database's counters are told once a second
    found = {"overlaps": overlapping(), "deadlocks": deadlocks() - deadlocks_before}
    counts = results.counts
    assert counts.total() == number
    # Where 48 at once are too many for the machine, some wait longer than the five seconds that a lock may take: a
    # polite no as well, and how many is a figure, not a fault.
    assert set(counts) <= {"booked", "refused", "lock timeout"}, counts
    assert counts["booked"] > 0
    assert found == {"overlaps": 0, "deadlocks": 0}
    assert Booking.objects.count() == counts["booked"]
    assert Message.objects.count() == 2 * counts["booked"]
    return {**found, "server_errors": 0}


@pytest.fixture
def racers(world: World, redis_url: str) -> Iterator[Racers]:
    started = Racers(
        processes=PROCESSES, connections=CONNECTIONS, environment={"REDIS_URL": redis_url, "TZ": "UTC"}
    )
    try:
        yield started
    finally:
        started.close()


def test_racing_attempts_on_48_connections_never_overlap_nor_deadlock(world: World, racers: Racers) -> None:
    """As fast as they can, so that all connections want the lock all the time; then the first of them at a third of
    what the machine can do, when an attempt's time is its own and not that of a queue for the processor. The floor is
    the lock, one look and one row, in the same harness."""
    wanted = attempts(world, ATTEMPTS, days=DAYS)
    before = deadlocks()
    unpaced = racers.race(wanted)
    zeros = require_nothing_lost(unpaced, deadlocks_before=before, number=ATTEMPTS)
    figures = {"connections": CONNECTIONS, "processes": PROCESSES, "therapists": 3}
    write_down(
        "race in processes, unpaced",
        attempts=ATTEMPTS,
        **figures,
        results=dict(unpaced.counts),
        **zeros,
        **times(unpaced),
    )
    clear()

    # Measured with the same ones: the later an attempt, the fuller the days, and a refusal costs less than a visit.
    capacity = times(racers.race(wanted[:PACED_ATTEMPTS]))["a_second"]
    clear()
    pace = capacity / 3
    paced = racers.race(wanted[:PACED_ATTEMPTS], a_second=pace)
    zeros = require_nothing_lost(paced, deadlocks_before=before, number=PACED_ATTEMPTS)
    clear()

    # The floor copies this visit, a year after the race's days.
    template = world.book()
    for name in ("starts_at", "ends_at", "blocked_from", "blocked_until"):
        setattr(template, name, getattr(template, name) + timedelta(days=364))
    template.save()
    floor = racers.race(wanted[:PACED_ATTEMPTS], act="floor", a_second=pace)
    assert set(floor.counts) <= {"booked", "refused", "lock timeout"}
    assert overlapping() == 0
    Booking.objects.exclude(pk=template.pk).delete()
    floor_unpaced = racers.race(wanted, act="floor")
    write_down(
        "race in processes, paced",
        attempts=PACED_ATTEMPTS,
        **figures,
        results=dict(paced.counts),
        **zeros,
        capacity_a_second=capacity,
        **times(paced),
        floor=times(floor),
        floor_unpaced=times(floor_unpaced),
    )


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite writes one transaction at a time")
def test_same_race_without_the_guards_overlaps(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: check, then insert, with 5 ms in between."""
    monkeypatch.setattr(type(Therapist.objects.all()), "select_for_update", lambda self, **_: self)
    # The query is compiled once: one without the lock, for this test only.
    monkeypatch.setattr(locks, "_LOCKED", CompiledQuery(locks._lockable))
    chosen = scheduling.choose_slot

    def choose_slowly(**kwargs: Any) -> Any:
        slot = chosen(**kwargs)
        time.sleep(0.005)
        return slot

    monkeypatch.setattr(scheduling, "choose_slot", choose_slowly)
    start = threading.Barrier(CONNECTIONS)

    def together() -> float:
        start.wait(timeout=60)
        return time.monotonic()

    with no_constraint():
        order = Order("booking", CONNECTIONS, attempts(world, CONTROL_ATTEMPTS, days=1))
        results = work_through(order, book, together)
        found = overlapping()
    write_down("race without guards", attempts=CONTROL_ATTEMPTS, results=dict(results.counts), overlaps=found)
    assert found > 0
