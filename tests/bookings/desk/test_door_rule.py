"""Not alone, or two people only: seen wherever somebody takes a visit over, and never confirmed by the site alone."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bookings.domain import intake, operations
from bookings.domain.clients import merge_clients
from bookings.enums import BookingStatus, DoorRule
from bookings.models import Booking, BookingRules
from bookings.models import Client as Person
from tests.factories import CLEAR_ANSWERS, DAY, NOW, World, at

from .test_my_day import booked, front, hands, user

__all__ = ["hands", "user"]
pytestmark = pytest.mark.django_db
WORDS = "At the door: Two people only"


def test_it_is_seen_before_a_visit_is_taken_over(world: World, hands: Client, owner: Client) -> None:
    booking = booked(world, 10, "Ana Sample")
    world.book(starts_at=at(14), name="Ana Sample", email="ana@example.com", phone="+12135550010")
    pages = {
        "visit": reverse("admin:bookings_booking_change", args=[booking.pk]),
        "move": reverse("admin:bookings_booking_move", args=[booking.pk]),
        "board": f"{reverse('admin:bookings_booking_day')}?day={DAY}",
        "rescue": f"{reverse('admin:bookings_booking_rescue')}?therapist={world.therapist.pk}&day={DAY}",
        "find": f"{reverse('admin:bookings_booking_book')}?q=Ana",
        "client": reverse("admin:bookings_client_change", args=[booking.client_id]),
        "request": reverse("admin:index"),
    }

    def seen(client: Client, address: str) -> bool:
        with time_machine.travel(at(8), tick=False):
            return WORDS in " ".join(client.get(address).content.decode().split())

    assert not any(seen(owner, address) for address in pages.values())
    Person.objects.update(door_rule=DoorRule.TWO_PEOPLE)
    assert [name for name, address in pages.items() if not seen(owner, address)] == []
    assert seen(hands, pages["visit"])
    phone = " ".join(front(hands, 8).split())
    # On the card of the next visit, and on both in the course of the day.
    assert phone.count(WORDS) == 3


@pytest.mark.parametrize("rule", ["", *DoorRule.values])
@pytest.mark.parametrize("changes", [{}, {"phone": "+12135550188"}, {"email": "new@example.com"}])
def test_a_request_of_theirs_waits_for_staff(world: World, rule: str, changes: dict[str, Any]) -> None:
    """Whoever has the email or the phone counts as the client."""
    Booking.objects.filter(pk=world.book().pk).update(status=BookingStatus.COMPLETED)
    twin = world.book(starts_at=at(12), **changes)
    Booking.objects.filter(pk=twin.pk).update(status=BookingStatus.COMPLETED)
    Person.objects.filter(email="ana@example.com", phone="+12135550123").update(door_rule=rule)
    submission = world.submission(starts_at=at(15), **changes)
    result = intake.current_screening(now=NOW).evaluate(CLEAR_ANSWERS, world.service.slug, NOW.date())
    sure = operations.would_confirm(
        submission=submission, result=result, rules=BookingRules.load(), actor=None
    )
    booking = operations.request_booking(submission=submission, now=NOW)
    assert booking.status == (BookingStatus.REQUESTED if rule else BookingStatus.CONFIRMED)
    assert sure is not bool(rule)


def test_the_stricter_of_two_stays_when_they_are_merged(world: World) -> None:
    kept = world.book().client
    gone = world.book(starts_at=at(14), email="bo@example.com").client
    Person.objects.filter(pk=kept.pk).update(door_rule=DoorRule.NOT_ALONE)
    Person.objects.filter(pk=gone.pk).update(door_rule=DoorRule.TWO_PEOPLE)
    actor = User.objects.create_user("staff", is_staff=True)
    merge_clients(keep=kept, other=gone, actor=actor, now=NOW)
    assert Person.objects.get(pk=kept.pk).door_rule == DoorRule.TWO_PEOPLE


def test_the_desk_sets_it_on_the_clients_page(world: World, owner: Client) -> None:
    client = world.book().client
    address = reverse("admin:bookings_client_change", args=[client.pk])
    sent = {"name": client.name, "email": client.email, "phone": str(client.phone), "door_rule": "not_alone"}
    assert owner.post(address, sent).status_code == 302
    client.refresh_from_db()
    assert client.door_rule == DoorRule.NOT_ALONE
    assert owner.post(address, {**sent, "door_rule": "armed"}).status_code == 422
