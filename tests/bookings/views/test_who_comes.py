"""What the page says is what the press sends: who is asked for, and who comes."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from bookings.domain import operations
from bookings.domain.operations import Act, NewTime
from bookings.models import Booking, Hold, Therapist
from tests.bookings.views.flow import ONE, Flow, press
from tests.bookings.views.visits.browsers import address, confirmed, hidden, text, with_link
from tests.factories import DAY, NOW, World, at

pytestmark = pytest.mark.django_db
WHEN = "/book/when/"
TWO = "sample-therapist-two"
_BUTTON = re.compile(r'<button class="time" name="starts_at" value="(\S+) (\S+)">(.*?)</button>', re.S)


@pytest.fixture
def two(world: World) -> Therapist:
    return world.add_therapist(gender="male")


def buttons(page: Any) -> list[tuple[str, str, str]]:
    """Of each time of the day that is shown: start, slug, and the words that one reads."""
    return [
        (start, slug, " ".join(re.sub(r"<[^>]+>", " ", words).split()))
        for start, slug, words in _BUTTON.findall(page.content.decode())
    ]


def sent_by(page: Any, pressed: str) -> dict[str, str]:
    """What the browser sends when a button of the page's form is pressed."""
    body = page.content.decode()
    form = re.search(r'<form class="when".*?</form>', body, re.S)
    assert form
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[0]))
    assert pressed in form[0]
    return {**fields, "starts_at": pressed}


def link_to(page: Any, name: str) -> str:
    """The address behind the choice of that name."""
    pattern = (
        rf'<a class="who__choice" [^>]*href="([^"]+)"[^>]*>\s*(?:<svg(?:(?!</a>).)*</svg>\s*)?<span>{name}'
    )
    found = re.search(pattern, page.content.decode(), re.S)
    assert found, name
    return html.unescape(found[1]).partition("#")[0]


def book_from(flow: Flow, page: Any, start: str, slug: str) -> Booking:
    assert flow.client.post(WHEN, sent_by(page, f"{start} {slug}")).status_code == 302
    flow.details()
    flow.health()
    assert flow.review().headers["Location"] == "/book/done/"
    return Booking.objects.latest("pk")


@pytest.mark.parametrize(
    ("name", "preference"),
    [("Sample Therapist Two", f"therapist:{TWO}"), ("A man", "gender:male"), ("A woman", "gender:female")],
)
def test_a_choice_goes_along_with_the_time_that_is_pressed(
    name: str, preference: str, flow: Flow, two: Therapist
) -> None:
    """Without any other press between the choice and the time."""
    page = flow.until("when").client.get(WHEN)
    page = flow.client.get(WHEN + link_to(page, name))
    assert {slug for _start, slug, _words in buttons(page)} == {ONE if name == "A woman" else TWO}
    start, slug, _words = buttons(page)[0]
    booking = book_from(flow, page, start, slug)
    assert (booking.preference, booking.therapist.slug) == (preference, slug)


@pytest.mark.parametrize("pressed", [ONE, TWO])
def test_whoever_stands_beside_a_time_is_who_comes(
    pressed: str, flow: Flow, world: World, two: Therapist
) -> None:
    """With anyone: one has the morning off, so that both have times; then on every page up to the email."""
    world.book(preference=f"therapist:{ONE}", starts_at=at(11), email="b@example.com", phone="+12135550111")
    page = flow.until("when").client.get(f"{WHEN}?day={DAY}")
    names = {ONE: "Sample Therapist One", TWO: "Sample Therapist Two"}
    for _start, slug, words in buttons(page):
        assert words.endswith(f"with {names[slug]}")
    # The last one, which stairs don't make too tight.
    start, slug, _words = [button for button in buttons(page) if button[1] == pressed][-1]
    flow.client.post(WHEN, sent_by(page, f"{start} {slug}"))
    assert Hold.objects.get().therapist.slug == pressed
    assert names[pressed] in text(flow.client.get("/book/health/"))
    flow.details()
    flow.health()
    review = text(flow.client.get("/book/review/"))
    assert f"{names[pressed]} comes CAMTC" in review
    flow.review()
    booking = Booking.objects.latest("pk")
    assert (booking.preference, booking.therapist.slug) == ("any", pressed)
    assert names[pressed] in text(flow.client.get("/book/done/"))


def test_a_time_that_only_somebody_else_can_keep_is_not_taken_silently(
    flow: Flow, world: World, two: Therapist
) -> None:
    flow.until("when")
    world.book(preference=f"therapist:{ONE}", email="b@example.com", phone="+12135550111")
    response = flow.when()
    assert response.status_code == 409
    assert "Sample Therapist One can't come at that time anymore. Sample Therapist Two can." in text(response)
    assert not Hold.objects.exists()
    assert (at(10).isoformat(), TWO) in [button[:2] for button in buttons(response)]


def test_a_therapist_who_is_not_asked_for_is_not_taken(flow: Flow, two: Therapist) -> None:
    response = flow.until("when").when(who="gender:male", therapist=ONE)
    assert response.status_code == 409
    assert not Hold.objects.exists()
    assert {slug for _start, slug, _words in buttons(response)} == {TWO}


