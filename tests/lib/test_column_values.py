"""Values that go to the driver as they are: those that the field would hand on unchanged, and no others."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models

from bookings.enums import BookingStatus
from bookings.models import AccessNotes, Booking, BookingRules, Client
from massagerx.lib.column_values import is_plain, plain_kind, prepared_value

AWARE = datetime(2026, 12, 2, 20, tzinfo=UTC)
VALUES = [
    "",
    "a%b",
    BookingStatus.REQUESTED,
    7,
    True,
    AWARE,
    AWARE.date(),
    time(9, 30),
    uuid.UUID(int=5),
    None,
]


def fields() -> list[models.Field]:
    return [field for model in apps.get_models() for field in model._meta.local_concrete_fields]


def test_what_is_plain_is_what_the_field_hands_on() -> None:
    looked_at = 0
    for field in fields():
        kind = plain_kind(field, connection.vendor)
        for value in VALUES:
            if is_plain(value, kind):
                sent: Any = field.get_db_prep_save(value, connection)
                assert sent == value, field
                assert type(sent) is type(value), field
                looked_at += 1
    assert bool(looked_at) == (connection.vendor == "postgresql")


def field(model: type[models.Model], name: str) -> Any:
    return model._meta.get_field(name)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (field(Client, "phone"), "(213) 555-0123"),
        (field(AccessNotes, "notes"), None),
        (field(Booking, "starts_at"), datetime(2026, 12, 2, 20)),  # noqa: DTZ001
        (field(Booking, "starts_at"), date(2026, 12, 2)),
        (field(Booking, "people"), "2"),
        (field(Booking, "people"), True),
        (field(Booking, "submission_key"), "00000000-0000-0000-0000-000000000005"),
        (field(BookingRules, "is_open"), 1),
    ],
)
def test_what_a_field_would_convert_is_not_plain(column: Any, value: Any) -> None:
    assert not is_plain(value, plain_kind(column, "postgresql"))


def test_what_is_not_plain_is_converted() -> None:
    phone = field(Client, "phone")
    kind = plain_kind(phone, connection.vendor)
    assert prepared_value("(213) 555-0123", phone, kind, connection) == "+12135550123"


def test_sqlite_is_given_what_it_can_store() -> None:
    assert plain_kind(field(Booking, "starts_at"), "sqlite") is None
