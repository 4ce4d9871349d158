"""Safe at the door: who is asked and alerted, when, and what a PIN does and doesn't tell."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from bookings.domain import check_ins, operations
from bookings.domain.check_ins import MOST_WRONG, WRONG_PINS_LAST
from bookings.domain.operations import Act, NewTime, Press
from bookings.enums import MessageKind, MessageState, StepKind
from bookings.exceptions import ChangedMeanwhile
from bookings.models import Booking, CheckIn, Message, SafetyContact, SafetyPins, Therapist
from bookings.notifications import delivery
from bookings.retention import CHECK_INS_KEPT
from tests.factories import DAY, NOW, World, at
from tests.support.smtp import MailServer

from .test_races import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]

FINE, HELP = "4711", "4177"
# The visit is from ten to eleven, and the owner's minutes are 15 and 5.
OVERDUE = at(11, 15)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def hands(world: World) -> User:
    """The log-in of the world's only therapist, who has PINs."""
    user = User.objects.create_user("hands", email="hands@example.com", is_staff=True)
    world.therapist.user = user
    world.therapist.save()
    assert check_ins.set_pins(therapist=world.therapist, fine=FINE, needs_help=HELP, now=NOW)
    return user


@pytest.fixture
def visit(world: World, hands: User) -> Booking:
    """At ten, and the therapist is there."""
    booking = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    Message.objects.update(state=MessageState.SENT)
    press(booking, hands, StepKind.ARRIVED, at(9, 50))
    return booking


@pytest.fixture
def people(db: None) -> list[User]:
    """Two on the owner's list, in their order, and between them one who can't open the page of an alert any more, and
    one who can't be written to."""
    zoe, writer, al, mute = (
        User.objects.create_user(name, email=f"{name}@example.com" if name != "mute" else "", is_staff=True)
        for name in ("zoe", "writer", "al", "mute")
    )
    for user in (zoe, al, mute):
        user.user_permissions.set(Permission.objects.filter(codename="change_booking"))
    for position, user in enumerate([zoe, writer, mute, al]):
        SafetyContact.objects.create(user=user, position=position)
    return [zoe, al]


def press(visit: Booking, hands: User, kind: StepKind, when: datetime) -> uuid.UUID:
    key = uuid.uuid4()
    operations.press_step(booking=visit, press=Press(kind=kind, key=key, at=when), actor=hands, now=when)
    return key


def answer(visit: Booking, pin: str, when: datetime) -> bool:
    return check_ins.answer(booking=visit, pin=pin, now=when)


def row(visit: Booking) -> CheckIn:
    return CheckIn.objects.get(booking=visit)


def alerted() -> list[str]:
    """Whom alerts went to, or wait for, in their order."""
    rows = Message.objects.filter(kind=MessageKind.CHECK_IN_ALERT).select_related("to").order_by("pk")
    return [message.to.username if message.to else "desk" for message in rows]


def watch_until(end: datetime, *, since: datetime | None = None) -> None:
    """The watch, every half minute."""
    moment = since or at(10, 59)
    while moment <= end:
        check_ins.watch(now=moment)
        moment += MINUTE / 2


def test_who_says_done_in_time_is_left_alone(visit: Booking, hands: User, people: list[User]) -> None:
    press(visit, hands, StepKind.DONE, at(11, 10))
    watch_until(at(12))
    assert row(visit).ended_at == at(11, 10)
    assert not Message.objects.filter(kind__in=[MessageKind.CHECK_IN, MessageKind.CHECK_IN_ALERT]).exists()


@pytest.mark.parametrize("end", [operations.complete_booking, operations.mark_no_show])
def test_however_a_visit_ends_the_check_in_does(visit: Booking, hands: User, end: Callable[..., Any]) -> None:
    end(booking=visit, actor=hands, now=at(10, 30))
    assert row(visit).ended_at == at(10, 30)


