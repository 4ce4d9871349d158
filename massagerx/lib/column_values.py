"""Values on their way into columns: what a field would hand on as it is isn't taken through its conversions.

A press that books writes and asks for two hundred values, nearly all of which are texts, numbers and instants that
Django's fields return unchanged after six calls each.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

# Fields whose values of this very type reach PostgreSQL's driver as they are, by the methods that see to it.
_KINDS: dict[type[models.Field], type] = {
    models.CharField: str,
    models.TextField: str,
    models.BooleanField: bool,
    models.IntegerField: int,
    models.BigAutoField: int,
    models.DateField: date,
    models.TimeField: time,
    models.DateTimeField: datetime,
    models.UUIDField: UUID,
}
# Those of whose values nothing more is asked.
ALWAYS_PLAIN = frozenset({*_KINDS.values()} - {datetime})
_METHODS = ("to_python", "get_prep_value", "get_db_prep_value", "get_db_prep_save")


def plain_kind(field: models.Field, vendor: str) -> type | None:
    """The type whose values, and None, `field` hands on as they are to the driver of this database; None where it
    converts them. Of instants that is true of aware ones only."""
    column: Any = field.target_field if isinstance(field, models.ForeignKey) else field
    if vendor != "postgresql":
        return None
    for base, kind in _KINDS.items():
        if isinstance(column, base) and all(
            getattr(type(column), name) is getattr(base, name) for name in _METHODS
        ):
            return kind
    return None


def is_plain(value: Any, kind: type | None) -> bool:
    """Whether `value` is handed on as it is by a field of that `plain_kind`."""
    if kind is None or value is None:
        return kind is not None
    if kind is str:
        return isinstance(value, str)  # a choice too
    return type(value) is kind and (not isinstance(value, datetime) or value.tzinfo is not None)


def prepared_value(
    value: Any, field: models.Field, kind: type | None, connection: BaseDatabaseWrapper
) -> Any:
    """What the driver is given for a value of `field`, whose `plain_kind` is known."""
    if is_plain(value, kind):
        return value
    return field.get_db_prep_value(value, connection, prepared=False)
