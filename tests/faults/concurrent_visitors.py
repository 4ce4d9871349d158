"""What the races over HTTP share: visitors who start together, and what their answers mean."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from django.utils import timezone

from tests.support.rows import rows
from tests.support.site import RunningSite
from tests.support.stoppable_database import children_of
from tests.support.visitor import ZIP, Page, Visitor

THERAPIST = "sample-therapist-one"


def workers(site: RunningSite) -> int:
    """How many processes answer for the web server."""
    return len(children_of(site.pids["web"]))


def database(site: RunningSite) -> str:
    """The address of the site's database."""
    return site.site.environment["DATABASE_URL"].partition("?")[0]


def let_go(site: RunningSite) -> None:
    """Ends all held times, as if their ten minutes were over."""
    rows(database(site), "DELETE FROM bookings_hold")


def make_free(site: RunningSite) -> None:
    """Takes all visits and held times away, so that the next proof finds free days."""
    rows(database(site), "UPDATE bookings_booking SET status = 'canceled' WHERE status <> 'canceled'")
    let_go(site)


def local_today() -> date:
    return timezone.localdate(timezone.now())


def at_once(actions: Sequence[Callable[[], Page]]) -> tuple[list[Page | None], list[float]]:
    """Runs the actions in threads that start together. Returns the answers (None where there was none) and how many
    seconds each took."""
    start = threading.Barrier(len(actions))
    pages: list[Page | None] = [None] * len(actions)
    seconds = [0.0] * len(actions)

    def run(place: int, action: Callable[[], Page]) -> None:
        start.wait(timeout=60)
        began = time.monotonic()
        try:
            pages[place] = action()
        except OSError:
            pass
        seconds[place] = time.monotonic() - began

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return pages, seconds


def kind(page: Page | None) -> str:
    """What an answer to a press comes to, in words."""
    if page is None:
        return "no answer"
    if page.status >= 500:
        return "server error"
    if (page.status, page.location) == (302, "/book/done/"):
        return "booked"
    if (page.status, page.location) == (302, "/book/when/") or page.status == 409:
        return "refused politely"
    return f"{page.status} {page.location}"


def free_times(site: RunningSite, *, days: int, number: int = 1, zip_code: str = ZIP) -> list[list[str]]:
    """By day, the times that the race's therapist has; days without any are left out. `number` is the scout's."""
    scout = Visitor(site.site.port, number)
    scout.begin(therapist=THERAPIST, zip_code=zip_code)
    found = [scout.times(local_today() + timedelta(days=ahead)) for ahead in range(2, 2 + days)]
    return [times for times in found if times]


def to_review(visitor: Visitor, starts_at: str) -> None:
    """All steps before the last, with this time."""
    visitor.begin(therapist=THERAPIST)
    visitor.choose(starts_at)
    visitor.fill_in()
