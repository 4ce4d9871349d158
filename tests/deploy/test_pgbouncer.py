"""The site behind `deploy/pgbouncer.ini`: few connections to PostgreSQL, the limits, and nobody double-booked."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from launch.processes import Supervisor
from launch.servers import find_postgres, start_throwaway_postgres
from tests.faults.concurrent_visitors import at_once, free_times, kind, make_free
from tests.faults.concurrent_visitors import database as address_of
from tests.support import ROOT, require
from tests.support.pgbouncer import PgBouncer
from tests.support.rows import WAITING, number, overlaps, rows
from tests.support.senders import wait_for
from tests.support.site import RunningSite, running_site
from tests.support.stoppable_database import Database, children_of
from tests.support.visitor import CHOOSE, Page, Visitor

pytestmark = pytest.mark.faults

#: Fewer than the threads of the web server.
CONNECTIONS = 3
#: More than the five for which a lock is waited for.
QUERY_SECONDS = 8


@pytest.fixture(scope="module")
def postgres() -> Iterator[Database]:
    require("PostgreSQL", found=find_postgres(Path(sys.prefix)))
    supervisor = Supervisor()
    try:
        address = start_throwaway_postgres(supervisor, Path(sys.prefix))
        assert address is not None
        yield Database(supervisor, address)
    finally:
        supervisor.close()


@pytest.fixture(scope="module")
def server(postgres: Database) -> str:
    return postgres.address


@pytest.fixture(scope="module")
def pooled_site(
    server: str, prepared_databases: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningSite]:
    # Twenty seconds are not waited out by a test.
    changes = {
        "default_pool_size = 20": f"default_pool_size = {CONNECTIONS}",
        "query_timeout = 25": f"query_timeout = {QUERY_SECONDS}",
    }
    supervisor = Supervisor()
    try:
        bouncer = PgBouncer(supervisor, server, changes)
        tmp = tmp_path_factory.mktemp("pooled")
        site = running_site(
            tmp, prepared_databases, server=server, through=bouncer.before, TRUSTED_PROXIES="1"
        )
        with site as running:
            yield running
    finally:
        supervisor.close()


def test_a_race_for_one_time_through_three_connections(pooled_site: RunningSite, server: str) -> None:
    database = address_of(pooled_site)
    make_free(pooled_site)
    starts_at = free_times(pooled_site, days=6, number=340_000)[0][0]
    visitors = [Visitor(pooled_site.site.port, 340_001 + place) for place in range(12)]
    rows(database, "DELETE FROM bookings_hold")
    for visitor in visitors:
        visitor.begin(therapist="sample-therapist-one")

    def choose(visitor: Visitor) -> Page:
        return visitor.send("POST", "/book/when/", {"who": visitor.who, "starts_at": starts_at})

    answers, _seconds = at_once([partial(choose, visitor) for visitor in visitors])
    assert all(page is not None and page.status < 500 for page in answers)
    # A time is kept for one of them.
    assert number(database, "SELECT count(*) FROM bookings_hold") == 1
    (holder,) = (
        visitor
        for visitor, page in zip(visitors, answers, strict=True)
        if page and "/book/health/" in page.location
    )
    holder.fill_in()
    form = holder.review()
    presses, _seconds = at_once([lambda: holder.press(form) for _again in range(6)])

    assert Counter(map(kind, presses)) == {"booked": 6}
    assert overlaps(database) == 0
    assert (
        number(database, f"SELECT count(*) FROM bookings_booking WHERE reference = '{holder.reference()}'")
        == 1
    )
    wait_for(lambda: not rows(database, WAITING), seconds=60, what=lambda: rows(database, WAITING))
    assert pooled_site.smtp.messages
    used = "SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 'site_%'"
    # Two pools of three at most, for web server, worker, beat and these tests.
    assert 1 <= number(server, used) <= 2 * CONNECTIONS


def test_limits_hold_with_each_connection(pooled_site: RunningSite) -> None:
    said = pooled_site.shell(
        "from django.db import connection\n"
        "for name in ('lock_timeout', 'idle_in_transaction_session_timeout', 'statement_timeout', 'timezone'):\n"
        "    with connection.cursor() as cursor:\n"
        "        cursor.execute(f'SHOW {name}')\n"
        "        print(cursor.fetchone()[0])"
    )
    assert said.split() == ["5s", "30s", "20s", "UTC"]


def test_rows_are_read_in_portions_without_a_cursor_that_outlives_its_transaction(
    pooled_site: RunningSite,
) -> None:
    said = pooled_site.shell(
        "from bookings.models import ServiceArea\n"
        "print(sum(1 for _row in ServiceArea.objects.order_by('pk').iterator(chunk_size=10)))"
    )
    assert int(said) > 20


def test_both_entries_differ_by_the_limit_of_a_page_alone() -> None:
    text = (ROOT / "deploy/pgbouncer.ini").read_text()
    entries = dict(re.findall(r"^(massagerx\w*) = (.*)$", text, re.MULTILINE))
    assert entries["massagerx_web"] == entries["massagerx"].replace(
        "30000'", "30000; SET statement_timeout = 20000'"
    )


def test_a_page_has_its_whole_time_before_the_pool_gives_up() -> None:
    text = (ROOT / "deploy/pgbouncer.ini").read_text()
    (seconds,) = re.findall(r"^query_timeout = (\d+)$", text, re.MULTILINE)
    assert 20 < int(seconds) <= 30


def test_a_frozen_database_holds_no_thread_for_good(pooled_site: RunningSite, postgres: Database) -> None:
    """PgBouncer goes on to answer, so the site takes the server behind it for slow."""
    port = pooled_site.site.port
    waits: list[float] = []

    def ask(number: int) -> Page:
        began = time.monotonic()
        page = Visitor(port, 350_000 + number).send("GET", CHOOSE)
        waits.append(time.monotonic() - began)
        return page

    frozen = [postgres.part.pid, *children_of(postgres.part.pid)]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        # Twice as many as the web server has threads; all answered before the thaw.
        pages, _seconds = at_once([partial(ask, number) for number in range(16)])
        assert Visitor(port, 350_099).send("GET", "/healthz").status == 200
    finally:
        for pid in reversed(frozen):
            os.kill(pid, signal.SIGCONT)
    assert [page and page.status for page in pages] == [503] * 16
    wait_for(lambda: Visitor(port, 350_100).send("GET", CHOOSE).status == 200, seconds=60, what=lambda: waits)
