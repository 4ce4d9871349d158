"""The held time as the visitor meets it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from bookings.models import Booking, Hold
from tests.bookings.views.flow import Flow
from tests.factories import DAY, NOW, World, at

pytestmark = pytest.mark.django_db


def test_chosen_time_is_held_and_the_page_says_until_when(flow: Flow, world: World) -> None:
    flow.until("details")
    page = flow.client.get("/book/details/").content.decode()
    assert "We keep your time for you until 12:10 PM PST." in page
    assert 'data-hold-seconds="600"' in page
    other = Flow(Client(), world).until("when")
    assert f'value="{at(10).isoformat()}"' not in other.client.get(f"/book/when/?day={DAY}").content.decode()
    assert f'value="{at(10).isoformat()}"' in flow.client.get(f"/book/when/?day={DAY}").content.decode()


def test_typing_on_extends_the_hold_once(flow: Flow) -> None:
    flow.until("details")
    with time_machine.travel(NOW + timedelta(minutes=8), tick=False):
        flow.details()
    assert Hold.objects.get().expires_at == NOW + timedelta(minutes=18)


def test_expired_hold_is_taken_again_silently_when_still_free(flow: Flow) -> None:
    flow.until("details")
    with time_machine.travel(NOW + timedelta(minutes=30), tick=False):
        assert flow.details().headers["Location"] == "/book/health/"
        assert Hold.objects.get().expires_at == NOW + timedelta(minutes=40)


def test_expired_and_taken_leads_to_fresh_times_with_everything_typed(flow: Flow, world: World) -> None:
    flow.until("details")
    with time_machine.travel(NOW + timedelta(minutes=30), tick=False):
        world.book(now=NOW + timedelta(minutes=30), email="faster@example.com", phone="+12135550111")
        assert flow.details().headers["Location"] == "/book/when/"
        assert not Hold.objects.exists()
        page = re.sub(r"\s+", " ", flow.client.get("/book/when/").content.decode())
        assert "just gone" in page
        flow.when(starts_at=at(14).isoformat())
        assert 'value="12 Sample Street"' in flow.client.get("/book/details/").content.decode()


def test_leaving_lets_the_time_go(flow: Flow, world: World) -> None:
    flow.until("review")
    flow.client.post("/book/start-over/")
    assert not Hold.objects.exists()
    flow.until("details")
    flow.what(option=world.longer.pk)
    assert not Hold.objects.exists()


def test_a_stop_answer_lets_the_time_go(flow: Flow) -> None:
    flow.until("health").health(leg_or_clot="yes")
    assert not Hold.objects.exists()
    assert flow.health().headers["Location"] == "/book/review/"
    assert Hold.objects.count() == 1


def test_booking_ends_the_hold(flow: Flow) -> None:
    flow.until("review").review()
    assert Booking.objects.count() == 1
    assert not Hold.objects.exists()


def test_many_visitors_of_one_address_hold_three_times_and_may_all_go_on(world: World) -> None:
    for number in range(5):
        world.add_therapist(f"Sample Therapist {number}")
    for _ in range(5):
        visitor = Flow(Client(), world).until("when")
        assert visitor.when().headers["Location"] == "/book/details/"
    assert Hold.objects.count() == 3
    unheld = visitor.client.get("/book/details/").content.decode()
    assert "We keep your time" not in unheld
    visitor.details()
    visitor.health()
    assert visitor.review().headers["Location"] == "/book/done/"


def test_forwarded_addresses_that_the_visitor_invents_make_no_new_source(flow: Flow, world: World) -> None:
    for number in range(5):
        world.add_therapist(f"Sample Therapist {number}")
    for number in range(5):
        visitor = Flow(Client(headers={"X-Forwarded-For": f"203.0.113.{number}"}), world).until("when")
        visitor.when()
    assert Hold.objects.count() == 3
