"""A broker that is slow, freezes or is full, a database that is slow or whose disk is full, a slow mail server: a press
is booked once or refused kindly, and mail leaves, at the latest once all is well again."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psycopg2
import pytest
import redis

from massagerx.patient_consumer import PAUSE_SECONDS
from tests.faults.concurrent_visitors import database as address_of
from tests.faults.concurrent_visitors import free_times, make_free, to_review
from tests.faults.test_database_away import KIND_WORDS
from tests.support.rows import number
from tests.support.senders import wait_for
from tests.support.site import RunningSite
from tests.support.visitor import CHOOSE, Visitor

pytestmark = pytest.mark.faults

# What PostgreSQL says when it can't write, from the server itself, for everything that a visitor's way writes.
FULL = "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'"
SLOW = "PERFORM pg_sleep(0.5); RETURN NULL"


@contextmanager
def writes_that(site: RunningSite, body: str) -> Iterator[None]:
    """Each write of the bookings' tables and of sessions does so, before it is done."""
    connection = psycopg2.connect(address_of(site))
    # Each statement for itself: many tables locked at once could wait for the site in a ring.
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                f"CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; END $$"
            )
            cursor.execute("SELECT tablename FROM pg_tables WHERE tablename ~ '^(bookings_|django_session)'")
            tables = [table for (table,) in cursor.fetchall()]
            try:
                for table in tables:
                    cursor.execute(
                        f'CREATE TRIGGER fault BEFORE INSERT OR UPDATE ON "{table}" '
                        "FOR EACH STATEMENT EXECUTE FUNCTION fault()"
                    )
                yield
            finally:
                for table in tables:
                    cursor.execute(f'DROP TRIGGER IF EXISTS fault ON "{table}"')
                cursor.execute("DROP FUNCTION fault()")
    finally:
        connection.close()


@contextmanager
def broker_that_is(site: RunningSite, state: str) -> Iterator[None]:
    """A broker that says nothing, or takes nothing more."""
    if state == "frozen":
        pid = site.pids["broker"]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)
        return
    with redis.Redis.from_url(site.site.environment["REDIS_URL"]) as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1")
        try:
            yield
        finally:
            client.config_set("maxmemory", "0")


@contextmanager
def slow_broker(site: RunningSite) -> Iterator[None]:
    """A broker that again and again answers nobody for a quarter of a second."""
    is_over = threading.Event()
    failed: list[redis.RedisError] = []

    def hold_up() -> None:
        try:
            with redis.Redis.from_url(site.site.environment["REDIS_URL"]) as client:
                while not is_over.is_set():
                    client.client_pause(250)
                    # The answer comes when the pause is over.
                    client.ping()
                    is_over.wait(0.02)
        except redis.RedisError as error:
            failed.append(error)

    thread = threading.Thread(target=hold_up)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
    assert not failed


def ready_to_press(site: RunningSite, visitor: int) -> tuple[Visitor, dict[str, str]]:
    """Somebody before the last press, with a time of their own."""
    make_free(site)
    someone = Visitor(site.site.port, visitor)
    to_review(someone, free_times(site, days=3, number=visitor + 1)[-1][0])
    return someone, someone.review()


def asked_again(log: Path, since: int) -> list[datetime]:
    """When a worker began anew with its broker, from the bytes that its log has had `since`."""
    lines = log.read_bytes()[since:].splitlines()
    rows = [
        json.loads(line)
        for line in lines
        if line.startswith(b"{") and line.endswith(b"}") and b"rying" in line
    ]
    return [datetime.fromisoformat(row["timestamp"]) for row in rows]


def bookings(site: RunningSite) -> int:
    return number(address_of(site), "SELECT count(*) FROM bookings_booking")


def ids_of_mail(site: RunningSite, address: str) -> int:
    """How many mails came to an address; a copy that was sent since an answer stayed away has the same name."""
    return len({received.message["Message-ID"] for received in site.smtp.to(address)})


