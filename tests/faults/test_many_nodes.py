"""Two machines for the web, each with a worker and a beat, on one database, one broker and one bucket of pictures.

Before them stands nginx with deploy/nginx.conf, which asks them by turns: whoever comes meets the other machine with
each request. Each machine's log says what it answered. Between them and PostgreSQL stands PgBouncer.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from launch.console import Signals
from launch.processes import Supervisor
from launch.site import Site, bind
from tests.blog.files import picture_file
from tests.faults.concurrent_visitors import database as address_of
from tests.faults.concurrent_visitors import free_times, make_free
from tests.support import ROOT
from tests.support.bucket import KEYS, Bucket, running_bucket
from tests.support.nginx import nginx
from tests.support.pgbouncer import PgBouncer
from tests.support.proxy import HOST, Proxy, whoever_signed
from tests.support.rows import WAITING, number, rows
from tests.support.senders import wait_for
from tests.support.site import RunningSite, running_site
from tests.support.visitor import Visitor

pytestmark = pytest.mark.faults


@dataclass(frozen=True, slots=True)
class Pool:
    """`one` owns database, broker and mail server; `two` has nothing but its processes."""

    one: RunningSite
    two: Site
    bucket: Bucket
    proxy: Proxy

    @property
    def database(self) -> str:
        return address_of(self.one)


class Behind(Visitor):
    """A visitor who comes through the proxy."""

    def __init__(self, pool: Pool, number: int) -> None:
        super().__init__(pool.proxy.tls, number)
        self.proxy = pool.proxy

    def connection(self) -> http.client.HTTPConnection:
        """Over TLS."""
        return self.proxy.connection()


class Answered:
    """What each machine has answered since this was made."""

    def __init__(self, pool: Pool) -> None:
        self.logs = [var / "log" / "web.log" for var in (pool.one.var, pool.two.var)]
        self.begun = [len(log.read_bytes()) for log in self.logs]

    def by_each(self, method: str, route: str) -> list[int]:
        """How often each machine has answered this."""
        asked = {"method": method, "route": route}.items()
        lines = [log.read_bytes()[at:].splitlines() for log, at in zip(self.logs, self.begun, strict=True)]
        return [
            sum(asked <= json.loads(line).items() for line in of_one if b'"route": "' in line)
            for of_one in lines
        ]


@pytest.fixture(scope="module")
def pool(prepared_databases: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    tmp = tmp_path_factory.mktemp("pool")
    server = os.environ.get("DATABASE_URL", "")
    with running_bucket() as bucket, closing(Supervisor()) as supervisor:
        # SQLite has no connections to share.
        pooled = server.startswith("postgres")
        shared = running_site(
            tmp / "one",
            prepared_databases,
            through=PgBouncer(supervisor, server).before if pooled else str,
            TRUSTED_PROXIES="1",
            ALLOWED_HOSTS=f"{HOST},127.0.0.1",
            MEDIA_BUCKET=bucket.address,
            MEDIA_ACCESS_KEY=KEYS[0],
            MEDIA_SECRET_KEY=KEYS[1],
        )
        with shared as one:
            for path in (one.var / "media").rglob("*.*"):
                bucket.put(path.relative_to(one.var / "media").as_posix(), path.read_bytes())
            shutil.rmtree(one.var / "media")
            var = tmp / "two" / "var"
            (var / "log").mkdir(parents=True)
            shutil.copytree(one.var / "static", var / "static")
            two = Site(
                root=ROOT, venv=Path(sys.prefix), var=var, listener=bind(0), supervisor=supervisor,
                given=one.site.environment, signals=Signals(),
            )  # fmt: skip
            try:
                two.start()
                two.wait_ready()
                two.start_background()
                before = tmp / "nginx"
                before.mkdir()
                with nginx(before, web=(one.site.port, two.port), media=var / "media") as proxy:
                    yield Pool(one, two, bucket, proxy)
            finally:
                two.stop()


def test_a_visit_is_booked_across_machines_and_told_of_once(pool: Pool) -> None:
    make_free(pool.one)
    starts_at = free_times(pool.one, days=12, number=330_000)[0][0]
    answered = Answered(pool)
    visitor = Behind(pool, 330_001)
    assert [visitor.send("GET", "/").status for _machine in range(2)] == [200, 200]
    visitor.begin()
    visitor.choose(starts_at)
    visitor.fill_in()

    form = visitor.review()
    answers = [visitor.press(form), visitor.press(form)]

    # The second press met the other machine: it is the same visit.
    assert answered.by_each("POST", "bookings:review") == [1, 1]
    assert answered.by_each("GET", "home") == [1, 1]
    assert [answer.status for answer in answers] == [302, 302]
    reference = visitor.reference()
    assert reference
    assert (
        number(pool.database, f"SELECT count(*) FROM bookings_booking WHERE reference = '{reference}'") == 1
    )
    wait_for(lambda: not rows(pool.database, WAITING), seconds=60, what=lambda: rows(pool.database, WAITING))
    # Both beats have swept by then, more than once.
    time.sleep(12)
    by_letter = Counter(str(one.message["Message-ID"]) for one in pool.one.smtp.messages)
    assert by_letter
    assert set(by_letter.values()) == {1}


@contextmanager
def logged_in(pool: Pool) -> Iterator[httpx.Client]:
    """The owner, who has logged in through the proxy."""
    login = pool.one.login("owner")
    with httpx.Client(
        base_url=pool.proxy.address, verify=whoever_signed(), follow_redirects=True, timeout=60
    ) as owner:
        owner.get("/admin/login/")
        typed = {"username": login.username, "password": login.password, "next": "/admin/"}
        assert "Log out" in owner.post("/admin/login/", data={**typed, **token(owner)}).text
        yield owner


def token(browser: httpx.Client) -> dict[str, str]:
    return {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}


def test_a_picture_put_in_at_one_machine_is_seen_at_the_other(pool: Pool) -> None:
    with logged_in(pool) as owner:
        add = "/admin/blog/picture/add/"
        # Logged in at one machine is logged in at the other.
        answered = Answered(pool)
        assert all('name="upload"' in owner.get(add).text for _machine in range(2))
        assert answered.by_each("GET", "admin:blog_picture_add") == [1, 1]
        fields = {"alt": "Shared by two", "credit": "", "focal_x": "50", "focal_y": "50"}
        file = {"upload": ("two.jpg", picture_file(900, 600), "image/jpeg")}
        owner.post(add, data={**fields, **token(owner)}, files=file)
    query = "SELECT token, whole_widths::text FROM blog_picture WHERE alt = 'Shared by two'"
    ((key, _widths),) = rows(pool.database, query)
    # Either worker makes the smaller ones, from the store.
    wait_for(
        lambda: rows(pool.database, query)[0][1] != "[]", seconds=60, what=lambda: rows(pool.database, query)
    )
    names = [name for name in pool.bucket.names() if key in name]
    assert len(names) > 2
    for name in names:
        for machine in (pool.one.url, pool.two.address, pool.proxy.address):
            answer = httpx.get(f"{machine}/media/{name}", verify=whoever_signed(), timeout=60)
            assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/webp")
            assert answer.content[8:12] == b"WEBP"
    assert not (pool.one.var / "media").exists()
    assert not (pool.two.var / "media").exists()


def test_what_staff_save_at_one_machine_ends_the_kept_pages_of_both(pool: Pool) -> None:
    machines = (pool.one.url, pool.two.address)
    words = "Closed tomorrow at both machines."
    with logged_in(pool) as owner:
        assert all(words not in httpx.get(machine, timeout=60).text for machine in machines)
        typed = {
            "text": words,
            "link": "",
            "link_text": "",
            "starts_at_0": "2026-01-01",
            "starts_at_1": "08:00",
        }
        ends = {"ends_at_0": "", "ends_at_1": ""}
        owner.post("/admin/blog/announcement/add/", data={**typed, **ends, **token(owner)})
        assert [words in httpx.get(machine, timeout=60).text for machine in machines] == [True, True]
