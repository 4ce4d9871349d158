"""On the way, late, at the door, done: what is written, what the client hears, and what is learned."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from bookings.domain import operations, sending
from bookings.domain.operations import Act, NewTime, Press
from bookings.domain.operations.steps import UNDO_REACHES
from bookings.drives.models import ObservedDrive
from bookings.enums import BookingStatus, MessageKind, MessageState, PaidBy, StepKind
from bookings.exceptions import ChangedMeanwhile, InvalidTransition, StillWaiting, TooLate
from bookings.models import Booking, Message, VisitStep
from bookings.models.steps import told_last
from bookings.notifications.registry import SiteSettings, obsolete_reason
from bookings.notifications.render import render
from bookings.retention import STEPS_KEPT
from tests.factories import DAY, NOW, World, at, fix_drives

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]


@pytest.fixture
def hands(db: None) -> User:
    return User.objects.create_user("hands", is_staff=True)


@pytest.fixture
def visit(world: World) -> Booking:
    """At ten, set up from ten to ten; the drive from home takes 20 minutes."""
    fix_drives((world.area, world.area, 20))
    return operations.confirm_booking(booking=world.book(), actor=None, now=NOW)


def press(visit: Booking, hands: User, kind: StepKind, when: datetime, **more: Any) -> VisitStep:
    now = more.pop("now", when)
    last = told_last(visit.steps.standing())
    more = {"shown": last.key if last else None, "key": uuid.uuid4(), **more}
    pressed = Press(kind=kind, at=when, **more)
    return operations.press_step(booking=visit, press=pressed, actor=hands, now=now)


def message(visit: Booking) -> Message:
    return Message.objects.get(booking=visit, kind=MessageKind.ON_THE_WAY)


def told(visit: Booking, now: datetime) -> str:
    """What the message would say, or why it is not sent."""
    row, site = message(visit), SiteSettings.load()
    fresh = Booking.objects.with_details().get(pk=visit.pk)
    return obsolete_reason(row, fresh, site, now=now) or render(row, fresh, site, now=now, preview=True).text


def test_the_client_hears_when_to_expect_them(visit: Booking, hands: User) -> None:
    step = press(visit, hands, StepKind.LEAVING, at(9, 41))
    # 20 minutes from 9:41, to the fives around it, ten minutes at least.
    assert (step.expected_from, step.expected_until) == (at(10), at(10, 10))
    row = message(visit)
    assert (row.state, row.due_at) == (MessageState.DUE, at(9, 41) + UNDO_REACHES)
    words = told(visit, at(9, 42))
    assert "10:00 to 10:10 AM PST" in words
    assert "Sample Therapist One is on the way" in words


def test_nobody_is_announced_before_they_would_have_come(visit: Booking, hands: User) -> None:
    step = press(visit, hands, StepKind.LEAVING, at(9, 5))
    assert (step.expected_from, step.expected_until) == (at(9, 50), at(10))


def test_nobody_is_told_a_window_that_is_over(visit: Booking, hands: User) -> None:
    press(visit, hands, StepKind.LEAVING, at(9, 20), now=at(9, 55))
    assert "9:50 to 10:00 AM PST" in told(visit, at(9, 59))
    assert told(visit, at(10)) == "the time that it tells is over"


def test_late_is_later_than_was_told_before(visit: Booking, hands: User) -> None:
    first = press(visit, hands, StepKind.LATE, at(9, 20), minutes=10)
    assert (first.expected_from, first.expected_until) == (at(10), at(10, 10))
    assert "running late" in told(visit, at(9, 21))
    second = press(visit, hands, StepKind.LATE, at(9, 30), minutes=30)
    assert second.expected_from == at(10, 30)
    left = press(visit, hands, StepKind.LEAVING, at(10, 2))
    assert left.expected_from == at(10, 20)
    third = press(visit, hands, StepKind.LATE, at(10, 10), minutes=10)
    assert (third.expected_from, third.expected_until) == (at(10, 30), at(10, 40))
    assert Message.objects.filter(kind=MessageKind.ON_THE_WAY).count() == 1


def test_at_the_door_one_waits_from_what_the_client_was_told(visit: Booking, hands: User) -> None:
    """Also where nobody pressed that they are there."""

    def nobody_home(now: datetime) -> Booking:
        return operations.mark_no_show(booking=visit, actor=hands, now=now, may_decide=False)

    step = press(visit, hands, StepKind.LATE, at(9, 55), minutes=20)
    assert step.expected_until == at(10, 20)
    with pytest.raises(StillWaiting) as refusal:
        nobody_home(at(10, 15))
    assert refusal.value.until == at(10, 35)
    # What is told last counts: it may be earlier, too.
    left = press(visit, hands, StepKind.LEAVING, at(9, 56))
    assert left.expected_until is not None
    assert at(10) < left.expected_until != at(10, 20)
    with pytest.raises(StillWaiting) as refusal:
        nobody_home(at(10, 15))
    assert refusal.value.until == left.expected_until + timedelta(minutes=15)
    assert nobody_home(refusal.value.until).status == BookingStatus.NO_SHOW


def test_who_was_shown_another_window_adds_no_minutes_to_it(visit: Booking, hands: User) -> None:
    first = press(visit, hands, StepKind.LATE, at(9, 20), minutes=20)
    for shown in (None, uuid.uuid4()):
        with pytest.raises(ChangedMeanwhile):
            press(visit, hands, StepKind.LATE, at(9, 21), minutes=20, shown=shown)
    assert visit.steps.get().expected_from == at(10, 10)
    # From a page without a connection one press follows another of the same page.
    second = press(visit, hands, StepKind.LATE, at(9, 22), minutes=10, shown=None, beside=[first.key])
    assert second.expected_from == at(10, 20)
    operations.undo_step(booking=visit, key=second.key, now=at(9, 22))
    with pytest.raises(ChangedMeanwhile):
        press(visit, hands, StepKind.LATE, at(9, 23), minutes=10, shown=second.key)


def test_a_drive_that_nobody_knows_is_told_without_a_time(
    world: World, visit: Booking, hands: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bookings.domain.operations import steps

    monkeypatch.setattr(steps, "_by_drive", lambda *_asked: (None, None))
    step = press(visit, hands, StepKind.LEAVING, at(9, 41))
    assert step.expected_from is None
    assert "They are leaving now." in told(visit, at(9, 42))


def test_the_same_press_sent_twice_is_one(visit: Booking, hands: User) -> None:
    key = uuid.uuid4()
    first = press(visit, hands, StepKind.LEAVING, at(9, 30), key=key)
    again = press(visit, hands, StepKind.LEAVING, at(9, 30), key=key, now=at(9, 50))
    assert first == again
    assert VisitStep.objects.count() == 1
    with pytest.raises(InvalidTransition):
        press(visit, hands, StepKind.LEAVING, at(9, 50))


def test_a_page_s_key_is_one_visit_s(world: World, visit: Booking, hands: User) -> None:
    key = uuid.uuid4()
    press(visit, hands, StepKind.LEAVING, at(9, 30), key=key)
    other = world.book(starts_at=at(14), email="bo@example.com", phone="+12135550188")
    other = operations.confirm_booking(booking=other, actor=None, now=NOW)
    with pytest.raises(InvalidTransition):
        press(other, hands, StepKind.LEAVING, at(9, 30), key=key)
    assert VisitStep.objects.count() == 1


@pytest.mark.parametrize(("ago", "seen"), [(0, 0), (600, 600), (13 * 3600, 12 * 3600), (-90, 0)])
def test_a_press_has_its_own_time_within_reason(visit: Booking, hands: User, ago: int, seen: int) -> None:
    now = at(9, 45)
    step = (
        press(visit, hands, StepKind.LEAVING, now - timedelta(seconds=ago), now=now)
        if ago < 13 * 3600
        else None
    )
    if step is None:
        # Half a day ago is not near the visit.
        with pytest.raises(InvalidTransition):
            press(visit, hands, StepKind.LEAVING, now - timedelta(seconds=ago), now=now)
        return
    assert step.at == now - timedelta(seconds=seen)
    assert step.received_at == now


def test_what_is_taken_back_was_never_sent(visit: Booking, hands: User) -> None:
    step = press(visit, hands, StepKind.LEAVING, at(9, 30))
    inside = at(9, 30) + UNDO_REACHES - timedelta(seconds=1)
    operations.undo_step(booking=visit, key=step.key, now=inside)
    operations.undo_step(booking=visit, key=step.key, now=inside + timedelta(hours=1))
    assert message(visit).state == MessageState.DROPPED
    assert told(visit, at(9, 31)) == "it was taken back"
    # It can be pressed again, and is told then.
    press(visit, hands, StepKind.LEAVING, at(9, 35))
    assert message(visit).state == MessageState.DUE
    with pytest.raises(TooLate):
        operations.undo_step(
            booking=visit, key=visit.steps.standing().get().key, now=at(9, 35) + UNDO_REACHES
        )


def seconds(number: int) -> datetime:
    """So many seconds after half past nine."""
    return at(9, 30) + timedelta(seconds=number)


def handed_over(visit: Booking, when: datetime) -> Message:
    """The message in a sender's hands, its body at the mail server."""
    (taken,) = sending.claim_due(now=when, keys=[message(visit).pk])
    assert sending.mark_handing_over(taken, now=when)
    return taken


