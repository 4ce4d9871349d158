"""Another time, or another door, for a visit that stands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bookings import exceptions
from bookings.domain import links, operations, reminders
from bookings.domain.operations import Act, Correction, NewTime, VisitAddress
from bookings.enums import BookingStatus, EventKind, LinkPurpose, MessageKind, MessageState
from bookings.models import Booking, DriveOverride, Message, TimeOff
from tests.factories import DAY, NOW, World, at

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]

LATER_DAY = DAY + timedelta(days=1)


def address(**changes: Any) -> VisitAddress:
    values: dict[str, Any] = {
        "street": "12 Sample Street",
        "unit": "",
        "zip_code": "90026",
        "access_type": "ground",
        "access": {"gate_code": "CANARY-GATE-4712"},
    }
    return VisitAddress(**{**values, **changes})


def test_moving_gives_the_old_time_free_and_takes_the_new_one(world: World) -> None:
    booking = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    booking.messages.filter(kind=MessageKind.CONFIRMED).update(state=MessageState.SENT)
    token = links.visit_token(booking, now=NOW)
    moved = operations.move_booking(booking=booking, to=NewTime(at(14)), act=Act(NOW, by_client=True))
    assert (moved.status, moved.starts_at, moved.ends_at) == (BookingStatus.CONFIRMED, at(14), at(15))
    assert (moved.blocked_from, moved.blocked_until) == (at(13, 50), at(15, 10))
    assert moved.revision == booking.revision + 1
    event = moved.events.last()
    assert (event.kind, event.moved_from, event.moved_from_therapist) == (
        EventKind.MOVED,
        at(10),
        world.therapist,
    )
    assert event.by_client
    assert links.find_link(token, purpose=LinkPurpose.VISIT, now=NOW) is None
    told = Message.objects.filter(revision=moved.revision).values_list("kind", flat=True)
    assert set(told) == {MessageKind.MOVED, MessageKind.STAFF_ALERT, *reminders.KINDS}
    assert world.book(email="bo@example.com", phone="+12135550124").starts_at == at(10)
    with pytest.raises(exceptions.SlotTaken):
        world.book(email="cy@example.com", phone="+12135550125", starts_at=at(14))


def test_a_visit_may_move_to_a_time_that_overlaps_its_own(world: World) -> None:
    booking = world.book()
    assert operations.move_booking(
        booking=booking, to=NewTime(at(10, 30)), act=Act(NOW, by_client=True)
    ).starts_at == at(10, 30)


def test_a_taken_time_refuses_and_nothing_changes(world: World) -> None:
    booking = world.book()
    world.book(email="bo@example.com", phone="+12135550124", starts_at=at(14))
    before = Booking.objects.values().get(pk=booking.pk)
    messages = Message.objects.count()
    with pytest.raises(exceptions.SlotTaken):
        operations.move_booking(booking=booking, to=NewTime(at(14)), act=Act(NOW, by_client=True))
    assert Booking.objects.values().get(pk=booking.pk) == before
    assert Message.objects.count() == messages
    assert not booking.events.filter(kind=EventKind.MOVED).exists()


@pytest.mark.parametrize("status", [s for s in BookingStatus.values if s not in operations.move.MOVABLE])
def test_a_visit_that_has_ended_cannot_be_moved(world: World, status: str) -> None:
    booking = world.book()
    Booking.objects.filter(pk=booking.pk).update(status=status)
    with pytest.raises(exceptions.InvalidTransition):
        operations.move_booking(booking=booking, to=NewTime(at(14)), act=Act(NOW, by_client=True))
    with pytest.raises(exceptions.InvalidTransition):
        operations.correct_visit(booking=booking, correction=Correction(address=address()), act=Act(NOW))


def test_a_visit_that_has_begun_cannot_be_moved(world: World) -> None:
    booking = world.book()
    with pytest.raises(exceptions.InvalidTransition):
        operations.move_booking(
            booking=booking, to=NewTime(at(14, day=LATER_DAY)), act=Act(at(10), by_client=True)
        )


def test_the_evening_fee_follows_the_start_and_the_rest_of_the_price_stands(world: World) -> None:
    booking = world.book()
    world.option.price_cents = 99_900
    world.option.save()
    with pytest.raises(exceptions.PriceChanged):
        operations.move_booking(
            booking=booking, to=NewTime(at(17), total_cents=14_000), act=Act(NOW, by_client=True)
        )
    moved = operations.move_booking(
        booking=booking, to=NewTime(at(17), total_cents=16_500), act=Act(NOW, by_client=True)
    )
    assert (moved.treatment_cents, moved.evening_cents, moved.total_cents) == (12_000, 2_500, 16_500)
    back = operations.move_booking(booking=moved, to=NewTime(at(10)), act=Act(NOW, by_client=True))
    assert (back.evening_cents, back.total_cents) == (0, 14_000)


def test_whom_the_client_asked_for_is_kept_to(world: World) -> None:
    other = world.add_therapist(gender="male")
    booking = world.book(preference=f"therapist:{world.therapist.slug}")
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(12), ends_at=at(19))
    with pytest.raises(exceptions.SlotNotOffered):
        operations.move_booking(booking=booking, to=NewTime(at(14)), act=Act(NOW, by_client=True))
    moved = operations.move_booking(
        booking=booking, to=NewTime(at(14), preference="any"), act=Act(NOW, by_client=True)
    )
    assert moved.therapist == other


def test_corrected_drives_of_a_moved_visit_are_forgotten(world: World, django_user_model) -> None:
    first = world.book()
    second = world.book(starts_at=at(14), street="99 Other Street")
    DriveOverride.objects.create(
        from_booking=first,
        to_booking=second,
        minutes=5,
        reason="next door",
        by=django_user_model.objects.create_user("desk"),
        at=NOW,
    )
    operations.move_booking(booking=second, to=NewTime(at(16)), act=Act(NOW, by_client=True))
    assert not DriveOverride.objects.exists()


def test_correcting_the_way_in_takes_more_minutes_and_sends_nothing(world: World) -> None:
    booking = world.book()
    messages = Message.objects.count()
    corrected = operations.correct_visit(
        booking=booking,
        correction=Correction(address=address(access_type="stairs")),
        act=Act(NOW, by_client=True),
    )
    assert (corrected.blocked_from, corrected.blocked_until) == (at(9, 45), at(11, 15))
    assert corrected.access.notes == {"gate_code": "CANARY-GATE-4712"}
    assert corrected.revision == booking.revision
    assert Message.objects.count() == messages
    assert corrected.events.last().kind == EventKind.EDITED


def test_stairs_that_the_day_has_no_room_for_are_refused_whole(world: World) -> None:
    booking = world.book()
    world.book(email="bo@example.com", phone="+12135550124", starts_at=at(11, 30), street="12 Sample St.")
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(9), ends_at=at(9, 50))
    with pytest.raises(exceptions.SlotNotOffered):
        operations.correct_visit(
            booking=booking, correction=Correction(address=address(access_type="stairs")), act=Act(NOW)
        )
    booking.refresh_from_db()
    assert booking.access_type == "ground"
    assert booking.access.notes == {"gate_code": "CANARY-GATE-4711"}


def test_another_address_is_priced_and_told(world: World) -> None:
    booking = world.book(starts_at=at(13))
    there = address(street="5 Valley Road", zip_code=world.far_area.zip_code)
    with pytest.raises(exceptions.PriceChanged):
        operations.correct_visit(
            booking=booking, correction=Correction(address=there, total_cents=14_000), act=Act(NOW)
        )
    corrected = operations.correct_visit(
        booking=booking, correction=Correction(address=there, total_cents=16_000), act=Act(NOW)
    )
    assert (corrected.city, corrected.travel_cents, corrected.total_cents) == (
        "Woodland Hills",
        4_000,
        16_000,
    )
    assert corrected.revision == booking.revision + 1
    assert Message.objects.filter(kind=MessageKind.MOVED, revision=corrected.revision).exists()


def test_an_address_we_do_not_drive_to_is_refused(world: World) -> None:
    with pytest.raises(exceptions.OutsideArea):
        operations.correct_visit(
            booking=world.book(), correction=Correction(address=address(zip_code="99999")), act=Act(NOW)
        )
