"""What waits for its hour: written with the revision it speaks of, and looked at again before it leaves."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User

from bookings.domain import operations, reminders, sending
from bookings.domain.operations import Act, Correction, NewTime
from bookings.enums import BookingStatus, MessageKind, MessageState
from bookings.models import Booking, Message, MessageSettings, ScreeningRecheck, ScreeningRecord
from bookings.notifications import delivery
from bookings.notifications.registry import SiteSettings, obsolete_reason
from bookings.notifications.verdicts import Outcome
from tests.factories import NOW, World, at
from tests.support.smtp import MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]
HOUR = timedelta(hours=1)


def confirmed(world: World) -> Booking:
    return operations.confirm_booking(booking=world.book(), actor=None, now=NOW)


def waiting(booking: Booking) -> dict[str, datetime]:
    """When what waits for the visit's present revision is due, by kind."""
    rows = Message.objects.filter(
        booking=booking, revision=booking.revision, kind__in=reminders.KINDS, state=MessageState.DUE
    )
    return dict(rows.values_list("kind", "due_at"))


def send(moment: datetime) -> dict[Outcome, int]:
    return delivery.send_due(clock=lambda: moment)


def end_all_but(kind: MessageKind) -> None:
    Message.objects.exclude(kind=kind).update(state=MessageState.SENT)


def test_confirming_writes_what_will_be_due(world: World) -> None:
    booking = confirmed(world)

    assert waiting(booking) == {
        MessageKind.REMINDER_FIRST: booking.starts_at - 48 * HOUR,
        MessageKind.REMINDER_LAST: booking.starts_at - 3 * HOUR,
        MessageKind.RECHECK: booking.starts_at - 24 * HOUR,
        MessageKind.THANKS: booking.ends_at + 20 * HOUR,
    }


def test_a_request_is_reminded_of_nothing(world: World) -> None:
    booking = world.book()
    moved = operations.move_booking(booking=booking, to=NewTime(at(14)), act=Act(NOW, by_client=True))

    assert waiting(booking) == {}
    assert waiting(moved) == {}


def test_no_reminder_is_written_whose_time_has_passed(world: World) -> None:
    MessageSettings(first_reminder_hours=300, last_reminder_hours=290, recheck_hours=0, thanks_hours=0).save()

    assert waiting(confirmed(world)) == {}


def test_old_answers_are_asked_again_at_once_and_fresh_ones_are_not(world: World) -> None:
    late = world.book(now=NOW).starts_at - 5 * HOUR
    old = operations.confirm_booking(booking=Booking.objects.get(), actor=None, now=late)

    assert waiting(old)[MessageKind.RECHECK] == late
    assert MessageKind.REMINDER_FIRST not in waiting(old)

    fresh = world.book(email="bo@example.com", phone="+12135550124", starts_at=at(15), now=late - HOUR)
    fresh = operations.confirm_booking(booking=fresh, actor=None, now=late)
    assert MessageKind.RECHECK not in waiting(fresh)


def test_moving_writes_new_ones_and_the_old_ones_never_leave(world: World, smtp_server: MailServer) -> None:
    booking = confirmed(world)
    old = waiting(booking)
    moved = operations.move_booking(booking=booking, to=NewTime(at(15)), act=Act(NOW, by_client=True))
    assert waiting(moved)[MessageKind.REMINDER_FIRST] == at(15) - 48 * HOUR
    end_all_but(MessageKind.REMINDER_FIRST)

    assert send(old[MessageKind.REMINDER_FIRST]) == {Outcome.DROPPED: 1}
    assert send(at(15) - 48 * HOUR) == {Outcome.SENT: 1}

    [received] = smtp_server.messages
    assert received.subject == "Mon, Dec 7 at 3:00 PM PST: Manual lymphatic drainage"
    dropped = Message.objects.get(kind=MessageKind.REMINDER_FIRST, revision=booking.revision)
    assert (dropped.state, dropped.last_error) == (MessageState.DROPPED, "the booking is at revision 2 now")


def test_correcting_the_address_keeps_the_reminders_of_the_new_revision(world: World) -> None:
    booking = confirmed(world)
    address = operations.VisitAddress(
        street="99 Other Street", unit="", zip_code="90026", access_type="ground", access={}
    )
    corrected = operations.correct_visit(
        booking=booking, correction=Correction(address=address), act=Act(NOW)
    )

    assert corrected.revision == booking.revision + 1
    assert waiting(corrected) == waiting(booking)


