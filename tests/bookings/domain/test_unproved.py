"""A new client's time is kept for long only once a press in the email has proved the mailbox."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client as Browser

from bookings import exceptions
from bookings.domain import links, operations
from bookings.domain.operations import Act, NewTime, Sender
from bookings.enums import BookingStatus, EventKind, MessageKind
from bookings.models import Booking, BookingRules, Message
from bookings.notifications.registry import SiteSettings
from bookings.notifications.render import render
from massagerx.lib.localtime import local
from tests.factories import DAY, NOW, World, at

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]
HOUR = timedelta(hours=1)


def ask(world: World, number: int = 0, *, source: str = "here", **changes: Any) -> Booking:
    """A request of a made-up person, each on a day of its own."""
    submission = world.submission(
        **{
            "starts_at": at(10, 0, DAY + timedelta(days=number)),
            "email": f"made-up{number}@example.com",
            "phone": f"+121355501{number:02}",
            **changes,
        }
    )
    return operations.request_booking(submission=submission, now=NOW, sender=Sender(source=source))


def test_time_of_a_new_client_is_free_again_after_an_hour(world: World) -> None:
    booking = ask(world)
    assert (booking.status, booking.prove_by, booking.is_unproved) == (
        BookingStatus.REQUESTED,
        NOW + HOUR,
        True,
    )

    assert operations.expire_requests(now=NOW + HOUR - timedelta(seconds=1)) == 0
    assert operations.expire_requests(now=NOW + HOUR) == 1

    booking.refresh_from_db()
    assert (booking.status, booking.source) == (BookingStatus.EXPIRED, "")
    # Whose mailbox it is nobody knows: nothing is sent there but the one email.
    assert set(booking.messages.values_list("kind", flat=True)) == {
        MessageKind.RECEIVED,
        MessageKind.STAFF_ALERT,
    }
    assert ask(world, email="other@example.com").starts_at == booking.starts_at


def test_press_in_the_email_keeps_the_time_until_staff_answer(world: World) -> None:
    booking = ask(world)

    assert operations.prove_mailbox(booking=booking, now=NOW + HOUR / 2)

    booking.refresh_from_db()
    assert (booking.prove_by, booking.source, booking.is_unproved) == (None, "", False)
    assert [event.kind for event in booking.events.order_by("pk")] == [EventKind.REQUESTED, EventKind.PROVED]
    assert operations.expire_requests(now=NOW + 2 * HOUR) == 0
    assert not operations.prove_mailbox(booking=booking, now=NOW + HOUR)
    assert booking.events.count() == 2


def test_press_after_the_time_has_gone_brings_nothing_back(world: World) -> None:
    booking = ask(world)
    operations.expire_requests(now=NOW + HOUR)

    assert not operations.prove_mailbox(booking=booking, now=NOW + HOUR)
    booking.refresh_from_db()
    assert booking.status == BookingStatus.EXPIRED


def test_owner_says_how_long(world: World) -> None:
    BookingRules.objects.update(prove_within_minutes=20)

    assert ask(world).prove_by == NOW + timedelta(minutes=20)


def test_unproved_requests_are_few_from_one_address_and_in_all(world: World) -> None:
    BookingRules.objects.update(unproved_per_address=2, unproved_in_all=4)
    first = ask(world, 0)
    ask(world, 1)
    with pytest.raises(exceptions.TooManyUnproved):
        ask(world, 2)
    ask(world, 2, source="there")
    ask(world, 3, source="elsewhere")
    with pytest.raises(exceptions.TooManyUnproved):
        ask(world, 4, source="a fifth place")
    assert Booking.objects.count() == 4

    operations.prove_mailbox(booking=first, now=NOW)
    assert ask(world, 4)


def test_mailbox_is_proved_once(world: World) -> None:
    operations.prove_mailbox(booking=ask(world), now=NOW)

    again = ask(world, starts_at=at(14))

    assert again.prove_by is None
    # Another phone is another client, whoever has proved what.
    assert ask(world, starts_at=at(16), phone="+12135550177").is_unproved


def test_request_that_was_never_proved_proves_nothing_for_the_next(world: World) -> None:
    ask(world)
    operations.expire_requests(now=NOW + HOUR)

    assert ask(world, starts_at=at(14)).is_unproved


def test_booking_of_the_desk_needs_no_press(world: World) -> None:
    desk = User.objects.create_user("desk", is_staff=True)

    booking = operations.request_booking(submission=world.submission(), now=NOW, sender=Sender(actor=desk))

    assert booking.prove_by is None


def test_staff_who_confirm_vouch_for_the_mailbox(world: World) -> None:
    booking = ask(world)

    operations.confirm_booking(booking=booking, actor=None, now=NOW)

    booking.refresh_from_db()
    assert (booking.status, booking.prove_by, booking.source) == (BookingStatus.CONFIRMED, None, "")
    assert ask(world, starts_at=at(14)).prove_by is None


def test_email_says_what_to_press_and_by_when(world: World) -> None:
    booking = ask(world)
    message = Message.objects.get(kind=MessageKind.RECEIVED)

    unproved = render(message, booking, SiteSettings.load(), now=NOW)
    operations.prove_mailbox(booking=booking, now=NOW)
    proved = render(message, Booking.objects.with_details().get(), SiteSettings.load(), now=NOW)

    assert "Confirm your email to hold your time" in unproved.subject
    assert "Hold my time" in unproved.text
    assert "we’ll hold your time" in " ".join(unproved.text.split())
    assert proved.subject.startswith("We have your request")
    assert "Hold my time" not in proved.text


def test_looking_at_the_link_proves_nothing_and_the_press_does(world: World) -> None:
    booking = ask(world)
    browser = Browser()

    assert (
        browser.get(f"/visits/{links.visit_token(booking, now=NOW)}/").headers["Location"] == "/visits/open/"
    )
    assert "Hold my time" in browser.get("/visits/open/").content.decode()
    assert Booking.objects.unproved().exists()
    browser.post("/visits/open/")

    assert not Booking.objects.unproved().exists()


def test_no_later_hour_is_promised_for_the_press_than_the_request_is_kept(world: World) -> None:
    rules = BookingRules.load()
    rules.prove_within_minutes = 1440
    rules.save()
    booking = ask(world)
    assert booking.prove_by == booking.answer_by
    staff = User.objects.create_user("desk")
    Booking.objects.update(prove_by=NOW + 20 * HOUR)

    def moved(starts_at: datetime) -> Booking:
        return operations.move_booking(booking=booking, to=NewTime(starts_at), act=Act(NOW, staff))

    near = moved(at(17, day=local(NOW).date()))
    assert near.prove_by is not None
    assert near.prove_by == near.answer_by
    assert near.prove_by < NOW + 5 * HOUR
    # Where no hour is left in which somebody answers, by its start.
    Booking.objects.update(prove_by=NOW + 20 * HOUR)
    nearer = moved(at(13, day=local(NOW).date()))
    nearer.refresh_from_db()
    assert (nearer.answer_by, nearer.prove_by) == (None, nearer.starts_at)
