"""A visit is put right at its own time: length, add-ons, people, price, for whom, and where."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from bookings.domain import operations
from bookings.domain.operations import Act, Correction, NewTime, VisitAddress
from bookings.domain.visit_request import Treatment
from bookings.enums import EventKind, MessageKind, MessageState
from bookings.exceptions import (
    ChangedMeanwhile,
    DiscountTooHigh,
    HealthAnswered,
    InvalidTransition,
    OutsideArea,
    PriceChanged,
    SlotNotOffered,
)
from bookings.models import (
    AccessNotes,
    Booking,
    Client,
    ClinicianNote,
    Message,
    ScreeningRecord,
    SecondThought,
    ServiceArea,
)
from tests.factories import NOW, World, at

from .test_second_thoughts import Picture, press

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]


@pytest.fixture
def visit(world: World) -> Booking:
    booking = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    Message.objects.filter(due_at__lte=NOW).update(state=MessageState.SENT)
    return booking


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("desk")


def here(**changes: Any) -> VisitAddress:
    values: dict[str, Any] = {
        "street": "12 Sample Street", "unit": "", "zip_code": "90026", "access_type": "ground", "access": None,
    }  # fmt: skip
    return VisitAddress(**{**values, **changes})


def correct(visit: Booking, staff: User, *, tells: bool = True, **changes: Any) -> Booking:
    address = changes.pop("address", here())
    check = changes.pop("check", None)
    return operations.correct_visit(
        booking=visit,
        correction=Correction(address=address, **changes),
        act=Act(NOW, staff, reason="as agreed by phone"),
        tells=tells,
        check=check,
    )


def treatment(world: World, **changes: Any) -> Treatment:
    values = {"service": world.service, "option": world.option, "add_ons": (), "people": 1, **changes}
    return Treatment(**values)


def test_a_longer_session_takes_its_time_and_costs_what_it_costs_today(
    visit: Booking, staff: User, world: World
) -> None:
    wanted = treatment(world, option=world.longer, add_ons=(world.add_on,))
    corrected = correct(visit, staff, treatment=wanted)
    assert (corrected.ends_at, corrected.blocked_until) == (at(11, 45), at(11, 55))
    assert (corrected.treatment_cents, corrected.add_ons_cents, corrected.total_cents) == (
        17_000,
        2_500,
        21_500,
    )
    assert list(corrected.add_ons.all()) == [world.add_on]
    event = corrected.events.last()
    assert event is not None
    assert (event.kind, event.actor, event.reason) == (EventKind.CORRECTED, staff, "as agreed by phone")
    message = Message.objects.get(booking=visit, kind=MessageKind.MOVED)
    assert message.revision == corrected.revision == visit.revision + 1


def test_a_visit_with_health_answers_is_not_corrected_to_be_for_others(
    visit: Booking, staff: User, world: World
) -> None:
    world.service.max_people = 2
    world.service.save()
    before = Picture.take(visit)
    for changes in ({"recipient_name": "Rosa"}, {"treatment": treatment(world, people=2)}):
        with pytest.raises(HealthAnswered):
            correct(visit, staff, **changes)
    assert Picture.take(visit) == before
    # A note alone speaks of somebody as well.
    ScreeningRecord.objects.filter(booking=visit).delete()
    ClinicianNote.objects.create(booking=visit, note="Fine.", recorded_by=staff, recorded_at=NOW)
    with pytest.raises(HealthAnswered):
        correct(visit, staff, recipient_name="Rosa")


def test_how_a_name_is_written_is_corrected_with_health_answers_too(visit: Booking, staff: User) -> None:
    Booking.objects.filter(pk=visit.pk).update(recipient_name="rosa")
    assert correct(visit, staff, recipient_name="Rosa").recipient_name == "Rosa"


def test_what_stays_costs_what_was_agreed(visit: Booking, staff: User, world: World) -> None:
    ScreeningRecord.objects.filter(booking=visit).delete()
    world.option.price_cents = 99_900
    world.option.save()
    corrected = correct(visit, staff, treatment=treatment(world), recipient_name="Rosa")
    assert (corrected.total_cents, corrected.recipient_name) == (14_000, "Rosa")


def test_a_longer_session_that_the_day_has_no_room_for_changes_nothing(
    visit: Booking, staff: User, world: World
) -> None:
    world.book(starts_at=at(11, 30), email="bo@example.com", phone="+12135550124", street="99 Other Street")
    before = Picture.take(visit)
    with pytest.raises(SlotNotOffered) as refused:
        correct(visit, staff, treatment=treatment(world, option=world.longer))
    assert refused.value.reason in ("taken", "drive")
    assert Picture.take(visit) == before


def test_a_discount_is_taken_off_and_stays_with_a_move(visit: Booking, staff: User) -> None:
    corrected = correct(visit, staff, discount_cents=3_000)
    assert (corrected.discount_cents, corrected.total_cents) == (3_000, 11_000)
    moved = operations.move_booking(booking=corrected, to=NewTime(at(17)), act=Act(NOW, staff))
    assert (moved.evening_cents, moved.total_cents) == (2_500, 13_500)
    with pytest.raises(DiscountTooHigh):
        correct(moved, staff, discount_cents=16_501)
    assert correct(moved, staff, discount_cents=16_500).total_cents == 0


def test_a_move_takes_off_no_more_than_there_is_to_pay_and_is_undone_with_it(
    visit: Booking, staff: User
) -> None:
    evening = operations.move_booking(booking=visit, to=NewTime(at(17)), act=Act(NOW, staff))
    gift = correct(evening, staff, discount_cents=16_500)
    before = Picture.take(gift)
    moved = operations.move_booking(booking=gift, to=NewTime(at(10)), act=Act(NOW, staff))
    assert (moved.evening_cents, moved.discount_cents, moved.total_cents) == (0, 14_000, 0)
    operations.undo(press=press(), actor=staff, now=NOW)
    assert Picture.take(gift) == before


def test_another_total_than_the_one_shown_changes_nothing(visit: Booking, staff: User) -> None:
    with pytest.raises(PriceChanged):
        correct(visit, staff, discount_cents=3_000, total_cents=14_000)

    def refuse(fresh: Booking) -> None:
        raise ChangedMeanwhile

    with pytest.raises(ChangedMeanwhile):
        correct(visit, staff, check=refuse)
    visit.refresh_from_db()
    assert visit.discount_cents == 0


def test_a_quiet_correction_tells_nobody_and_makes_no_revision(visit: Booking, staff: User) -> None:
    corrected = correct(visit, staff, tells=False, address=here(unit="5", access={"gate_code": "1234"}))
    assert (corrected.unit, corrected.revision) == ("5", visit.revision)
    assert AccessNotes.objects.get(booking=visit).notes == {"gate_code": "1234"}
    assert not Message.objects.filter(booking=visit, kind=MessageKind.MOVED).exists()
    assert not SecondThought.objects.exists()
    assert corrected.events.last().kind == EventKind.EDITED


def test_the_way_in_stays_where_nothing_is_said_of_it(visit: Booking, staff: User) -> None:
    correct(visit, staff, discount_cents=1_000)
    assert AccessNotes.objects.get(booking=visit).notes == {"gate_code": "CANARY-GATE-4711"}


def test_a_correction_is_undone_with_all_of_it(visit: Booking, staff: User, world: World) -> None:
    ScreeningRecord.objects.filter(booking=visit).delete()
    before = Picture.take(visit)
    correct(
        visit,
        staff,
        address=here(street="9 Other Street", access_type="stairs", access={"pets": "a dog"}),
        treatment=treatment(world, option=world.longer, add_ons=(world.add_on,)),
        recipient_name="Rosa",
        discount_cents=1_000,
    )
    assert Picture.take(visit) != before
    operations.undo(press=press(), actor=staff, now=NOW)
    assert Picture.take(visit) == before
    assert not visit.add_ons.exists()
    assert AccessNotes.objects.get(booking=visit).notes == {"gate_code": "CANARY-GATE-4711"}


@pytest.mark.parametrize("by_client", [False, True])
def test_a_visit_stays_where_no_new_ones_are_taken(
    visit: Booking, staff: User, world: World, by_client: bool
) -> None:
    ServiceArea.objects.filter(zip_code="90026").update(is_active=False)
    actor = None if by_client else staff
    corrected = operations.correct_visit(
        booking=visit,
        correction=Correction(address=here(street="9 Other Street")),
        act=Act(NOW, actor, by_client=by_client),
    )
    assert (corrected.street, corrected.area) == ("9 Other Street", visit.area)
    longer = correct(corrected, staff, address=here(), treatment=treatment(world, option=world.longer))
    assert longer.ends_at == at(11, 30)
    ServiceArea.objects.filter(zip_code="91364").update(is_active=False)
    with pytest.raises(OutsideArea):
        correct(corrected, staff, address=here(zip_code="91364"))


def test_a_visit_that_has_begun_is_not_corrected(visit: Booking, staff: User) -> None:
    with pytest.raises(InvalidTransition):
        operations.correct_visit(
            booking=visit, correction=Correction(address=here()), act=Act(at(10), staff), tells=False
        )


def test_a_phone_that_was_put_right_since_is_not_undone(visit: Booking, staff: User) -> None:
    correct(visit, staff, phone="+12135550177", address=here(unit="5"))
    key = press()
    Client.objects.update(phone="+12135550188")
    with pytest.raises(ChangedMeanwhile):
        operations.undo(press=key, actor=staff, now=NOW)
    visit.refresh_from_db()
    assert (visit.unit, visit.client.phone) == ("5", "+12135550188")


@pytest.mark.parametrize(
    "changes",
    [
        {"phone": "+12135550177"},
        {"address": here(access={"gate_code": "1234"})},
        {"recipient_name": "Rosa"},
        {"address": here(street="12 sample street")},
    ],
)
def test_what_changes_nothing_of_the_visit_is_not_told(
    visit: Booking, staff: User, changes: dict[str, Any]
) -> None:
    ScreeningRecord.objects.filter(booking=visit).delete()
    assert correct(visit, staff, **changes).revision == visit.revision
    assert not Message.objects.filter(booking=visit, kind=MessageKind.MOVED).exists()


def test_a_lower_price_is_told(visit: Booking, staff: User) -> None:
    correct(visit, staff, discount_cents=1_000)
    assert Message.objects.filter(booking=visit, kind=MessageKind.MOVED).exists()