@pytest.mark.parametrize("kind", reminders.KINDS)
def test_nothing_leaves_for_a_visit_that_was_canceled(
    world: World, smtp_server: MailServer, kind: MessageKind
) -> None:
    booking = confirmed(world)
    due = waiting(booking)[kind]
    operations.cancel_booking(booking=booking, actor=None, now=NOW)
    end_all_but(kind)

    assert send(due) == {Outcome.DROPPED: 1}

    assert smtp_server.messages == []


def test_a_visit_canceled_while_the_mail_server_thinks_is_not_reminded_of(
    world: World, smtp_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = confirmed(world)
    due = waiting(booking)[MessageKind.REMINDER_FIRST]
    end_all_but(MessageKind.REMINDER_FIRST)
    rendered = delivery.render

    def cancel_meanwhile(*args: object, **options: object) -> object:
        email = rendered(*args, **options)  # type: ignore[arg-type]
        operations.cancel_booking(booking=booking, actor=None, now=due)
        Message.objects.filter(kind=MessageKind.CANCELED).update(state=MessageState.SENT)
        return email

    monkeypatch.setattr(delivery, "render", cancel_meanwhile)

    assert send(due) == {Outcome.DROPPED: 1}
    assert smtp_server.messages == []
    reminder = Message.objects.get(kind=MessageKind.REMINDER_FIRST)
    assert (reminder.last_error, reminder.copy) == ("the booking is canceled now", None)


def test_a_reminder_that_an_outage_kept_too_long_is_dropped(world: World, smtp_server: MailServer) -> None:
    booking = confirmed(world)
    end_all_but(MessageKind.REMINDER_FIRST)
    Message.objects.filter(kind=MessageKind.REMINDER_LAST).update(state=MessageState.DUE)

    # The last reminder's time has come: one of the two is enough.
    assert send(booking.starts_at - 2 * HOUR) == {Outcome.DROPPED: 1, Outcome.SENT: 1}
    assert [received.subject for received in smtp_server.messages] == [
        "Today at 10:00 AM PST: Manual lymphatic drainage"
    ]

    Message.objects.filter(kind=MessageKind.REMINDER_LAST).update(state=MessageState.DUE)
    assert send(booking.starts_at) == {Outcome.DROPPED: 1}


@pytest.mark.parametrize(
    ("status", "hours", "outcome"),
    [
        (BookingStatus.COMPLETED, 20, Outcome.SENT),
        (BookingStatus.CONFIRMED, 20, Outcome.SENT),
        (BookingStatus.NO_SHOW, 20, Outcome.DROPPED),
        (BookingStatus.CANCELED, 20, Outcome.DROPPED),
        (BookingStatus.COMPLETED, 20 + 73, Outcome.DROPPED),
    ],
)
def test_thanks_follow_a_visit_that_took_place(
    world: World, smtp_server: MailServer, status: str, hours: int, outcome: Outcome
) -> None:
    booking = confirmed(world)
    Booking.objects.update(status=status)
    end_all_but(MessageKind.THANKS)

    assert send(booking.ends_at + hours * HOUR) == {outcome: 1}


def test_questions_answered_meanwhile_are_not_asked(world: World, smtp_server: MailServer) -> None:
    booking = confirmed(world)
    due = waiting(booking)[MessageKind.RECHECK]
    ScreeningRecheck.objects.create(
        booking=booking,
        version=world.screening,
        answers={},
        tier="clear",
        new_tier="clear",
        evaluated_at=due + HOUR,
    )
    end_all_but(MessageKind.RECHECK)

    assert send(due + 2 * HOUR) == {Outcome.DROPPED: 1}


# The owner's settings ------------------------------------------------------------------------------------------


def test_rows_follow_the_owners_hours(world: World) -> None:
    booking = confirmed(world)
    unconfirmed = world.book(email="bo@example.com", phone="+12135550124", starts_at=at(15))
    MessageSettings(first_reminder_hours=72, last_reminder_hours=0, recheck_hours=24, thanks_hours=20).save()

    assert reminders.follow_settings(now=NOW) == 2

    now_waiting = waiting(booking)
    assert now_waiting[MessageKind.REMINDER_FIRST] == booking.starts_at - 72 * HOUR
    assert MessageKind.REMINDER_LAST not in now_waiting
    assert waiting(unconfirmed) == {}

    MessageSettings(last_reminder_hours=2).save()
    reminders.follow_settings(now=NOW)

    assert waiting(booking)[MessageKind.REMINDER_LAST] == booking.starts_at - 2 * HOUR
    assert reminders.follow_settings(now=NOW) == 0


def test_rows_that_left_are_not_written_again(world: World) -> None:
    booking = confirmed(world)
    Message.objects.filter(kind=MessageKind.REMINDER_FIRST).update(state=MessageState.SENT)
    MessageSettings(first_reminder_hours=24).save()

    reminders.follow_settings(now=NOW)

    [row] = Message.objects.filter(kind=MessageKind.REMINDER_FIRST, booking=booking)
    assert row.state == MessageState.SENT


def test_a_row_that_missed_the_change_of_settings_waits_for_the_new_hour(
    world: World, smtp_server: MailServer
) -> None:
    booking = confirmed(world)
    due = waiting(booking)[MessageKind.REMINDER_FIRST]
    end_all_but(MessageKind.REMINDER_FIRST)
    MessageSettings(first_reminder_hours=24).save()

    assert send(due) == {Outcome.NOT_YET: 1}

    row = Message.objects.get(kind=MessageKind.REMINDER_FIRST)
    assert (row.state, row.attempts, row.first_tried_at, row.lease) == (MessageState.DUE, 0, None, None)
    assert row.due_at == booking.starts_at - 24 * HOUR
    assert sending.oldest_due_minutes(now=due + HOUR) == 0.0
    assert send(row.due_at) == {Outcome.SENT: 1}


def test_a_kind_switched_off_is_dropped_with_the_reason(world: World) -> None:
    booking = confirmed(world)
    due = waiting(booking)[MessageKind.REMINDER_FIRST]
    MessageSettings(first_reminder_hours=0).save()
    row = Message.objects.get(kind=MessageKind.REMINDER_FIRST)

    assert (
        obsolete_reason(row, booking, SiteSettings.load(), now=due) == "switched off in the message settings"
    )


def test_every_operation_leaves_a_confirmed_visit_with_its_reminders(world: World) -> None:
    """Whoever adds an operation that makes a revision must write them too."""
    booking = confirmed(world)
    steps = [
        lambda: operations.move_booking(booking=booking, to=NewTime(at(14)), act=Act(NOW, by_client=True)),
        lambda: operations.correct_visit(
            booking=booking,
            correction=Correction(
                address=operations.VisitAddress(
                    street="9 New Street", unit="", zip_code="90026", access_type="stairs", access={}
                )
            ),
            act=Act(NOW),
        ),
        lambda: operations.move_booking(booking=booking, to=NewTime(at(16)), act=Act(NOW, by_client=True)),
    ]
    for step in steps:
        step()
        booking.refresh_from_db()
        assert set(waiting(booking)) == set(reminders.KINDS)


@pytest.fixture
def staff_user(db: None) -> User:
    return User.objects.create_user("desk")


@pytest.mark.parametrize("is_by_settings", [True, False])
def test_what_reminds_leaves_no_sooner_than_what_it_reminds_of(
    world: World, staff_user: User, is_by_settings: bool
) -> None:
    settings = MessageSettings(second_thoughts_minutes=60)
    settings.save()
    moment = at(10) - 23 * HOUR
    booking = world.book()
    ScreeningRecord.objects.update(evaluated_at=moment - 48 * HOUR)
    Message.objects.update(state=MessageState.SENT)
    booking = operations.confirm_booking(booking=booking, actor=staff_user, now=moment)
    # Switched off meanwhile, and on again: it is written anew.
    for hours in (0, 30) if is_by_settings else (24,):
        settings.recheck_hours = hours
        settings.save()
        if is_by_settings:
            reminders.follow_settings(now=moment + HOUR / 6)
        else:
            reminders.follow_client(booking.client, now=moment + HOUR / 6)
    assert waiting(booking)[MessageKind.RECHECK] == moment + HOUR
