"""An act: what is done to a visit, by whom; and what of it can be taken back before its message leaves."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Exists, Model, OuterRef, QuerySet

from bookings.domain import outbox, told
from bookings.enums import EventKind
from bookings.models import Booking, BookingEvent, ChangeRequest, MessageSettings, SecondThought
from massagerx.lib.batches import delete_in_batches

# So near a visit its client hears at once what staff do.
AT_ONCE_WITHIN = timedelta(hours=3)

# The columns of a row as text, by attribute.
Columns = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Act:
    """That something is done to a visit: when (an aware instant), by whom and why. With an `actor` staff do it, at the
    client's word where it is `by_client`; without one the client or the clock does. What one `press` does to several
    visits is `told_together`, by whoever does it, at `leaves_at`. `door` is the strictest `DoorRule` of which staff
    say that whoever comes knows it holds."""

    at: datetime
    actor: User | None = None
    by_client: bool = False
    reason: str = ""
    told_together: bool = False
    press: UUID = field(default_factory=uuid.uuid4)
    leaves_at: datetime | None = None
    door: str = ""

    def tells_at(self, *starts: datetime) -> datetime:
        """When what it tells the client leaves: by staff after the owner's minutes, in which they can think again; at
        once where one of the visit's `starts` is near, or staff didn't do it."""
        if self.leaves_at is not None:
            return self.leaves_at
        near = any(timedelta(0) <= start - self.at < AT_ONCE_WITHIN for start in starts)
        if self.actor is None or near:
            return self.at
        return self.at + timedelta(minutes=MessageSettings.load().second_thoughts_minutes)


@dataclass(frozen=True, slots=True)
class StaffAct(Act):
    """An act of which it is known who of the staff does it."""

    actor: User


def columns_of(row: Model) -> dict[str, str | None]:
    """A row's columns as text."""
    return {
        column.attname: None if getattr(row, column.attname) is None else column.value_to_string(row)
        for column in row._meta.concrete_fields
    }


def set_columns(row: Model, columns: Columns) -> None:
    """Makes a row's columns what `columns_of` wrote."""
    for column in row._meta.concrete_fields:
        if column.attname in columns:
            text = columns[column.attname]
            setattr(row, column.attname, None if text is None else column.to_python(text))


def keep(
    event: BookingEvent,
    was: Columns,
    act: Act,
    leaves_at: datetime,
    **beside: Any,
) -> None:
    """Keeps what an act changed, until its message leaves: how the visit `was`, and `beside` it `fee`, `drives` and
    `steps` as `columns_of` writes rows, the keys of `add_ons`, the notes of `access`, the client's `phone` as it was
    and as it was written, the `rule` of the address that it came to as it was where its own went along. What waits to
    tell how the visit stands waits as long. Nothing where the message leaves at once."""
    if leaves_at <= act.at:
        return
    now_is = columns_of(event.booking)
    changed = {name: text for name, text in was.items() if now_is[name] != text}
    before = {"visit": changed, **beside}
    SecondThought.objects.create(event=event, press=act.press, leaves_at=leaves_at, before=before)
    outbox.put_off(booking=event.booking, until=leaves_at)


def is_answer(booking: Booking, instants: Sequence[datetime]) -> bool:
    """Whether what was done at one of these instants answered a late move: who asked for it waits to hear of it."""
    return ChangeRequest.objects.filter(booking=booking, answered_at__in=instants).exists()


def is_as_told(booking: Booking, act: Act, was: Columns, **beside: Any) -> bool:
    """Whether an act, before which the visit `was` so, `beside` as for `keep`, has left it just as its client knows it,
    since what was done before is not told yet either: what waits to tell of that is no longer true. Of such messages
    none is then taken by a sender until the commit."""
    if outbox.may_have_left(booking):
        return False
    events = told.untold([booking], until=act.at)[booking.pk][:-1]
    thoughts = {
        thought.event_id: thought.before
        for thought in SecondThought.objects.filter(event__in=events).order_by()
    }
    if not events or len(thoughts) < len(events):
        return False
    if is_answer(booking, [event.at for event in events]):
        return False
    before = [thoughts[event.pk] for event in events] + [{"visit": was, **beside}]
    known: dict[str, str | None] = {}
    add_ons: list[int] | None = None
    for one in reversed(before):
        known |= one["visit"]
        add_ons = one.get("add_ons", add_ons)
    now_is = columns_of(booking)
    same = all(
        now_is[name] == text for name, text in known.items() if name not in ("revision", "address_rule")
    )
    return same and (add_ons is None or set(add_ons) == {row.pk for row in booking.add_ons.all()})


def waiting_thoughts(*, now: datetime) -> QuerySet[SecondThought]:
    """What can still be undone, the newest first, without what it would put back; with `is_told`, whether a message
    waits to tell the client how the visit stands: none does where all is as they know it. What something was done after
    that can't be undone is not among them: it would be refused."""
    later = BookingEvent.objects.filter(booking=OuterRef("event__booking"), pk__gt=OuterRef("event"))
    final = later.exclude(kind=EventKind.PERSON).exclude(pk__in=SecondThought.objects.values("event"))
    rows = SecondThought.objects.filter(leaves_at__gt=now).select_related("event__booking")
    # A press is undone as a whole, or not at all.
    rows = rows.exclude(press__in=SecondThought.objects.filter(Exists(final)).values("press"))
    return rows.annotate(is_told=outbox.waits_to_tell("event__booking")).defer("before").order_by("-event")


def purge_second_thoughts(*, now: datetime) -> int:
    """Deletes what is kept of acts whose messages have left an hour ago; returns how many rows went."""
    return delete_in_batches(SecondThought.objects.filter(leaves_at__lte=now - timedelta(hours=1)))
