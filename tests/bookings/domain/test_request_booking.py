"""The one press that books: what it writes, and what it refuses without writing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from bookings import exceptions
from bookings.domain import operations, reminders
from bookings.domain.operations import Sender
from bookings.enums import BookingStatus, EventKind, MessageKind
from bookings.models import (
    AccessNotes,
    Booking,
    BookingEvent,
    Client,
    Closure,
    Message,
    ScreeningRecord,
    TimeOff,
)
from tests.factories import CLEAR_ANSWERS, DAY, NOW, World, at

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]


def test_request_writes_booking_event_messages_and_screening_together(world: World) -> None:
    booking = world.book()

    assert (booking.status, booking.therapist) == (BookingStatus.REQUESTED, world.therapist)
    assert (booking.starts_at, booking.ends_at) == (at(10), at(11))
    assert (booking.blocked_from, booking.blocked_until) == (at(9, 50), at(11, 10))
    assert booking.total_cents == 14_000
    assert [event.kind for event in BookingEvent.objects.all()] == [EventKind.REQUESTED]
    assert {message.kind for message in Message.objects.all()} == {
        MessageKind.RECEIVED,
        MessageKind.STAFF_ALERT,
    }
    assert ScreeningRecord.objects.get().tier == "clear"
    assert AccessNotes.objects.get().notes == {"gate_code": "CANARY-GATE-4711"}


def test_request_with_evening_add_on_and_two_people_is_priced_as_one_total(world: World) -> None:
    booking = world.book(
        starts_at=at(16, 30),
        people=2,
        option_id=world.option.pk,
        total_cents=24_000 + 2_000,
    )
    assert (booking.treatment_minutes, booking.treatment_cents, booking.evening_cents) == (120, 24_000, 0)

    evening = world.book(
        starts_at=at(17, 0, DAY + timedelta(days=1)),
        add_on_ids=(world.add_on.pk,),
        total_cents=12_000 + 2_500 + 2_000 + 2_500,
    )
    assert (evening.treatment_minutes, evening.evening_cents, evening.add_ons.get()) == (
        75,
        2_500,
        world.add_on,
    )


def test_request_sent_again_returns_the_same_booking(world: World) -> None:
    submission = world.submission()
    first = operations.request_booking(submission=submission, now=NOW)
    again = operations.request_booking(submission=submission, now=NOW + timedelta(minutes=5))
    assert first == again
    assert Booking.objects.count() == 1
    assert Message.objects.count() == 2


def test_request_with_the_same_key_and_another_body_is_refused(world: World) -> None:
    submission = world.submission()
    operations.request_booking(submission=submission, now=NOW)
    with pytest.raises(exceptions.SubmissionReused):
        operations.request_booking(submission=replace(submission, name="Somebody Else"), now=NOW)
    assert Booking.objects.get().contact_name == "Ana O'Brien"


REFUSED = [
    ("a taken time", {"starts_at": at(10, 30)}, exceptions.SlotTaken),
    ("a time that can't be driven to", {"starts_at": at(11, 30), "zip_code": "91364", "total_cents": 16_000},
     exceptions.SlotTaken),
    ("off the grid", {"starts_at": at(13, 7)}, exceptions.SlotNotOffered),
    ("a second off the grid", {"starts_at": at(13) + timedelta(seconds=1)}, exceptions.SlotNotOffered),
    ("before hours", {"starts_at": at(7)}, exceptions.SlotNotOffered),
    ("a Sunday", {"starts_at": at(10, 0, DAY - timedelta(days=1))}, exceptions.SlotNotOffered),
    ("the past", {"starts_at": at(10, 0, date(2026, 11, 30))}, exceptions.SlotNotOffered),
    ("inside the notice", {"starts_at": at(15, 30, date(2026, 12, 2))}, exceptions.SlotNotOffered),
    ("beyond the horizon", {"starts_at": at(10, 0, date(2027, 3, 1))}, exceptions.SlotNotOffered),
    ("year 9999", {"starts_at": at(10, 0, date(9999, 12, 30))}, exceptions.SlotNotOffered),
    ("a ZIP outside", {"zip_code": "10001"}, exceptions.OutsideArea),
    ("no such service", {"service_slug": "nope"}, exceptions.NoLongerOffered),
    ("a length of nothing", {"option_id": 0}, exceptions.NoLongerOffered),
    ("an add-on of nothing", {"add_on_ids": (987_654,)}, exceptions.NoLongerOffered),
    ("three people", {"people": 3}, exceptions.NoLongerOffered),
    ("no people", {"people": 0}, exceptions.NoLongerOffered),
    ("minus one person", {"people": -1}, exceptions.NoLongerOffered),
    ("no such therapist", {"preference": "therapist:nobody"}, exceptions.NoLongerOffered),
    ("a strange preference", {"preference": "'; --"}, exceptions.NoLongerOffered),
    ("a made-up price", {"starts_at": at(14), "total_cents": 1}, exceptions.PriceChanged),
    ("an old policy", {"starts_at": at(14), "terms_version": 7}, exceptions.TermsChanged),
    ("answers to other questions", {"starts_at": at(14), "screening_version": 9}, exceptions.ScreeningChanged),
    ("answers for another service", {"starts_at": at(14), "screening_service": "x"}, exceptions.ScreeningChanged),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "refusal"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_request_is_refused_and_nothing_is_written(world: World, changes: dict, refusal: type) -> None:
    world.book()
    with pytest.raises(refusal):
        world.book(email="other@example.com", phone="+12135550199", **changes)
    assert Booking.objects.count() == 1
    assert Message.objects.count() == 2
    assert ScreeningRecord.objects.count() == 1


def test_request_for_an_inactive_service_or_therapist_is_refused(world: World) -> None:
    world.therapist.is_active = False
    world.therapist.save()
    with pytest.raises(exceptions.NoLongerOffered):
        world.book()
    world.therapist.is_active = True
    world.therapist.certificate_expires_on = date(2026, 12, 1)
    world.therapist.save()
    with pytest.raises(exceptions.NoLongerOffered):
        world.book()
    world.service.is_active = False
    world.service.save()
    with pytest.raises(exceptions.NoLongerOffered):
        world.book()


def test_request_respects_time_off_and_closures(world: World) -> None:
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(9), ends_at=at(12))
    with pytest.raises(exceptions.SlotNotOffered):
        world.book()
    Closure.objects.create(date=DAY + timedelta(days=1), name="Holiday")
    with pytest.raises(exceptions.SlotNotOffered):
        world.book(starts_at=at(10, 0, DAY + timedelta(days=1)))
    assert world.book(starts_at=at(14)).status == BookingStatus.REQUESTED


@pytest.mark.parametrize(
    "question", ["urgent_signs", "leg_or_clot", "fever_or_infection", "heart_or_lungs", "kidneys_or_swelling"]
)
def test_stop_answers_are_never_booked(world: World, question: str) -> None:
    assert question in CLEAR_ANSWERS
    with pytest.raises(exceptions.ScreeningStops):
        world.book(answers={**CLEAR_ANSWERS, question: "yes"})
    assert not Booking.objects.exists()


def test_blank_answers_are_held_and_never_read_as_no(world: World) -> None:
    booking = world.book(answers={})
    assert ScreeningRecord.objects.get(booking=booking).tier == "clearance"
    with pytest.raises(exceptions.ScreeningNotCleared):
        operations.confirm_booking(booking=booking, actor=None, now=NOW)


def test_known_client_with_clear_screening_is_confirmed_at_once(world: World) -> None:
    first = world.book()
    operations.confirm_booking(booking=first, actor=None, now=NOW)
    operations.complete_booking(booking=first, actor=None, now=at(12))

    second = world.book(starts_at=at(10, 0, DAY + timedelta(days=7)), now=at(12))

    assert second.status == BookingStatus.CONFIRMED
    assert {message.kind for message in second.messages.all()} == {
        MessageKind.CONFIRMED,
        MessageKind.STAFF_ALERT,
        *reminders.KINDS,
    }
    held = world.book(starts_at=at(14, 0, DAY + timedelta(days=7)), now=at(12), answers={})
    assert held.status == BookingStatus.REQUESTED


@pytest.mark.parametrize(
    ("blocked", "rule", "status"),
    [
        (False, True, BookingStatus.CONFIRMED),
        (True, True, BookingStatus.REQUESTED),
        (False, False, BookingStatus.REQUESTED),
    ],
)
def test_a_blocked_client_and_an_owner_who_wants_to_look_first_confirm_nothing_at_once(
    world: World, blocked: bool, rule: bool, status: BookingStatus
) -> None:
    first = world.book()
    operations.confirm_booking(booking=first, actor=None, now=NOW)
    operations.complete_booking(booking=first, actor=None, now=at(12))
    Client.objects.update(is_blocked=blocked)
    world.rules.confirm_known_clients = rule
    world.rules.save()

    second = world.book(starts_at=at(10, 0, DAY + timedelta(days=7)), now=at(12))

    assert second.status == status


def test_somebody_with_only_the_email_of_a_known_client_is_not_known(world: World) -> None:
    first = world.book()
    operations.confirm_booking(booking=first, actor=None, now=NOW)
    operations.complete_booking(booking=first, actor=None, now=at(12))
    other = world.book(phone="+12135550177", starts_at=at(10, 0, DAY + timedelta(days=7)), now=at(12))
    assert other.status == BookingStatus.REQUESTED


def test_unanswered_requests_are_capped_by_mailbox(world: World) -> None:
    world.rules.open_requests_per_client = 2
    world.rules.save()
    world.book(starts_at=at(9, 30))
    world.book(starts_at=at(12), phone="+12135550188")
    with pytest.raises(exceptions.TooManyRequests):
        world.book(starts_at=at(15), phone="+12135550199")
    assert world.book(starts_at=at(15), phone="+12135550199", email="new@example.com")


def test_stranger_with_an_email_or_a_phone_shuts_nobody_out(world: World) -> None:
    world.rules.open_requests_per_client = 2
    world.rules.save()
    world.book(starts_at=at(9, 30), phone="+12135550188", proved=False)
    world.book(starts_at=at(11, 30), phone="+12135550189", proved=False)
    world.book(starts_at=at(13, 30), email="stranger@example.com")
    world.book(starts_at=at(15, 30), email="another@example.com")

    assert world.book(starts_at=at(10, 0, DAY + timedelta(days=1)))


def test_confirmed_visits_and_those_of_the_desk_are_not_counted(world: World) -> None:
    world.rules.open_requests_per_client = 1
    world.rules.save()
    desk = User.objects.create_user("desk", is_staff=True)
    operations.confirm_booking(booking=world.book(starts_at=at(9, 30)), actor=None, now=NOW)
    by_desk = world.submission(starts_at=at(11, 30), answers={})
    assert (
        operations.request_booking(submission=by_desk, now=NOW, sender=Sender(actor=desk)).status
        == BookingStatus.REQUESTED
    )

    world.book(starts_at=at(13, 30))
    with pytest.raises(exceptions.TooManyRequests):
        world.book(starts_at=at(15, 30))
    more = world.submission(starts_at=at(15, 30))
    assert operations.request_booking(submission=more, now=NOW, sender=Sender(actor=desk))


def visited(world: World, **changes: Any) -> Booking:
    """A visit that took place; afterwards it is noon of that day."""
    booking = world.book(**changes)
    operations.confirm_booking(booking=booking, actor=None, now=NOW)
    return operations.complete_booking(booking=booking, actor=None, now=at(12))


def test_known_client_is_a_person_and_not_an_email_and_a_phone(world: World) -> None:
    visited(world)

    def again(days: int, **changes: Any) -> str:
        later = at(10, 0, DAY + timedelta(days=days))
        return world.book(starts_at=later, now=at(12), **changes).status

    assert again(7, name="Somebody Else", street="99 Other Street") == BookingStatus.REQUESTED
    assert again(8, name="Somebody Else") == BookingStatus.CONFIRMED
    assert again(9, street="99 Other Street") == BookingStatus.CONFIRMED
    assert (
        again(15, name=world.submission().name.upper(), street="98 Other Street") == BookingStatus.CONFIRMED
    )


def test_blocked_client_is_never_confirmed_at_once(world: World) -> None:
    Client.objects.filter(pk=visited(world).client_id).update(is_blocked=True)

    later = world.book(starts_at=at(10, 0, DAY + timedelta(days=7)), now=at(12))

    assert later.status == BookingStatus.REQUESTED


def test_anyone_gets_the_therapist_whose_day_grows_least(world: World) -> None:
    far = world.add_therapist(home_zip=world.far_area)
    near = world.book(starts_at=at(13))
    assert near.therapist == world.therapist
    second = world.book(starts_at=at(13), email="b@example.com", phone="+12135550111")
    assert second.therapist == far
    with pytest.raises(exceptions.SlotTaken):
        world.book(starts_at=at(13), email="c@example.com", phone="+12135550112")


def test_named_therapist_and_gender_are_kept_to(world: World) -> None:
    other = world.add_therapist(gender="male")
    assert world.book(preference=f"therapist:{other.slug}").therapist == other
    assert world.book(preference="gender:female", email="b@example.com").therapist == world.therapist


def test_a_time_given_with_another_offset_is_the_same_time(world: World) -> None:
    from datetime import timezone

    assert world.book(starts_at=at(10).astimezone(timezone(timedelta(hours=9)))).starts_at == at(10)
