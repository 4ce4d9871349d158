"""Moving a visit at the desk: asked first, by the same engine, and told only when staff say so."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from bookings.domain.visit_request import ANYONE
from bookings.enums import EventKind, MessageKind
from bookings.models import Booking, Message, TimeOff
from tests.factories import DAY, World, at


def address(booking: Booking) -> str:
    return reverse("admin:bookings_booking_move", args=[booking.pk])


def wanted(world: World, start: str = "14:00", day: object = DAY, **more: Any) -> dict[str, Any]:
    return {
        "day": str(day),
        "start": start,
        "therapist": f"therapist:{world.therapist.slug}",
        "reason": "",
        **more,
    }


def test_asking_changes_nothing_and_moving_tells_the_client(world: World, desk: Client) -> None:
    booking = world.book()
    asked = desk.get(address(booking), wanted(world))
    assert "Move it and tell the client" in asked.content.decode()
    booking.refresh_from_db()
    assert booking.starts_at == at(10)
    moved = desk.post(address(booking), wanted(world, total_cents="14000", reason="The client called"))
    assert moved.status_code == 302
    booking.refresh_from_db()
    assert booking.starts_at == at(14)
    event = booking.events.get(kind=EventKind.MOVED)
    assert (event.actor.username, event.reason, event.by_client) == ("desk", "The client called", False)
    assert Message.objects.filter(booking=booking, kind=MessageKind.MOVED).count() == 1


def test_the_page_names_the_person_and_offers_no_time_that_it_has(world: World, desk: Client) -> None:
    booking = world.book()
    opened = desk.get(address(booking))
    assert opened.context["title"] == f"Move the visit of {booking.visit_for}"
    assert "10:00" not in [each["value"] for each in opened.context["free"]]
    # With whoever fits best too, as long as that is who comes already.
    anyone = wanted(world, "10:00", therapist=ANYONE)
    assert "10:00" not in [each["value"] for each in desk.get(address(booking), anyone).context["free"]]
    other = world.add_therapist()
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(9), ends_at=at(12))
    assert "10:00" in [each["value"] for each in desk.get(address(booking), anyone).context["free"]]
    TimeOff.objects.update(therapist=other)
    assert "10:00" not in [each["value"] for each in desk.get(address(booking), anyone).context["free"]]


def test_a_time_that_cannot_be_kept_says_why_and_offers_others(world: World, desk: Client) -> None:
    booking = world.book()
    world.book(email="bo@example.com", phone="+12135550124", starts_at=at(14))
    response = desk.get(address(booking), wanted(world))
    page = response.content.decode()
    assert "another visit" in page
    assert "Move it and tell the client" not in page
    assert "That day" in page
    assert {each["day"] for each in response.context["free"]} == {str(DAY)}
    # Whom that day doesn't suit hears of the next ones, each at the time of day that was asked for.
    assert [(each["day"], each["value"]) for each in response.context["later"]] == [
        (f"2026-12-{number:02}", "14:00") for number in (8, 9, 10, 11, 12)
    ]
    sunday = desk.get(address(booking), wanted(world, day="2026-12-13")).content.decode()
    assert "None that day; the days after" in sunday
    assert desk.post(address(booking), wanted(world, total_cents="14000")).status_code == 422
    booking.refresh_from_db()
    assert booking.starts_at == at(10)


def test_a_press_on_an_offered_time_keeps_what_is_typed(world: World, desk: Client) -> None:
    booking = world.book()
    opened = desk.get(address(booking))
    start = opened.context["later"][0]
    assert f'form="move-form" formnovalidate name="pick" value="{start["pick"]}"' in opened.content.decode()
    asked = desk.get(address(booking), wanted(world, reason="The client called", pick=start["pick"]))
    form = asked.context["form"].cleaned_data
    assert (str(form["day"]), form["start"].isoformat("minutes")) == (start["day"], start["value"])
    assert form["reason"] == "The client called"
    assert "Move it and tell the client" in asked.content.decode()
    for nonsense in ("x", "||", "a|b|c|d", "2026-02-30|25:00|x"):
        assert desk.get(address(booking), wanted(world, pick=nonsense)).status_code == 200


def test_another_total_than_was_shown_asks_again(world: World, desk: Client) -> None:
    booking = world.book()
    refused = desk.post(address(booking), wanted(world, "17:00", total_cents="14000"))
    assert refused.status_code == 422
    assert "$165" in refused.content.decode()
    booking.refresh_from_db()
    assert booking.starts_at == at(10)


def test_staff_may_choose_a_start_between_those_of_the_site(world: World, desk: Client) -> None:
    booking = world.book()
    desk.post(address(booking), wanted(world, "14:05", total_cents="14000"))
    booking.refresh_from_db()
    assert booking.starts_at == at(14, 5)


@pytest.mark.parametrize(
    "change",
    [
        {"day": "2026-02-30"}, {"day": "9999-12-31"}, {"day": "0001-01-01"}, {"start": "25:00"}, {"start": "noon"},
        {"therapist": "therapist:nobody"}, {"therapist": ""}, {"day": "2026-12-01"},
        {"day": "2027-03-14", "start": "02:30"},
        {"total_cents": "9" * 40}, {"total_cents": "-1"}, {"reason": "x" * 301},
    ],
)  # fmt: skip
def test_nonsense_is_refused_and_changes_nothing(world: World, desk: Client, change: dict[str, str]) -> None:
    booking = world.book()
    before = Booking.objects.values().get(pk=booking.pk)
    sent = {**wanted(world, "14:00"), "total_cents": "1", **change}
    assert desk.post(address(booking), sent).status_code == 422
    assert desk.get(address(booking), sent).status_code == 200
    assert Booking.objects.values().get(pk=booking.pk) == before


def test_a_visit_that_has_ended_is_not_moved(world: World, desk: Client) -> None:
    booking = world.book()
    Booking.objects.filter(pk=booking.pk).update(status="canceled")
    assert desk.post(address(booking), wanted(world, total_cents="14000")).status_code == 422
    assert not booking.events.filter(kind=EventKind.MOVED).exists()


def test_a_therapist_who_does_not_give_the_service_is_refused_in_words(world: World, desk: Client) -> None:
    """As when a visit is dropped into the column of somebody else."""
    booking = world.book()
    other = world.add_therapist(name="Sample Other")
    other.services.clear()
    page = desk.get(address(booking), wanted(world, therapist=f"therapist:{other.slug}")).content.decode()
    assert "doesn&#x27;t give this service" in page
    assert "Select a valid choice" not in page
    assert "Move it and tell the client" not in page


def test_who_was_tried_and_why_not_is_always_said(world: World, desk: Client) -> None:
    booking = world.book()
    other = world.add_therapist()
    world.book(
        email="bo@example.com", phone="+12135550124", starts_at=at(14), preference=f"therapist:{other.slug}"
    )
    asked = {**wanted(world), "therapist": "any"}
    page = desk.get(address(booking), asked)
    answer = page.context["answer"]
    assert (answer.therapist, [name for name, _why in answer.cant]) == (world.therapist.name, [other.name])
    assert "another visit" in page.content.decode()
