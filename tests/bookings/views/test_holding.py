"""The held time as the visitor meets it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from bookings.domain import intake
from bookings.models import Booking, Closure, Hold, Therapist, TimeOff, WorkingHours
from services.models import Service
from tests.bookings.views.flow import Flow
from tests.factories import DAY, NOW, World, at

pytestmark = pytest.mark.django_db


def test_chosen_time_is_held_and_the_page_says_so(flow: Flow, world: World) -> None:
    flow.until("details")
    page = flow.client.get("/book/details/").content.decode()
    assert (
        "We’re holding your time<noscript> until 12:10 PM PST, and longer with each step</noscript>" in page
    )
    assert 'data-seconds="600" data-longer' in page
    other = Flow(Client(), world).until("when")
    assert f'value="{at(10).isoformat()} ' not in other.client.get(f"/book/when/?day={DAY}").content.decode()
    assert f'value="{at(10).isoformat()} ' in flow.client.get(f"/book/when/?day={DAY}").content.decode()


@pytest.mark.parametrize("typed", [{}, {"email": "no mailbox"}, {"back": "yes"}])
def test_each_press_keeps_the_time_longer_whatever_is_still_missing(
    typed: dict[str, str], flow: Flow
) -> None:
    flow.until("details")
    for minute in (8, 16):
        with time_machine.travel(NOW + timedelta(minutes=minute), tick=False):
            flow.details(**typed)
        assert Hold.objects.get().expires_at == NOW + timedelta(minutes=minute + 10)


def test_typing_keeps_the_time_for_forty_minutes_and_says_how_long(flow: Flow) -> None:
    flow.until("details")
    told = []
    for minute in range(5, 50, 5):
        with time_machine.travel(NOW + timedelta(minutes=minute), tick=False):
            told.append(flow.client.post("/book/keep/").json())
    full = {"seconds": 600, "longer": True}
    assert told == [
        *[full] * 5,
        {"seconds": 600, "longer": False},
        {"seconds": 300, "longer": False},
        *[{"seconds": 0, "longer": False}] * 2,
    ]
    with time_machine.travel(NOW + timedelta(minutes=38, seconds=30), tick=False):
        page = flow.client.get("/book/details/").content.decode()
    assert 'data-seconds="90"' in page
    assert "data-longer" not in page
    assert "longer with each press" not in page
    assert "<noscript> until 12:40 PM PST</noscript>" in page


def test_keeping_is_for_who_holds_the_time(flow: Flow, world: World) -> None:
    flow.until("details")
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        for other in (Client(), Flow(Client(), world).until("when").client):
            assert other.post("/book/keep/").json() == {"seconds": 0, "longer": False}
    assert Hold.objects.get().expires_at == NOW + timedelta(minutes=10)


def test_expired_hold_is_taken_again_silently_when_still_free(flow: Flow) -> None:
    flow.until("details")
    with time_machine.travel(NOW + timedelta(minutes=30), tick=False):
        assert flow.details().headers["Location"] == "/book/review/"
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
    assert flow.health().headers["Location"] == "/book/details/"
    assert Hold.objects.count() == 1


def test_booking_ends_the_hold(flow: Flow) -> None:
    flow.until("review").review()
    assert Booking.objects.count() == 1
    assert not Hold.objects.exists()


def test_many_visitors_of_one_address_hold_three_times_and_may_all_go_on(world: World) -> None:
    for number in range(5):
        world.add_therapist(f"Sample Therapist {number}")
    for number in range(5):
        visitor = Flow(Client(), world).until("when")
        assert visitor.when(therapist=f"sample-therapist-{number}").headers["Location"] == "/book/health/"
    assert Hold.objects.count() == 3
    unheld = visitor.client.get("/book/health/").content.decode()
    assert "We’re holding your time" not in unheld
    visitor.details()
    visitor.health()
    assert visitor.review().headers["Location"] == "/book/done/"


def test_forwarded_addresses_that_the_visitor_invents_make_no_new_source(flow: Flow, world: World) -> None:
    for number in range(5):
        world.add_therapist(f"Sample Therapist {number}")
    for number in range(5):
        visitor = Flow(Client(headers={"X-Forwarded-For": f"203.0.113.{number}"}), world).until("when")
        visitor.when(therapist=f"sample-therapist-{number}")
    assert Hold.objects.count() == 3


# What the owner changes under a held time ----------------------------------------------------------------------


def take_time_off(world: World) -> None:
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(8), ends_at=at(12))


def cut_hours(world: World) -> None:
    WorkingHours.objects.filter(weekday=0).delete()


def close(world: World) -> None:
    Closure.objects.create(date=DAY, name="Rain")


def let_go(world: World) -> None:
    Therapist.objects.update(is_active=False)


def unqualify(world: World) -> None:
    world.therapist.services.clear()


def take_off_the_site(world: World) -> None:
    Service.objects.update(is_active=False)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (take_time_off, 302), (cut_hours, 302), (close, 302), (let_go, 409), (unqualify, 409), (take_off_the_site, 409),
    ],
)  # fmt: skip
def test_held_time_that_a_change_took_away_is_refused_at_the_press_with_all_typed_kept(
    change: Callable[[World], None], status: int, flow: Flow, world: World
) -> None:
    """Nobody is asked about holds when hours are cut: a hold promises nothing that the last press takes on trust.

    A time that has gone leads to fresh ones; a service or a person that has gone is said to be gone.
    """
    body = {**flow.until("review").hidden(), "agree": "on"}
    assert Hold.objects.count() == 1
    change(world)

    response = flow.client.post("/book/review/", body)

    assert (response.status_code, response.headers.get("Location", "")) == (
        status,
        "/book/when/" if status == 302 else "",
    )
    assert not Booking.objects.exists()
    page = flow.client.get("/book/when/", follow=True).content.decode()
    assert f'value="{at(10).isoformat()} ' not in page
    assert intake.load_draft(flow.client.session["booking_draft"], now=NOW).answers["details"]["street"] == (
        "12 Sample Street"
    )


# Two tabs of one visitor ---------------------------------------------------------------------------------------


def test_page_of_another_tab_books_nothing_that_it_does_not_show(flow: Flow) -> None:
    shown_at_ten = {**flow.until("review").hidden(), "agree": "on"}
    flow.when(starts_at=at(14).isoformat())

    response = flow.client.post("/book/review/", shown_at_ten)

    assert response.status_code == 409
    assert "2:00 PM PST" in response.content.decode()
    assert not Booking.objects.exists()
    assert flow.review().headers["Location"] == "/book/done/"
    assert Booking.objects.get().starts_at == at(14)


@pytest.mark.parametrize("change", ["details", "health"])
def test_what_another_tab_typed_is_shown_before_it_is_booked(change: str, flow: Flow) -> None:
    shown = {**flow.until("review").hidden(), "agree": "on"}
    if change == "details":
        flow.details(street="99 Other Street")
    else:
        flow.health(pregnancy="unsure", pregnancy_signs="no")
    assert flow.client.post("/book/review/", shown).status_code == 409
    assert not Booking.objects.exists()


def test_same_answers_sent_again_keep_the_page_of_another_tab_good(flow: Flow) -> None:
    shown = {**flow.until("review").hidden(), "agree": "on"}
    flow.details()
    flow.health()
    assert flow.client.post("/book/review/", shown).headers["Location"] == "/book/done/"


@pytest.mark.parametrize("step", ["details", "health"])
def test_step_opened_again_in_another_tab_costs_nothing_typed_here(
    step: str, flow: Flow, world: World
) -> None:
    """The other tab takes a longer session, so the time has to be chosen anew."""
    flow.until(step)
    flow.what(option=world.longer.pk)
    assert getattr(flow, step)().headers["Location"] == "/book/when/"
    flow.when(starts_at=at(14).isoformat())
    draft = intake.load_draft(flow.client.session["booking_draft"], now=NOW)
    assert draft.answers["health"]["bookable"]
    assert ("details" in draft.answers) == (step == "details")


def test_second_tab_moves_the_one_hold(flow: Flow) -> None:
    flow.until("details")
    flow.when(starts_at=at(14).isoformat())
    assert [hold.starts_at for hold in Hold.objects.all()] == [at(14)]
    assert flow.details().headers["Location"] == "/book/review/"
    assert "2:00 PM PST" in flow.client.get("/book/health/").content.decode()


def test_started_over_in_another_tab_leads_to_the_beginning(flow: Flow) -> None:
    body = {**flow.until("review").hidden(), "agree": "on"}
    flow.client.post("/book/start-over/")
    assert flow.client.post("/book/review/", body).headers["Location"] == "/book/"
    assert not Booking.objects.exists()


# Expired -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["details", "health", "review"])
def test_expired_hold_is_taken_again_silently_at_every_step(step: str, flow: Flow) -> None:
    flow.until(step)
    with time_machine.travel(NOW + timedelta(minutes=30), tick=False):
        answer = getattr(flow, step)()
        assert answer.headers["Location"] in ("/book/details/", "/book/review/", "/book/done/")
        page = flow.client.get(answer.headers["Location"]).content.decode()
        assert "gone" not in page
    assert Booking.objects.count() == (step == "review")
