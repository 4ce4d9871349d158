"""Encrypted columns: nothing readable is stored or dumped, and nothing is lost by dumping and loading."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.db import connection

from bookings.models import AccessNotes, ScreeningRecord
from massagerx.lib.encryption import UnreadableValue
from tests.factories import World

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]


@pytest.fixture
def notes(world: World) -> AccessNotes:
    return AccessNotes.objects.get(booking=world.book(access={"gate_code": "CANARY"}))


def stored(notes: AccessNotes) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT notes FROM bookings_accessnotes WHERE booking_id = %s", [notes.pk])
        return str(cursor.fetchone()[0])


def test_dump_holds_ciphertext_and_loads_as_it_was(notes: AccessNotes) -> None:
    dumped = serializers.serialize("json", [notes])
    assert "CANARY" not in dumped
    assert "CANARY" not in stored(notes)

    AccessNotes.objects.all().delete()
    for loaded in serializers.deserialize("json", dumped):
        loaded.save()

    assert AccessNotes.objects.get().notes == {"gate_code": "CANARY"}


def test_dump_is_not_loaded_without_its_key(notes: AccessNotes, settings: Any) -> None:
    dumped = serializers.serialize("json", [notes])
    settings.HEALTH_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(serializers.base.DeserializationError):
        list(serializers.deserialize("json", dumped))


def test_older_key_reads_and_the_first_writes(notes: AccessNotes, settings: Any) -> None:
    old, new = settings.HEALTH_KEYS[0], Fernet.generate_key().decode()
    settings.HEALTH_KEYS = [new, old]
    notes.save()
    settings.HEALTH_KEYS = [new]
    assert AccessNotes.objects.get().notes == {"gate_code": "CANARY"}

    settings.HEALTH_KEYS = [old]
    with pytest.raises(UnreadableValue):
        AccessNotes.objects.get()


def test_altered_ciphertext_is_refused(notes: AccessNotes) -> None:
    token = stored(notes)
    altered = token[:-8] + ("A" if token[-8] != "A" else "B") + token[-7:]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE bookings_accessnotes SET notes = %s", [altered])

    with pytest.raises(UnreadableValue):
        AccessNotes.objects.get()


def test_value_moved_to_another_column_does_not_open(world: World) -> None:
    booking = world.book()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE bookings_screeningrecord SET answers = (SELECT notes FROM bookings_accessnotes)"
        )
    with pytest.raises(UnreadableValue):
        ScreeningRecord.objects.get(booking=booking)
