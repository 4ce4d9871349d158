"""Due messages: taken once, finished only by who holds them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bookings.domain import sending
from bookings.enums import MessageState
from bookings.models import Message
from tests.support.visits import NOW, make_message

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]
MINUTE = timedelta(minutes=1)


def test_claim_takes_the_oldest_due_first_and_once() -> None:
    second, first, later = (
        make_message(due_at=NOW - MINUTE),
        make_message(due_at=NOW - 2 * MINUTE),
        make_message(due_at=NOW + MINUTE),
    )

    assert [m.pk for m in sending.claim_due(now=NOW, limit=1)] == [first.pk]
    assert [m.pk for m in sending.claim_due(now=NOW, limit=10)] == [second.pk]
    assert sending.claim_due(now=NOW, limit=10) == []
    assert [m.pk for m in sending.claim_due(now=NOW + MINUTE - timedelta(seconds=1), limit=10)] == []
    later.refresh_from_db()
    assert (later.state, later.attempts) == (MessageState.DUE, 0)


def test_claim_can_be_asked_for_certain_rows_only() -> None:
    one, other = make_message(), make_message()

    assert [m.pk for m in sending.claim_due(now=NOW, limit=10, keys=[other.pk])] == [other.pk]
    one.refresh_from_db()
    assert one.state == MessageState.DUE


def test_claim_marks_the_row_and_ends_with_its_lease() -> None:
    make_message()

    [claimed] = sending.claim_due(now=NOW, lease_seconds=90)

    assert (claimed.state, claimed.attempts) == (MessageState.SENDING, 1)
    assert claimed.lease is not None
    assert (claimed.leased_until, claimed.first_tried_at) == (NOW + timedelta(seconds=90), NOW)
    assert sending.claim_due(now=NOW + timedelta(seconds=89)) == []
    [again] = sending.claim_due(now=NOW + timedelta(seconds=90))
    assert (again.attempts, again.first_tried_at) == (2, NOW)
    assert again.lease != claimed.lease


@pytest.mark.parametrize("state", [MessageState.SENT, MessageState.DROPPED, MessageState.FAILED])
def test_claim_leaves_what_is_done(state: str) -> None:
    make_message(state=state)

    assert sending.claim_due(now=NOW) == []


def test_only_the_holder_finishes_a_message() -> None:
    make_message()
    [slow] = sending.claim_due(now=NOW)
    [quick] = sending.claim_due(now=NOW + timedelta(seconds=61))

    assert not sending.mark_handing_over(slow, now=NOW)
    assert not sending.mark_sent(slow, now=NOW)
    assert not sending.mark_failed(slow, error="x")
    assert not sending.mark_put_off(slow, until=NOW, error="x")
    assert not sending.mark_unknown(slow, now=NOW, error="x")
    assert not sending.mark_dropped(slow, reason="x")
    assert Message.objects.get().state == MessageState.SENDING
    assert sending.mark_sent(quick, now=NOW)
    assert not sending.mark_sent(quick, now=NOW)


def test_hand_over_renews_the_lease() -> None:
    make_message()
    [claimed] = sending.claim_due(now=NOW)

    assert sending.mark_handing_over(claimed, now=NOW + timedelta(seconds=50))

    assert sending.claim_due(now=NOW + timedelta(seconds=100)) == []


def test_oldest_due_minutes_tells_how_late_sending_is() -> None:
    assert sending.oldest_due_minutes(now=NOW) == 0.0
    make_message(due_at=NOW + MINUTE)
    assert sending.oldest_due_minutes(now=NOW) == 0.0
    make_message(due_at=NOW - 7 * MINUTE)
    make_message(due_at=NOW - 90 * MINUTE, state=MessageState.FAILED)
    assert sending.oldest_due_minutes(now=NOW) == 7.0


def test_oldest_due_minutes_counts_on_while_our_mail_server_is_away() -> None:
    make_message()
    [claimed] = sending.claim_due(now=NOW)
    sending.mark_put_off(claimed, until=NOW + 13 * MINUTE, error="SMTPServerDisconnected")

    assert sending.oldest_due_minutes(now=NOW + 12 * MINUTE) == 12.0


@pytest.mark.parametrize("error", ["SMTPRecipientsRefused 452", "SMTPDataError 451"])
def test_oldest_due_minutes_leaves_out_what_its_receiver_puts_off(error: str) -> None:
    make_message()
    [claimed] = sending.claim_due(now=NOW)
    sending.mark_put_off(claimed, until=NOW + 60 * MINUTE, error=error)

    assert sending.oldest_due_minutes(now=NOW + 55 * MINUTE) == 0.0


def test_how_late_sending_is_is_one_query(count_queries) -> None:
    with count_queries() as looking:
        sending.oldest_due_minutes(now=NOW)

    assert len(looking) == 1
