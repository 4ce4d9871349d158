"""Rows of the outbox: written with what they tell of, taken once, finished only by who holds them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from bookings.domain import outbox
from bookings.enums import MessageKind, MessageState
from bookings.models import Message
from tests.support.visits import NOW, make_message, make_visit

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]
MINUTE = timedelta(minutes=1)


def test_messages_are_written_at_the_bookings_revision() -> None:
    booking = make_visit(revision=4)

    outbox.write_messages(booking=booking, kinds=[MessageKind.RECEIVED, MessageKind.STAFF_ALERT], now=NOW)

    rows = Message.objects.order_by("pk").values_list("kind", "revision", "state", "due_at", "attempts")
    assert list(rows) == [
        (MessageKind.RECEIVED, 4, MessageState.DUE, NOW, 0),
        (MessageKind.STAFF_ALERT, 4, MessageState.DUE, NOW, 0),
    ]


def test_message_of_one_kind_and_revision_is_written_once() -> None:
    booking = make_visit()
    outbox.write_messages(booking=booking, kinds=[MessageKind.RECEIVED], now=NOW)

    with pytest.raises(IntegrityError), transaction.atomic():
        outbox.write_messages(booking=booking, kinds=[MessageKind.RECEIVED], now=NOW)

    assert Message.objects.count() == 1


def test_a_worker_gets_the_keys_after_the_commit(
    django_capture_on_commit_callbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[list[int]] = []
    monkeypatch.setattr(outbox, "_wake_worker", lambda keys: told.append(list(keys)))
    booking = make_visit()

    with django_capture_on_commit_callbacks(execute=True):
        outbox.write_messages(booking=booking, kinds=[MessageKind.RECEIVED], now=NOW)
        outbox.write_messages(booking=booking, kinds=[], now=NOW)
        assert told == []

    assert told == [[Message.objects.get().pk]]


@pytest.mark.django_db(transaction=True)
def test_waking_that_breaks_does_not_break_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(keys: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(outbox, "_wake_worker", broken)

    with transaction.atomic():
        outbox.write_messages(booking=make_visit(), kinds=[MessageKind.RECEIVED], now=NOW)

    assert Message.objects.get().state == MessageState.DUE


def test_claim_takes_the_oldest_due_first_and_once() -> None:
    second, first, later = (
        make_message(due_at=NOW - MINUTE),
        make_message(due_at=NOW - 2 * MINUTE),
        make_message(due_at=NOW + MINUTE),
    )

    assert [m.pk for m in outbox.claim_due(now=NOW, limit=1)] == [first.pk]
    assert [m.pk for m in outbox.claim_due(now=NOW, limit=10)] == [second.pk]
    assert outbox.claim_due(now=NOW, limit=10) == []
    assert [m.pk for m in outbox.claim_due(now=NOW + MINUTE - timedelta(seconds=1), limit=10)] == []
    later.refresh_from_db()
    assert (later.state, later.attempts) == (MessageState.DUE, 0)


def test_claim_can_be_asked_for_certain_rows_only() -> None:
    one, other = make_message(), make_message()

    assert [m.pk for m in outbox.claim_due(now=NOW, limit=10, keys=[other.pk])] == [other.pk]
    one.refresh_from_db()
    assert one.state == MessageState.DUE


def test_claim_marks_the_row_and_ends_with_its_lease() -> None:
    make_message()

    [claimed] = outbox.claim_due(now=NOW, lease_seconds=90)

    assert (claimed.state, claimed.attempts) == (MessageState.SENDING, 1)
    assert claimed.lease is not None
    assert (claimed.leased_until, claimed.first_tried_at) == (NOW + timedelta(seconds=90), NOW)
    assert outbox.claim_due(now=NOW + timedelta(seconds=89)) == []
    [again] = outbox.claim_due(now=NOW + timedelta(seconds=90))
    assert (again.attempts, again.first_tried_at) == (2, NOW)
    assert again.lease != claimed.lease


@pytest.mark.parametrize("state", [MessageState.SENT, MessageState.DROPPED, MessageState.FAILED])
def test_claim_leaves_what_is_done(state: str) -> None:
    make_message(state=state)

    assert outbox.claim_due(now=NOW) == []


def test_only_the_holder_finishes_a_message() -> None:
    make_message()
    [slow] = outbox.claim_due(now=NOW)
    [quick] = outbox.claim_due(now=NOW + timedelta(seconds=61))

    assert not outbox.mark_handing_over(slow, now=NOW)
    assert not outbox.mark_sent(slow, now=NOW)
    assert not outbox.mark_failed(slow, error="x")
    assert not outbox.mark_put_off(slow, until=NOW, error="x")
    assert not outbox.mark_unknown(slow, now=NOW, error="x")
    assert not outbox.mark_dropped(slow, reason="x")
    assert Message.objects.get().state == MessageState.SENDING
    assert outbox.mark_sent(quick, now=NOW)
    assert not outbox.mark_sent(quick, now=NOW)


def test_hand_over_renews_the_lease() -> None:
    make_message()
    [claimed] = outbox.claim_due(now=NOW)

    assert outbox.mark_handing_over(claimed, now=NOW + timedelta(seconds=50))

    assert outbox.claim_due(now=NOW + timedelta(seconds=100)) == []


def test_oldest_due_minutes_tells_how_late_sending_is() -> None:
    assert outbox.oldest_due_minutes(now=NOW) == 0.0
    make_message(due_at=NOW + MINUTE)
    assert outbox.oldest_due_minutes(now=NOW) == 0.0
    make_message(due_at=NOW - 7 * MINUTE)
    make_message(due_at=NOW - 90 * MINUTE, state=MessageState.FAILED)
    assert outbox.oldest_due_minutes(now=NOW) == 7.0


def test_oldest_due_minutes_counts_on_while_our_mail_server_is_away() -> None:
    make_message()
    [claimed] = outbox.claim_due(now=NOW)
    outbox.mark_put_off(claimed, until=NOW + 13 * MINUTE, error="SMTPServerDisconnected")

    assert outbox.oldest_due_minutes(now=NOW + 12 * MINUTE) == 12.0


@pytest.mark.parametrize("error", ["SMTPRecipientsRefused 452", "SMTPDataError 451"])
def test_oldest_due_minutes_leaves_out_what_its_receiver_puts_off(error: str) -> None:
    make_message()
    [claimed] = outbox.claim_due(now=NOW)
    outbox.mark_put_off(claimed, until=NOW + 60 * MINUTE, error=error)

    assert outbox.oldest_due_minutes(now=NOW + 55 * MINUTE) == 0.0


def test_outbox_asks_few_queries(count_queries) -> None:
    booking = make_visit()
    with count_queries() as writing:
        outbox.write_messages(booking=booking, kinds=[MessageKind.RECEIVED, MessageKind.STAFF_ALERT], now=NOW)
    with count_queries() as looking:
        outbox.oldest_due_minutes(now=NOW)

    # Django opens a savepoint around a bulk insert on some databases.
    assert len([query for query in writing if "INSERT" in query["sql"]]) == 1
    assert len(looking) == 1
