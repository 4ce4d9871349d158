"""Many visitors press 'Send my request' for one time in the same instant, on the whole site with its worker
processes: one books, the others get a polite no.

Each visitor comes from an address of its own, as in life, so that the limit on presses per address does not decide
the race: the site is told to trust one proxy, which this test plays.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

import pytest

from tests.faults.concurrent_visitors import (
    THERAPIST,
    at_once,
    database,
    free_times,
    kind,
    let_go,
    make_free,
    to_review,
    workers,
)
from tests.support.integrity import percentile, size, write_down
from tests.support.rows import number, overlaps, rows, without_messages
from tests.support.site import RunningSite
from tests.support.visitor import ZIP, Visitor, instant_of

pytestmark = pytest.mark.faults

VISITORS = size(20, 50)
ROUNDS = size(2, 200)
# In CI the second database takes less time: there it is the same code, with other locks.
SQLITE_VISITORS = size(8, 50)
SQLITE_ROUNDS = size(1, 200)
REPLAYS = size(50, 1_000)
NEIGHBOUR_ROUNDS = size(1, 100)
# On the other side of town: 35 minutes from the visitors' own ZIP code at the quietest hour of the day.
FAR = "90402"


def test_one_time_pressed_for_by_many_at_once_is_booked_once(crowded_site: RunningSite) -> None:
    site = crowded_site
    address = database(site)
    make_free(site)
    visitors, rounds = (
        (VISITORS, ROUNDS) if address.startswith("postgres") else (SQLITE_VISITORS, SQLITE_ROUNDS)
    )
    days = free_times(site, days=size(12, 40))
    # Every visitor walks the steps with a time of its own, as far apart as the drives ask.
    apart = [times[place] for times in days for place in range(0, len(times), 7)]
    target_times = [times[len(times) // 2] for times in days]
    assert len(apart) >= visitors
    numbers = iter(range(100, 1_000_000))
    crowd = [Visitor(site.site.port, next(numbers)) for _ in range(visitors)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(to_review, crowd, apart))
    assert workers(site) >= 2

    total: Counter[str] = Counter()
    all_seconds: list[float] = []
    for round_number in range(rounds):
        target = target_times[round_number % len(target_times)]
        let_go(site)
        for visitor in crowd:
            visitor.choose(target)
            let_go(site)
        with ThreadPoolExecutor(6) as pool:
            forms = list(pool.map(Visitor.review, crowd))

        presses = [partial(visitor.press, form) for visitor, form in zip(crowd, forms, strict=True)]
        pages, seconds = at_once(presses)

        kinds = [kind(page) for page in pages]
        total.update(kinds)
        all_seconds += seconds
        assert Counter(kinds) == {"booked": 1, "refused politely": visitors - 1}, (round_number, kinds)
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
        make_free(site)
        if round_number + 1 < rounds:
            winner = kinds.index("booked")
            crowd[winner] = Visitor(site.site.port, next(numbers))
            to_review(crowd[winner], apart[0])

    write_down(
        "one time over HTTP",
        database=address,
        rounds=rounds,
        visitors=visitors,
        worker_processes=workers(site),
        **{name.replace(" ", "_"): count for name, count in total.items()},
        server_errors=total["server error"],
        p99_ms=round(percentile(all_seconds, 0.99) * 1000),
    )


def test_one_press_sent_many_times_is_one_booking_with_two_messages(crowded_site: RunningSite) -> None:
    site = crowded_site
    address = database(site)
    make_free(site)
    visitor = Visitor(site.site.port, 50)
    to_review(visitor, free_times(site, days=4)[-1][0])
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
        database=address,
        presses=sent,
        bookings=1,
        message_rows=2,
        answers=dict(total),
        server_errors=total["server error"],
    )


def test_two_neighbours_that_cannot_be_driven_get_exactly_one_over_http(crowded_site: RunningSite) -> None:
    """Each of the two times is offered, and their blocks leave each other ten minutes; the drive takes 35 or more."""
    site = crowded_site
    address = database(site)
    make_free(site)
    here = free_times(site, days=size(4, 40), number=60)
    there = {
        start for times in free_times(site, days=size(4, 40), number=61, zip_code=FAR) for start in times
    }
    pairs = [
        (start, later)
        for times in here
        for start in times[len(times) // 2 : len(times) // 2 + 2]
        if (later := f"{(instant_of(start) + timedelta(minutes=90)).isoformat()} {THERAPIST}") in there
    ]
    assert pairs

    total: Counter[str] = Counter()
    for round_number in range(NEIGHBOUR_ROUNDS):
        couple = [Visitor(site.site.port, 70 + 2 * round_number + place + 100_000) for place in (0, 1)]
        for visitor, zip_code, start in zip(
            couple, (ZIP, FAR), pairs[round_number % len(pairs)], strict=True
        ):
            visitor.begin(therapist=THERAPIST, zip_code=zip_code)
            visitor.choose(start)
            visitor.fill_in(access_type="ground")
            let_go(site)
        forms = [visitor.review() for visitor in couple]

        pages, _seconds = at_once(
            [partial(visitor.press, form) for visitor, form in zip(couple, forms, strict=True)]
        )

        kinds = [kind(page) for page in pages]
        total.update(kinds)
        assert sorted(kinds) == ["booked", "refused politely"], (round_number, kinds)
        # No constraint decided it: with the winner's minutes, both blocks would have stood side by side.
        (block,) = rows(
            address,
            "SELECT blocked_from, blocked_until FROM bookings_booking WHERE status <> 'canceled'",
        )
        blocked_from, blocked_until = (datetime.fromisoformat(str(one)) for one in block)
        assert blocked_until - blocked_from <= timedelta(minutes=90)
        make_free(site)
    write_down(
        "two neighbours over HTTP",
        database=address,
        rounds=NEIGHBOUR_ROUNDS,
        **{name.replace(" ", "_"): count for name, count in total.items()},
    )