def test_a_lateness_that_is_taken_back_tells_nobody_twice(visit: Booking, hands: User) -> None:
    press(visit, hands, StepKind.LEAVING, seconds(0))
    assert sending.mark_sent(handed_over(visit, seconds(15)), now=seconds(15))
    late = press(visit, hands, StepKind.LATE, seconds(60), minutes=20)
    assert message(visit).state == MessageState.DUE
    operations.undo_step(booking=visit, key=late.key, now=seconds(65))
    assert message(visit).state == MessageState.DROPPED


def test_what_stands_and_was_not_told_is_told_though_the_lateness_is_taken_back(
    visit: Booking, hands: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bookings.domain.operations import steps

    # Also where nobody knows the drive, so that no window was told.
    monkeypatch.setattr(steps, "_by_drive", lambda *_asked: (None, None))
    press(visit, hands, StepKind.LEAVING, seconds(0))
    late = press(visit, hands, StepKind.LATE, seconds(10), minutes=20)
    operations.undo_step(booking=visit, key=late.key, now=seconds(12))
    assert message(visit).state == MessageState.DUE
    assert "They are leaving now." in told(visit, seconds(25))


def test_nothing_leaves_while_the_last_press_can_be_taken_back(visit: Booking, hands: User) -> None:
    press(visit, hands, StepKind.LEAVING, seconds(0))
    press(visit, hands, StepKind.LATE, seconds(10), minutes=20)
    keys = [message(visit).pk]
    assert sending.claim_due(now=seconds(24), keys=keys) == []
    assert [row.kind for row in sending.claim_due(now=seconds(25), keys=keys)] == [MessageKind.ON_THE_WAY]


def test_a_lateness_is_told_though_the_message_before_is_just_leaving(visit: Booking, hands: User) -> None:
    press(visit, hands, StepKind.LEAVING, seconds(0))
    leaving = handed_over(visit, seconds(15))
    press(visit, hands, StepKind.LATE, seconds(16), minutes=20)
    assert not sending.mark_sent(leaving, now=seconds(17))
    row = message(visit)
    assert (row.state, row.due_at) == (MessageState.DUE, seconds(31))
    # It is no second copy of the one before.
    assert row.message_uuid != leaving.message_uuid


def test_a_message_that_is_being_written_is_written_anew(visit: Booking, hands: User) -> None:
    press(visit, hands, StepKind.LEAVING, seconds(0))
    (taken,) = sending.claim_due(now=seconds(15), keys=[message(visit).pk])
    late = press(visit, hands, StepKind.LATE, seconds(16), minutes=20)
    assert not sending.mark_handing_over(taken, now=seconds(16))
    operations.undo_step(booking=visit, key=late.key, now=seconds(20))
    # That they left was never told.
    assert message(visit).state == MessageState.DUE
    assert "is on the way" in told(visit, seconds(31))


def test_a_message_is_dropped_once_they_are_there_or_the_visit_is_off(visit: Booking, hands: User) -> None:
    press(visit, hands, StepKind.LEAVING, at(9, 30))
    press(visit, hands, StepKind.ARRIVED, at(9, 50))
    assert told(visit, at(9, 50)) == "the therapist is there"
    operations.cancel_booking(booking=visit, actor=hands, now=at(9, 50))
    assert "canceled" in told(visit, at(9, 50))


def test_what_a_drive_took_is_learned_from(world: World, visit: Booking, hands: User) -> None:
    press(visit, hands, StepKind.LEAVING, at(9, 20))
    arrived = press(visit, hands, StepKind.ARRIVED, at(9, 55))
    drive = ObservedDrive.objects.get()
    assert (drive.origin, drive.destination) == (world.area, world.area)
    assert (drive.left_at, drive.arrived_at, drive.planned_minutes) == (at(9, 20), at(9, 55), 20)
    operations.undo_step(booking=visit, key=arrived.key, now=at(9, 55))
    assert not ObservedDrive.objects.exists()
    press(visit, hands, StepKind.ARRIVED, at(9, 56))
    assert ObservedDrive.objects.get().minutes == 36


def test_a_drive_begins_at_the_visit_before(world: World, visit: Booking, hands: User) -> None:
    fix_drives((world.area, world.far_area, 45), (world.far_area, world.area, 45))
    far = world.book(
        starts_at=at(14), zip_code=world.far_area.zip_code, street="9 Far Road", email="far@example.com",
        phone="+12135550188", total_cents=16_000,
    )  # fmt: skip
    far = operations.confirm_booking(booking=far, actor=None, now=NOW)
    press(far, hands, StepKind.LEAVING, at(13))
    press(far, hands, StepKind.ARRIVED, at(13, 50))
    drive = ObservedDrive.objects.get()
    assert (drive.origin, drive.destination, drive.planned_minutes) == (world.area, world.far_area, 45)


def test_done_completes_and_says_how_it_was_paid(visit: Booking, hands: User) -> None:
    with pytest.raises(InvalidTransition):
        press(visit, hands, StepKind.DONE, at(9, 59), paid_by=PaidBy.CASH)
    step = press(visit, hands, StepKind.DONE, at(11), paid_by=PaidBy.CASH)
    visit.refresh_from_db()
    assert (visit.status, step.paid_by) == (BookingStatus.COMPLETED, PaidBy.CASH)
    with pytest.raises(InvalidTransition):
        press(visit, hands, StepKind.DONE, at(11, 1), paid_by=PaidBy.CHECK)
    with pytest.raises(TooLate):
        operations.undo_step(booking=visit, key=step.key, now=at(11))


def test_a_visit_that_the_desk_completed_can_still_be_said_to_be_paid(visit: Booking, hands: User) -> None:
    operations.complete_booking(booking=visit, actor=hands, now=at(11))
    assert press(visit, hands, StepKind.DONE, at(11, 5), paid_by=PaidBy.CHECK).paid_by == PaidBy.CHECK


@pytest.mark.parametrize("kind", [StepKind.LEAVING, StepKind.ARRIVED, StepKind.LATE])
def test_nobody_leaves_for_a_visit_that_is_off_or_on_another_day(
    visit: Booking, hands: User, kind: StepKind
) -> None:
    more = {"minutes": 10} if kind == StepKind.LATE else {}
    for when in (at(10, day=DAY - timedelta(days=1)), at(18)):
        with pytest.raises(InvalidTransition):
            press(visit, hands, kind, when, **more)
    operations.cancel_booking(booking=visit, actor=hands, now=at(9))
    with pytest.raises(InvalidTransition):
        press(visit, hands, kind, at(9, 30), **more)
    assert not VisitStep.objects.exists()


def test_a_moved_visit_begins_anew(visit: Booking, hands: User) -> None:
    press(visit, hands, StepKind.LEAVING, at(9, 30))
    operations.move_booking(booking=visit, to=NewTime(at(15)), act=Act(at(9, 40)))
    assert not visit.steps.exists()


def test_steps_are_deleted_in_time_but_how_it_was_paid_stays(visit: Booking, hands: User) -> None:
    press(visit, hands, StepKind.LEAVING, at(9, 30))
    press(visit, hands, StepKind.DONE, at(11), paid_by=PaidBy.ZELLE)
    assert operations.purge_steps(now=at(9, 30) + STEPS_KEPT) == 0
    assert operations.purge_steps(now=at(12) + STEPS_KEPT) == 1
    assert VisitStep.objects.get().paid_by == PaidBy.ZELLE
