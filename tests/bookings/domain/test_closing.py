"""Visits that are over wait until somebody says how they ended; what was said is taken back on the same day."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.contrib.auth.models import User

from bookings.domain import closing, operations
from bookings.enums import BookingStatus, EventKind, LateFeeState, MessageKind, MessageState
from bookings.exceptions import FeeAsked, FeeDecided, FeePaid, FeeUntold, InvalidTransition
from bookings.models import Booking, BookingRules, LateFee, Message, SecondThought
from bookings.notifications import delivery
from bookings.notifications.verdicts import Outcome
from tests.factories import DAY, NOW, World, at
from tests.support.smtp import MailServer

pytestmark = pytest.mark.django_db

# The visit is on Monday from 10 to 11.
NEXT_MORNING = at(8, day=DAY + timedelta(days=1))


@pytest.fixture
def visit(world: World) -> Booking:
    booking = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    Message.objects.update(state=MessageState.SENT)
    return booking


@pytest.fixture
def desk() -> User:
    return User.objects.create_user("desk")


def told(kind: MessageKind) -> list[str]:
    return list(Message.objects.filter(kind=kind).order_by("pk").values_list("state", flat=True))


def send(moment: datetime) -> dict[Outcome, int]:
    return delivery.send_due(clock=lambda: moment)


# What waits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "waits"),
    [
        (at(10, 59), False),
        (at(17, 59), False),
        (at(18), True),
        (at(23, 59), True),
        (at(0, day=DAY + timedelta(days=1)), True),
        (NEXT_MORNING, True),
    ],
)
def test_a_visit_waits_from_the_evening_of_its_day_on(visit: Booking, moment: datetime, waits: bool) -> None:
    assert list(closing.waiting(now=moment)) == ([visit] if waits else [])


def test_in_the_evening_only_what_is_over_waits(world: World) -> None:
    late = operations.confirm_booking(
        booking=world.book(starts_at=at(17, 30), total_cents=16_500), actor=None, now=NOW
    )
    assert list(closing.waiting(now=at(18, 29))) == []
    assert list(closing.waiting(now=at(18, 30))) == [late]


@pytest.mark.parametrize(
    "close", [operations.complete_booking, operations.mark_no_show, operations.cancel_booking]
)
def test_a_visit_that_is_closed_waits_no_more(visit: Booking, close: object) -> None:
    close(booking=visit, actor=None, now=at(19))  # type: ignore[operator]
    assert not closing.waiting(now=NEXT_MORNING).exists()


# The morning ----------------------------------------------------------------------------------------------------------


def test_the_desk_gets_one_email_each_morning_with_what_waits(
    visit: Booking, smtp_server: MailServer
) -> None:
    assert not closing.tell_desk(now=at(20))
    assert not closing.tell_desk(now=NEXT_MORNING - timedelta(seconds=1))
    assert closing.tell_desk(now=NEXT_MORNING)
    assert not closing.tell_desk(now=NEXT_MORNING + timedelta(hours=1))
    assert send(NEXT_MORNING) == {Outcome.SENT: 1}
    (mail,) = smtp_server.messages
    assert mail.recipients == ["hello@example.com"]
    assert f"{visit.reference}: Mon, Dec 7, 10:00 AM PST · Sample Therapist One" in mail.text.replace(
        "\xa0", " "
    )
    assert "Ana" not in mail.text
    assert closing.tell_desk(now=NEXT_MORNING + timedelta(days=1))


def test_no_morning_email_where_nothing_waits_and_none_that_is_late(
    visit: Booking, smtp_server: MailServer
) -> None:
    closing.tell_desk(now=NEXT_MORNING)
    operations.complete_booking(booking=visit, actor=None, now=NEXT_MORNING)
    assert send(NEXT_MORNING) == {Outcome.DROPPED: 1}
    assert not closing.tell_desk(now=NEXT_MORNING + timedelta(days=1))
    Booking.objects.update(status=BookingStatus.CONFIRMED)
    closing.tell_desk(now=NEXT_MORNING + timedelta(days=1))
    assert send(NEXT_MORNING + timedelta(days=2)) == {Outcome.DROPPED: 1}
    assert smtp_server.messages == []


def test_nobody_is_at_the_desk_to_read_it_at_night(visit: Booking) -> None:
    BookingRules.objects.update(desk_opens_at=time(9), desk_closes_at=time(12))
    assert not closing.tell_desk(now=NEXT_MORNING)
    assert not closing.tell_desk(now=NEXT_MORNING + timedelta(hours=4))
    assert not Message.objects.filter(kind=MessageKind.MORNING).exists()


# Nobody opened --------------------------------------------------------------------------------------------------------


def test_a_missed_visit_has_the_fee_of_its_terms_and_one_email_tells_of_both(
    visit: Booking, desk: User, smtp_server: MailServer
) -> None:
    operations.mark_no_show(booking=visit, actor=desk, now=at(10, 30))
    fee = LateFee.objects.get()
    assert (fee.cents, fee.state) == (6_000, LateFeeState.OPEN)
    assert told(MessageKind.NO_SHOW) == []

    operations.decide_late_fee(fee=fee, actor=desk, now=at(11), state=LateFeeState.CHARGED)

    visit.refresh_from_db()
    assert visit.late_fee_cents == 6_000
    assert send(at(11, 2)) == {Outcome.SENT: 1}
    (mail,) = smtp_server.messages
    assert mail.recipients == ["ana@example.com"]
    assert "We are sorry we missed you" in mail.text
    assert "The late fee is $60, by the terms you agreed to." in mail.text


def test_a_fee_goes_from_asked_to_paid_and_back_or_is_waived(visit: Booking, desk: User) -> None:
    operations.mark_no_show(booking=visit, actor=desk, now=at(10, 30))

    def decide(state: LateFeeState, reason: str = "") -> tuple[str, int, str]:
        operations.decide_late_fee(
            fee=LateFee.objects.get(), actor=desk, now=at(11), state=state, reason=reason
        )
        fee = LateFee.objects.select_related("booking").get()
        return fee.state, fee.booking.late_fee_cents, fee.why_waived

    with pytest.raises(FeeDecided):
        decide(LateFeeState.PAID)
    assert decide(LateFeeState.CHARGED) == ("charged", 6_000, "")
    Message.objects.filter(kind=MessageKind.NO_SHOW).update(state=MessageState.SENT)
    assert decide(LateFeeState.PAID) == ("paid", 6_000, "")
    with pytest.raises(FeeDecided):
        decide(LateFeeState.WAIVED)
    assert decide(LateFeeState.CHARGED) == ("charged", 6_000, "")
    # Who pays hears nothing more.
    assert told(MessageKind.NO_SHOW) == [MessageState.SENT]
    assert decide(LateFeeState.WAIVED, "the bell was broken") == ("waived", 0, "the bell was broken")
    assert told(MessageKind.NO_SHOW) == [MessageState.DUE]
    with pytest.raises(FeeDecided):
        decide(LateFeeState.CHARGED)
    why = visit.events.filter(kind=EventKind.FEE_DECIDED).values_list("reason", flat=True)
    assert list(why) == ["charged", "paid", "charged", "waived: the bell was broken"]


def test_without_a_fee_in_the_terms_the_client_hears_of_it_alone(world: World, desk: User) -> None:
    world.agree_to(late_fee_percent=0)
    visit = world.book(terms_version=world.agreed.number)
    operations.confirm_booking(booking=visit, actor=None, now=NOW)
    operations.mark_no_show(booking=visit, actor=desk, now=at(10, 30))
    assert not LateFee.objects.exists()
    # After the minutes in which it can be undone.
    assert Message.objects.get(kind=MessageKind.NO_SHOW).due_at == at(10, 32)


# Taken back -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("close", [operations.complete_booking, operations.mark_no_show])
def test_what_was_said_is_taken_back_on_the_same_day_and_not_later(
    visit: Booking, desk: User, close: object
) -> None:
    closed = close(booking=visit, actor=desk, now=at(19))  # type: ignore[operator]
    assert operations.may_reopen(closed, now=at(23, 59))
    assert not operations.may_reopen(closed, now=at(0, day=DAY + timedelta(days=1)))
    with pytest.raises(InvalidTransition):
        operations.reopen_booking(booking=visit, actor=desk, now=NEXT_MORNING)

    operations.reopen_booking(booking=visit, actor=desk, now=at(19, 5), reason="the wrong row")

    visit.refresh_from_db()
    assert (visit.status, visit.confirmed_at) == (BookingStatus.CONFIRMED, NOW)
    assert list(closing.waiting(now=at(20))) == [visit]
    assert not LateFee.objects.exists()
    event = visit.events.last()
    assert event is not None
    assert (event.kind, event.reason, event.actor) == (EventKind.REOPENED, "the wrong row", desk)
    with pytest.raises(InvalidTransition):
        operations.reopen_booking(booking=visit, actor=desk, now=at(19, 6))


def test_a_fee_that_was_asked_for_goes_with_the_no_show_and_its_email_with_it(
    visit: Booking, desk: User, smtp_server: MailServer
) -> None:
    operations.mark_no_show(booking=visit, actor=desk, now=at(19))
    operations.decide_late_fee(fee=LateFee.objects.get(), actor=desk, now=at(19), state=LateFeeState.CHARGED)
    operations.reopen_booking(booking=visit, actor=desk, now=at(19, 1))
    visit.refresh_from_db()
    assert (visit.late_fee_cents, LateFee.objects.count()) == (0, 0)
    assert send(at(19, 2)) == {Outcome.DROPPED: 1}
    assert smtp_server.messages == []
    # Said again, it is asked again.
    operations.mark_no_show(booking=visit, actor=desk, now=at(19, 3))
    operations.decide_late_fee(
        fee=LateFee.objects.get(), actor=desk, now=at(19, 3), state=LateFeeState.CHARGED
    )
    assert send(at(19, 5)) == {Outcome.SENT: 1}


@pytest.mark.parametrize("other", [operations.reopen_booking, operations.complete_booking])
def test_a_fee_that_is_paid_is_given_back_first(visit: Booking, desk: User, other: object) -> None:
    operations.mark_no_show(booking=visit, actor=desk, now=at(19))
    for state in (LateFeeState.CHARGED, LateFeeState.PAID):
        operations.decide_late_fee(fee=LateFee.objects.get(), actor=desk, now=at(19), state=state)
    with pytest.raises(FeePaid):
        other(booking=visit, actor=desk, now=at(19, 1))  # type: ignore[operator]
    visit.refresh_from_db()
    assert (visit.status, visit.late_fee_cents) == (BookingStatus.NO_SHOW, 6_000)


@pytest.mark.parametrize("other", [operations.reopen_booking, operations.complete_booking])
def test_a_fee_that_the_client_was_asked_for_is_waived_and_told_before_it_goes(
    visit: Booking, desk: User, smtp_server: MailServer, other: object
) -> None:
    operations.mark_no_show(booking=visit, actor=desk, now=at(19))
    operations.decide_late_fee(fee=LateFee.objects.get(), actor=desk, now=at(19), state=LateFeeState.CHARGED)
    assert send(at(19, 2)) == {Outcome.SENT: 1}
    with pytest.raises(FeeAsked):
        other(booking=visit, actor=desk, now=at(19, 3))  # type: ignore[operator]
    operations.decide_late_fee(
        fee=LateFee.objects.get(), actor=desk, now=at(19, 3), state=LateFeeState.WAIVED, reason="a slip"
    )
    with pytest.raises(FeeUntold):
        other(booking=visit, actor=desk, now=at(19, 4))  # type: ignore[operator]
    assert LateFee.objects.get().state == LateFeeState.WAIVED
    assert send(at(19, 5)) == {Outcome.SENT: 1}
    other(booking=visit, actor=desk, now=at(19, 6))  # type: ignore[operator]
    visit.refresh_from_db()
    assert (visit.late_fee_cents, LateFee.objects.count()) == (0, 0)


def test_an_undone_waiver_leaves_the_fee_asked_for(
    visit: Booking, desk: User, smtp_server: MailServer
) -> None:
    operations.mark_no_show(booking=visit, actor=desk, now=at(19))
    operations.decide_late_fee(fee=LateFee.objects.get(), actor=desk, now=at(19), state=LateFeeState.CHARGED)
    assert send(at(19, 2)) == {Outcome.SENT: 1}
    operations.decide_late_fee(
        fee=LateFee.objects.get(), actor=desk, now=at(19, 3), state=LateFeeState.WAIVED, reason="a slip"
    )
    press = SecondThought.objects.latest("event").press
    operations.undo(press=press, actor=desk, now=at(19, 4))
    with pytest.raises(FeeAsked):
        operations.reopen_booking(booking=visit, actor=desk, now=at(19, 5))