@pytest.mark.parametrize(("state", "visitor"), [("frozen", 330_000), ("full", 330_100)])
def test_a_visit_is_booked_while_the_broker_takes_nothing(
    postgresql_site: RunningSite, state: str, visitor: int
) -> None:
    site = postgresql_site
    before = bookings(site)
    with broker_that_is(site, state):
        # A worker that starts now waits for the broker.
        log = site.site.parts["worker"].log
        site.stop("worker")
        written = log.stat().st_size
        site.start("worker")
        someone, form = ready_to_press(site, visitor)
        page = someone.press(form)
        assert (page.status, page.location) == (302, "/book/done/")
        assert someone.reference()
        wait_for(lambda: b"rying" in log.read_bytes()[written:], seconds=60, what=log.read_text)
        if state == "full":
            # It asks now and then, and doesn't fill the log.
            wait_for(lambda: len(asked_again(log, written)) >= 2, seconds=60, what=log.read_text)
            first, second, *_ = asked_again(log, written)
            assert (second - first).total_seconds() >= PAUSE_SECONDS - 1
        if state == "full":
            assert json.loads(someone.send("GET", "/status").text)["broker"] == "refuses"
    assert bookings(site) - before == 1
    # Nobody's hands: the sweep finds the row.
    site.smtp.wait_for(f"visitor{visitor}@example.com", seconds=120)
    assert len(site.smtp.to(f"visitor{visitor}@example.com")) == 1


def test_a_slow_broker_books_one_press_once_and_mail_leaves(postgresql_site: RunningSite) -> None:
    site = postgresql_site
    before = bookings(site)
    with slow_broker(site):
        someone, form = ready_to_press(site, 330_400)
        for _ in range(2):
            page = someone.press(form)
            assert (page.status, page.location) == (302, "/book/done/")
        assert someone.reference()
        # Also while it is slow.
        site.smtp.wait_for("visitor330400@example.com", seconds=120)
    assert bookings(site) - before == 1
    assert ids_of_mail(site, "visitor330400@example.com") == 1


def test_a_slow_mail_server_gets_the_mail_of_one_press_once(postgresql_site: RunningSite) -> None:
    site = postgresql_site
    someone, form = ready_to_press(site, 330_500)
    before = bookings(site)
    with site.smtp.slow(seconds=1):
        for _ in range(2):
            page = someone.press(form)
            assert (page.status, page.location) == (302, "/book/done/")
        site.smtp.wait_for("visitor330500@example.com", seconds=120)
    assert bookings(site) - before == 1
    assert ids_of_mail(site, "visitor330500@example.com") == 1


def test_a_slow_database_books_one_press_once(postgresql_site: RunningSite) -> None:
    site = postgresql_site
    someone, form = ready_to_press(site, 330_200)
    before = bookings(site)
    with writes_that(site, SLOW):
        for _ in range(2):
            page = someone.press(form)
            assert (page.status, page.location) == (302, "/book/done/")
    assert bookings(site) - before == 1
    site.smtp.wait_for("visitor330200@example.com", seconds=120)


def test_a_database_whose_disk_is_full_promises_nothing_and_loses_nothing(
    postgresql_site: RunningSite,
) -> None:
    site = postgresql_site
    someone, form = ready_to_press(site, 330_300)
    before = bookings(site)
    with writes_that(site, FULL):
        page = someone.press(form)
        assert (page.status, page.location) == (503, "")
        assert KIND_WORDS in page.text.replace("&#x27;", "'")
        # What needs no write is shown.
        assert Visitor(site.site.port, 330_301).send("GET", CHOOSE).status == 200
    assert bookings(site) == before
    page = someone.press(form)
    assert (page.status, page.location) == (302, "/book/done/")
    assert bookings(site) - before == 1
    site.smtp.wait_for("visitor330300@example.com", seconds=120)
