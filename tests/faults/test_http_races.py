"""Many visitors press 'Send my booking' for one time in the same instant, on the whole site with its worker
processes: one books, the others get a polite no.

Each visitor comes from an address of its own, as in life, so that the limit on presses per address does not decide
the race: the site is told to trust one proxy, which this test plays.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial

import pytest
from django.utils import timezone

from tests.support.integrity import percentile, size, write_down
from tests.support.rows import number, overlaps, rows, without_messages
from tests.support.site import RunningSite, running_site
from tests.support.visitor import Page, Visitor

pytestmark = pytest.mark.faults

THERAPIST = "sample-therapist-one"
VISITORS = size(20, 50)
ROUNDS = size(2, 200)
REPLAYS = size(50, 1_000)


@pytest.fixture(scope="module")
def crowded_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """The whole site behind one trusted proxy."""
    with running_site(tmp_path_factory.mktemp("crowded"), TRUSTED_PROXIES="1") as running:
        assert workers(running) >= 2
        yield running


def workers(site: RunningSite) -> int:
    command = site.site.parts["web"].command
    return int(command[command.index("--workers") + 1])


def database(site: RunningSite) -> str:
    return site.site.environment["DATABASE_URL"]


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
    if page is None:
        return "no answer"
    if page.status >= 500:
        return "server error"
    if (page.status, page.location) == (302, "/book/done/"):
        return "booked"
    if (page.status, page.location) == (302, "/book/when/") or page.status == 409:
        return "refused politely"
    return f"{page.status} {page.location}"


def free_times(site: RunningSite, *, days: int) -> list[list[str]]:
    """By day, the times that the race's therapist has."""
    scout = Visitor(site.site.port, 1)
    scout.begin(therapist=THERAPIST)
    found = [scout.times(local_today() + timedelta(days=ahead)) for ahead in range(2, 2 + days)]
    return [times for times in found if times]


def to_review(visitor: Visitor, starts_at: str) -> None:
    visitor.begin(therapist=THERAPIST)
    visitor.choose(starts_at)
    visitor.fill_in()


def test_one_time_pressed_for_by_many_at_once_is_booked_once(crowded_site: RunningSite) -> None:
    site = crowded_site
    address = database(site)
    days = free_times(site, days=size(16, 40))
    # Every visitor walks the steps with a time of its own, as far apart as the drives ask.
    apart = [times[place] for times in days for place in range(0, len(times), 7)]
    target_times = [times[len(times) // 2] for times in days]
    assert len(apart) >= VISITORS
    numbers = iter(range(100, 1_000_000))
    crowd = [Visitor(site.site.port, next(numbers)) for _ in range(VISITORS)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(to_review, crowd, apart))

    total: Counter[str] = Counter()
    all_seconds: list[float] = []
    for round_number in range(ROUNDS):
        target = target_times[round_number % len(target_times)]
        rows(address, "DELETE FROM bookings_hold")
        for visitor in crowd:
            visitor.choose(target)
            rows(address, "DELETE FROM bookings_hold")  # as if its ten minutes were over
        with ThreadPoolExecutor(6) as pool:
            forms = list(pool.map(Visitor.review, crowd))

        presses = [partial(visitor.press, form) for visitor, form in zip(crowd, forms, strict=True)]
        pages, seconds = at_once(presses)

        kinds = [kind(page) for page in pages]
        total.update(kinds)
        all_seconds += seconds
        assert Counter(kinds) == {"booked": 1, "refused politely": VISITORS - 1}, (round_number, kinds)
        keys = ", ".join(f"'{form['submission_key']}'" for form in forms)
        plain = keys if address.startswith("postgres") else keys.replace("-", "")
        assert (
            number(address, f"SELECT count(*) FROM bookings_booking WHERE submission_key IN ({plain})") == 1
        )
        told = crowd[kinds.index("refused politely")].send("GET", "/book/when/").text
        assert "That time has just gone" in told

        assert overlaps(address) == 0
        assert without_messages(address) == 0
        # The winner's time is made free, and a new visitor comes in the winner's place.
        rows(address, "UPDATE bookings_booking SET status = 'cancelled' WHERE status <> 'cancelled'")
        if round_number + 1 < ROUNDS:
            rows(address, "DELETE FROM bookings_hold")
            winner = kinds.index("booked")
            crowd[winner] = Visitor(site.site.port, next(numbers))
            to_review(crowd[winner], apart[0])

    write_down(
        "one time over HTTP",
        rounds=ROUNDS,
        visitors=VISITORS,
        worker_processes=workers(site),
        **{name.replace(" ", "_"): count for name, count in total.items()},
        server_errors=total["server error"],
        p99_ms=round(percentile(all_seconds, 0.99) * 1000),
    )


def test_one_press_sent_many_times_is_one_booking_with_two_messages(crowded_site: RunningSite) -> None:
    site = crowded_site
    address = database(site)
    rows(address, "DELETE FROM bookings_hold")
    visitor = Visitor(site.site.port, 50)
    to_review(visitor, free_times(site, days=20)[-1][0])
    form = visitor.review()
    bookings = number(address, "SELECT count(*) FROM bookings_booking")
    messages = number(address, "SELECT count(*) FROM bookings_message")
    before = dict(visitor.cookies)

    total: Counter[str] = Counter()
    sent = 0
    while sent < REPLAYS:
        batch = min(25, REPLAYS - sent)
        presses = []
        for place in range(batch):
            # The same browser: its cookies and its form, even as they were before the first answer came.
            again = Visitor(site.site.port, 1000 + sent + place)
            again.cookies = dict(before if place % 2 else visitor.cookies)
            presses.append(partial(again.press, form))
        pages, _seconds = at_once(presses)
        total.update(kind(page) for page in pages)
        sent += batch

    assert set(total) <= {"booked", "refused politely"} | {
        name for name in total if name.startswith("302 /book/")
    }
    assert total["booked"] >= 1
    assert number(address, "SELECT count(*) FROM bookings_booking") - bookings == 1
    assert number(address, "SELECT count(*) FROM bookings_message") - messages == 2
    assert visitor.send("GET", "/book/done/").status == 200
    write_down(
        "one press over HTTP",
        presses=sent,
        bookings=1,
        message_rows=2,
        answers=dict(total),
        server_errors=total["server error"],
    )
