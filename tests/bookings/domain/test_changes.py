"""What a client does with a visit: at once in time, by asking staff when it is late."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings import exceptions
from bookings.domain import operations, queries
from bookings.domain.day_board import load_columns
from bookings.enums import BookingStatus, ChangeKind, ChangeState, EventKind, MessageKind, MessageState, Tier
from bookings.models import (
    Booking,
    BookingRules,
    ChangeRequest,
    Message,
    ScreeningRecheck,
    ScreeningVersion,
    TimeOff,
)
from bookings.screening import sample_rules_data
from tests.factories import CLEAR_ANSWERS, DAY, NOW, World, at

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]

#: Less than 24 hours before the visit on `DAY` at 10.
LATE = at(10) - timedelta(hours=20)


@pytest.fixture
def booking(world: World) -> Booking:
    return operations.confirm_booking(booking=world.book(), actor=None, now=NOW)


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("desk")


def ask(booking: Booking, kind: ChangeKind = ChangeKind.CANCEL, **changes: Any) -> ChangeRequest:
    booking.refresh_from_db()
    values: dict[str, Any] = {
        "booking": booking,
        "kind": kind,
        "shown_revision": booking.revision,
        "shown_fee_cents": 7_000,
        "now": LATE,
    }
    if kind == ChangeKind.MOVE:
        values["wanted_starts_at"] = at(16)
    return operations.ask_change(**{**values, **changes})


def kinds_due(booking: Booking) -> set[str]:
    return set(booking.messages.filter(state=MessageState.DUE).values_list("kind", flat=True))


# In time -------------------------------------------------------------------------------------------------------


def test_notice_ends_at_the_owners_hour_to_the_second(booking: Booking, world: World) -> None:
    edge = at(10) - timedelta(hours=24)
    assert operations.late_fee(booking, world.rules, now=edge) is None
    assert operations.late_fee(booking, world.rules, now=edge + timedelta(seconds=1)) == 7_000
    world.rules.late_fee_percent = 33
    assert operations.late_fee(booking, world.rules, now=LATE) == 4_620
    assert operations.free_until(booking, world.rules) == edge


def test_a_request_that_nobody_confirmed_is_taken_back_free_at_any_time(world: World) -> None:
    booking = world.book()
    assert operations.late_fee(booking, world.rules, now=LATE) is None
    operations.cancel_by_client(booking=booking, shown_revision=booking.revision, now=LATE)
    booking.refresh_from_db()
    assert (booking.status, booking.late_fee_cents) == (BookingStatus.CANCELED, 0)


def test_canceling_in_time_gives_the_time_free_and_tells_both_sides(booking: Booking, world: World) -> None:
    canceled = operations.cancel_by_client(booking=booking, shown_revision=booking.revision, now=NOW)
    assert canceled.status == BookingStatus.CANCELED
    told = set(booking.messages.filter(revision=canceled.revision).values_list("kind", flat=True))
    assert {MessageKind.CANCELED, MessageKind.STAFF_ALERT} <= told
    assert canceled.events.last().by_client
    world.book(email="bo@example.com", phone="+12135550124")


def test_what_is_late_by_now_is_not_done_at_once(booking: Booking) -> None:
    before = Booking.objects.values().get(pk=booking.pk)
    with pytest.raises(exceptions.LateChange) as refusal:
        operations.cancel_by_client(booking=booking, shown_revision=booking.revision, now=LATE)
    assert refusal.value.fee_cents == 7_000
    with pytest.raises(exceptions.LateChange):
        operations.move_by_client(
            booking=booking,
            starts_at=at(16),
            preference="any",
            therapist=booking.therapist.slug,
            shown_revision=booking.revision,
            total_cents=14_000,
            now=LATE,
        )
    assert Booking.objects.values().get(pk=booking.pk) == before


def test_a_visit_that_changed_since_it_was_shown_is_left_alone(booking: Booking) -> None:
    shown = booking.revision
    operations.move_booking(booking=booking, starts_at=at(16), now=NOW)
    with pytest.raises(exceptions.ChangedMeanwhile):
        operations.cancel_by_client(booking=booking, shown_revision=shown, now=NOW)
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CONFIRMED


# Late ----------------------------------------------------------------------------------------------------------


def test_asking_late_keeps_the_visit_and_alerts_staff(booking: Booking) -> None:
    change = ask(booking, reason="a cold")
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CONFIRMED
    assert (change.state, change.fee_cents, change.reason) == (ChangeState.OPEN, 7_000, "a cold")
    assert booking.events.last().kind == EventKind.CHANGE_ASKED
    assert MessageKind.CHANGE_ALERT in kinds_due(booking)
    assert booking.revision == change.booking.revision


def test_asking_twice_for_the_same_is_asking_once_and_for_something_else_is_refused(booking: Booking) -> None:
    change = ask(booking)
    assert ask(booking) == change
    with pytest.raises(exceptions.ChangeWaiting):
        ask(booking, ChangeKind.MOVE)
    assert ChangeRequest.objects.count() == 1
    assert booking.events.filter(kind=EventKind.CHANGE_ASKED).count() == 1


def test_a_fee_that_was_not_shown_is_not_asked_for(booking: Booking, world: World) -> None:
    with pytest.raises(exceptions.LateChange) as refusal:
        ask(booking, shown_fee_cents=1_000)
    assert refusal.value.fee_cents == 7_000
    with pytest.raises(exceptions.NotLate):
        ask(booking, now=NOW)
    with pytest.raises(exceptions.InvalidTransition):
        ask(booking, now=at(10))
    assert not ChangeRequest.objects.exists()


@pytest.mark.parametrize(("with_fee", "cents"), [(True, 7_000), (False, 0)])
def test_accepting_a_cancel_does_it_with_or_without_the_fee(
    booking: Booking, staff: User, with_fee: bool, cents: int
) -> None:
    change = ask(booking)
    # The policy may change meanwhile: the client was shown this fee.
    BookingRules.objects.update(late_fee_percent=100)
    canceled = operations.accept_change(change=change, actor=staff, now=LATE, with_fee=with_fee)
    change.refresh_from_db()
    booking.refresh_from_db()
    assert (booking.status, booking.late_fee_cents) == (BookingStatus.CANCELED, cents)
    assert (change.state, change.answered_by, change.answered_at) == (ChangeState.ACCEPTED, staff, LATE)
    assert MessageKind.CANCELED in kinds_due(canceled)
    assert canceled.events.last().actor == staff


def test_accepting_a_move_does_it_and_one_that_can_not_be_done_leaves_all_as_it_was(
    booking: Booking, world: World, staff: User
) -> None:
    change = ask(booking, ChangeKind.MOVE)
    taken = world.book(email="bo@example.com", phone="+12135550124", starts_at=at(16))
    before = Booking.objects.values().get(pk=booking.pk)
    with pytest.raises(exceptions.SlotTaken):
        operations.accept_change(change=change, actor=staff, now=LATE, with_fee=True)
    change.refresh_from_db()
    assert change.state == ChangeState.OPEN
    assert Booking.objects.values().get(pk=booking.pk) == before
    operations.decline_booking(booking=taken, actor=staff, now=LATE)
    moved = operations.accept_change(change=change, actor=staff, now=LATE, with_fee=True)
    change.refresh_from_db()
    assert (moved.starts_at, moved.late_fee_cents, change.state) == (at(16), 7_000, ChangeState.ACCEPTED)
    assert MessageKind.MOVED in kinds_due(moved)


def test_refusing_keeps_the_visit_and_tells_the_client(booking: Booking, staff: User) -> None:
    change = ask(booking)
    operations.refuse_change(change=change, actor=staff, now=LATE, reason="too late")
    change.refresh_from_db()
    booking.refresh_from_db()
    assert (change.state, booking.status) == (ChangeState.REFUSED, BookingStatus.CONFIRMED)
    assert MessageKind.CHANGE_REFUSED in kinds_due(booking)
    event = booking.events.last()
    assert (event.kind, event.reason) == (EventKind.CHANGE_REFUSED, "too late")


@pytest.mark.parametrize("state", [ChangeState.ACCEPTED, ChangeState.REFUSED, ChangeState.WITHDRAWN])
def test_what_was_answered_is_not_answered_again(booking: Booking, staff: User, state: str) -> None:
    change = ask(booking)
    ChangeRequest.objects.update(state=state)
    events = booking.events.count()
    for answer in (
        lambda: operations.accept_change(change=change, actor=staff, now=LATE, with_fee=False),
        lambda: operations.refuse_change(change=change, actor=staff, now=LATE),
        lambda: operations.withdraw_change(change=change, now=LATE),
    ):
        with pytest.raises(exceptions.ChangeAnswered):
            answer()
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CONFIRMED
    assert booking.events.count() == events


def test_asking_again_after_taking_it_back_alerts_staff_again(booking: Booking) -> None:
    operations.withdraw_change(change=ask(booking), now=LATE)
    alert = booking.messages.get(kind=MessageKind.CHANGE_ALERT)
    Message.objects.filter(pk=alert.pk).update(state=MessageState.SENT, sent_at=LATE, attempts=1)
    ask(booking, now=LATE + timedelta(hours=1))
    again = booking.messages.get(kind=MessageKind.CHANGE_ALERT)
    assert (again.state, again.attempts, again.sent_at) == (MessageState.DUE, 0, None)
    assert again.message_uuid != alert.message_uuid
    assert list(booking.change_requests.values_list("state", flat=True)) == [
        ChangeState.OPEN,
        ChangeState.WITHDRAWN,
    ]


def test_an_alert_that_is_being_sent_is_not_taken_from_its_sender(booking: Booking) -> None:
    operations.withdraw_change(change=ask(booking), now=LATE)
    Message.objects.filter(kind=MessageKind.CHANGE_ALERT).update(state=MessageState.SENDING, attempts=1)
    before = booking.messages.get(kind=MessageKind.CHANGE_ALERT)
    ask(booking)
    after = booking.messages.get(kind=MessageKind.CHANGE_ALERT)
    assert (after.state, after.attempts, after.message_uuid) == (
        MessageState.SENDING,
        1,
        before.message_uuid,
    )


def test_a_late_change_is_settled_by_whatever_ends_the_visit(booking: Booking, staff: User) -> None:
    change = ask(booking)
    operations.complete_booking(booking=booking, actor=staff, now=at(12))
    change.refresh_from_db()
    assert change.state == ChangeState.WITHDRAWN


def test_staff_who_do_it_by_themselves_have_answered(booking: Booking, staff: User) -> None:
    change = ask(booking, ChangeKind.MOVE)
    operations.move_booking(booking=booking, starts_at=at(16), now=LATE, actor=staff)
    change.refresh_from_db()
    assert (change.state, change.answered_by, change.answered_at) == (ChangeState.ACCEPTED, staff, LATE)


@pytest.mark.parametrize("kind", [ChangeKind.CANCEL, ChangeKind.MOVE])
def test_a_move_to_another_time_leaves_no_late_change_with_a_fee(
    booking: Booking, staff: User, kind: ChangeKind
) -> None:
    change = ask(booking, kind)
    operations.move_booking(booking=booking, starts_at=at(14), now=LATE, actor=staff)
    change.refresh_from_db()
    assert (change.state, change.answered_by) == (ChangeState.WITHDRAWN, staff)
    with pytest.raises(exceptions.ChangeAnswered):
        operations.accept_change(change=change, actor=staff, now=LATE, with_fee=True)
    booking.refresh_from_db()
    assert (booking.starts_at, booking.status, booking.late_fee_cents) == (
        at(14),
        BookingStatus.CONFIRMED,
        0,
    )


@pytest.mark.parametrize(
    ("wish", "state"),
    [
        ("", ChangeState.WITHDRAWN),
        ("gender:female", ChangeState.WITHDRAWN),
        ("gender:male", ChangeState.ACCEPTED),
        ("any", ChangeState.ACCEPTED),
    ],
)
def test_the_wanted_time_with_somebody_who_was_not_wanted_is_no_answer(
    world: World, staff: User, wish: str, state: ChangeState
) -> None:
    own = f"therapist:{world.therapist.slug}"
    booking = operations.confirm_booking(booking=world.book(preference=own), actor=None, now=NOW)
    other = world.add_therapist(gender="male")
    change = ask(booking, ChangeKind.MOVE, preference=wish)
    operations.move_booking(
        booking=booking, starts_at=at(16), now=LATE, actor=staff, preference=f"therapist:{other.slug}"
    )
    change.refresh_from_db()
    assert change.state == state


@pytest.mark.parametrize("kind", [ChangeKind.CANCEL, ChangeKind.MOVE])
def test_a_fee_that_the_policy_asks_for_no_more_is_not_charged(
    booking: Booking, staff: User, kind: ChangeKind
) -> None:
    change = ask(booking, kind)
    BookingRules.objects.update(cancel_notice_hours=12)
    done = operations.accept_change(change=change, actor=staff, now=LATE, with_fee=True)
    assert done.late_fee_cents == 0


def test_a_late_fee_is_counted_from_the_visit_as_it_is_under_the_lock(booking: Booking, staff: User) -> None:
    change = ask(booking)
    Booking.objects.filter(pk=booking.pk).update(
        starts_at=at(10) + timedelta(days=2), ends_at=at(11) + timedelta(days=2),
        blocked_from=at(9) + timedelta(days=2), blocked_until=at(12) + timedelta(days=2),
    )  # fmt: skip
    with pytest.raises(exceptions.ChangedMeanwhile):
        operations.accept_change(change=change, actor=staff, now=LATE, with_fee=True)
    booking.refresh_from_db()
    assert (booking.status, booking.late_fee_cents) == (BookingStatus.CONFIRMED, 0)


def test_a_late_move_to_anyone_is_accepted_with_whoever_can(world: World, staff: User) -> None:
    own = f"therapist:{world.therapist.slug}"
    booking = operations.confirm_booking(booking=world.book(preference=own), actor=None, now=NOW)
    other = world.add_therapist()
    TimeOff.objects.create(therapist=world.therapist, starts_at=at(12), ends_at=at(19))
    change = ask(booking, ChangeKind.MOVE, preference="any")
    with pytest.raises(exceptions.ChangeWaiting):
        ask(booking, ChangeKind.MOVE)
    moved = operations.accept_change(change=change, actor=staff, now=LATE, with_fee=True)
    change.refresh_from_db()
    assert (moved.starts_at, moved.therapist, change.state) == (at(16), other, ChangeState.ACCEPTED)


@pytest.mark.parametrize("kind", [ChangeKind.CANCEL, ChangeKind.MOVE])
def test_a_late_change_of_a_visit_that_is_not_as_shown_is_not_asked_for(
    booking: Booking, kind: ChangeKind
) -> None:
    with pytest.raises(exceptions.ChangedMeanwhile):
        ask(booking, kind, shown_revision=booking.revision - 1)
    assert not ChangeRequest.objects.exists()


# Health answers again ------------------------------------------------------------------------------------------


def recheck(booking: Booking, world: World, now: Any = NOW, **answers: str) -> ScreeningRecheck:
    return operations.recheck_screening(
        booking=booking,
        version_number=world.screening.number,
        answers={**CLEAR_ANSWERS, **answers},
        now=now,
    )


@pytest.mark.parametrize(
    ("answers", "tier", "alerts"),
    [
        ({}, Tier.CLEAR, False),
        ({"neck": "yes"}, Tier.CAUTION, True),
        ({"pregnancy": "yes"}, Tier.CLEARANCE, True),
        ({"leg_or_clot": "yes"}, Tier.STOP, True),
        ({"urgent_signs": "yes"}, Tier.EMERGENCY, True),
    ],
)
def test_graver_answers_alert_staff_and_cancel_nothing(
    booking: Booking, world: World, answers: dict[str, str], tier: str, alerts: bool
) -> None:
    given = recheck(booking, world, **answers)
    booking.refresh_from_db()
    assert (given.tier, booking.status) == (tier, BookingStatus.CONFIRMED)
    assert (MessageKind.RECHECK_ALERT in kinds_due(booking)) is alerts
    assert booking.events.last().kind == EventKind.RECHECKED
    assert booking.screening.tier == Tier.CLEAR


def test_answers_that_get_graver_than_the_last_ones_alert_too(world: World) -> None:
    booking = world.book(answers={**CLEAR_ANSWERS, "pregnancy": "yes"})
    recheck(booking, world)
    assert MessageKind.RECHECK_ALERT not in kinds_due(booking)
    recheck(booking, world, pregnancy="yes")
    assert MessageKind.RECHECK_ALERT in kinds_due(booking)


def test_one_press_sent_twice_is_one_answer(booking: Booking, world: World) -> None:
    first = recheck(booking, world)
    assert recheck(booking, world, now=NOW + timedelta(minutes=9)) == first
    assert recheck(booking, world, now=NOW + timedelta(minutes=11)) != first
    assert ScreeningRecheck.objects.count() == 2


def test_answers_to_other_questions_are_not_taken(booking: Booking, world: World) -> None:
    ScreeningVersion.objects.create(number=2, rules=sample_rules_data(), published_at=NOW)
    with pytest.raises(exceptions.ScreeningChanged):
        recheck(booking, world)
    assert not ScreeningRecheck.objects.exists()


def test_a_visit_that_has_begun_asks_nothing_more(booking: Booking, world: World) -> None:
    with pytest.raises(exceptions.InvalidTransition):
        recheck(booking, world, now=at(10))


def test_graver_answers_keep_a_request_from_being_confirmed_until_a_new_note(
    world: World, staff: User
) -> None:
    booking = world.book(answers={**CLEAR_ANSWERS, "pregnancy": "yes"})
    operations.record_clinician_note(booking=booking, actor=staff, note="Fine.", now=NOW)
    recheck(booking, world, now=NOW + timedelta(minutes=1), leg_or_clot="yes")
    with pytest.raises(exceptions.ScreeningNotCleared):
        operations.confirm_booking(booking=booking, actor=staff, now=NOW + timedelta(minutes=2))
    note(booking, staff, now=NOW + timedelta(minutes=3))
    confirmed = operations.confirm_booking(booking=booking, actor=staff, now=NOW + timedelta(minutes=4))
    assert confirmed.status == BookingStatus.CONFIRMED


def note(booking: Booking, staff: User, *, now: datetime) -> None:
    """A note by somebody who has seen all that was answered."""
    newest = booking.rechecks.latest("pk").pk
    operations.record_clinician_note(
        booking=booking, actor=staff, note="Fine.", now=now, shown_recheck=newest
    )


def on_front_page() -> list[str]:
    return [tier for _booking, tier in queries.graver_rechecks(now=NOW)]


def on_board(world: World) -> bool:
    with CaptureQueriesContext(connection) as queries_made:
        columns = load_columns(therapists=[world.therapist], first_day=DAY, last_day=DAY, now=NOW)
    assert sum("screeningrecheck" in query["sql"] for query in queries_made) == 1
    return columns[0].visits[0].needs_a_look


def test_grave_answers_stand_until_a_note_whatever_is_answered_later(world: World, staff: User) -> None:
    booking = world.book()
    assert (on_front_page(), on_board(world)) == ([], False)
    recheck(booking, world, now=NOW + timedelta(minutes=1), pregnancy="yes")
    recheck(booking, world, now=NOW + timedelta(minutes=2), leg_or_clot="yes")
    recheck(booking, world, now=NOW + timedelta(minutes=3), pregnancy="yes")
    recheck(booking, world, now=NOW + timedelta(minutes=4))
    assert (on_front_page(), on_board(world)) == ([Tier.STOP], True)
    with pytest.raises(exceptions.ScreeningNotCleared):
        operations.confirm_booking(booking=booking, actor=staff, now=NOW + timedelta(minutes=5))
    note(booking, staff, now=NOW + timedelta(minutes=6))
    assert (on_front_page(), on_board(world)) == ([], False)
    assert not operations.needs_clinician_note(booking)
    # The note spoke of what came before it.
    recheck(booking, world, now=NOW + timedelta(minutes=7), pregnancy="yes")
    recheck(booking, world, now=NOW + timedelta(minutes=8), neck="yes")
    assert (on_front_page(), on_board(world)) == ([Tier.CLEARANCE], True)
    with pytest.raises(exceptions.ScreeningNotCleared):
        operations.confirm_booking(booking=booking, actor=staff, now=NOW + timedelta(minutes=9))


def test_clear_answers_given_later_do_not_stand_for_a_note(world: World, staff: User) -> None:
    booking = world.book(answers={**CLEAR_ANSWERS, "pregnancy": "yes"})
    recheck(booking, world, now=NOW + timedelta(minutes=1))
    with pytest.raises(exceptions.ScreeningNotCleared):
        operations.confirm_booking(booking=booking, actor=staff, now=NOW + timedelta(minutes=2))


def test_a_note_settles_graver_answers_to_a_confirmed_visit(
    booking: Booking, world: World, staff: User
) -> None:
    with pytest.raises(exceptions.InvalidTransition):
        operations.record_clinician_note(booking=booking, actor=staff, note="Fine.", now=NOW)
    recheck(booking, world, pregnancy="yes")
    assert (on_front_page(), on_board(world)) == ([Tier.CLEARANCE], True)
    with pytest.raises(exceptions.InvalidTransition):
        note(booking, staff, now=booking.starts_at)
    note(booking, staff, now=NOW + timedelta(minutes=1))
    assert (on_front_page(), on_board(world)) == ([], False)
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CONFIRMED
    event = booking.events.last()
    assert event is not None
    assert (event.kind, event.actor) == (EventKind.CLEARED, staff)
    # It is settled once; what is answered later waits again.
    with pytest.raises(exceptions.InvalidTransition):
        note(booking, staff, now=NOW + timedelta(minutes=2))
    recheck(booking, world, now=NOW + timedelta(minutes=3), neck="yes")
    assert on_front_page() == [Tier.CAUTION]
    note(booking, staff, now=NOW + timedelta(minutes=4))
    assert on_front_page() == []


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_note_never_speaks_of_answers_its_writer_was_not_shown(
    world: World, staff: User, confirmed: bool
) -> None:
    visit = world.book(answers=CLEAR_ANSWERS if confirmed else {**CLEAR_ANSWERS, "pregnancy": "yes"})
    if confirmed:
        visit = operations.confirm_booking(booking=visit, actor=None, now=NOW)
    shown = recheck(visit, world, pregnancy="yes").pk
    recheck(visit, world, now=NOW + timedelta(minutes=1), leg_or_clot="yes")
    with pytest.raises(exceptions.ChangedMeanwhile):
        operations.record_clinician_note(
            booking=visit, actor=staff, note="Fine.", now=NOW + timedelta(minutes=2), shown_recheck=shown
        )
    assert not visit.clinician_notes.exists()