def test_the_therapist_is_asked_and_then_people_are_alerted_in_turn(
    visit: Booking, hands: User, people: list[User]
) -> None:
    watch_until(OVERDUE - MINUTE / 2)
    assert row(visit).asked_at is None
    check_ins.watch(now=OVERDUE)
    assert row(visit).asked_at == OVERDUE
    assert Message.objects.get(kind=MessageKind.CHECK_IN).to == hands
    watch_until(OVERDUE + 5 * MINUTE - MINUTE / 2)
    assert alerted() == []
    watch_until(OVERDUE + 5 * MINUTE)
    assert alerted() == ["zoe"]
    watch_until(OVERDUE + 10 * MINUTE - MINUTE / 2)
    assert alerted() == ["zoe"]
    # Until somebody takes it: after the last the first again.
    watch_until(OVERDUE + 15 * MINUTE)
    assert alerted() == ["zoe", "al", "zoe"]
    assert check_ins.take(check_in=row(visit), actor=people[1], now=OVERDUE + 16 * MINUTE)
    watch_until(at(14))
    assert alerted() == ["zoe", "al", "zoe"]
    # What somebody looks after isn't taken twice, and ends when they say so.
    assert not check_ins.take(check_in=row(visit), actor=people[0], now=at(14))
    assert check_ins.end_alarm(check_in=row(visit), actor=people[1], now=at(14))
    assert not check_ins.end_alarm(check_in=row(visit), actor=people[1], now=at(14))
    assert (row(visit).taken_by, row(visit).ended_by) == (people[1], people[1])


def test_watches_at_once_ask_once_and_alert_one(
    transactional_db: None, visit: Booking, people: list[User]
) -> None:
    def watch_together(moment: datetime) -> None:
        assert at_once([lambda: check_ins.watch(now=moment)] * 6) == {"done": 6}

    watch_together(OVERDUE)
    assert Message.objects.filter(kind=MessageKind.CHECK_IN).count() == 1
    watch_together(OVERDUE + 5 * MINUTE)
    assert alerted() == ["zoe"]
    assert row(visit).turns == 1


def test_without_a_list_the_desk_is_alerted(visit: Booking, smtp_server: MailServer) -> None:
    Therapist.objects.update(phone="+12135550177")
    watch_until(OVERDUE + 5 * MINUTE)
    assert alerted() == ["desk"]
    delivery.send_due(clock=lambda: OVERDUE + 5 * MINUTE)
    asked, alert = sorted(smtp_server.messages, key=lambda mail: mail.recipients)
    assert (asked.recipients, alert.recipients) == (["hands@example.com"], ["hello@example.com"])
    assert "Are you all right?" in asked.text
    assert "Ana" not in asked.text
    assert "Their phone: (213) 555-0177" in alert.text
    assert "(213) 555-0177" not in asked.text
    assert "No word from Sample Therapist One" in alert.text
    assert "12 Sample Street" in alert.text
    assert f"/admin/bookings/booking/{visit.pk}/check-in/" in alert.text


def test_a_late_visit_ends_as_much_later(world: World, hands: User) -> None:
    booking = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    press(booking, hands, StepKind.ARRIVED, at(10, 30))
    watch_until(at(11, 44))
    assert row(booking).asked_at is None
    check_ins.watch(now=at(11, 45))
    assert row(booking).asked_at == at(11, 45)


def test_an_arrival_that_is_taken_back_begins_nothing(world: World, hands: User) -> None:
    booking = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    key = press(booking, hands, StepKind.ARRIVED, at(9, 50))
    operations.undo_step(booking=booking, key=key, now=at(9, 50))
    assert not CheckIn.objects.exists()
    press(booking, hands, StepKind.ARRIVED, at(9, 55))
    assert row(booking).opened_at == at(9, 55)


