"""The free time that the answer to a ZIP code names: one press keeps it, with all that it was named for."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from bookings.models import BookingDraft, Hold
from bookings.views.visitor_draft import SESSION_KEY
from tests.bookings.views.flow import Flow
from tests.bookings.views.visits.browsers import said, text
from tests.factories import World

pytestmark = pytest.mark.django_db


def offered(client: Client, zip_code: str = "90026") -> dict[str, str]:
    """What the browser sends when the free time on the home page is pressed."""
    body = client.get("/", {"zip": zip_code}).content.decode()
    form = re.search(r'<form action="/book/soonest/" method="post">(.*?)</form>', body, re.S)
    assert form
    fields = re.findall(r'<(?:input|button) [^>]*name="(\w+)" value="([^"]*)"', form[1])
    return {name: html.unescape(value) for name, value in fields}


def press(client: Client, sent: dict[str, str], **changes: Any) -> Any:
    return client.post("/book/soonest/", {**sent, **changes})


def test_press_keeps_the_time_and_what_it_was_named_for(client: Client, world: World) -> None:
    sent = offered(client, "91364")
    response = press(client, sent)
    assert response.headers["Location"] == "/book/health/"
    hold = Hold.objects.get()
    start, slug = sent["starts_at"].split()
    assert (hold.starts_at, hold.therapist.slug) == (datetime.fromisoformat(start), slug)
    assert hold.area == world.far_area
    assert hold.ends_at - hold.starts_at == timedelta(minutes=60)
    page = text(client.get("/book/health/"))
    assert "91364" in page
    assert "Sample Therapist One" in page
    flow = Flow(client, world)
    flow.health()
    assert flow.details().headers["Location"] == "/book/review/"
    assert flow.review(total_cents=16_000).headers["Location"] == "/book/done/"


def test_time_that_has_gone_is_said_above_those_that_are_left(client: Client, world: World) -> None:
    sent = offered(client)
    start = sent["starts_at"].split()[0]
    world.book(starts_at=datetime.fromisoformat(start), email="b@example.com", phone="+12135550111")
    assert press(client, sent).headers["Location"] == "/book/when/"
    page = client.get("/book/when/")
    assert "That time has just gone." in said(page)
    assert "Nearest to the time you chose" in text(page)
    assert "90026" in text(page)
    assert not Hold.objects.exists()


def test_time_that_has_gone_costs_nothing_that_was_chosen_before(client: Client, world: World) -> None:
    Flow(client, world).what(people=1, add_ons=[world.add_on.pk])
    Flow(client, world).where()
    Flow(client, world).when()
    chosen, held = BookingDraft.objects.get().answers, Hold.objects.get()
    assert chosen["add_ons"] == [world.add_on.pk]
    sent = offered(client)
    start = datetime.fromisoformat(sent["starts_at"].split()[0])
    world.book(starts_at=start, email="b@example.com", phone="+12135550111")
    assert press(client, sent).headers["Location"] == "/book/when/"
    assert "That time has just gone." in said(client.get("/book/when/"))
    assert press(client, sent, option="987654").status_code == 409
    assert BookingDraft.objects.get().answers == chosen
    assert Hold.objects.get() == held


def test_somebody_else_than_shown_is_not_taken_silently(client: Client, world: World) -> None:
    sent = offered(client)
    start, _slug = sent["starts_at"].split()
    world.add_therapist()
    world.book(
        starts_at=datetime.fromisoformat(start), preference="therapist:sample-therapist-one",
        email="b@example.com", phone="+12135550111",
    )  # fmt: skip
    assert press(client, sent).headers["Location"] == "/book/when/"
    assert not Hold.objects.exists()


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"option": "0"}, 302),
        ({"option": "9" * 40}, 302),
        ({"option": "987654"}, 409),
        ({"service": "no-such"}, 409),
        ({"service": "x" * 5000}, 302),
        ({"zip_code": "9002"}, 302),
        ({"zip_code": "92101"}, 409),
        ({"starts_at": "now"}, 302),
        ({"who": "therapist:nobody"}, 302),
        ({"who": ""}, 302),
    ],
)
def test_what_was_not_shown_keeps_no_time(
    client: Client, world: World, changes: dict[str, str], status: int
) -> None:
    response = press(client, offered(client), **changes)
    assert response.status_code == status
    assert not Hold.objects.exists()


def test_press_takes_the_place_of_what_was_chosen_before(client: Client, world: World) -> None:
    Flow(client, world).until("health")
    key = client.session[SESSION_KEY]
    assert press(client, offered(client, "91364")).headers["Location"] == "/book/health/"
    assert client.session[SESSION_KEY] == key
    assert Hold.objects.get().area == world.far_area


def test_following_the_address_does_nothing(client: Client) -> None:
    assert client.get("/book/soonest/").status_code == 405
