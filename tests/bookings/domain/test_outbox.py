"""Rows of the outbox: written with what they tell of."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from bookings.domain import outbox
from bookings.enums import MessageKind, MessageState
from bookings.models import Message
from tests.support.visits import NOW, make_visit

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]


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


def test_outbox_asks_few_queries(count_queries) -> None:
    booking = make_visit()
    with count_queries() as writing:
        outbox.write_messages(booking=booking, kinds=[MessageKind.RECEIVED, MessageKind.STAFF_ALERT], now=NOW)

    # Django opens a savepoint around a bulk insert on some databases.
    assert len([query for query in writing if "INSERT" in query["sql"]]) == 1
