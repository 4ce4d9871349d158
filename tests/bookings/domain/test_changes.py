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
from bookings.domain.operations import Act, NewTime, Shown
from bookings.enums import (
    BookingStatus,
    ChangeState,
    EventKind,
    LateFeeState,
    MessageKind,
    MessageState,
    Tier,
)
from bookings.models import (
    Booking,
    ChangeRequest,
    LateFee,
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


def ask(booking: Booking, **changes: Any) -> ChangeRequest:
    booking.refresh_from_db()
    values: dict[str, Any] = {
        "booking": booking,
        "to": NewTime(at(16)),
        "shown": Shown(booking.revision, 6_000),
        "now": LATE,
    }
    return operations.ask_move(**{**values, **changes})


def cancel_late(booking: Booking, **changes: Any) -> Booking:
    values: dict[str, Any] = {
        "booking": booking,
        "shown": Shown(booking.revision, 6_000),
        "now": LATE,
    }
    return operations.cancel_by_client(**{**values, **changes})


def kinds_due(booking: Booking) -> set[str]:
    return set(booking.messages.filter(state=MessageState.DUE).values_list("kind", flat=True))


# In time -------------------------------------------------------------------------------------------------------


def test_notice_ends_at_the_hour_of_the_terms_to_the_second(booking: Booking, world: World) -> None:
    edge = at(10) - timedelta(hours=24)
    assert operations.late_fee(booking, now=edge) is None
    assert operations.late_fee(booking, now=edge + timedelta(seconds=1)) == 6_000
    assert operations.free_until(booking) == edge


@pytest.mark.parametrize(
    ("percent", "base", "cents"),
    [(50, "session", 6_000), (50, "total", 7_000), (33, "session", 3_960), (33, "total", 4_620),
     (100, "session", 12_000), (0, "session", 0), (1, "total", 140)],
)  # fmt: skip
def test_the_fee_is_of_what_the_text_says(booking: Booking, percent: int, base: str, cents: int) -> None:
    """$120 for the session, and $20 for the drive."""
    terms = booking.terms_version
    terms.late_fee_percent, terms.late_fee_base = percent, base
    assert operations.late_fee(booking, now=LATE) == cents


def test_a_visit_keeps_the_terms_that_it_was_booked_under(world: World) -> None:
    booking = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    world.agree_to(cancel_notice_hours=96, late_fee_percent=100, late_fee_base="total")
    other = operations.confirm_booking(
        booking=world.book(email="bo@example.com", phone="+12135550124", starts_at=at(14), now=NOW),
        actor=None,
        now=NOW,
    )
    assert operations.free_until(booking) == at(10) - timedelta(hours=24)
    assert operations.late_fee(booking, now=LATE) == 6_000
    assert operations.free_until(other) == at(14) - timedelta(hours=96)
    assert operations.late_fee(other, now=LATE) == 14_000


def test_a_request_that_nobody_confirmed_is_taken_back_free_at_any_time(world: World) -> None:
    booking = world.book()
    assert operations.late_fee(booking, now=LATE) is None
    operations.cancel_by_client(booking=booking, shown=Shown(booking.revision), now=LATE)
    booking.refresh_from_db()
    assert (booking.status, booking.late_fee_cents) == (BookingStatus.CANCELED, 0)


def test_canceling_in_time_gives_the_time_free_and_tells_both_sides(booking: Booking, world: World) -> None:
    canceled = operations.cancel_by_client(booking=booking, shown=Shown(booking.revision), now=NOW)
    assert canceled.status == BookingStatus.CANCELED
    told = set(booking.messages.filter(revision=canceled.revision).values_list("kind", flat=True))
    assert {MessageKind.CANCELED, MessageKind.STAFF_ALERT} <= told
    assert canceled.events.last().by_client
    world.book(email="bo@example.com", phone="+12135550124")


def test_a_fee_that_was_not_shown_is_shown_first(booking: Booking) -> None:
    before = Booking.objects.values().get(pk=booking.pk)
    for shown in (None, 0, 5_999, 6_001):
        with pytest.raises(exceptions.LateChange) as refusal:
            cancel_late(booking, shown=Shown(booking.revision, shown))
        assert refusal.value.fee_cents == 6_000
    with pytest.raises(exceptions.NotLate):
        cancel_late(booking, now=NOW)
    with pytest.raises(exceptions.LateChange):
        operations.move_by_client(
            booking=booking,
            to=NewTime(at(16), preference="any", therapist=booking.therapist.slug, total_cents=14_000),
            shown=Shown(booking.revision),
            now=LATE,
        )
    assert Booking.objects.values().get(pk=booking.pk) == before
    assert not LateFee.objects.exists()


def test_a_visit_that_changed_since_it_was_shown_is_left_alone(booking: Booking) -> None:
    shown = booking.revision
    operations.move_booking(booking=booking, to=NewTime(at(16)), act=Act(NOW, by_client=True))
    with pytest.raises(exceptions.ChangedMeanwhile):
        operations.cancel_by_client(booking=booking, shown=Shown(shown), now=NOW)
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CONFIRMED


# Canceled late -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [timedelta(hours=24) - timedelta(seconds=1), timedelta(seconds=1)])
def test_a_clients_cancel_always_cancels_and_leaves_only_the_fee(
    booking: Booking, world: World, before: timedelta
) -> None:
    now = at(10) - before
    canceled = cancel_late(booking, now=now, asks_waiver=True, reason="a cold")
    assert (canceled.status, canceled.late_fee_cents) == (BookingStatus.CANCELED, 0)
    fee = LateFee.objects.get(booking=booking)
    assert (fee.cents, fee.state, fee.asks_waiver, fee.reason) == (6_000, LateFeeState.OPEN, True, "a cold")
    assert (fee.named_at, fee.decided_at, fee.decided_by) == (now, None, None)
    assert {MessageKind.CANCELED, MessageKind.STAFF_ALERT} <= kinds_due(canceled)
    assert canceled.events.last().by_client
    world.book(email="bo@example.com", phone="+12135550124", now=NOW)


def test_a_cancel_does_not_wait_for_the_answer_to_a_late_move(booking: Booking, staff: User) -> None:
    change = ask(booking)
    canceled = cancel_late(booking)
    change.refresh_from_db()
    assert (canceled.status, change.state) == (BookingStatus.CANCELED, ChangeState.WITHDRAWN)
    with pytest.raises(exceptions.InvalidTransition):
        operations.accept_change(change=change, actor=staff, now=LATE, with_fee=True)
    canceled.refresh_from_db()
    assert canceled.status == BookingStatus.CANCELED


def test_without_a_fee_nothing_is_left_to_decide(world: World) -> None:
    world.agree_to(late_fee_percent=0)
    booking = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    assert cancel_late(booking, shown=Shown(booking.revision, 0)).status == BookingStatus.CANCELED
    assert not LateFee.objects.exists()


@pytest.mark.parametrize(("state", "cents"), [(LateFeeState.CHARGED, 6_000), (LateFeeState.WAIVED, 0)])
def test_the_fee_is_charged_or_waived_once_and_the_client_is_told(
    booking: Booking, staff: User, state: LateFeeState, cents: int
) -> None:
    cancel_late(booking)
    fee, still_open = LateFee.objects.get(), LateFee.objects.get()
    decided = operations.decide_late_fee(fee=fee, actor=staff, now=LATE, state=state)
    fee.refresh_from_db()
    assert (fee.state, fee.decided_by, fee.decided_at) == (state, staff, LATE)
    assert (decided.status, decided.late_fee_cents) == (BookingStatus.CANCELED, cents)
    assert MessageKind.LATE_FEE in kinds_due(decided)
    event = decided.events.last()
    assert (event.kind, event.actor, event.reason) == (EventKind.FEE_DECIDED, staff, state.value)
    for again in LateFeeState.CHARGED, LateFeeState.WAIVED:
        with pytest.raises(exceptions.FeeDecided):
            operations.decide_late_fee(fee=still_open, actor=staff, now=LATE, state=again)
    decided.refresh_from_db()
    assert decided.late_fee_cents == cents


def test_staff_who_cancel_at_the_clients_word_charge_what_they_named(booking: Booking, staff: User) -> None:
    canceled = operations.cancel_late(booking=booking, actor=staff, shown_fee_cents=6_000, now=LATE)
    fee = LateFee.objects.get()
    assert (fee.state, fee.decided_by, canceled.late_fee_cents) == (LateFeeState.CHARGED, staff, 6_000)
    event = canceled.events.last()
    assert (event.by_client, event.actor) == (True, staff)
    told = canceled.messages.filter(revision=canceled.revision).values_list("kind", flat=True)
    assert MessageKind.CANCELED in told
    assert MessageKind.STAFF_ALERT not in told


# Late moves ----------------------------------------------------------------------------------------------------


def test_asking_late_keeps_the_visit_and_alerts_staff(booking: Booking) -> None:
    change = ask(booking, reason="a cold")
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CONFIRMED
    assert (change.state, change.fee_cents, change.reason) == (ChangeState.OPEN, 6_000, "a cold")
    assert booking.events.last().kind == EventKind.CHANGE_ASKED
    assert MessageKind.CHANGE_ALERT in kinds_due(booking)
    assert booking.revision == change.booking.revision


def test_asking_twice_for_the_same_is_asking_once_and_for_something_else_is_refused(booking: Booking) -> None:
    change = ask(booking)
    assert ask(booking) == change
    with pytest.raises(exceptions.ChangeWaiting):
        ask(booking, to=NewTime(at(14)))
    assert ChangeRequest.objects.count() == 1
    assert booking.events.filter(kind=EventKind.CHANGE_ASKED).count() == 1


def test_a_fee_that_was_not_shown_is_not_asked_for(booking: Booking, world: World) -> None:
    with pytest.raises(exceptions.LateChange) as refusal:
        ask(booking, shown=Shown(booking.revision, 1_000))
    assert refusal.value.fee_cents == 6_000
    with pytest.raises(exceptions.NotLate):
        ask(booking, now=NOW)
    with pytest.raises(exceptions.NotLate):
        ask(booking, shown=Shown(booking.revision), now=NOW)
    with pytest.raises(exceptions.InvalidTransition):
        ask(booking, now=at(10))
    assert not ChangeRequest.objects.exists()


@pytest.mark.parametrize(("with_fee", "cents"), [(True, 6_000), (False, 0)])
def test_accepting_a_move_does_it_with_or_without_the_fee(
    booking: Booking, staff: User, with_fee: bool, cents: int
) -> None:
    change = ask(booking)
    moved = operations.accept_change(change=change, actor=staff, now=LATE, with_fee=with_fee)
    change.refresh_from_db()
    assert (moved.status, moved.starts_at, moved.late_fee_cents) == (BookingStatus.CONFIRMED, at(16), cents)
    assert (change.state, change.answered_by, change.answered_at) == (ChangeState.ACCEPTED, staff, LATE)
    assert moved.events.last().actor == staff


def test_accepting_a_move_does_it_and_one_that_can_not_be_done_leaves_all_as_it_was(
    booking: Booking, world: World, staff: User
) -> None:
    change = ask(booking)
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
    assert (moved.starts_at, moved.late_fee_cents, change.state) == (at(16), 6_000, ChangeState.ACCEPTED)
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
    change = ask(booking)
    operations.move_booking(booking=booking, to=NewTime(at(16)), act=Act(LATE, staff))
    change.refresh_from_db()
    assert (change.state, change.answered_by, change.answered_at) == (ChangeState.ACCEPTED, staff, LATE)


def test_a_move_to_another_time_leaves_no_late_change_with_a_fee(booking: Booking, staff: User) -> None:
    change = ask(booking)
    operations.move_booking(booking=booking, to=NewTime(at(14)), act=Act(LATE, staff))
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
    change = ask(booking, to=NewTime(at(16), wish))
    operations.move_booking(
        booking=booking, to=NewTime(at(16), preference=f"therapist:{other.slug}"), act=Act(LATE, staff)
    )
    change.refresh_from_db()
    assert change.state == state


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
    change = ask(booking, to=NewTime(at(16), "any"))
    with pytest.raises(exceptions.ChangeWaiting):
        ask(booking, to=NewTime(at(16), ""))
    moved = operations.accept_change(change=change, actor=staff, now=LATE, with_fee=True)
    change.refresh_from_db()
    assert (moved.starts_at, moved.therapist, change.state) == (at(16), other, ChangeState.ACCEPTED)


def test_a_late_change_of_a_visit_that_is_not_as_shown_is_not_asked_for(
    booking: Booking,
) -> None:
    with pytest.raises(exceptions.ChangedMeanwhile):
        ask(booking, shown=Shown(booking.revision - 1, 6_000))
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


def surgery(day: str) -> dict[str, str]:
    return {"surgery": "yes", "surgery_date": day}


@pytest.mark.parametrize(
    ("before", "again", "new"),
    [
        # After a note for cancer: the same again is nothing new, whatever comes beside it is.
        ({"cancer": "yes"}, {"cancer": "yes"}, Tier.CLEAR),
        ({"cancer": "yes"}, {"cancer": "yes", "pregnancy": "yes"}, Tier.CLEARANCE),
        ({"cancer": "yes"}, {"pregnancy": "yes"}, Tier.CLEARANCE),
        ({"cancer": "yes"}, {"cancer": "yes", "neck": "yes"}, Tier.CAUTION),
        ({"cancer": "yes"}, {"cancer": "unsure"}, Tier.CLEAR),
        ({"cancer": "unsure"}, {"leg_or_clot": "unsure"}, Tier.CLEARANCE),
        # Another surgery is new, the same one told more or less exactly isn't.
        (
            {"surgery": "yes", "surgery_date": "2026-07-01"},
            {"surgery": "yes", "surgery_date": "2026-11-22"},
            Tier.CLEARANCE,
        ),
        (
            {"surgery": "yes", "surgery_date": "2026-07-01"},
            {"surgery": "yes", "surgery_date": "2026-07"},
            Tier.CLEAR,
        ),
        (
            {"surgery": "yes", "surgery_date": "2026-07"},
            {"surgery": "yes", "surgery_date": "2026-07-09"},
            Tier.CLEAR,
        ),
        (
            {"surgery": "yes", "surgery_date": "2026-07"},
            {"surgery": "yes", "surgery_date": "2026-06-09"},
            Tier.CLEAR,
        ),
        (
            {"surgery": "yes", "surgery_date": "unsure"},
            {"surgery": "yes", "surgery_date": "2026-11-22"},
            Tier.CLEARANCE,
        ),
    ],
)
def test_answers_given_again_are_compared_question_by_question(
    world: World, staff: User, before: dict[str, str], again: dict[str, str], new: str
) -> None:
    booking = world.book(answers={**CLEAR_ANSWERS, **before})
    operations.record_clinician_note(booking=booking, actor=staff, note="Fine.", now=NOW)
    given = recheck(booking, world, now=NOW + timedelta(minutes=1), **again)
    assert given.new_tier == new
    assert (MessageKind.RECHECK_ALERT in kinds_due(booking)) is (new != Tier.CLEAR)
    assert on_front_page() == ([new] if new != Tier.CLEAR else [])
    if new == Tier.CLEARANCE:
        with pytest.raises(exceptions.ScreeningNotCleared):
            operations.confirm_booking(booking=booking, actor=staff, now=NOW + timedelta(minutes=2))
    else:
        operations.confirm_booking(booking=booking, actor=staff, now=NOW + timedelta(minutes=2))


def test_what_was_new_to_the_second_person_is_new(world: World) -> None:
    world.service.max_people = 2
    world.service.save()
    both = {**CLEAR_ANSWERS, **{f"2.{name}": answer for name, answer in CLEAR_ANSWERS.items()}}
    booking = world.book(answers={**both, "cancer": "yes"}, people=2, total_cents=26_000)
    given = recheck(booking, world, **{**both, "cancer": "yes", "2.cancer": "yes"})
    assert (given.tier, given.new_tier) == (Tier.CLEARANCE, Tier.CLEARANCE)


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
    return [visit.gravest_tier for visit in queries.to_look_at(now=NOW) if visit.gravest_tier]


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