def test_somebody_else_at_the_last_press_is_shown_before_anything_is_booked(
    flow: Flow, world: World, two: Therapist
) -> None:
    flow.until("review")
    form = {**flow.hidden(), "agree": "on"}
    Hold.objects.all().delete()
    other = world.book(preference=f"therapist:{ONE}", email="b@example.com", phone="+12135550111")
    response = flow.client.post("/book/review/", form)
    assert response.status_code == 409
    assert "Sample Therapist One can't come at that time anymore. Sample Therapist Two can." in text(response)
    assert "Sample Therapist Two comes CAMTC" in text(response)
    assert not Booking.objects.exclude(pk=other.pk).exists()
    # The old page, sent once more, books nobody either.
    assert flow.client.post("/book/review/", form).status_code == 409
    assert flow.review().headers["Location"] == "/book/done/"
    assert Booking.objects.exclude(pk=other.pk).get().therapist == two


def test_somebody_else_after_the_hold_ended_is_said_on_the_next_page(
    flow: Flow, world: World, two: Therapist
) -> None:
    flow.until("details")
    world.book(
        preference=f"therapist:{ONE}", email="b@example.com", phone="+12135550111",
        now=NOW + timedelta(minutes=11),
    )  # fmt: skip
    with time_machine.travel(NOW + timedelta(minutes=11), tick=False):
        assert flow.details().headers["Location"] == "/book/review/"
        page = text(flow.client.get("/book/review/"))
        assert "Sample Therapist One can't come at that time anymore. Sample Therapist Two can." in page
        assert Hold.objects.get().therapist == two


def test_who_was_asked_for_by_name_is_replaced_by_nobody(flow: Flow, world: World, two: Therapist) -> None:
    flow.until("when").when(who=f"therapist:{ONE}")
    flow.details()
    flow.health()
    Hold.objects.all().delete()
    world.book(preference=f"therapist:{ONE}", email="b@example.com", phone="+12135550111")
    assert flow.review().headers["Location"] == WHEN
    assert Booking.objects.count() == 1


def choices(page: Any) -> list[str]:
    return [choice.label for choice in page.context["calendar"].choices]


def test_who_came_last_time_is_the_first_choice(world: World, two: Therapist) -> None:
    new = Flow(Client(), world).until("when").client.get(WHEN)
    assert choices(new)[0] == "Anyone, soonest"
    booking = confirmed(world, preference=f"therapist:{TWO}")
    client = with_link(booking)
    flow = Flow(client, world).until("when")
    page = client.get(WHEN)
    assert choices(page)[:2] == ["Sample Therapist Two", "Anyone, soonest"]
    assert "came last time" in text(page)
    assert flow.client.post(address(booking, "again")).status_code == 302
    moving = client.get(address(booking, "move"))
    assert choices(moving)[:2] == ["Sample Therapist Two", "Anyone, soonest"]
    # Nobody has come yet: the visit that moves is still ahead.
    assert "comes as booked" in text(moving)
    assert "came last time" not in text(moving)


def test_a_move_is_with_who_was_shown_and_asked_for(world: World, two: Therapist) -> None:
    booking = confirmed(world, preference=f"therapist:{ONE}")
    client = with_link(booking)
    page = client.get(address(booking, "move"))
    page = client.get(address(booking, "move") + link_to(page, "Sample Therapist Two"))
    start, slug, _words = buttons(page)[0]
    assert slug == TWO
    page = client.get(address(booking, "move"), sent_by(page, f"{start} {slug}"))
    assert "Sample Therapist Two comes to you in place of Sample Therapist One." in text(page)
    assert client.post(address(booking, "move"), hidden(page)).status_code == 302
    booking.refresh_from_db()
    assert (booking.starts_at.isoformat(), booking.therapist, booking.preference) == (
        start,
        two,
        f"therapist:{TWO}",
    )


def test_a_move_with_somebody_else_than_shown_is_said_first(world: World, two: Therapist) -> None:
    booking = confirmed(world, preference="any", starts_at=at(16))
    client = with_link(booking)
    page = client.get(address(booking, "move"), press(at(10)))
    assert "Sample Therapist One comes to you." in text(page)
    world.book(preference=f"therapist:{ONE}", email="b@example.com", phone="+12135550111")
    response = client.post(address(booking, "move"), hidden(page))
    assert response.status_code == 409
    assert "Sample Therapist One can't come at that time anymore. Sample Therapist Two can." in text(response)
    booking.refresh_from_db()
    assert booking.starts_at == at(16)
    assert client.post(address(booking, "move"), hidden(response)).status_code == 302
    booking.refresh_from_db()
    assert (booking.starts_at, booking.therapist) == (at(10), two)


def test_staff_who_move_a_visit_leave_what_the_client_asked_for(world: World, two: Therapist) -> None:
    booking = confirmed(world, preference="any")
    operations.move_booking(booking=booking, to=NewTime(at(14), preference=f"therapist:{TWO}"), act=Act(NOW))
    booking.refresh_from_db()
    assert (booking.therapist, booking.preference) == (two, "any")
