"""One visit, several hands at one moment: one story comes out, nothing overlaps, nobody waits for each other."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth.models import User

from bookings.domain import operations, sign_in
from bookings.domain.operations import NewTime, Shown
from bookings.enums import BookingStatus, ChangeState, EventKind, LateFeeState, LinkPurpose
from bookings.models import Booking, ChangeRequest, Link
from massagerx.lib import tokens
from tests.factories import NOW, World, at, make_world

from .test_races import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.integrity]
LATE = at(10) - timedelta(hours=20)


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


def move(booking: Booking, hour: int) -> partial[Booking]:
    return partial(
        operations.move_by_client,
        booking=booking,
        to=NewTime(at(hour), preference="any", therapist="", total_cents=14_000),
        shown=Shown(booking.revision),
        now=NOW,
    )


def test_move_and_cancel_at_once_leave_one_story(world: World) -> None:
    world.add_therapist()
    booking = world.book()
    cancel = partial(operations.cancel_by_client, booking=booking, shown=Shown(booking.revision), now=NOW)
    results = at_once([move(booking, 14), cancel, move(booking, 15), cancel])
    fresh = Booking.objects.get(pk=booking.pk)
    assert results["done"] == 1, results
    # The losers are told that it is another visit by now, not that something broke.
    assert set(results) <= {"done", "ChangedMeanwhile", "InvalidTransition", "SlotTaken"}
    assert fresh.revision == booking.revision + 1
    ends = fresh.events.filter(kind__in=[EventKind.MOVED, EventKind.CANCELED])
    assert ends.count() == 1
    assert (fresh.status == BookingStatus.CANCELED) == (ends.get().kind == EventKind.CANCELED)


def test_two_visits_that_move_to_one_time_at_once_never_share_it(world: World) -> None:
    first = world.book()
    second = world.book(email="bo@example.com", phone="+12135550124", starts_at=at(12))
    results = at_once([move(first, 15), move(second, 15)])
    assert results == {"done": 1, "SlotTaken": 1}
    blocks = sorted(Booking.objects.values_list("blocked_from", "blocked_until"))
    assert blocks[0][1] <= blocks[1][0]


def test_two_visits_that_swap_their_times_at_once_never_overlap_or_wait_for_each_other(world: World) -> None:
    world.add_therapist()
    first = world.book()
    second = world.book(email="bo@example.com", phone="+12135550124", starts_at=at(14))
    results = at_once([move(first, 14), move(second, 10)])
    assert set(results) <= {"done", "SlotTaken"}
    taken = list(Booking.objects.values_list("therapist", "blocked_from", "blocked_until"))
    (one, other) = sorted(taken, key=lambda row: row[1])
    assert one[0] != other[0] or one[2] <= other[1]


def test_a_late_change_asked_for_by_many_presses_is_one(world: World) -> None:
    booking = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    ask = partial(
        operations.ask_move,
        booking=booking,
        to=NewTime(at(16)),
        shown=Shown(booking.revision, 6_000),
        now=LATE,
    )
    assert at_once([ask] * 6) == {"done": 6}
    assert ChangeRequest.objects.count() == 1
    assert booking.events.filter(kind=EventKind.CHANGE_ASKED).count() == 1


def test_accepted_refused_and_taken_back_at_once_is_one_answer(world: World) -> None:
    booking = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    change = operations.ask_move(
        booking=booking, to=NewTime(at(16)), shown=Shown(booking.revision, 6_000), now=LATE
    )
    staff = User.objects.create_user("desk")
    results = at_once(
        [
            partial(operations.accept_change, change=change, actor=staff, now=LATE, with_fee=True),
            partial(operations.refuse_change, change=change, actor=staff, now=LATE),
            partial(operations.withdraw_change, change=change, now=LATE),
        ]
    )
    assert results["done"] == 1, results
    assert set(results) <= {"done", "ChangeAnswered", "InvalidTransition"}
    change.refresh_from_db()
    booking.refresh_from_db()
    assert (booking.starts_at == at(16)) == (change.state == ChangeState.ACCEPTED)


def test_a_cancel_and_the_answer_to_a_late_move_at_once_always_end_in_a_canceled_visit(world: World) -> None:
    booking = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    shown = booking.revision
    change = operations.ask_move(booking=booking, to=NewTime(at(16)), shown=Shown(shown, 6_000), now=LATE)
    staff = User.objects.create_user("desk")
    cancel = partial(operations.cancel_by_client, booking=booking, shown=Shown(shown, 6_000), now=LATE)
    results = at_once(
        [partial(operations.accept_change, change=change, actor=staff, now=LATE, with_fee=False), cancel]
    )
    booking.refresh_from_db()
    # Moved a moment before: the page says so, and the next press cancels.
    if results.get("ChangedMeanwhile"):
        assert booking.starts_at == at(16)
    else:
        assert booking.status == BookingStatus.CANCELED


def test_a_late_fee_decided_by_many_at_once_is_decided_once(world: World) -> None:
    booking = operations.confirm_booking(booking=world.book(), actor=None, now=NOW)
    canceled = operations.cancel_by_client(booking=booking, shown=Shown(booking.revision, 6_000), now=LATE)
    staff = User.objects.create_user("desk")
    decide = partial(operations.decide_late_fee, fee=canceled.late_fee, actor=staff, now=LATE)
    states = [LateFeeState.CHARGED, LateFeeState.WAIVED] * 3
    results = at_once([partial(decide, state=state) for state in states])
    assert results == {"done": 1, "FeeDecided": 5}
    booking.refresh_from_db()
    assert booking.late_fee_cents == (6_000 if booking.late_fee.state == LateFeeState.CHARGED else 0)


def test_many_guesses_at_once_are_five(world: World) -> None:
    link = sign_in.send_code(email="ana@example.com", instead_of=None, now=NOW)
    assert link is not None
    right = tokens.derive_code(link.purpose, link.nonce)
    wrong = "000000" if right != "000000" else "000001"
    at_once([partial(sign_in.check_code, key=link.pk, typed=wrong, now=NOW)] * 12)
    link.refresh_from_db()
    assert link.misses == 5
    assert sign_in.check_code(key=link.pk, typed=right, now=NOW) is None


def test_one_code_typed_twice_at_once_opens_once(world: World) -> None:
    link = sign_in.send_code(email="ana@example.com", instead_of=None, now=NOW)
    assert link is not None
    right = tokens.derive_code(link.purpose, link.nonce)
    opened: list[str | None] = []
    at_once([lambda: opened.append(sign_in.check_code(key=link.pk, typed=right, now=NOW))] * 4)
    assert opened.count("ana@example.com") == 1
    assert opened.count(None) == 3
    assert Link.objects.get(purpose=LinkPurpose.CODE).used_at == NOW