def test_the_pin_that_says_fine_ends_it_and_nothing_leaves(
    visit: Booking, people: list[User], smtp_server: MailServer
) -> None:
    watch_until(OVERDUE + 5 * MINUTE)
    assert answer(visit, FINE, OVERDUE + 6 * MINUTE)
    assert row(visit).ended_at == OVERDUE + 6 * MINUTE
    watch_until(at(14))
    # The row that was written with it, as with the other PIN, isn't true, and neither is what waited.
    delivery.send_due(clock=lambda: OVERDUE + 6 * MINUTE)
    assert smtp_server.messages == []
    assert alerted() == ["zoe", "al"]
    states = (
        Message.objects.filter(kind=MessageKind.CHECK_IN_ALERT).order_by("pk").values_list("state", flat=True)
    )
    assert list(states) == [MessageState.DROPPED, MessageState.DROPPED]


def test_the_pin_that_calls_for_help_alerts_at_once(
    visit: Booking, hands: User, people: list[User], smtp_server: MailServer
) -> None:
    assert answer(visit, HELP, at(10, 20))
    delivery.send_due(clock=lambda: at(10, 20))
    (mail,) = smtp_server.messages
    assert mail.recipients == ["zoe@example.com"]
    assert "calls for help" in mail.text
    # Neither done nor the other PIN ends it, and done shows nothing either.
    press(visit, hands, StepKind.DONE, at(10, 21))
    assert answer(visit, FINE, at(10, 22))
    assert row(visit).is_alarm
    before = len(alerted())
    watch_until(at(10, 32), since=at(10, 22))
    assert len(alerted()) == before + 2
    # Taken, and called for again: that is news.
    assert check_ins.take(check_in=row(visit), actor=people[0], now=at(11))
    before = len(alerted())
    assert answer(visit, HELP, at(11, 1))
    assert row(visit).is_alarm
    assert len(alerted()) == before + 1


def test_help_is_called_for_after_all_was_fine(visit: Booking, people: list[User]) -> None:
    assert answer(visit, FINE, at(10, 10))
    assert answer(visit, HELP, at(10, 20))
    assert row(visit).is_alarm


def test_both_pins_cost_the_same(
    visit: Booking, people: list[User], count_queries: Callable[..., Any]
) -> None:
    """Whoever counts or measures learns nothing: the same statements, in the same order."""
    spoken = []
    for pin, minute in ((FINE, 10), (HELP, 20), (FINE, 30)):
        with count_queries() as queries:
            answer(visit, pin, at(10, minute))
        spoken.append([re.sub(r"s\d+_x\d+|'[^']*'|\b\d+\b", "?", query["sql"])[:60] for query in queries])
    assert spoken[0] == spoken[1] == spoken[2]


def test_wrong_pins_lock_the_one_that_says_fine_and_nobody_sees_it(visit: Booking) -> None:
    for number in range(MOST_WRONG):
        assert not answer(visit, f"000{number}", at(10, 1))
    # Answered as the other PIN is, and still looked out for.
    assert answer(visit, FINE, at(10, 2))
    assert (row(visit).answered_at, row(visit).ended_at) == (at(10, 2), None)
    assert answer(visit, HELP, at(10, 3))
    assert row(visit).is_alarm


def test_wrong_pins_are_forgotten_after_a_while_whatever_else_is_entered(visit: Booking) -> None:
    for number in range(MOST_WRONG):
        assert not answer(visit, f"000{number}", at(10, 1))
    assert answer(visit, FINE, at(10, 2))
    assert answer(visit, FINE, at(10, 1) + WRONG_PINS_LAST)
    assert row(visit).ended_at == at(10, 1) + WRONG_PINS_LAST


@pytest.mark.parametrize("pin", [FINE, HELP])
def test_no_email_comes_after_either_pin(
    visit: Booking, people: list[User], smtp_server: MailServer, pin: str
) -> None:
    check_ins.watch(now=OVERDUE)
    assert answer(visit, pin, OVERDUE + MINUTE / 4)
    delivery.send_due(clock=lambda: OVERDUE + MINUTE)
    assert [mail.recipients for mail in smtp_server.messages] == [["zoe@example.com"]] * (pin == HELP)


def test_an_alarm_begins_with_the_first_person(visit: Booking, people: list[User]) -> None:
    assert answer(visit, FINE, at(10, 10))
    assert answer(visit, HELP, at(10, 20))
    watch_until(at(10, 25), since=at(10, 21))
    assert alerted() == ["zoe", "zoe", "al"]


