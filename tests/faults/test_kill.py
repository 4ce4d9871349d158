"""`kill -9` of web workers and of the database while clients book: what was acknowledged is there afterwards."""

from __future__ import annotations

import http.client
import os
import random
import signal
import threading
import time
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from tests.faults.concurrent_visitors import make_free
from tests.support.integrity import size, write_down
from tests.support.rows import number, overlaps, rows, without_messages
from tests.support.site import RunningSite
from tests.support.stoppable_database import Database, children_of
from tests.support.visitor import CHOOSE, Unexpected, Visitor

pytestmark = pytest.mark.faults

WORKER_KILLS = size(3, 20)
DATABASE_KILLS = size(1, 10)
SQLITE_WORKER_KILLS = size(1, 20)
CLIENTS = 4
BETWEEN = 3.0  # seconds of load before a kill, at most


class Load:
    """Clients who book one visit after the other until told to stop."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.over = threading.Event()
        self.acknowledged: list[tuple[str, str]] = []  # (submission key, reference seen or "")
        self.troubles: Counter[str] = Counter()
        self.threads = [threading.Thread(target=self._book_on, args=(place,)) for place in range(CLIENTS)]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(timeout=120)
            assert not thread.is_alive()

    def _book_on(self, place: int) -> None:
        chance = random.Random(place)
        for turn in range(10_000):
            if self.over.is_set():
                return
            visitor = Visitor(self.port, 2_000 + 10_000 * place + turn, timeout=15)
            try:
                self._book(visitor, chance)
            except Unexpected as trouble:
                self.troubles[str(trouble).split(":")[1].strip()[:12] or "other"] += 1
                time.sleep(0.2)
            except (OSError, http.client.HTTPException, KeyError):
                self.troubles["no answer"] += 1
                time.sleep(0.1)

    def _book(self, visitor: Visitor, chance: random.Random) -> None:
        visitor.begin()
        times = visitor.times(timezone.localdate(timezone.now()) + timedelta(days=chance.randrange(2, 50)))
        if not times:
            return
        visitor.choose(chance.choice(times))
        visitor.fill_in()
        form = visitor.review()
        page = visitor.press(form)
        if (page.status, page.location) != (302, "/book/done/"):
            raise Unexpected(f"press: {page.status}")
        self.acknowledged.append((form["submission_key"], ""))
        try:
            reference = visitor.reference()
        except (OSError, http.client.HTTPException):
            return  # the site died between the answer and the next page; the visit is owed all the same
        self.acknowledged.append((form["submission_key"], reference))


def load_goes_on(load: Load, *, seconds: float = 60) -> float:
    """Waits until the next visit is acknowledged; returns after how many seconds."""
    began = time.monotonic()
    before = len(load.acknowledged)
    while len(load.acknowledged) == before:
        assert time.monotonic() - began < seconds, f"nothing was booked for {seconds} s: {load.troubles}"
        time.sleep(0.05)
    return time.monotonic() - began


def kill_under_load(
    site: RunningSite, *, worker_kills: int, database_kills: int = 0, database: Database | None = None
) -> None:
    """Kills while clients book, and asserts that nothing acknowledged is lost and nothing half-written is there."""
    address = site.site.environment["DATABASE_URL"]
    chance = random.Random(3)
    before = number(address, "SELECT count(*) FROM bookings_booking")
    load = Load(site.site.port)
    waits = []
    load.start()
    try:
        load_goes_on(load)
        for turn in range(max(worker_kills, database_kills)):
            if turn < worker_kills:
                time.sleep(BETWEEN * chance.random())
                victims = children_of(site.pids["web"])
                assert victims
                os.kill(chance.choice(victims), signal.SIGKILL)
                waits.append(load_goes_on(load))
            if database is not None and turn < database_kills:
                time.sleep(BETWEEN * chance.random())
                database.kill()
                waits.append(load_goes_on(load))
    finally:
        load.stop()

    assert site.site.answers(CHOOSE)
    acknowledged = {key for key, _reference in load.acknowledged}
    found = rows(address, "SELECT submission_key, reference FROM bookings_booking")
    stored = {str(UUID(str(key))): reference for key, reference in found}
    lost = [
        key for key, reference in load.acknowledged if key not in stored or reference not in ("", stored[key])
    ]
    figures = {
        "acknowledged": len(acknowledged),
        "stored": len(stored) - before,
        "lost": len(lost),
        "without_messages": without_messages(address),
        "overlaps": overlaps(address),
    }
    write_down(
        "kill -9 under load",
        database=address,
        worker_kills=worker_kills,
        database_kills=database_kills,
        clients=CLIENTS,
        longest_wait_s=round(max(waits), 1),
        troubles_seen_by_clients=dict(load.troubles),
        **figures,
    )
    assert figures["acknowledged"] > worker_kills + database_kills
    assert (figures["lost"], figures["without_messages"], figures["overlaps"]) == (0, 0, 0)


def test_killed_workers_and_database_lose_no_acknowledged_visit(
    postgresql_site: RunningSite, database: Database
) -> None:
    make_free(postgresql_site)
    kill_under_load(
        postgresql_site, worker_kills=WORKER_KILLS, database_kills=DATABASE_KILLS, database=database
    )


def test_killed_workers_lose_no_acknowledged_visit_on_sqlite(sqlite_site: RunningSite) -> None:
    make_free(sqlite_site)
    kill_under_load(sqlite_site, worker_kills=SQLITE_WORKER_KILLS)
