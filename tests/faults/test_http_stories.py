"""What people and robots do to a booking form, over HTTP on the whole site: double clicks, refreshes, the back
button, a lost answer, and one address that asks a thousand times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import pytest

from bookings.models.holds import HOLDS_PER_SOURCE
from tests.faults.concurrent_visitors import (
    at_once,
    database,
    free_times,
    kind,
    local_today,
    make_free,
    to_review,
)
from tests.support.integrity import size, write_down
from tests.support.rows import number, rows
from tests.support.site import RunningSite
from tests.support.visitor import Page, Visitor

pytestmark = pytest.mark.faults

BOT_REQUESTS = size(40, 1_000)
BOT_VISITORS = size(6, 60)
DONE = (302, "/book/done/")


def answer(page: Page) -> tuple[int, str]:
    return page.status, page.location


def double_click(visitor: Visitor, form: dict[str, str]) -> None:
    """Two presses leave before the first answer comes."""
    pages, _seconds = at_once([partial(visitor.press, form)] * 2)
    kinds = [kind(page) for page in pages]
    assert kinds.count("booked") >= 1
    assert "server error" not in kinds
    assert "no answer" not in kinds


def refresh(visitor: Visitor, form: dict[str, str]) -> None:
    """The last page is loaded again, and the browser is told to send the form again."""
    assert answer(visitor.press(form)) == DONE
    for _ in range(3):
        assert visitor.send("GET", "/book/done/").status == 200
    assert answer(visitor.press(form)) == DONE


def back(visitor: Visitor, form: dict[str, str]) -> None:
    """Back to pages that the browser kept, whose forms are sent once more."""
    assert answer(visitor.press(form)) == DONE
    page = visitor.send("GET", "/book/review/")
    assert answer(page) == (302, "/book/")  # there is nothing more to send
    details = {
        "name": "Ana Sample",
        "email": "ana@example.com",
        "phone": "(213) 555-0123",
        "street": "1 A St",
    }
    assert visitor.send("POST", "/book/details/", {**details, "access_type": "ground"}).status == 302
    assert answer(visitor.press(form)) == DONE


def back_before_the_press(visitor: Visitor, form: dict[str, str]) -> None:
    """Back for another time, while the first review page stays open in a second tab and is sent from there."""
    page = visitor.send("GET", "/book/when/")
    assert page.status == 200
    assert answer(visitor.press(form)) == DONE
    assert answer(visitor.press(form)) == DONE


@pytest.mark.parametrize("story", [double_click, refresh, back, back_before_the_press])
def test_one_visitor_makes_one_booking_whatever_the_buttons_pressed(
    crowded_site: RunningSite, story: Callable[[Visitor, dict[str, str]], None]
) -> None:
    address = database(crowded_site)
    make_free(crowded_site)
    visitor = Visitor(crowded_site.site.port, 200_000 + len(story.__name__))
    to_review(visitor, free_times(crowded_site, days=3, number=200_100)[-1][0])
    form = visitor.review()
    bookings = number(address, "SELECT count(*) FROM bookings_booking")
    messages = number(address, "SELECT count(*) FROM bookings_message")

    story(visitor, form)

    assert number(address, "SELECT count(*) FROM bookings_booking") - bookings == 1
    assert number(address, "SELECT count(*) FROM bookings_message") - messages == 2
    assert visitor.reference()


@contextmanager
def lost_answer(site: RunningSite, visitor: Visitor) -> Iterator[None]:
    """What is pressed inside is booked, but the worker dies before it remembers that: the visitor's session and
    draft are as they were."""
    address = database(site)
    session = visitor.cookies["sessionid"]
    for table in ("session_before", "draft_before"):
        rows(address, f"DROP TABLE IF EXISTS {table}")
    rows(
        address,
        f"CREATE TABLE session_before AS SELECT * FROM django_session WHERE session_key = '{session}'",
    )
    rows(
        address,
        "CREATE TABLE draft_before AS SELECT * FROM bookings_bookingdraft ORDER BY updated_at DESC LIMIT 1",
    )
    yield
    rows(
        address,
        "UPDATE django_session SET session_data = (SELECT session_data FROM session_before)"
        f" WHERE session_key = '{session}'",
    )
    rows(address, "INSERT INTO bookings_bookingdraft SELECT * FROM draft_before")


def test_press_whose_answer_was_lost_finds_its_booking_and_with_another_body_gets_409(
    crowded_site: RunningSite,
) -> None:
    site = crowded_site
    address = database(site)
    make_free(site)
    times = free_times(site, days=3, number=200_101)[-1]
    visitor = Visitor(site.site.port, 200_050)
    to_review(visitor, times[0])
    form = visitor.review()
    bookings = number(address, "SELECT count(*) FROM bookings_booking")
    messages = number(address, "SELECT count(*) FROM bookings_message")

    with lost_answer(site, visitor):
        assert answer(visitor.press(form)) == DONE
    assert visitor.reference() == ""
    with lost_answer(site, visitor):
        assert answer(visitor.press(form)) == DONE
    # The same key again, while the draft, which is the body, says another time.
    visitor.choose(times[-1])
    visitor.review()
    page = visitor.press(form)

    assert page.status == 409
    assert number(address, "SELECT count(*) FROM bookings_booking") - bookings == 1
    assert number(address, "SELECT count(*) FROM bookings_message") - messages == 2


def test_key_of_another_page_gets_409(crowded_site: RunningSite) -> None:
    make_free(crowded_site)
    times = free_times(crowded_site, days=3, number=200_102)[-1]
    one, other = (Visitor(crowded_site.site.port, 200_060 + place) for place in (0, 1))
    to_review(one, times[0])
    to_review(other, times[-1])
    form = one.review()
    assert answer(one.press(form)) == DONE
    bookings = number(database(crowded_site), "SELECT count(*) FROM bookings_booking")

    page = other.press({**other.review(), "submission_key": form["submission_key"]})

    assert page.status == 409
    assert number(database(crowded_site), "SELECT count(*) FROM bookings_booking") == bookings
    assert answer(other.press(other.review())) == DONE


def test_one_address_that_asks_a_thousand_times_holds_at_most_three(crowded_site: RunningSite) -> None:
    site = crowded_site
    address = database(site)
    make_free(site)
    days = free_times(site, days=size(3, 20), number=200_103)
    apart = [times[place] for times in days for place in range(0, len(times), 7)]
    crowd = [Visitor(site.site.port, 201_000 + place) for place in range(BOT_VISITORS)]
    for visitor in crowd:
        visitor.begin()
    most = 0

    def ask(place: int) -> Page:
        nonlocal most
        visitor = crowd[place % len(crowd)]
        again = Visitor(site.site.port, visitor.number)
        again.cookies = dict(visitor.cookies)
        page = again.send(
            "POST",
            "/book/when/",
            {"who": "any", "starts_at": apart[place % len(apart)]},
            address="198.51.100.7",
        )
        most = max(most, number(address, "SELECT count(*) FROM bookings_hold"))
        return page

    with ThreadPoolExecutor(8) as pool:
        answers = Counter(page.status for page in pool.map(ask, range(BOT_REQUESTS)))

    # The limit of requests a minute stops most of them, and the numbered places those that it lets through.
    assert set(answers) <= {302, 409, 429}
    assert answers[302] > HOLDS_PER_SOURCE
    assert most == HOLDS_PER_SOURCE
    assert number(address, "SELECT count(*) FROM bookings_hold") == HOLDS_PER_SOURCE
    # Others are held as ever.
    other = Visitor(site.site.port, 200_070)
    other.begin()
    other.choose(
        next(times for ahead in range(2, 9) if (times := other.times(local_today() + timedelta(days=ahead))))[
            -1
        ]
    )
    assert number(address, "SELECT count(*) FROM bookings_hold") == HOLDS_PER_SOURCE + 1
    write_down(
        "one address asks for many times",
        database=address,
        requests=BOT_REQUESTS,
        held_at_most=most,
        answers={str(status): count for status, count in answers.items()},
    )
