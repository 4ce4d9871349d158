"""`kill -9` of web workers and of the database while clients book: what was acknowledged is there afterwards."""

from __future__ import annotations

import http.client
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg2
import pytest
from django.utils import timezone

from launch.processes import Household, Part
from launch.servers import find_postgres, start_throwaway_postgres
from tests.support import require
from tests.support.integrity import size, write_down
from tests.support.rows import number, overlaps, rows, without_messages
from tests.support.site import RunningSite, running_site
from tests.support.visitor import Unexpected, Visitor

pytestmark = pytest.mark.faults

WORKER_KILLS = size(3, 20)
DATABASE_KILLS = size(1, 10)
CLIENTS = 4
BETWEEN = 3.0  # seconds of load before a kill, at most


class Database:
    """A PostgreSQL of this test's own, that may be killed and comes up again."""

    def __init__(self, household: Household, address: str) -> None:
        self.household = household
        self.address = address
        self.part: Part = household.parts[-1]

    def kill(self) -> None:
        """SIGKILL to the server and to each of its processes, then a new server on the same files."""
        children = children_of(self.part.pid)
        for pid in (self.part.pid, *children):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # its own end came first
        deadline = time.monotonic() + 60
        self.household.start(self.part)
        while not self.answers():
            assert time.monotonic() < deadline, f"PostgreSQL did not come back:\n{self.part.tail(40)}"
            time.sleep(0.1)
            if not self.part.running:
                self.household.start(self.part)

    def answers(self) -> bool:
        try:
            psycopg2.connect(self.address, connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True


@pytest.fixture
def database() -> Iterator[Database]:
    require("PostgreSQL", found=find_postgres(Path(sys.prefix)))
    household = Household()
    try:
        address = start_throwaway_postgres(household, Path(sys.prefix), durable=True)
        assert address is not None
        yield Database(household, address)
    finally:
        household.close()


@pytest.fixture
def busy_site(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSite]:
    monkeypatch.setenv("DATABASE_URL", database.address)
    with running_site(tmp_path, TRUSTED_PROXIES="1") as running:
        yield running


def children_of(parent: int) -> list[int]:
    """The processes that a process of ours started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(entry.name))
    return found


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


def test_killed_workers_and_database_lose_no_acknowledged_visit(
    busy_site: RunningSite, database: Database
) -> None:
    site = busy_site
    address = site.site.environment["DATABASE_URL"]
    chance = random.Random(3)
    load = Load(site.site.port)
    waits = []
    load.start()
    try:
        load_goes_on(load)
        for turn in range(max(WORKER_KILLS, DATABASE_KILLS)):
            if turn < WORKER_KILLS:
                time.sleep(BETWEEN * chance.random())
                victims = children_of(site.pids["web"])
                assert victims
                os.kill(chance.choice(victims), signal.SIGKILL)
                waits.append(load_goes_on(load))
            if turn < DATABASE_KILLS:
                time.sleep(BETWEEN * chance.random())
                database.kill()
                waits.append(load_goes_on(load))
    finally:
        load.stop()

    assert site.site.answers("/book/")
    acknowledged = {key for key, _reference in load.acknowledged}
    stored = dict(rows(address, "SELECT submission_key::text, reference FROM bookings_booking"))
    lost = [
        key for key, reference in load.acknowledged if key not in stored or reference not in ("", stored[key])
    ]
    figures = {
        "acknowledged": len(acknowledged),
        "stored": number(address, "SELECT count(*) FROM bookings_booking"),
        "lost": len(lost),
        "without_messages": without_messages(address),
        "overlaps": overlaps(address),
    }
    write_down(
        "kill -9 under load",
        worker_kills=WORKER_KILLS,
        database_kills=DATABASE_KILLS,
        clients=CLIENTS,
        longest_wait_s=round(max(waits), 1),
        troubles_seen_by_clients=dict(load.troubles),
        **figures,
    )
    assert figures["acknowledged"] > WORKER_KILLS + DATABASE_KILLS
    assert (figures["lost"], figures["without_messages"], figures["overlaps"]) == (0, 0, 0)
