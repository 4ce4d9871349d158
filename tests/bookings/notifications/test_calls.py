"""What is said on the phone to who has no email: which rows, when, in which words, and until when they are true."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from bookings.domain import operations, outbox, reminders, sending
from bookings.domain.operations import Act, NewTime, Sender
from bookings.enums import TO_STAFF, Channel, MessageKind, MessageState
from bookings.models import Booking, Message, MessageSettings, SecondThought, TimeOff
from bookings.notifications import calls, delivery
from bookings.notifications.registry import KINDS
from tests.bookings.admin.conftest import staff_user
from tests.factories import CLEAR_ANSWERS, DAY, NOW, World, at

pytestmark = pytest.mark.django_db


def by_phone(world: World, **changes: object) -> Booking:
    """A visit that staff booked for somebody without an email."""
    actor = staff_user(f"desk-{changes.get('starts_at', '')}")
    submission = world.submission(email="", **changes)
    return operations.request_booking(submission=submission, now=NOW, sender=Sender(actor=actor))


def rows(booking: Booking) -> list[tuple[str, str]]:
    found = Message.objects.filter(booking=booking).order_by("pk")
    return list(found.values_list("kind", "channel"))


def test_every_kind_about_a_visit_has_words_to_say() -> None:
    told = {kind for kind, row in KINDS.items() if row.about == "booking" and kind not in TO_STAFF}
    assert set(calls.WORDS) == told


def test_what_happens_to_a_visit_is_told_by_phone_alone(world: World) -> None:
    booking = by_phone(world)
    assert rows(booking) == [("confirmed", "phone"), ("reminder_first", "phone")]
    booking.messages.filter(kind=MessageKind.CONFIRMED).update(state=MessageState.SENT)
    moved = operations.move_booking(booking=booking, to=NewTime(at(14)), act=Act(NOW, staff_user("mover")))
    operations.cancel_booking(booking=moved, actor=staff_user("canceler"), now=NOW)
    assert {kind for kind, channel in rows(booking) if channel == Channel.PHONE} == {
        "confirmed", "moved", "canceled", "reminder_first",
    }  # fmt: skip
    assert not Message.objects.filter(channel=Channel.EMAIL).exists()


def test_no_sender_takes_a_call_and_nothing_counts_it_as_late(world: World) -> None:
    by_phone(world)
    much_later = NOW + timedelta(days=1)
    assert delivery.send_due(clock=lambda: much_later) == {}
    assert sending.claim_due(now=much_later) == []
    assert sending.oldest_due_minutes(now=much_later) == 0
    assert mail.outbox == []


def test_the_day_before_there_is_one_call_whatever_reminders_are_set(world: World) -> None:
    booking = by_phone(world)
    day_before = at(0, day=DAY - timedelta(days=1))
    call = Message.objects.get(booking=booking, kind=MessageKind.REMINDER_FIRST)
    assert call.due_at == day_before
    assert call.pk not in {row.pk for row in Message.objects.to_tell(day_before - timedelta(seconds=1))}
    assert call.pk in {row.pk for row in Message.objects.to_tell(day_before)}

    owner = MessageSettings.load()
    owner.first_reminder_hours = owner.last_reminder_hours = owner.recheck_hours = 0
    owner.save()
    reminders.follow_settings(now=NOW)
    assert not Message.objects.filter(booking=booking, kind=MessageKind.REMINDER_FIRST).exists()


def test_who_books_on_the_day_before_is_not_called_again(world: World) -> None:
    booking = operations.request_booking(
        submission=world.submission(email="", starts_at=at(10)),
        now=at(9, day=DAY - timedelta(days=1)),
        sender=Sender(actor=staff_user("desk")),
    )
    assert rows(booking) == [("confirmed", "phone")]


def test_the_words_name_time_therapist_and_price(world: World) -> None:
    booking = by_phone(world)
    call = Message.objects.select_related("booking__client").get(booking=booking, kind="confirmed")
    words = calls.words(call).replace("\N{NO-BREAK SPACE}", " ")
    assert words == (
        "It is confirmed: Mon, Dec 7, 10:00 AM PST, Manual lymphatic drainage with Sample Therapist One, $140."
    )


def test_a_call_is_told_once_and_by_one(world: World) -> None:
    call = Message.objects.get(booking=by_phone(world), kind="confirmed")
    first, second = staff_user("first"), staff_user("second")
    assert outbox.mark_told(call, actor=first, now=NOW)
    assert not outbox.mark_told(call, actor=second, now=NOW + timedelta(minutes=1))
    call.refresh_from_db()
    assert (call.state, call.told_by, call.sent_at) == (MessageState.SENT, first, NOW)


def test_what_is_overtaken_leaves_the_list(world: World) -> None:
    booking = by_phone(world)
    operations.cancel_booking(booking=booking, actor=staff_user("canceler"), now=NOW)
    # Once it can't be undone any more.
    later = NOW + timedelta(hours=1)
    waiting = list(Message.objects.to_tell(later).select_related("booking__client"))
    assert [row.kind for row in calls.waiting(waiting, now=later)] == ["canceled"]
    assert calls.drop_overtaken(now=later) == 1
    assert [row.kind for row in Message.objects.to_tell(later)] == ["canceled"]
    assert calls.drop_overtaken(now=later) == 0


def test_a_call_whose_visit_is_given_back_at_that_moment_stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking, staff = by_phone(world), staff_user("canceler")
    then = NOW + timedelta(minutes=1)
    operations.cancel_booking(booking=booking, actor=staff, now=then)
    thought = SecondThought.objects.get()

    def then_undone(*given: Any, now: datetime) -> str:
        monkeypatch.undo()
        reason = calls.obsolete_reason(*given, now=now)
        operations.undo(press=thought.press, actor=staff, now=now)
        return reason

    monkeypatch.setattr(calls, "obsolete_reason", then_undone)
    assert calls.drop_overtaken(now=then) == 0
    assert Message.objects.get(booking=booking, kind="confirmed").state == MessageState.DUE


def test_nobody_is_reminded_by_phone_of_a_visit_that_cannot_be_kept(world: World) -> None:
    booking = by_phone(world)
    day_before = at(0, day=DAY - timedelta(days=1))
    reminder = Message.objects.to_tell(day_before).filter(booking=booking, kind="reminder_first")
    calls.drop_overtaken(now=day_before)
    assert reminder.exists()
    off = TimeOff.objects.create(
        therapist=world.therapist, starts_at=booking.starts_at, ends_at=booking.ends_at, reason="Ill"
    )
    assert calls.drop_overtaken(now=day_before) == 1
    assert not reminder.exists()
    # Once somebody can come again, it is to be said.
    off.delete()
    later = Message.objects.to_tell(day_before + timedelta(minutes=5))
    calls.drop_overtaken(now=day_before + timedelta(minutes=5))
    assert later.filter(booking=booking, kind="reminder_first").exists()


def test_a_client_who_gives_an_email_gets_emails_from_then_on_and_back(world: World) -> None:
    booking = by_phone(world)
    client = booking.client
    client.email = "ana@example.com"
    client.save()
    reminders.follow_client(client, now=NOW)
    found = dict(rows(booking))
    assert found == dict.fromkeys(
        ("confirmed", "reminder_first", "reminder_last", "recheck", "thanks"), Channel.EMAIL
    )
    client.email = ""
    client.save()
    reminders.follow_client(client, now=NOW)
    assert dict(rows(booking)) == {"confirmed": "phone", "reminder_first": "phone"}


def test_a_request_that_needs_a_look_is_told_and_confirmed_by_phone(world: World) -> None:
    booking = by_phone(world, answers={**CLEAR_ANSWERS, "pregnancy": "yes", "pregnancy_signs": "no"})
    assert rows(booking) == [("received", "phone")]
    operations.record_clinician_note(booking=booking, actor=staff_user("d"), note="Fine.", now=NOW)
    operations.confirm_booking(booking=booking, actor=staff_user("e"), now=NOW)
    assert ("confirmed", "phone") in rows(booking)
