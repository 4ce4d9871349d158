"""The database freezes: it takes connections, and says nothing. No thread of the web server may be lost to it."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from massagerx.settings.base import redis_urls
from tests.faults.test_database_away import KIND_WORDS, seconds_until
from tests.support.integrity import write_down
from tests.support.site import RunningSite
from tests.support.stoppable_database import Database, children_of
from tests.support.visitor import CHOOSE, Page, Visitor

pytestmark = pytest.mark.faults

# As many as the web server has threads, and as many again that wait for one.
CROWD = 16
FROZEN_SECONDS = 10


def is_kept(site: RunningSite, path: str) -> bool:
    """Whether the page is in the cache, having been asked for: a process that had no answer of the broker leaves it
    alone for some seconds."""
    assert Visitor(site.site.port, 310_000).send("GET", path).status == 200
    _broker, cache = redis_urls(site.site.environment["REDIS_URL"])
    with redis.Redis.from_url(cache) as connection:
        return bool(connection.keys(f"*page-made-last:*:{path}"))


def is_well_for(seconds: float, visitor: Visitor) -> bool:
    """Whether each answer of that time is one."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if visitor.send("GET", CHOOSE).status != 200:
            return False
        time.sleep(0.1)
    return True


def test_frozen_database_holds_nobody_up(postgresql_site: RunningSite, database: Database) -> None:
    port = postgresql_site.site.port
    visitor = Visitor(port, 310_000)
    seconds_until(lambda: is_kept(postgresql_site, "/services/"), within=60)
    begin = time.monotonic
    waits: list[float] = []

    def ask(number: int) -> Page:
        began = begin()
        page = Visitor(port, 310_000 + number).send("GET", CHOOSE)
        waits.append(begin() - began)
        return page

    frozen = [database.part.pid, *children_of(database.part.pid)]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        until = begin() + FROZEN_SECONDS
        alive: list[float] = []
        with ThreadPoolExecutor(CROWD) as crowd:
            asked = [crowd.submit(ask, number) for number in range(CROWD)]
            while begin() < until:
                began = begin()
                assert visitor.send("GET", "/healthz").status == 200
                alive.append(begin() - began)
                time.sleep(0.2)
            # All of them before the thaw: without an end of their wait none would come.
            for answer in asked:
                page = answer.result()
                assert page.status == 503
                assert KIND_WORDS in page.text.replace("&#x27;", "'")
        assert visitor.send("GET", "/readyz").status == 503
        # The minute in which it was made may be over: what was made last is told.
        assert Visitor(port, 310_099).send("GET", "/services/").status == 200
    finally:
        for pid in reversed(frozen):
            os.kill(pid, signal.SIGCONT)
    well_after = seconds_until(lambda: visitor.send("GET", CHOOSE).status == 200, within=60)
    # So is the other process of the web server: it believes for a moment what it found out last.
    seconds_until(lambda: is_well_for(1.5, visitor), within=60)
    write_down(
        "database frozen",
        database=database.address.partition(":")[0],
        longest_wait_s=round(max(waits), 1),
        longest_healthz_s=round(max(alive), 1),
        later_healthz_s=round(max(alive[len(alive) // 2 :]), 2),
        well_after_s=round(well_after, 1),
    )
