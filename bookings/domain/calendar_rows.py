"""The rows of the calendar, read in two queries whatever is asked: each is a union of tables that are alike.

Plain values come out, because a month has hundreds of rows and model instances would cost more than the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import (
    BigIntegerField,
    BooleanField,
    CharField,
    DateField,
    DateTimeField,
    DurationField,
    F,
    FloatField,
    IntegerField,
    QuerySet,
    TimeField,
    UUIDField,
    Value,
)
from django.db.models.fields import Field

from bookings.models import Booking, BookingRules, Closure, ExtraHours, Hold, TimeOff, WorkingHours
from massagerx.lib import reference_data
from massagerx.lib.compiled_query import CompiledQuery, Parameters
from massagerx.lib.reference_data import Revision


class TakenBy(StrEnum):
    """Whose place and times a row has. Words, since a column of words needs no conversion."""

    VISIT = "visit"
    HOLD = "hold"
    TIME_OFF = "off"
    # Nothing is taken: where the street stands, the row has the revision of the reference data.
    REVISION = "revision"


# Plain: taken by what, whose time (a key), blocked from and until (aware), how long the treatment is; where: street,
# unit, ZIP code, key of the zone, latitude and longitude. Only a visit has a street, and time off has no place.
TakenRow = tuple[
    str, int, datetime, datetime, timedelta, str, str, str, int | None, float | None, float | None
]


class HoursRow(NamedTuple):
    """Weekly hours; without a weekday extra hours on the date `valid_from`; without a therapist a closure on it.

    Hours that name zones have a row (with their own key) for each of them."""

    key: int
    zone_id: int | None
    therapist_id: int | None
    weekday: int | None
    starts_at: time
    ends_at: time
    valid_from: date | None
    valid_until: date | None


def _nothing(field: Field) -> Value:
    return Value(None, output_field=field)


def _text(value: str = "") -> Value:
    return Value(str(value), output_field=CharField())


_WHERE = (F("area__zip_code"), F("area__zone_id"), F("area__latitude"), F("area__longitude"))
_NOWHERE = (_text(), _nothing(IntegerField()), _nothing(FloatField()), _nothing(FloatField()))


def taken_between(
    span: tuple[datetime, datetime],
    *,
    therapists: Iterable[int],
    now: datetime,
    excluding: Sequence[int] = (),
    draft: UUID | None = None,
) -> list[TakenRow]:
    """All that takes time of these therapists between the two aware instants of `span`; one query, without an order.

    `excluding` leaves out visits by their keys, `draft` the hold of one visitor.
    """
    rows = _TAKEN.rows(
        start=span[0],
        end=span[1],
        therapists=list(therapists),
        now=now,
        excluding=sorted(set(excluding)) or None,
        draft=draft,
        revision=True if (awaits_revision := reference_data.awaits_revision()) else None,
    )
    if awaits_revision:
        revision = next((row for row in rows if row[0] == TakenBy.REVISION.value), None)
        if revision is not None:
            rows.remove(revision)
            reference_data.told(revision[5])
    return rows


def _taken(parameter: Parameters) -> QuerySet[Booking, Any]:
    keys, left_out = parameter("therapists", BigIntegerField()), parameter("excluding", BigIntegerField())
    start, end, now = (parameter(name, DateTimeField()) for name in ("start", "end", "now"))
    visits = Booking.objects.filter(therapist_id__in=keys).occupying().between(start, end)
    if left_out is not None:
        visits = visits.exclude(pk__in=left_out)
    holds = Hold.objects.filter(therapist_id__in=keys, blocked_from__lt=end, blocked_until__gt=start)
    holds = holds.live(now).exclude(draft_id=parameter("draft", UUIDField()))
    off = TimeOff.objects.filter(therapist_id__in=keys, starts_at__lt=end, ends_at__gt=start)
    treatment = F("ends_at") - F("starts_at")
    block = ("therapist_id", "blocked_from", "blocked_until", treatment)
    others: list[QuerySet[Any, Any]] = [
        holds.order_by().values_list(_text(TakenBy.HOLD), *block, _text(), _text(), *_WHERE),
        off.order_by().values_list(
            _text(TakenBy.TIME_OFF),
            "therapist_id",
            "starts_at",
            "ends_at",
            treatment,
            _text(),
            _text(),
            *_NOWHERE,
        ),
    ]
    if parameter("revision", BooleanField()) is not None:
        no_one, no_instant = _nothing(BigIntegerField()), _nothing(DateTimeField())
        no_time = _nothing(DurationField())
        others.append(
            BookingRules.objects.filter(pk=1).values_list(
                _text(TakenBy.REVISION),
                no_one,
                no_instant,
                no_instant,
                no_time,
                Revision(),
                _text(),
                *_NOWHERE,
            )
        )
    rows = visits.order_by().values_list(_text(TakenBy.VISIT), *block, "street", "unit", *_WHERE)
    return rows.union(*others, all=True)


_TAKEN = CompiledQuery(_taken)


def hours_between(first_day: date, last_day: date, *, therapists: Iterable[int]) -> Iterator[HoursRow]:
    """The weekly hours of these therapists, and the extra hours and closures from one local date to another, both
    included; one query, without an order."""
    return map(
        HoursRow._make, _HOURS.rows(first_day=first_day, last_day=last_day, therapists=list(therapists))
    )


def _hours(parameter: Parameters) -> QuerySet[WorkingHours, Any]:
    keys = parameter("therapists", BigIntegerField())
    days = {"date__gte": parameter("first_day", DateField()), "date__lte": parameter("last_day", DateField())}
    extra = ExtraHours.objects.filter(therapist_id__in=keys, **days)
    closures = Closure.objects.filter(**days)
    no_number, no_time, no_date = (_nothing(field()) for field in (IntegerField, TimeField, DateField))
    return (
        WorkingHours.objects.filter(therapist_id__in=keys)
        .order_by()
        .values_list(
            "pk", "zones", "therapist_id", "weekday", "starts_at", "ends_at", "valid_from", "valid_until"
        )
        .union(
            extra.order_by().values_list(
                "pk", "zones", "therapist_id", no_number, "starts_at", "ends_at", "date", no_date
            ),
            closures.order_by().values_list(
                "pk", no_number, no_number, no_number, no_time, no_time, "date", no_date
            ),
            all=True,
        )
    )


_HOURS = CompiledQuery(_hours, of_reference_data=True)
