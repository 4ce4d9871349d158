"""A backup is made while people book, and a new site is made from it: nothing acknowledged before it is missing."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from tests.faults.concurrent_visitors import database as address_of
from tests.faults.concurrent_visitors import free_times, make_free, to_review
from tests.support import ROOT, require
from tests.support.integrity import write_down
from tests.support.prepared_databases import run_on
from tests.support.rows import number, overlaps, rows
from tests.support.site import RunningSite
from tests.support.stoppable_database import Database
from tests.support.visitor import Visitor

pytestmark = pytest.mark.faults

SERVICES = ("web", "worker", "beat")
# A client who was canceled, and one who is erased after the backup.
WITH_OWNER = """
from django.contrib.auth.models import User
from django.utils import timezone
from bookings.domain import erasure, operations
from bookings.models import Booking
booking = Booking.objects.select_related("client").get(reference={reference!r})
owner = User.objects.filter(is_superuser=True).order_by("pk").first()
"""
CANCEL = "operations.cancel_booking(booking=booking, actor=owner, now=timezone.now())"
ERASE = "erasure.erase_client(client=booking.client, actor=owner, now=timezone.now())"

# What a client's link opens, and what health answers say, as the site with the restored database sees them.
LOOK = """
from django.utils import timezone
from bookings.domain import links
from bookings.enums import LinkPurpose
from bookings.models import ScreeningRecord
print(links.find_link({token!r}, purpose=LinkPurpose.VISIT, now=timezone.now()).booking.reference)
print(len([record.answers["adult"] for record in ScreeningRecord.objects.order_by("pk")]))
"""


@contextmanager
def swapped(site: RunningSite, database: Database, name: str) -> Iterator[None]:
    """The running site with the restored database in place of its own, until the block ends: the services stop, the
    databases change names, the services start."""
    own = urlsplit(address_of(site)).path.lstrip("/")

    def swap(first: str, second: str) -> None:
        for part in SERVICES:
            site.stop(part)
        for old, new in ((first, f"{first}_aside"), (second, first), (f"{first}_aside", second)):
            run_on(database.address, f'ALTER DATABASE "{old}" RENAME TO "{new}"')
        for part in SERVICES:
            site.start(part)

    swap(own, name)
    try:
        yield
    finally:
        swap(own, name)


def serves_what_was_restored(site: RunningSite, *, token: str, erased: str, times: list[str]) -> None:
    """At the site's own address an old link opens, who was erased is nobody, and a visit is booked and told of."""
    visitor = Visitor(site.site.port, 320_200)
    linked = visitor.send("GET", f"/visits/{token}/")
    assert (linked.status, visitor.send("GET", linked.location).status) == (302, 200)
    address = address_of(site)
    clients = f"SELECT client_id FROM bookings_booking WHERE reference = '{erased}'"
    assert number(address, f"SELECT count(*) FROM bookings_client WHERE id IN ({clients})") == 1
    named = f"SELECT count(*) FROM bookings_client WHERE id IN ({clients}) AND erased_at IS NULL"
    assert number(address, named) == 0
    make_free(site)
    to_review(visitor, times[0])
    assert visitor.press(visitor.review()).status == 302
    assert (
        number(address, f"SELECT count(*) FROM bookings_booking WHERE reference = '{visitor.reference()}'")
        == 1
    )
    site.smtp.wait_for("visitor320200@example.com", seconds=120)


def test_site_is_restored_from_a_backup_made_under_load(
    postgresql_site: RunningSite, database: Database
) -> None:
    require("pg_dump of PostgreSQL's client programs", found=shutil.which("pg_dump"))
    site = postgresql_site
    address = address_of(site)
    make_free(site)
    times = [day[0] for day in free_times(site, days=12, number=320_000)]
    acknowledged: list[str] = []
    before: list[str] = []
    over = threading.Event()

    def book() -> None:
        for place, time_of in enumerate(times[1:]):
            if over.is_set():
                return
            visitor = Visitor(site.site.port, 320_001 + place)
            to_review(visitor, time_of)
            if visitor.press(visitor.review()).status == 302:
                acknowledged.append(visitor.reference())

    first = Visitor(site.site.port, 320_100)
    to_review(first, times[0])
    assert first.press(first.review()).status == 302
    before.append(first.reference())
    gone = Visitor(site.site.port, 320_101)
    to_review(gone, times.pop())
    assert gone.press(gone.review()).status == 302
    erased = gone.reference()
    before.append(erased)
    site.shell(WITH_OWNER.format(reference=erased) + CANCEL)
    token = site.shell(
        "from django.utils import timezone; from bookings.domain import links; from bookings.models import Booking; "
        f"print(links.visit_token(Booking.objects.get(reference={before[0]!r}), now=timezone.now()))"
    )
    crowd = threading.Thread(target=book)
    crowd.start()
    began = time.monotonic()
    try:
        made = site.manage("backup")
    finally:
        over.set()
        crowd.join(timeout=120)
    backup_seconds = time.monotonic() - began
    file = made.split(": ")[0]
    assert "Whole." in site.manage("verify_backup", file)
    site.shell(WITH_OWNER.format(reference=erased) + ERASE)

    name = f"restored_{time.monotonic_ns()}"
    run_on(database.address, f'CREATE DATABASE "{name}"')
    restored = urlsplit(address)._replace(path=f"/{name}").geturl()
    try:
        environment = {**site.site.environment, "DATABASE_URL": restored}

        def manage(*arguments: str) -> str:
            done = subprocess.run(
                site.site.manage_command(*arguments),
                cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            return done.stdout

        began = time.monotonic()
        said = manage("restore", file)
        restore_seconds = time.monotonic() - began
        assert "are as they were" in said
        assert "1 clients who were erased later are erased again" in said
        found = {row[0] for row in rows(restored, "SELECT reference FROM bookings_booking")}
        assert set(before) <= found
        assert found - set(before) <= {
            row[0] for row in rows(address, "SELECT reference FROM bookings_booking")
        }
        assert overlaps(restored) == 0
        opened = manage("shell", "--no-imports", "-c", LOOK.format(token=token)).split()
        assert opened == [before[0], str(number(restored, "SELECT count(*) FROM bookings_screeningrecord"))]
        now_due = (
            "SELECT count(*) FROM bookings_message WHERE state IN ('due', 'sending') AND due_at <= now()"
        )
        assert number(restored, now_due) == 0
        with swapped(site, database, name):
            serves_what_was_restored(site, token=token, erased=erased, times=times)
    finally:
        run_on(database.address, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    write_down(
        "backup drill",
        database=address.partition(":")[0],
        booked_meanwhile=len(acknowledged),
        backup_s=round(backup_seconds, 1),
        restore_s=round(restore_seconds, 1),
        rows=said.split()[0],
    )
