"""Health answers that may still be true: asked for in one press, by who books the same again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from bookings.domain import operations
from bookings.models import Booking, ScreeningVersion
from bookings.screening import sample_rules_data
from tests.bookings.views.flow import press
from tests.bookings.views.visits.browsers import address, confirmed, signed_in, text, with_link
from tests.factories import CLEAR_ANSWERS, NOW, World, at

pytestmark = pytest.mark.django_db


def to_health(client: Client, booking: Booking) -> str:
    """Books the visit again, chooses a time, and returns what the step of the health questions shows."""
    client.post(address(booking, "again"))
    assert client.post("/book/when/", press(at(15))).headers["Location"] == "/book/health/"
    return text(client.get("/book/health/"))


def test_the_same_again_takes_five_presses(world: World) -> None:
    booking = confirmed(world, recipient_name="Rosa O'Brien", purpose="The left arm")
    client = signed_in()
    assert "You answered our health questions on December 2." in to_health(client, booking)
    # The third press; the page that sums up has two more, the tick and the button.
    assert client.post("/book/health/", {"still": "yes"}).headers["Location"] == "/book/review/"
    page = client.get("/book/review/")
    form = {"agree": "on", **{name: page.context["fresh"][name] for name in page.context["fresh"]}}
    assert client.post("/book/review/", form).headers["Location"] == "/book/done/"
    again = Booking.objects.latest("pk")
    assert again.pk != booking.pk
    assert again.recipient_name == "Rosa O'Brien"
    assert again.purpose.text == "The left arm"
    assert again.screening.answers == booking.screening.answers
    assert again.screening.version == booking.screening.version


def test_no_answer_is_shown(world: World) -> None:
    to_health(client := signed_in(), confirmed(world))
    page = client.get("/book/health/").content.decode()
    assert "data-card" not in page
    assert page.count("<input") == page.count("csrfmiddlewaretoken")


def test_answers_taken_over_are_not_shown_either(world: World) -> None:
    client = signed_in()
    to_health(client, confirmed(world))
    client.post("/book/health/", {"still": "yes"})
    page = client.get("/book/health/").content.decode()
    assert "data-card" in page
    assert "checked" not in page


def test_pressed_twice_leads_on_both_times(world: World) -> None:
    client = signed_in()
    to_health(client, confirmed(world))
    for _ in range(2):
        assert client.post("/book/health/", {"still": "yes"}).headers["Location"] == "/book/review/"


OTHERS = [{"name": "Bea Brown"}, {"email": "bea@example.com"}, {"phone": "(213) 555-0199"}]


def details_of(client: Client) -> dict[str, Any]:
    details = client.get("/book/when/").context["progress"].answers["details"]
    return {**details, "for_other": ""}


@pytest.mark.parametrize("other", OTHERS)
def test_who_books_in_place_of_the_client_is_asked_anew(other: dict[str, str], world: World) -> None:
    client = signed_in()
    to_health(client, confirmed(world))
    details = details_of(client)
    client.post("/book/details/", {**details, **other})
    assert "Still true?" not in text(client.get("/book/health/"))
    assert "Still true?" in to_health(client, Booking.objects.get())
    client.post("/book/health/", {"still": "yes"})
    answer = client.post("/book/details/", {**details, **other})
    assert answer.headers["Location"] == "/book/health/"
    assert "Still true?" not in text(client.get("/book/health/"))
    assert client.get("/book/review/").headers["Location"] == "/book/health/"


def test_the_same_client_typed_otherwise_is_the_same(world: World) -> None:
    client = signed_in()
    to_health(client, confirmed(world))
    client.post("/book/health/", {"still": "yes"})
    same = {"name": "ANA  O'Brien", "email": "Ana@Example.com", "phone": "213.555.0123"}
    answer = client.post("/book/details/", {**details_of(client), **same})
    assert answer.headers["Location"] == "/book/review/"


def test_the_mailbox_must_still_be_proved(world: World) -> None:
    client = signed_in()
    to_health(client, confirmed(world))
    session = client.session
    session["visits"] = {**session["visits"], "proved": {}}
    session.save()
    assert "Still true?" not in text(client.get("/book/health/"))
    assert client.post("/book/health/", {"still": "yes"}).headers["Location"] == "/book/health/?change=yes"


def test_what_has_changed_is_asked_card_by_card(world: World) -> None:
    client = signed_in()
    to_health(client, confirmed(world))
    page = client.get("/book/health/?change=yes").content.decode()
    assert "data-card" in page
    assert "checked" not in page
    assert client.post("/book/health/", CLEAR_ANSWERS).headers["Location"] == "/book/review/"


def test_answers_given_again_later_are_the_ones_that_count(world: World) -> None:
    booking = confirmed(world)
    operations.recheck_screening(
        booking=booking,
        version_number=1,
        answers={**CLEAR_ANSWERS, "pregnancy": "unsure", "pregnancy_signs": "no"},
        now=NOW,
    )
    client = signed_in()
    to_health(client, booking)
    client.post("/book/health/", {"still": "yes"})
    page = client.get("/book/review/")
    assert page.context["care_words"] != []


def test_what_stops_a_booking_today_is_asked_anew(world: World) -> None:
    booking = confirmed(world)
    operations.recheck_screening(
        booking=booking, version_number=1, answers={**CLEAR_ANSWERS, "leg_or_clot": "yes"}, now=NOW
    )
    client = signed_in()
    to_health(client, booking)
    answer = client.post("/book/health/", {"still": "yes"})
    assert answer.headers["Location"] == "/book/health/?change=yes"
    assert client.get("/book/review/").headers["Location"] == "/book/health/"


def never_fresh(world: World) -> None:
    world.rules.health_fresh_days = 0
    world.rules.save()


def ask_otherwise(world: World) -> None:
    ScreeningVersion.objects.create(number=2, rules=sample_rules_data(), published_at=NOW)


def forget(world: World) -> None:
    Booking.objects.get().screening.delete()


@pytest.mark.parametrize("change", [never_fresh, ask_otherwise, forget])
def test_what_is_not_fresh_is_asked_card_by_card(change: Callable[[World], None], world: World) -> None:
    booking = confirmed(world)
    change(world)
    client = signed_in()
    assert "Still true?" not in to_health(client, booking)
    assert client.post("/book/health/", {"still": "yes"}).headers["Location"] == "/book/health/?change=yes"
    assert client.get("/book/review/").headers["Location"] == "/book/health/"


@pytest.mark.parametrize(("days", "is_fresh"), [(29, True), (30, False)])
def test_answers_are_fresh_for_the_owners_days(days: int, is_fresh: bool, world: World) -> None:
    booking = confirmed(world)
    booking.screening.evaluated_at = NOW - timedelta(days=days)
    booking.screening.save()
    with time_machine.travel(NOW, tick=False):
        assert ("Still true?" in to_health(signed_in(), booking)) is is_fresh


def test_other_people_and_other_services_are_asked_anew(world: World) -> None:
    booking = confirmed(world)
    client = signed_in()
    to_health(client, booking)
    details = dict(client.get("/book/details/", follow=True).context["progress"].answers["details"])
    client.post("/book/details/", {**details, "for_other": "on", "recipient_name": "Rosa O'Brien"})
    assert "Still true?" not in text(client.get("/book/health/"))
    Booking.objects.update(people=2)
    client.post("/book/details/", {**details, "for_other": "", "recipient_name": ""})
    assert "Still true?" not in text(client.get("/book/health/"))


def test_a_link_alone_takes_no_answers_over(world: World) -> None:
    """Who has only the link of an email has not proved to be the one who answered."""
    booking = confirmed(world)
    client = with_link(booking)
    client.post(address(booking, "again"))
    client.post("/book/where/", {"zip_code": "90026"})
    client.post("/book/when/", press(at(15)))
    assert "Still true?" not in text(client.get("/book/health/"))
    assert client.post("/book/health/", {"still": "yes"}).headers["Location"] == "/book/health/?change=yes"