# What becomes of the visit meanwhile ---------------------------------------------------------------------------------


@pytest.mark.parametrize("pin", ["", FINE])
def test_a_visit_that_moves_is_looked_out_for_as_before_and_then_again(
    visit: Booking, hands: User, pin: str
) -> None:
    if pin:
        assert answer(visit, pin, at(9, 52))
    later = DAY + timedelta(days=7)
    operations.move_booking(booking=visit, to=NewTime(at(10, day=later)), act=Act(at(9, 55), hands))
    # An hour later than who came in time, at the latest.
    watch_until(at(12, 4), since=at(12))
    assert row(visit).asked_at is None
    check_ins.watch(now=at(12, 5))
    assert row(visit).asked_at == (None if pin else at(12, 5))
    press(visit, hands, StepKind.ARRIVED, at(9, 50, later))
    assert (row(visit).opened_at, row(visit).answered_at) == (at(9, 50, later), None)
    check_ins.watch(now=at(11, 15, later))
    assert row(visit).asked_at == at(11, 15, later)


def test_a_visit_that_goes_to_somebody_else_is_theirs_to_answer(
    world: World, visit: Booking, hands: User
) -> None:
    second = world.add_therapist()
    to = NewTime(at(14), therapist=second.slug)
    operations.move_booking(booking=visit, to=to, act=Act(at(9, 55), hands))
    assert row(visit).ended_at == at(9, 55)
    press(visit, hands, StepKind.ARRIVED, at(13, 50))
    assert (row(visit).opened_at, row(visit).ended_at) == (at(13, 50), None)


@pytest.mark.parametrize("since", [None, StepKind.LEAVING, StepKind.ARRIVED])
@pytest.mark.parametrize("is_taken_back", [False, True])
def test_a_move_to_another_therapist_that_is_undone_ended_nothing(
    world: World, hands: User, since: StepKind | None, is_taken_back: bool
) -> None:
    """Who had arrived, long before it begins, is looked out for again; not where the other has begun with it since,
    unless all that was taken back is a way."""
    visit = operations.confirm_booking(booking=world.book(starts_at=at(15)), actor=None, now=NOW)
    key = press(visit, hands, StepKind.ARRIVED, at(10))
    other, act = world.add_therapist(), Act(at(10, 5), hands)
    to = NewTime(at(15), f"therapist:{other.slug}")
    visit = operations.move_booking(booking=visit, to=to, act=act)
    assert row(visit).ended_at == at(10, 5)
    if since is not None:
        later = press(visit, hands, since, at(10, 6))
        if is_taken_back:
            operations.undo_step(booking=visit, key=later, now=at(10, 6))
        if not is_taken_back or since == StepKind.ARRIVED:
            with pytest.raises(ChangedMeanwhile):
                operations.undo(press=act.press, actor=hands, now=at(10, 6))
            return
    operations.undo(press=act.press, actor=hands, now=at(10, 6))
    assert row(visit).ended_at is None
    assert [step.key for step in visit.steps.standing()] == [key]
    watch_until(at(15, 30), since=at(14, 50))
    assert row(visit).asked_at is not None


def test_no_move_and_no_new_arrival_ends_a_call_for_help(visit: Booking, hands: User) -> None:
    assert answer(visit, HELP, at(9, 52))
    operations.move_booking(booking=visit, to=NewTime(at(14)), act=Act(at(9, 55), hands))
    press(visit, hands, StepKind.ARRIVED, at(13, 50))
    assert row(visit).is_alarm
    assert row(visit).help_at == at(9, 52)


def test_who_arrives_anew_is_looked_out_for_anew(world: World, hands: User) -> None:
    booking = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    key = press(booking, hands, StepKind.ARRIVED, at(9, 50))
    assert answer(booking, FINE, at(9, 50))
    operations.undo_step(booking=booking, key=key, now=at(9, 50))
    press(booking, hands, StepKind.ARRIVED, at(9, 55))
    assert (row(booking).opened_at, row(booking).ended_at) == (at(9, 55), None)


