"""Encrypted columns: nothing readable is stored or dumped, and nothing is lost by dumping and loading."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.core import serializers
from django.core.exceptions import ValidationError
from django.db import connection

from bookings.models import AccessNotes, ScreeningRecord, TimeOff
from massagerx.lib.encryption import EncryptedField, UnreadableText, UnreadableValue
from tests.factories import NOW, World

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


# What clients and therapists wrote in a line of their own, beside what is health or a way in.
WORDS = {
    "arearequest": ["note"],
    "bookingevent": ["reason"],
    "changerequest": ["reason"],
    "healthaccess": ["reason"],
    "incident": ["description", "consequences", "steps"],
    "latefee": ["reason", "why_waived"],
    "timeoff": ["reason"],
    "timeoffwish": ["reason", "why"],
}
FLU = "CANARY flu since Sunday"


@pytest.fixture
def off(world: World) -> TimeOff:
    ends_at = NOW + timedelta(hours=8)
    return TimeOff.objects.create(therapist=world.therapist, starts_at=NOW, ends_at=ends_at, reason=FLU)


def stored_reason() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reason FROM bookings_timeoff")
        return str(cursor.fetchone()[0])


def test_words_of_people_are_encrypted() -> None:
    for model, columns in WORDS.items():
        for column in columns:
            field = apps.get_model("bookings", model)._meta.get_field(column)
            assert isinstance(field, EncryptedField), f"{model}.{column}"


def test_a_line_is_stored_encrypted_and_an_empty_one_at_no_cost(off: TimeOff) -> None:
    assert "CANARY" not in stored_reason()
    assert TimeOff.objects.get().reason == FLU
    assert TimeOff.objects.values_list("reason", flat=True).get() == FLU
    assert TimeOff.objects.exclude(reason="").exists()
    dumped = serializers.serialize("json", [off])
    assert "CANARY" not in dumped
    TimeOff.objects.all().delete()
    for loaded in serializers.deserialize("json", dumped):
        loaded.save()
    assert TimeOff.objects.get().reason == FLU

    TimeOff.objects.update(reason="")
    assert stored_reason() == ""
    assert not TimeOff.objects.exclude(reason="").exists()


def test_a_line_that_was_stored_plainly_is_read_and_encrypted_when_it_is_saved(off: TimeOff) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE bookings_timeoff SET reason = %s", [FLU])
    plain = TimeOff.objects.get()
    assert plain.reason == FLU
    plain.save()
    assert "CANARY" not in stored_reason()
    assert TimeOff.objects.get().reason == FLU


def test_a_line_whose_key_is_lost_costs_a_line_and_is_kept(off: TimeOff, settings: Any) -> None:
    old, token = settings.HEALTH_KEYS, stored_reason()
    settings.HEALTH_KEYS = [Fernet.generate_key().decode()]
    read = TimeOff.objects.get()
    assert isinstance(read.reason, UnreadableText)
    assert "CANARY" not in read.reason
    read.full_clean()
    read.save()
    assert stored_reason() == token
    settings.HEALTH_KEYS = [*settings.HEALTH_KEYS, *old]
    read = TimeOff.objects.get()
    assert read.reason == FLU
    read.save()
    settings.HEALTH_KEYS = settings.HEALTH_KEYS[:1]
    assert TimeOff.objects.get().reason == FLU


def test_a_line_is_no_longer_than_its_field_says(off: TimeOff) -> None:
    off.reason = "x" * 121
    with pytest.raises(ValidationError):
        off.full_clean()
