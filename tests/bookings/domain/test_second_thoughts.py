"""What staff do is told after the owner's minutes; until then it is undone, and nobody ever heard of it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections

from bookings.domain import answers, links, operations, persons, sending
from bookings.domain.clients import merge_clients
from bookings.domain.operations import Act, Move, NewTime, Shown
from bookings.domain.operations.act import columns_of
from bookings.enums import BookingStatus, EventKind, LateFeeState, LinkPurpose, MessageKind, MessageState
from bookings.exceptions import ChangedMeanwhile, MessageGone, SlotTaken
from bookings.models import (
    Booking,
    BookingEvent,
    BookingRules,
    ChangeRequest,
    Client,
    DriveOverride,
    LateFee,
    Message,
    MessageSettings,
    ScreeningRecord,
    SecondThought,
    TimeOff,
)
from bookings.notifications import calls, delivery
from bookings.notifications.verdicts import Outcome
from tests.factories import DAY, NOW, World, at
from tests.support.smtp import MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]

MINUTE = timedelta(minutes=1)
# What staff do happens a while after what was there before.
THEN = NOW + timedelta(hours=1)


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("desk")


@pytest.fixture
def request_(world: World) -> Booking:
    booking = world.book()
    Message.objects.update(state=MessageState.SENT)
    return booking


@pytest.fixture
def visit(request_: Booking) -> Booking:
    booking = operations.confirm_booking(booking=request_, actor=None, now=NOW)
    Message.objects.filter(due_at__lte=NOW).update(state=MessageState.SENT)
    return booking


def press() -> uuid.UUID:
    return SecondThought.objects.values_list("press", flat=True).order_by("-event")[0]


def send(moment: datetime) -> dict[Outcome, int]:
    return delivery.send_due(clock=lambda: moment)


@dataclass
class Picture:
    """All that an undone act must leave as it was."""

    visit: dict[str, Any]
    messages: list[tuple[Any, ...]]
    fees: list[dict[str, Any]]
    drives: list[dict[str, Any]]
    changes: list[tuple[Any, ...]]

    @classmethod
    def take(cls, booking: Booking) -> Picture:
        columns = ("kind", "revision", "state", "due_at")
        return cls(
            columns_of(Booking.objects.get(pk=booking.pk)),
            list(
                Message.objects.filter(booking=booking)
                .exclude(state=MessageState.DROPPED)
                .order_by("pk")
                .values_list(*columns)
            ),
            [columns_of(row) for row in LateFee.objects.order_by("pk")],
            [columns_of(row) for row in DriveOverride.objects.order_by("pk")],
            list(ChangeRequest.objects.order_by("pk").values_list("state", "answered_at", "answered_by")),
        )


def do_confirm(booking: Booking, staff: User) -> None:
    operations.confirm_booking(booking=booking, actor=staff, now=THEN)


def do_decline(booking: Booking, staff: User) -> None:
    operations.decline_booking(booking=booking, actor=staff, now=THEN)


def do_cancel(booking: Booking, staff: User) -> None:
    operations.cancel_booking(booking=booking, actor=staff, now=THEN)


def do_move(booking: Booking, staff: User) -> None:
    operations.move_booking(booking=booking, to=NewTime(at(14)), act=Act(THEN, staff))


def do_move_a_little(booking: Booking, staff: User) -> None:
    operations.move_booking(booking=booking, to=NewTime(at(10, 30)), act=Act(THEN, staff))


def assert_undone(
    booking: Booking, staff: User, do: Callable[[Booking, User], None], *, then: datetime = THEN
) -> None:
    before = Picture.take(booking)
    do(booking, staff)
    assert Picture.take(booking) != before
    (undone,) = operations.undo(press=press(), actor=staff, now=then + MINUTE)
    assert Picture.take(booking) == before
    event = undone.events.last()
    assert event is not None
    assert (event.kind, event.actor, event.at) == (EventKind.UNDONE, staff, then + MINUTE)
    assert not SecondThought.objects.exists()


@pytest.mark.parametrize("do", [do_confirm, do_decline, do_cancel, do_move])
def test_what_is_done_to_a_request_is_undone(
    request_: Booking, staff: User, do: Callable[..., None], smtp_server: MailServer
) -> None:
    assert_undone(request_, staff, do)
    assert send(THEN + timedelta(hours=1)) == {}
    assert smtp_server.messages == []
    # And done again.
    assert_undone(request_, staff, do)


@pytest.mark.parametrize("do", [do_cancel, do_move, do_move_a_little])
def test_what_is_done_to_a_visit_is_undone(visit: Booking, staff: User, do: Callable[..., None]) -> None:
    DriveOverride.objects.create(
        from_booking=None, to_booking=visit, minutes=25, reason="road works", by=staff, at=NOW
    )
    token = links.visit_token(visit, now=NOW)
    assert_undone(visit, staff, do)
    assert links.find_link(token, purpose=LinkPurpose.VISIT, now=THEN) is not None


def test_a_drive_corrected_since_gives_way_to_the_one_before(visit: Booking, staff: User) -> None:
    def correct_drive(minutes: int, moment: datetime) -> None:
        DriveOverride.objects.create(
            from_booking=None, to_booking=visit, minutes=minutes, reason="road works", by=staff, at=moment
        )

    def do(booking: Booking, actor: User) -> None:
        do_move(booking, actor)
        correct_drive(40, THEN + MINUTE / 2)

    correct_drive(25, NOW)
    assert_undone(visit, staff, do)


@pytest.mark.parametrize("was_promised", [THEN + MINUTE / 2, None])
def test_a_request_whose_hour_came_meanwhile_waits_for_an_answer_still(
    request_: Booking, staff: User, was_promised: datetime | None
) -> None:
    # Asked for so long ago that it would have expired half a minute after it was confirmed.
    rules = BookingRules.load()
    asked = THEN + MINUTE / 2 - timedelta(minutes=rules.request_expires_after_minutes)
    Booking.objects.update(created_at=asked, answer_by=was_promised)
    do_confirm(request_, staff)
    operations.undo(press=press(), actor=staff, now=THEN + MINUTE)
    assert operations.expire_requests(now=THEN + MINUTE) == 0
    request_.refresh_from_db()
    promised = answers.answer_by(asked_at=THEN + MINUTE, starts_at=request_.starts_at, rules=rules)
    assert promised is not None
    assert (request_.status, request_.answer_by) == (BookingStatus.REQUESTED, promised)
    assert operations.expire_requests(now=promised) == 1


def test_a_mailbox_whose_hour_came_meanwhile_may_be_proved_still(request_: Booking, staff: User) -> None:
    Booking.objects.update(prove_by=THEN + MINUTE / 2)
    do_confirm(request_, staff)
    operations.undo(press=press(), actor=staff, now=THEN + MINUTE)
    assert operations.expire_requests(now=THEN + MINUTE) == 0
    request_.refresh_from_db()
    assert request_.prove_by is not None
    assert request_.prove_by > THEN + MINUTE
    assert request_.prove_by == request_.answer_by


def test_a_request_with_no_hour_at_the_desk_left_is_answered_within_one(world: World, staff: User) -> None:
    booking = world.book()
    Message.objects.update(state=MessageState.SENT)
    moment = at(6)
    Booking.objects.update(created_at=NOW, answer_by=moment + MINUTE / 2)
    operations.confirm_booking(booking=booking, actor=staff, now=moment)
    operations.undo(press=press(), actor=staff, now=moment + MINUTE)
    booking.refresh_from_db()
    assert booking.answer_by == moment + MINUTE + timedelta(hours=1)


def test_a_reminder_whose_hour_came_meanwhile_leaves_after_all(
    visit: Booking, staff: User, smtp_server: MailServer
) -> None:
    hour = at(10) - timedelta(hours=48)
    operations.move_booking(booking=visit, to=NewTime(at(14)), act=Act(hour - MINUTE, staff))
    assert send(hour) == {Outcome.DROPPED: 1}
    operations.undo(press=press(), actor=staff, now=hour)
    assert send(hour) == {Outcome.SENT: 1}
    assert [mail.recipients for mail in smtp_server.messages] == [["ana@example.com"]]


@pytest.mark.parametrize("has_email", [True, False])
@pytest.mark.parametrize("is_moved", [True, False])
def test_what_had_waited_long_before_an_act_that_is_undone_waits_on(
    request_: Booking, staff: User, smtp_server: MailServer, has_email: bool, is_moved: bool
) -> None:
    Client.objects.update(email="ana@example.com" if has_email else "")
    do_confirm(request_, staff)
    told = Message.objects.get(booking=request_, kind=MessageKind.CONFIRMED)
    later = THEN + timedelta(hours=2)
    if is_moved:
        move(request_, staff, 14, later)
    else:
        operations.cancel_booking(booking=request_, actor=staff, now=later)
    # Who sends, or keeps the list of calls, looks only now.
    dropped = send(later)[Outcome.DROPPED] if has_email else calls.drop_overtaken(now=later)
    assert dropped == 1
    operations.undo(press=press(), actor=staff, now=later + MINUTE)
    told.refresh_from_db()
    assert (told.state, told.last_error) == (MessageState.DUE, "")
    if has_email:
        assert send(later + MINUTE) == {Outcome.SENT: 1}
    else:
        assert calls.drop_overtaken(now=later + MINUTE) == 0


def opens(token: str, moment: datetime) -> bool:
    return links.find_link(token, purpose=LinkPurpose.VISIT, now=moment) is not None


def test_the_link_that_the_client_has_works_until_the_email_with_the_next_has_left(
    visit: Booking, staff: User, smtp_server: MailServer
) -> None:
    old = links.visit_token(visit, now=NOW)
    do_move(visit, staff)
    smtp_server.refuse()
    first_try = THEN + 2 * MINUTE
    assert send(first_try) == {Outcome.PUT_OFF: 1}
    assert opens(old, first_try + timedelta(minutes=59))
    left = first_try + timedelta(hours=1)
    assert send(left) == {Outcome.SENT: 1}
    (mail,) = smtp_server.messages
    new = links.visit_token(visit, now=left)
    assert new in mail.text
    assert (opens(old, left), opens(new, left)) == (False, True)


def test_a_mailbox_that_is_no_longer_the_clients_ends_a_replaced_link_too(
    visit: Booking, staff: User
) -> None:
    old = links.visit_token(visit, now=NOW)
    links.replace_visit_link(visit, since=THEN)
    new = links.visit_token(visit, now=THEN)
    assert opens(old, THEN)
    links.revoke_links_of_client(visit.client, now=THEN)
    assert not opens(old, THEN)
    assert not opens(new, THEN)


def test_a_late_move_that_was_answered_waits_again(world: World, staff: User) -> None:
    visit = operations.confirm_booking(
        booking=world.book(starts_at=at(10, day=DAY.replace(day=3))), actor=None, now=NOW
    )
    Message.objects.filter(due_at__lte=NOW).update(state=MessageState.SENT)
    fee = operations.late_fee(visit, now=NOW)
    assert fee is not None
    change = operations.ask_move(booking=visit, to=NewTime(at(14)), shown=Shown(visit.revision, fee), now=NOW)
    Message.objects.filter(due_at__lte=NOW).update(state=MessageState.SENT)

    def accept(booking: Booking, actor: User) -> None:
        operations.accept_change(change=change, actor=actor, now=THEN, with_fee=True)

    def refuse(booking: Booking, actor: User) -> None:
        operations.refuse_change(change=change, actor=actor, now=THEN)

    for do in (accept, refuse, do_cancel):
        assert_undone(visit, staff, do)


def test_fees_are_as_they_were(world: World, staff: User) -> None:
    visit = operations.confirm_booking(
        booking=world.book(starts_at=at(17, day=DAY.replace(day=3)), total_cents=16_500), actor=None, now=NOW
    )
    # Inside the notice window of a day.
    then = at(18, day=DAY.replace(day=2))
    Message.objects.filter(due_at__lte=then).update(state=MessageState.SENT)

    def cancel_late(booking: Booking, actor: User) -> None:
        operations.cancel_late(booking=booking, actor=actor, shown_fee_cents=6_000, now=then)

    def charge(booking: Booking, actor: User) -> None:
        operations.decide_late_fee(
            fee=LateFee.objects.get(), actor=actor, now=then, state=LateFeeState.CHARGED
        )

    def waive(booking: Booking, actor: User) -> None:
        operations.decide_late_fee(
            fee=LateFee.objects.get(), actor=actor, now=then, state=LateFeeState.WAIVED, reason="ill"
        )

    assert_undone(visit, staff, cancel_late, then=then)
    operations.cancel_by_client(booking=visit, shown=Shown(visit.revision, 6_000), now=then - MINUTE)
    Message.objects.filter(due_at__lte=then).update(state=MessageState.SENT)
    assert_undone(visit, staff, charge, then=then)
    assert_undone(visit, staff, waive, then=then)


def test_nobody_opened_without_a_fee_is_undone(world: World, staff: User) -> None:
    world.agree_to(late_fee_percent=0)
    visit = world.book(terms_version=world.agreed.number)
    operations.confirm_booking(booking=visit, actor=None, now=NOW)
    then = at(19)

    def do(booking: Booking, actor: User) -> None:
        operations.mark_no_show(booking=booking, actor=actor, now=then)
        assert Message.objects.get(kind=MessageKind.NO_SHOW).due_at == then + 2 * MINUTE

    Message.objects.filter(due_at__lte=then).update(state=MessageState.SENT)
    assert_undone(visit, staff, do, then=then)
    # And said again.
    assert_undone(visit, staff, do, then=then)


# When it leaves -------------------------------------------------------------------------------------------------------


def test_the_email_leaves_after_the_minutes_and_then_it_is_told(
    request_: Booking, staff: User, smtp_server: MailServer
) -> None:
    do_confirm(request_, staff)
    assert send(THEN + 2 * MINUTE - timedelta(seconds=1)) == {}
    assert send(THEN + 2 * MINUTE) == {Outcome.SENT: 1}
    assert len(smtp_server.messages) == 1
    with pytest.raises(MessageGone):
        operations.undo(press=press(), actor=staff, now=THEN + 2 * MINUTE)
    request_.refresh_from_db()
    assert request_.status == BookingStatus.CONFIRMED


def test_what_is_to_remind_leaves_no_sooner_than_what_it_reminds_of(world: World, staff: User) -> None:
    soon = world.book(starts_at=at(17, day=DAY.replace(day=3)), total_cents=16_500)
    Message.objects.update(state=MessageState.SENT)
    # The visit is in 23 hours: the health questions are due at once, the answers being a day old.
    moment = at(18, day=DAY.replace(day=2))
    ScreeningRecord.objects.update(evaluated_at=NOW - timedelta(days=2))
    operations.confirm_booking(booking=soon, actor=staff, now=moment)
    first = Message.objects.filter(booking=soon, state=MessageState.DUE).order_by("due_at")[0]
    assert first.due_at == moment + 2 * MINUTE


@pytest.mark.parametrize(
    ("before_start", "waits"),
    [(timedelta(hours=3), True), (timedelta(hours=3) - MINUTE, False), (timedelta(minutes=10), False)],
)
def test_so_near_a_visit_the_client_hears_at_once(
    visit: Booking, staff: User, before_start: timedelta, waits: bool
) -> None:
    moment = at(10) - before_start
    operations.cancel_booking(booking=visit, actor=staff, now=moment)
    message = Message.objects.get(booking=visit, kind=MessageKind.CANCELED)
    assert message.due_at == (moment + 2 * MINUTE if waits else moment)
    assert SecondThought.objects.exists() is waits


def test_a_visit_moved_away_from_now_is_told_at_once(visit: Booking, staff: User) -> None:
    operations.move_booking(booking=visit, to=NewTime(at(16)), act=Act(at(9), staff))
    assert Message.objects.get(booking=visit, kind=MessageKind.MOVED).due_at == at(9)


def test_what_clients_do_and_what_the_owner_wants_at_once_does_not_wait(
    visit: Booking, staff: User, world: World
) -> None:
    operations.move_booking(booking=visit, to=NewTime(at(14)), act=Act(THEN, by_client=True))
    assert Message.objects.get(booking=visit, kind=MessageKind.MOVED).due_at == THEN
    settings = MessageSettings.load()
    settings.second_thoughts_minutes = 0
    settings.save()
    visit.refresh_from_db()
    operations.cancel_booking(booking=visit, actor=staff, now=THEN)
    assert Message.objects.get(booking=visit, kind=MessageKind.CANCELED).due_at == THEN
    assert not SecondThought.objects.exists()


# An honest no ---------------------------------------------------------------------------------------------------------


def test_a_time_that_somebody_has_taken_is_not_given_twice(visit: Booking, staff: User, world: World) -> None:
    do_move(visit, staff)
    other = world.book(email="bo@example.com", phone="+12135550124", now=THEN)
    with pytest.raises(SlotTaken):
        operations.undo(press=press(), actor=staff, now=THEN + MINUTE)
    visit.refresh_from_db()
    assert (visit.starts_at, other.starts_at) == (at(14), at(10))
    # The move is told after all.
    assert Message.objects.get(booking=visit, kind=MessageKind.MOVED).state == MessageState.DUE


def test_a_time_that_could_not_be_kept_before_is_given_back_all_the_same(
    visit: Booking, staff: User, world: World
) -> None:
    world.add_therapist()
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(8), ends_at=at(20))

    def rescue(booking: Booking, actor: User) -> None:
        operations.move_booking(booking=booking, to=NewTime(at(10), preference="any"), act=Act(THEN, actor))

    assert_undone(visit, staff, rescue)


def test_what_was_done_since_is_not_undone_with_it(visit: Booking, staff: User) -> None:
    do_move(visit, staff)
    first = press()
    operations.cancel_booking(booking=visit, actor=staff, now=THEN + MINUTE)
    with pytest.raises(ChangedMeanwhile):
        operations.undo(press=first, actor=staff, now=THEN + MINUTE)
    operations.undo(press=press(), actor=staff, now=THEN + MINUTE)
    visit.refresh_from_db()
    assert (visit.status, visit.starts_at) == (BookingStatus.CONFIRMED, at(14))


def test_a_visit_of_yesterday_that_was_canceled_by_a_slip_is_put_back(visit: Booking, staff: User) -> None:
    moment = at(9, day=DAY + timedelta(days=1))
    operations.cancel_booking(booking=visit, actor=staff, now=moment)
    operations.undo(press=press(), actor=staff, now=moment + MINUTE)
    visit.refresh_from_db()
    assert visit.status == BookingStatus.CONFIRMED


def test_twice_undone_is_once(visit: Booking, staff: User) -> None:
    do_cancel(visit, staff)
    key = press()
    operations.undo(press=key, actor=staff, now=THEN + MINUTE)
    with pytest.raises(MessageGone):
        operations.undo(press=key, actor=staff, now=THEN + MINUTE)


def test_a_message_in_a_senders_hands_is_gone(visit: Booking, staff: User) -> None:
    do_cancel(visit, staff)
    assert sending.claim_due(now=THEN + 2 * MINUTE)
    with pytest.raises(MessageGone):
        operations.undo(press=press(), actor=staff, now=THEN + 2 * MINUTE)


def undo_while_sending(staff: User, moment: datetime) -> str:
    """What came of undoing the last press while a sender sweeps, both at that moment."""
    key, together, found = press(), threading.Barrier(2), []

    def undo() -> None:
        try:
            together.wait(timeout=60)
            operations.undo(press=key, actor=staff, now=moment)
            found.append("undone")
        except (MessageGone, SlotTaken):
            found.append("refused")
        finally:
            connections.close_all()

    def sweep() -> None:
        try:
            together.wait(timeout=60)
            send(moment)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=undo), threading.Thread(target=sweep)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    (word,) = found
    return word


def test_undoing_and_sending_at_once_is_one_of_the_two(
    world: World, transactional_db: None, smtp_server: MailServer
) -> None:
    staff = User.objects.create_user("desk")
    visit = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    for number in range(6):
        then = THEN + number * timedelta(hours=1)
        Message.objects.filter(due_at__lte=then).update(state=MessageState.SENT)
        smtp_server.messages.clear()
        # One at which it never was: whether it went back is seen by the hour.
        hour = 11 + number
        operations.move_booking(booking=visit, to=NewTime(at(hour)), act=Act(then, staff))
        word = undo_while_sending(staff, then + 2 * MINUTE)
        told = [mail for mail in smtp_server.messages if mail.recipients == ["ana@example.com"]]
        assert (word, len(told)) in (("undone", 0), ("refused", 1))
        visit.refresh_from_db()
        assert (visit.starts_at == at(hour)) is (word == "refused")


# What was done before, and is told by how things stand ---------------------------------------------------------------


def book_course(world: World) -> Booking:
    """Two requests of one press; the second of them."""
    together = uuid.uuid4()
    world.book()
    second = world.book(starts_at=at(14))
    Booking.objects.update(together=together)
    Message.objects.update(state=MessageState.SENT)
    second.refresh_from_db()
    return second


def do_move_later(booking: Booking, staff: User) -> None:
    operations.move_booking(booking=booking, to=NewTime(at(16)), act=Act(THEN + MINUTE, staff))


def do_cancel_later(booking: Booking, staff: User) -> None:
    operations.cancel_booking(booking=booking, actor=staff, now=THEN + MINUTE)


@pytest.mark.parametrize("do", [do_move_later, do_cancel_later])
def test_an_email_about_a_course_waits_for_what_may_be_undone(
    world: World, staff: User, smtp_server: MailServer, do: Callable[[Booking, User], None]
) -> None:
    second = book_course(world)
    assert second.together is not None
    operations.confirm_together(together=second.together, actor=staff, now=THEN)
    do(second, staff)
    assert send(THEN + 2 * MINUTE) == {}
    operations.undo(press=press(), actor=staff, now=THEN + 2 * MINUTE)
    assert send(THEN + 3 * MINUTE) == {Outcome.SENT: 1}
    (mail,) = smtp_server.messages
    assert "2:00 PM" in mail.text or "2:00 – " in mail.text
    assert "4:00" not in mail.text


def test_what_an_email_about_a_course_may_have_told_is_not_undone(world: World, staff: User) -> None:
    second = book_course(world)
    assert second.together is not None
    operations.confirm_together(together=second.together, actor=staff, now=THEN)
    (taken,) = sending.claim_due(now=THEN + 2 * MINUTE)
    operations.move_booking(booking=second, to=NewTime(at(16)), act=Act(THEN + 2 * MINUTE, staff))
    with pytest.raises(MessageGone):
        operations.undo(press=press(), actor=staff, now=THEN + 3 * MINUTE)
    sending.mark_sent(taken, now=THEN + 2 * MINUTE)
    with pytest.raises(MessageGone):
        operations.undo(press=press(), actor=staff, now=THEN + 3 * MINUTE)


def test_a_fee_is_told_once_the_last_word_on_it_can_not_be_undone(
    world: World, staff: User, smtp_server: MailServer
) -> None:
    visit = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    then = at(19)
    Message.objects.filter(due_at__lte=then).update(state=MessageState.SENT)

    def decide(state: LateFeeState, moment: datetime) -> None:
        operations.decide_late_fee(fee=LateFee.objects.get(), actor=staff, now=moment, state=state)

    operations.mark_no_show(booking=visit, actor=staff, now=then)
    decide(LateFeeState.CHARGED, then)
    decide(LateFeeState.WAIVED, then + MINUTE)
    assert send(then + 2 * MINUTE) == {}
    operations.undo(press=press(), actor=staff, now=then + 2 * MINUTE)
    assert send(then + 3 * MINUTE) == {Outcome.SENT: 1}
    (mail,) = smtp_server.messages
    assert "The late fee is $60" in mail.text


def test_a_canceled_visit_and_its_waived_fee_are_told_together(
    world: World, staff: User, smtp_server: MailServer
) -> None:
    visit = operations.confirm_booking(
        booking=world.book(starts_at=at(17, day=DAY.replace(day=3)), total_cents=16_500), actor=None, now=NOW
    )
    then = at(18, day=DAY.replace(day=2))
    Message.objects.filter(due_at__lte=then).update(state=MessageState.SENT)
    operations.cancel_late(booking=visit, actor=staff, shown_fee_cents=6_000, now=then)
    operations.decide_late_fee(
        fee=LateFee.objects.get(), actor=staff, now=then + MINUTE, state=LateFeeState.WAIVED
    )
    assert send(then + 2 * MINUTE) == {}
    operations.undo(press=press(), actor=staff, now=then + 2 * MINUTE)
    assert send(then + 3 * MINUTE) == {Outcome.SENT: 1}
    (mail,) = smtp_server.messages
    assert "$60" in mail.text


# Several acts, of which one email tells ------------------------------------------------------------------------------


def move(booking: Booking, staff: User, hour: int, moment: datetime, **more: Any) -> None:
    operations.move_booking(booking=booking, to=NewTime(at(hour), **more), act=Act(moment, staff))


def correct(
    booking: Booking, staff: User, moment: datetime, language: str | None = None, **changes: Any
) -> None:
    booking.refresh_from_db()
    fields = {"street": booking.street, "unit": booking.unit, "zip_code": booking.area.zip_code}
    address = operations.VisitAddress(
        **{**fields, "access_type": booking.access_type, "access": None, **changes}
    )
    operations.correct_visit(
        booking=booking,
        correction=operations.Correction(address=address, recipient_language=language),
        act=operations.Act(moment, staff),
        tells=True,
    )


def told(smtp_server: MailServer, moment: datetime) -> str:
    """The one email that has left for the client by then."""
    send(moment)
    (mail,) = smtp_server.messages
    assert mail.recipients == ["ana@example.com"]
    return f"{mail.subject}\n{mail.text}"


def test_a_visit_moved_and_canceled_is_canceled_at_the_time_that_the_client_knows(
    visit: Booking, staff: User, smtp_server: MailServer
) -> None:
    do_move(visit, staff)
    operations.cancel_booking(booking=visit, actor=staff, now=THEN + MINUTE)
    text = told(smtp_server, THEN + 3 * MINUTE)
    assert "10:00 AM – 11:00 AM" in text
    assert "2:00" not in text


def test_a_visit_moved_twice_is_told_with_the_time_that_the_client_knows(
    visit: Booking, staff: User, world: World, smtp_server: MailServer
) -> None:
    other = world.add_therapist()
    do_move(visit, staff)
    move(visit, staff, 16, THEN + MINUTE, preference=f"therapist:{other.slug}")
    text = told(smtp_server, THEN + 3 * MINUTE)
    assert "Moved:" in text
    assert "10:00 AM – 11:00 AM" in text
    assert "4:00 PM – 5:00 PM" in text
    assert "2:00" not in text
    assert f"{other.name} will visit you in place of {world.therapist.name}." in text


def test_what_was_told_is_what_the_next_email_compares_with(
    visit: Booking, staff: User, smtp_server: MailServer
) -> None:
    do_move(visit, staff)
    send(THEN + 2 * MINUTE)
    smtp_server.messages.clear()
    move(visit, staff, 16, THEN + 3 * MINUTE)
    text = told(smtp_server, THEN + 5 * MINUTE)
    assert "2:00 PM – 3:00 PM" in text
    assert "10:00" not in text


def test_a_move_that_was_undone_is_not_compared_with(
    visit: Booking, staff: User, smtp_server: MailServer
) -> None:
    do_move(visit, staff)
    operations.undo(press=press(), actor=staff, now=THEN + MINUTE)
    move(visit, staff, 16, THEN + MINUTE)
    text = told(smtp_server, THEN + 3 * MINUTE)
    assert "10:00 AM – 11:00 AM" in text
    assert "2:00" not in text


def are_told() -> list[bool]:
    """Of what can be undone, the newest first, whether a client hears of it."""
    rows: Any = operations.waiting_thoughts(now=THEN)
    return [row.is_told for row in rows]


def test_a_press_is_offered_to_be_undone_whole_or_not_at_all(
    world: World, visit: Booking, staff: User
) -> None:
    other = operations.confirm_booking(
        booking=world.book(starts_at=at(17), total_cents=16_500), actor=None, now=NOW
    )
    act = Act(THEN, staff, press=uuid.uuid4())
    for booking, hour in ((visit, 14), (other, 16)):
        operations.move_booking(booking=booking, to=NewTime(at(hour)), act=act)
    assert len(are_told()) == 2
    later = {"booking": visit, "at": THEN + MINUTE, "to_status": visit.status}
    # Of the person, it says nothing against it.
    BookingEvent.objects.create(kind=EventKind.PERSON, **later)
    assert len(are_told()) == 2
    BookingEvent.objects.create(kind=EventKind.FEE_DECIDED, **later)
    assert are_told() == []


def test_nobody_hears_of_a_visit_that_was_moved_away_and_back(
    visit: Booking, staff: User, smtp_server: MailServer
) -> None:
    token = links.visit_token(visit, now=NOW)
    do_move(visit, staff)
    assert are_told() == [True]
    move(visit, staff, 10, THEN + MINUTE)
    assert are_told() == [False, False]
    assert Outcome.SENT not in send(THEN + 10 * MINUTE)
    assert smtp_server.messages == []
    assert opens(token, THEN + 10 * MINUTE)
    # The days before and after are told as ever, by the visit as it stands.
    visit.refresh_from_db()
    reminders = Message.objects.filter(kind=MessageKind.REMINDER_FIRST, state=MessageState.DUE)
    assert reminders.filter(revision=visit.revision).exists()


def test_a_visit_moved_back_whose_first_email_may_have_left_is_told_of(
    visit: Booking, staff: User, smtp_server: MailServer
) -> None:
    do_move(visit, staff)
    (taken,) = sending.claim_due(now=THEN + 2 * MINUTE)
    move(visit, staff, 10, THEN + 2 * MINUTE)
    sending.mark_sent(taken, now=THEN + 2 * MINUTE)
    text = told(smtp_server, THEN + 4 * MINUTE)
    assert "2:00 PM – 3:00 PM" in text
    assert "10:00 AM – 11:00 AM" in text


def test_a_visit_moved_back_but_to_another_price_is_told_of(
    visit: Booking, staff: User, smtp_server: MailServer
) -> None:
    do_move(visit, staff)
    visit.refresh_from_db()
    Booking.objects.update(
        total_cents=visit.total_cents + 1_000, treatment_cents=visit.treatment_cents + 1_000
    )
    SecondThought.objects.update(
        before={"visit": {**SecondThought.objects.get().before["visit"], "total_cents": "14000"}}
    )
    move(visit, staff, 10, THEN + MINUTE)
    assert "Your visit has changed" in told(smtp_server, THEN + 3 * MINUTE)


def test_a_move_and_a_correction_are_told_together(
    visit: Booking, staff: User, smtp_server: MailServer
) -> None:
    do_move(visit, staff)
    correct(visit, staff, THEN + MINUTE, street="9 Sample Street")
    text = told(smtp_server, THEN + 3 * MINUTE)
    assert "Moved:" in text
    assert "10:00 AM – 11:00 AM" in text
    assert "We come to this address: 9 Sample Street" in text
    assert "stay as they were" not in text


def test_a_correction_and_a_move_are_told_together(
    visit: Booking, staff: User, smtp_server: MailServer
) -> None:
    correct(visit, staff, THEN, street="9 Sample Street")
    move(visit, staff, 14, THEN + MINUTE)
    text = told(smtp_server, THEN + 3 * MINUTE)
    assert "10:00 AM – 11:00 AM" in text
    assert "We come to this address: 9 Sample Street" in text


def change_person(booking: Booking, actor: User | None) -> None:
    told = persons.Told("Maria Roe", "", "Polish")
    act = Act(THEN, actor, by_client=True)
    booking.refresh_from_db()
    persons.change_person(of=booking, told=told, act=act)


def agree(booking: Booking, _staff: User) -> None:
    persons.agree(links.consent_link(booking, now=NOW), now=THEN)


def merge(booking: Booking, staff: User) -> None:
    kept = Client.objects.create(name="Ana", email="ana@example.com", phone="+12135550199", created_at=NOW)
    merge_clients(keep=kept, other=booking.client, actor=staff, now=THEN)
    booking.refresh_from_db()


OF_PERSON = [change_person, lambda booking, _staff: change_person(booking, None), agree, merge]


@pytest.mark.parametrize("of_person", OF_PERSON)
def test_what_is_of_the_person_alone_is_no_new_address(
    request_: Booking, staff: User, smtp_server: MailServer, of_person: Callable[..., None]
) -> None:
    Booking.objects.update(recipient_name="Maria")
    of_person(request_, staff)
    operations.confirm_booking(booking=request_, actor=staff, now=THEN + MINUTE)
    text = told(smtp_server, THEN + 3 * MINUTE)
    assert "Your visit is confirmed" in text
    assert "come to this address" not in text


@pytest.mark.parametrize("of_person", OF_PERSON)
def test_what_is_of_the_person_hides_nothing_that_the_client_has_not_heard(
    visit: Booking, staff: User, smtp_server: MailServer, of_person: Callable[..., None]
) -> None:
    Booking.objects.update(recipient_name="Maria")
    do_move(visit, staff)
    of_person(visit, staff)
    operations.cancel_booking(booking=visit, actor=staff, now=THEN + MINUTE)
    text = told(smtp_server, THEN + 3 * MINUTE)
    assert "10:00 AM – 11:00 AM" in text
    assert "2:00" not in text


@pytest.mark.parametrize("of_person", OF_PERSON)
def test_what_is_of_the_person_stands_in_no_ones_way_to_undo(
    visit: Booking, staff: User, of_person: Callable[..., None]
) -> None:
    Booking.objects.update(recipient_name="Maria")
    do_move(visit, staff)
    first = press()
    of_person(visit, staff)
    operations.undo(press=first, actor=staff, now=THEN + MINUTE)
    visit.refresh_from_db()
    assert visit.starts_at == at(10)


@pytest.mark.parametrize("of_person", OF_PERSON)
def test_what_is_of_the_person_is_no_reason_to_tell_of_a_move_and_back(
    visit: Booking, staff: User, smtp_server: MailServer, of_person: Callable[..., None]
) -> None:
    Booking.objects.update(recipient_name="Maria")
    do_move(visit, staff)
    of_person(visit, staff)
    move(visit, staff, 10, THEN + MINUTE)
    assert Outcome.SENT not in send(THEN + 10 * MINUTE)
    assert smtp_server.messages == []


def test_a_number_corrected_twice_is_not_put_back(visit: Booking, staff: User) -> None:
    Booking.objects.update(recipient_name="Maria")
    correct(visit, staff, THEN, access_type="stairs", language="Spanish")
    change_person(visit, staff)
    with pytest.raises(ChangedMeanwhile):
        operations.undo(press=press(), actor=staff, now=THEN + MINUTE)


def test_a_confirmation_that_has_not_left_tells_of_what_was_corrected(
    request_: Booking, staff: User, smtp_server: MailServer
) -> None:
    do_confirm(request_, staff)
    correct(request_, staff, THEN + MINUTE, access_type="stairs")
    assert "Your visit is confirmed" in told(smtp_server, THEN + 3 * MINUTE)


@pytest.mark.parametrize("has_email", [True, False])
def test_a_confirmation_that_nobody_has_told_in_time_tells_of_a_move(
    request_: Booking, staff: User, has_email: bool
) -> None:
    Client.objects.update(email="ana@example.com" if has_email else "")
    do_confirm(request_, staff)
    later = THEN + timedelta(hours=1)
    move(request_, staff, 14, later)
    waits = Message.objects.filter(booking=request_, revision=2, due_at=later + 2 * MINUTE)
    assert [message.kind for message in waits.order_by("pk")] == [MessageKind.CONFIRMED]


@pytest.mark.parametrize("confirms_first", [True, False])
def test_a_request_confirmed_and_moved_is_told_once(
    request_: Booking, staff: User, smtp_server: MailServer, confirms_first: bool
) -> None:
    def confirm(moment: datetime) -> None:
        operations.confirm_booking(booking=request_, actor=staff, now=moment)

    if confirms_first:
        confirm(THEN)
        move(request_, staff, 14, THEN + MINUTE)
    else:
        do_move(request_, staff)
        confirm(THEN + MINUTE)
    text = told(smtp_server, THEN + 3 * MINUTE)
    assert "Your visit is confirmed" in text
    assert "2:00 PM – 3:00 PM" in text
    assert "Before:" in text
    assert "10:00 AM – 11:00 AM" in text


def test_a_request_confirmed_and_canceled_was_a_request(
    request_: Booking, staff: User, smtp_server: MailServer
) -> None:
    do_confirm(request_, staff)
    operations.cancel_booking(booking=request_, actor=staff, now=THEN + MINUTE)
    text = told(smtp_server, THEN + 3 * MINUTE)
    assert "we have to cancel your request" in text
    assert "out of your calendar" not in text


def test_what_the_client_does_is_compared_with_what_the_page_showed(
    visit: Booking, staff: User, smtp_server: MailServer
) -> None:
    do_move(visit, staff)
    visit.refresh_from_db()
    operations.move_booking(booking=visit, to=NewTime(at(16)), act=Act(THEN + MINUTE, by_client=True))
    send(THEN + 3 * MINUTE)
    mail = next(mail for mail in smtp_server.messages if mail.recipients == ["ana@example.com"])
    assert "2:00 PM – 3:00 PM" in mail.text
    assert "10:00" not in mail.text


def test_what_the_client_did_before_is_no_reason_to_tell_of_a_move_and_back(
    visit: Booking, staff: User, smtp_server: MailServer
) -> None:
    fields = {"street": visit.street, "unit": visit.unit, "zip_code": visit.area.zip_code}
    way_in = operations.VisitAddress(**fields, access_type=visit.access_type, access={"gate_code": "7"})
    operations.correct_visit(
        booking=visit,
        correction=operations.Correction(address=way_in),
        act=Act(NOW + MINUTE, by_client=True),
    )
    do_move(visit, staff)
    move(visit, staff, 10, THEN + MINUTE)
    assert Outcome.SENT not in send(THEN + 10 * MINUTE)
    assert smtp_server.messages == []


def test_where_the_client_moved_it_is_what_they_know_though_no_email_has_left(
    visit: Booking, staff: User, smtp_server: MailServer
) -> None:
    operations.move_booking(booking=visit, to=NewTime(at(14)), act=Act(THEN, by_client=True))
    move(visit, staff, 16, THEN + MINUTE)
    send(THEN + 3 * MINUTE)
    (mail,) = (mail for mail in smtp_server.messages if mail.recipients == ["ana@example.com"])
    assert "2:00 PM – 3:00 PM" in mail.text
    assert "10:00" not in mail.text


def test_who_asked_for_a_late_move_that_was_accepted_and_taken_back_is_told(
    world: World, staff: User
) -> None:
    then = at(10, day=DAY.replace(day=3))
    visit = operations.confirm_booking(booking=world.book(starts_at=then), actor=None, now=NOW)
    Message.objects.filter(due_at__lte=NOW).update(state=MessageState.SENT)
    fee = operations.late_fee(visit, now=NOW)
    change = operations.ask_move(booking=visit, to=NewTime(at(14)), shown=Shown(visit.revision, fee), now=NOW)
    operations.accept_change(change=change, actor=staff, now=THEN, with_fee=False)
    operations.move_booking(booking=visit, to=NewTime(then), act=Act(THEN + MINUTE, staff))
    waits = Message.objects.filter(booking=visit, due_at=THEN + 3 * MINUTE)
    assert [message.kind for message in waits.order_by("pk")] == [MessageKind.MOVED]


@pytest.mark.parametrize(("hour", "words"), [(14, "2:00 PM – 3:00 PM"), (16, "4:00 PM – 5:00 PM")])
def test_a_visit_that_moves_before_the_email_about_its_course_leaves_has_none_of_its_own(
    world: World, staff: User, smtp_server: MailServer, hour: int, words: str
) -> None:
    second = book_course(world)
    assert second.together is not None
    operations.confirm_together(together=second.together, actor=staff, now=THEN)
    move(second, staff, 12 if hour == 14 else 17, THEN + MINUTE / 2)
    move(second, staff, hour, THEN + MINUTE)
    assert words in told(smtp_server, THEN + 10 * MINUTE)
    # What comes next is compared with what that email told.
    smtp_server.messages.clear()
    move(second, staff, 12, THEN + 20 * MINUTE)
    text = told(smtp_server, THEN + 22 * MINUTE)
    assert words in text
    assert "12:00 – 1:00 PM" in text or "12:00 PM – 1:00 PM" in text


def move_both(second: Booking, staff: User, world: World, moment: datetime) -> None:
    """All visits of that press go an hour later, by one press at the desk."""
    visits = Booking.objects.filter(together=second.together).order_by("starts_at")
    moves = [
        Move(visit, visit.revision, visit.starts_at + timedelta(hours=1), visit.therapist.slug, 14_000)
        for visit in visits
    ]
    operations.move_together(moves=moves, rules=world.rules.for_staff(), act=Act(moment, staff))


def test_visits_confirmed_and_moved_together_are_told_as_confirmed(
    world: World, staff: User, smtp_server: MailServer
) -> None:
    second = book_course(world)
    assert second.together is not None
    operations.confirm_together(together=second.together, actor=staff, now=THEN)
    move_both(second, staff, world, THEN + MINUTE)
    text = told(smtp_server, THEN + 3 * MINUTE)
    assert "Confirmed: 2 visits" in text
    assert "Your visits are confirmed" in text
    assert "3:00 PM – 4:00 PM" in text
    assert "before: Mon, Dec 7, 2:00 PM" in text.replace("\N{NO-BREAK SPACE}", " ")
    # They are known as confirmed from then on.
    smtp_server.messages.clear()
    move_both(second, staff, world, THEN + 5 * MINUTE)
    assert "Your visits have moved" in told(smtp_server, THEN + 5 * MINUTE)


def test_a_visit_that_moves_after_all_of_its_course_have_moved_is_told_of(
    world: World, staff: User, smtp_server: MailServer
) -> None:
    second = book_course(world)
    assert second.together is not None
    operations.confirm_together(together=second.together, actor=staff, now=THEN)
    move_both(second, staff, world, THEN + MINUTE / 2)
    send(THEN + MINUTE / 2)
    smtp_server.messages.clear()
    # The email about the confirmation waits still, and will be dropped.
    move(second, staff, 17, THEN + MINUTE)
    text = told(smtp_server, THEN + 3 * MINUTE)
    assert "5:00 PM – 6:00 PM" in text
    assert "3:00 PM – 4:00 PM" in text


def test_who_asked_for_a_late_move_is_told_of_the_fee_beside_the_email_about_the_course(
    world: World, staff: User, smtp_server: MailServer
) -> None:
    together, soon = uuid.uuid4(), DAY.replace(day=3)
    first = world.book(starts_at=at(10, day=soon))
    world.book(starts_at=at(14))
    Booking.objects.update(together=together)
    Message.objects.update(state=MessageState.SENT)
    operations.confirm_together(together=together, actor=staff, now=THEN)
    first.refresh_from_db()
    fee = operations.late_fee(first, now=THEN)
    assert fee
    change = operations.ask_move(
        booking=first, to=NewTime(at(14, day=soon)), shown=Shown(first.revision, fee), now=THEN
    )
    operations.accept_change(change=change, actor=staff, now=THEN + MINUTE, with_fee=True)
    send(THEN + 3 * MINUTE)
    told = [mail.text for mail in smtp_server.messages if mail.recipients == ["ana@example.com"]]
    assert len(told) == 2
    assert f"The late fee for this visit is ${fee // 100}." in told[1]


def test_visits_canceled_together_are_told_at_the_times_that_the_client_knows(
    world: World, staff: User, smtp_server: MailServer
) -> None:
    second = book_course(world)
    assert second.together is not None
    operations.confirm_together(together=second.together, actor=staff, now=NOW)
    Message.objects.filter(due_at__lte=THEN).update(state=MessageState.SENT)
    move(second, staff, 16, THEN)
    operations.cancel_together(together=second.together, act=Act(THEN + MINUTE, staff))
    text = told(smtp_server, THEN + 3 * MINUTE)
    assert "2:00 PM – 3:00 PM" in text
    assert "4:00" not in text


# Several at once ------------------------------------------------------------------------------------------------------


def test_a_course_confirmed_or_canceled_with_one_press_is_undone_with_one(world: World, staff: User) -> None:
    together = uuid.uuid4()
    first, second = world.book(), world.book(starts_at=at(14))
    Booking.objects.update(together=together)
    Message.objects.update(state=MessageState.SENT)
    for do in (
        partial(operations.confirm_together, actor=staff, now=THEN),
        partial(operations.cancel_together, act=Act(THEN, staff)),
    ):
        before = [Picture.take(booking) for booking in (first, second)]
        do(together=together)
        assert Message.objects.get(kind=MessageKind.TOGETHER).due_at == THEN + 2 * MINUTE
        assert len(operations.undo(press=press(), actor=staff, now=THEN + MINUTE)) == 2
        assert [Picture.take(booking) for booking in (first, second)] == before


def test_one_that_can_not_be_undone_keeps_all_as_they_are(world: World, staff: User) -> None:
    together = uuid.uuid4()
    for hour in (10, 14):
        world.book(starts_at=at(hour))
    Booking.objects.update(together=together)
    operations.cancel_together(together=together, act=Act(THEN, staff))
    world.book(starts_at=at(14), email="bo@example.com", phone="+12135550124", now=THEN)
    with pytest.raises(SlotTaken):
        operations.undo(press=press(), actor=staff, now=THEN + MINUTE)
    assert set(Booking.objects.filter(together=together).values_list("status", flat=True)) == {"canceled"}
    assert SecondThought.objects.count() == 2


def test_visits_that_changed_places_go_back_in_the_other_order(world: World, staff: User) -> None:
    key = uuid.uuid4()
    first = world.book()
    second = world.book(starts_at=at(14))
    other = operations.move_booking(booking=second, to=NewTime(at(16)), act=Act(THEN, staff, press=key))
    operations.move_booking(booking=first, to=NewTime(at(14)), act=Act(THEN, staff, press=key))
    operations.undo(press=key, actor=staff, now=THEN + MINUTE)
    assert list(Booking.objects.order_by("pk").values_list("starts_at", flat=True)) == [at(10), at(14)]
    assert other.pk == second.pk


def test_what_is_kept_is_deleted_soon(visit: Booking, staff: User) -> None:
    do_cancel(visit, staff)
    assert operations.purge_second_thoughts(now=THEN + timedelta(hours=1)) == 0
    assert operations.purge_second_thoughts(now=THEN + timedelta(hours=1, minutes=2)) == 1
