"""Rows of several tables written at once: the same rows as if saved one by one, or none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from bookings.enums import EventKind, MessageKind
from bookings.models import AccessNotes, Booking, BookingEvent, Client, Message
from massagerx.lib.bulk_insert import bulk_insert_mixed
from tests.factories import NOW, World, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]


@pytest.fixture
def booking(db: None) -> Booking:
    world: World = make_world()
    booking = world.book()
    AccessNotes.objects.all().delete()
    Message.objects.all().delete()
    return booking


def rows(booking: Booking) -> list[Any]:
    return [
        AccessNotes(booking=booking, notes={"gate_code": "%s; 'DROP"}),
        BookingEvent(
            booking=booking, kind=EventKind.CONFIRMED, to_status="confirmed", at=NOW, reason="a;b'%"
        ),
        Message(booking=booking, kind=MessageKind.CONFIRMED, revision=7, due_at=NOW, created_at=NOW),
        Message(booking=booking, kind=MessageKind.STAFF_ALERT, revision=7, due_at=NOW, created_at=NOW),
    ]


def test_rows_are_as_if_saved_one_by_one(booking: Booking, count_queries: Callable[[], Any]) -> None:
    notes, event, *messages = rows(booking)
    with count_queries() as queries:
        bulk_insert_mixed([notes, event, *messages])
    assert len(queries) == (1 if connection.vendor == "postgresql" else 3)
    assert AccessNotes.objects.get().notes == {"gate_code": "%s; 'DROP"}
    stored = BookingEvent.objects.get(kind=EventKind.CONFIRMED)
    assert stored.reason == "a;b'%"
    assert (stored.kind, stored.from_status, stored.at, stored.by_client) == ("confirmed", "", NOW, False)
    assert [message.pk for message in messages] == list(
        Message.objects.order_by("pk").values_list("pk", flat=True)
    )
    assert {message.message_uuid for message in messages} == set(
        Message.objects.values_list("message_uuid", flat=True)
    )
    # Saved again, they are changed, not added.
    messages[0].attempts = 3
    messages[0].save()
    assert Message.objects.count() == 2
    assert Message.objects.get(pk=messages[0].pk).attempts == 3


def test_one_row_that_cannot_be_written_leaves_none(booking: Booking) -> None:
    *others, last = rows(booking)
    last.kind = MessageKind.CONFIRMED
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk_insert_mixed([*others, last])
    assert not AccessNotes.objects.exists()
    assert not Message.objects.exists()


def test_single_row_gets_its_key(db: None) -> None:
    client = Client(name="Ana O'Brien", email="ana@example.com", phone="+12135550123", created_at=NOW)
    bulk_insert_mixed([client])
    assert Client.objects.get(pk=client.pk).phone == "+12135550123"
