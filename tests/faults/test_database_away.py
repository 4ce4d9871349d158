"""The database goes away while people use the site: a kind page, nothing falsely booked, and back by itself."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.faults.concurrent_visitors import database as address_of
from tests.faults.concurrent_visitors import free_times, make_free, to_review
from tests.support.integrity import write_down
from tests.support.rows import number
from tests.support.site import RunningSite
from tests.support.stoppable_database import Database
from tests.support.visitor import Visitor

pytestmark = pytest.mark.faults

PAGES = [
    "/", "/services/", "/therapists/", "/faq/", "/book/", "/book/when/", "/book/review/", "/sitemap.xml",
    "/admin/login/",
]  # fmt: skip
KIND_WORDS = "We can't reach our calendar right now"


def seconds_until(happened: Callable[[], bool], *, within: float) -> float:
    began = time.monotonic()
    while not happened():
        assert time.monotonic() - began < within
        time.sleep(0.2)
    return time.monotonic() - began


def test_site_says_kindly_that_the_database_is_away_and_comes_back_by_itself(
    postgresql_site: RunningSite, database: Database
) -> None:
    site = postgresql_site
    address = address_of(site)
    make_free(site)
    visitor = Visitor(site.site.port, 300_000)
    to_review(visitor, free_times(site, days=3, number=300_001)[-1][0])
    form = visitor.review()
    bookings = number(address, "SELECT count(*) FROM bookings_booking")
    letters = len(site.smtp.messages)

    database.stop()
    slowest = 0.0
    try:
        for path in PAGES:
            began = time.monotonic()
            page = visitor.send("GET", path)
            slowest = max(slowest, time.monotonic() - began)
            assert (page.status, page.retry_after) == (503, "30"), path
            assert KIND_WORDS in page.text.replace("&#x27;", "'"), path
        press = visitor.press(form)
        assert (press.status, press.location) == (503, "")
        for promise in ("We have your request", "Your visit is booked", "MX-"):
            assert promise not in press.text
        assert visitor.send("GET", "/healthz").status == 200
        ready = visitor.send("GET", "/readyz")
        assert ready.status == 503
        assert '"database": "down"' in ready.text
        assert visitor.send("GET", "/static/css/base.css").status == 200
    finally:
        database.start()

    def well() -> bool:
        return visitor.send("GET", "/readyz").status == 200 and visitor.send("GET", "/book/").status == 200

    well_after = seconds_until(well, within=60)
    # The page that was sent into the void, sent again: the visitor is still known, and it is one booking.
    for _ in range(2):
        page = visitor.press(form)
        assert (page.status, page.location) == (302, "/book/done/")
    assert visitor.reference()
    assert number(address, "SELECT count(*) FROM bookings_booking") - bookings == 1
    mailed_after = seconds_until(lambda: len(site.smtp.messages) - letters >= 2, within=60)
    write_down(
        "database away",
        database=address,
        slowest_answer_s=round(slowest, 2),
        well_after_s=round(well_after, 1),
        mailed_after_s=round(mailed_after, 1),
    )
