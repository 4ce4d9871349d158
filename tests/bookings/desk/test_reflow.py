"""The page of late days: what it says of each client, and that nothing leaves without a press."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from bookings.domain import operations
from bookings.domain.operations import Press
from bookings.enums import MessageKind, StepKind
from bookings.models import Booking, Message, Therapist
from tests.factories import NOW, World, at, fix_drives

from .conftest import signed_in, staff_user

PAGE = reverse("admin:bookings_booking_reflow")


@pytest.fixture
def visits(world: World) -> list[Booking]:
    """At 10 and 12 with the world's therapist, who has a log-in and is 30 minutes late for the first."""
    fix_drives((world.area, world.area, 30))
    user = staff_user("hands", "view_own_visits", "finish_own_visits")
    Therapist.objects.filter(pk=world.therapist.pk).update(user=user, break_after_minutes=None)
    found = [
        operations.confirm_booking(
            booking=world.book(
                starts_at=at(hour), name=f"Client {hour}", email=f"c{hour}@example.com",
                phone=f"+121355501{hour}", street=f"{hour} Sample Street",
            ),
            actor=None,
            now=NOW,
        )
        for hour in (10, 12)
    ]  # fmt: skip
    late = Press(kind=StepKind.LATE, key=uuid.uuid4(), at=at(9, 20), minutes=30)
    operations.press_step(booking=found[0], press=late, actor=user, now=at(9, 20))
    return found


def look(client: Client, minute: int = 25) -> str:
    with time_machine.travel(at(9, minute), tick=False):
        response = client.get(PAGE)
    assert response.status_code == 200
    return response.content.decode()


def sent(client: Client, booking: Booking, **changes: Any) -> str:
    data = {"visit": booking.pk, f"key-{booking.pk}": uuid.uuid4(), f"minutes-{booking.pk}": 20, **changes}
    with time_machine.travel(at(9, 26), tick=False):
        return client.post(PAGE, data, follow=True).content.decode()


def test_the_desk_sees_whom_to_tell_and_tells_them_with_one_press(
    desk: Client, visits: list[Booking]
) -> None:
    with time_machine.travel(at(9, 25), tick=False):
        front = desk.get(reverse("admin:index")).content.decode()
    assert "Running late: Sample Therapist One." in front
    text = look(desk)
    assert "Knows already" in text
    assert "20 minutes late: call first" in text
    assert "Please expect them at the door at about 12:10 to 12:20 PM PST" in text
    assert "Another therapist, or another time" in text
    assert not Message.objects.filter(booking=visits[1], kind=MessageKind.ON_THE_WAY).exists()
    assert "1 client gets an email." in sent(desk, visits[1])
    step = visits[1].steps.get()
    assert (step.kind, step.minutes, step.expected_from) == (StepKind.LATE, 20, at(12, 10))
    assert Message.objects.filter(booking=visits[1], kind=MessageKind.ON_THE_WAY).count() == 1
    assert "Nobody is late" in look(desk, 27)


def test_a_therapist_tells_their_own_clients_and_nobody_else_s(
    world: World, desk: Client, visits: list[Booking]
) -> None:
    hands = signed_in(staff_user_of(world))
    assert "Client 12" in look(hands)
    assert "1 client gets an email." in sent(hands, visits[1])
    stranger = signed_in(staff_user("stranger", "view_own_visits", "finish_own_visits"))
    assert "Client 12" not in look(stranger)
    assert "has changed meanwhile" in sent(stranger, visits[0])


def staff_user_of(world: World) -> Any:
    return Therapist.objects.select_related("user").get(pk=world.therapist.pk).user


@pytest.mark.parametrize(
    "changes",
    [{"visit": "x"}, {"key": "x"}, {"minutes": "0"}, {"minutes": "-1"}, {"minutes": "9" * 12}, {"told": "x"}],
)
def test_what_was_not_shown_is_not_told(desk: Client, visits: list[Booking], changes: dict[str, Any]) -> None:
    named = {name if name == "visit" else f"{name}-{visits[1].pk}": value for name, value in changes.items()}
    assert "has changed meanwhile" in sent(desk, visits[1], **named)
    assert not visits[1].steps.exists()


def test_who_was_told_meanwhile_is_not_told_more_from_a_page_of_before(
    desk: Client, visits: list[Booking]
) -> None:
    assert "1 client gets an email." in sent(desk, visits[1])
    assert "has changed meanwhile" in sent(desk, visits[1])
    step = visits[1].steps.get()
    # A page of now says what they were told.
    assert f'name="told-{visits[0].pk}"' not in look(desk)
    assert "1 client gets an email." in sent(desk, visits[1], **{f"told-{visits[1].pk}": step.key})


def test_a_page_says_what_was_told_before(desk: Client, visits: list[Booking]) -> None:
    with time_machine.travel(at(9, 21), tick=False):
        late = Press(kind=StepKind.LATE, key=uuid.UUID(int=7), at=at(9, 21), minutes=10)
        actor = visits[0].steps.get().by
        operations.press_step(booking=visits[1], press=late, actor=actor, now=at(9, 21))
    assert f'name="told-{visits[1].pk}" value="{late.key}"' in look(desk)


def test_nothing_ticked_tells_nobody(desk: Client, visits: list[Booking]) -> None:
    assert "Nothing was ticked" in sent(desk, visits[1], visit=[])


def test_the_same_page_sent_twice_tells_once(desk: Client, visits: list[Booking]) -> None:
    key = {f"key-{visits[1].pk}": uuid.UUID(int=5)}
    sent(desk, visits[1], **key)
    sent(desk, visits[1], **key)
    assert visits[1].steps.get().expected_from == at(12, 10)
    assert visits[1].steps.get().received_at == at(9, 26) + timedelta(0)


def test_when_the_last_of_the_day_is_done_the_desk_goes_on(
    world: World, desk: Client, visits: list[Booking]
) -> None:
    """The evening: something was pressed, and nothing is left."""
    user = staff_user_of(world)
    for hour, booking in ((11, visits[0]), (13, visits[1])):
        now = at(hour, 20)
        done = Press(kind=StepKind.DONE, key=uuid.uuid4(), at=now)
        operations.press_step(booking=booking, press=done, actor=user, now=now)
    with time_machine.travel(at(19), tick=False):
        front, late = desk.get(reverse("admin:index")), desk.get(PAGE)
    assert (front.status_code, late.status_code) == (200, 200)
    assert "Running late" not in front.content.decode()
    assert "Nobody is late" in late.content.decode()