@pytest.mark.parametrize("by_client", [False, True])
def test_no_cancel_ends_it(
    world: World, visit: Booking, hands: User, smtp_server: MailServer, by_client: bool
) -> None:
    actor = None if by_client else hands
    operations.cancel_booking(booking=visit, actor=actor, now=at(9, 55), by_client=by_client)
    assert check_ins.of_therapist(world.therapist, now=at(9, 56)) == row(visit)
    check_ins.watch(now=OVERDUE)
    assert row(visit).asked_at == OVERDUE
    delivery.send_due(clock=lambda: OVERDUE)
    assert ["hands@example.com"] in [mail.recipients for mail in smtp_server.messages]


def test_what_was_no_end_is_looked_out_for_again_while_they_may_be_there(visit: Booking, hands: User) -> None:
    press(visit, hands, StepKind.DONE, at(10, 1))
    operations.reopen_booking(booking=visit, actor=hands, now=at(10, 5))
    assert row(visit).ended_at is None
    press(visit, hands, StepKind.DONE, at(11, 5))
    operations.reopen_booking(booking=visit, actor=hands, now=at(16))
    assert row(visit).ended_at == at(11, 5)


def test_the_next_door_ends_the_one_before_and_no_call_for_help(
    world: World, visit: Booking, hands: User
) -> None:
    other = world.book(starts_at=at(14), name="Bo Sample", email="bo@example.com", phone="+12135550177")
    second = operations.confirm_booking(booking=other, actor=None, now=NOW)
    key = press(second, hands, StepKind.ARRIVED, at(13, 50))
    assert row(visit).ended_at == at(13, 50)
    operations.undo_step(booking=second, key=key, now=at(13, 50))
    assert row(visit).ended_at is None
    assert answer(visit, HELP, at(13, 51))
    press(second, hands, StepKind.ARRIVED, at(13, 52))
    assert row(visit).is_alarm
    assert row(second).ended_at is None


def test_who_has_gone_on_to_another_door_is_not_looked_for_at_the_first_again(
    world: World, visit: Booking, hands: User
) -> None:
    other = world.book(starts_at=at(12), name="Bo Sample", email="bo@example.com", phone="+12135550177")
    second = operations.confirm_booking(booking=other, actor=None, now=NOW)
    key = press(second, hands, StepKind.ARRIVED, at(11, 5))
    press(visit, hands, StepKind.DONE, at(11, 5))
    operations.reopen_booking(booking=visit, actor=hands, now=at(11, 5))
    assert row(visit).ended_at == at(11, 5)
    # Nor where that press was a slip, and it was said meanwhile how the first went.
    operations.complete_booking(booking=visit, actor=hands, now=at(11, 5))
    operations.undo_step(booking=second, key=key, now=at(11, 5))
    assert row(visit).ended_at == at(11, 5)


def test_pins_are_digests_of_their_own_and_are_not_changed_at_a_door(
    world: World, visit: Booking, hands: User
) -> None:
    pins = SafetyPins.objects.get()
    assert FINE not in (pins.fine, pins.help)
    assert len(pins.fine) == len(pins.help) == 64
    assert not check_ins.set_pins(therapist=world.therapist, fine="1234", needs_help="4321", now=at(10))
    other = world.add_therapist()
    assert check_ins.set_pins(therapist=other, fine=FINE, needs_help=HELP, now=at(10))
    # The same digits of somebody else are other digests.
    assert SafetyPins.objects.get(therapist=other).fine != pins.fine
    press(visit, hands, StepKind.DONE, at(11))
    assert check_ins.set_pins(therapist=world.therapist, fine="1234", needs_help="4321", now=at(12))


def test_check_ins_go_with_the_steps(visit: Booking) -> None:
    opened_at = row(visit).opened_at
    assert check_ins.purge(now=opened_at + CHECK_INS_KEPT) == 0
    assert check_ins.purge(now=opened_at + CHECK_INS_KEPT + MINUTE) == 1
