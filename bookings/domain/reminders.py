"""Messages that wait for their hour: reminders, the health questions asked again, and the thank-you.

They are rows like all others, written in the transaction that confirms or changes a visit, for the visit as it is
then. No task waits for them: the sweep finds them when they are due, and looks at visit and settings again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Q

from bookings.enums import BookingStatus, MessageKind, MessageState
from bookings.models import (
    Booking,
    BookingQuerySet,
    Client,
    Message,
    MessageSettings,
    ScreeningRecheck,
    ScreeningRecord,
    SecondThought,
)
from massagerx.lib.localtime import day_bounds, local

from . import outbox

KINDS = (
    MessageKind.REMINDER_FIRST,
    MessageKind.REMINDER_LAST,
    MessageKind.RECHECK,
    MessageKind.THANKS,
)
# A thank-you that an outage kept longer than this is not sent any more.
THANKS_AT_MOST_LATE = timedelta(days=3)
# As far back as a thank-you may still be to come: the longest time after a visit that the owner may set.
_LONGEST_WAIT = timedelta(hours=336)


def due_at(kind: str, booking: Booking, settings: MessageSettings) -> datetime | None:
    """When a message of this kind is due for the visit as it is; None while the owner has it switched off.

    Who has no email is called once, on the day before, about all that the messages before a visit would say.

    Raises KeyError for a kind that is not one of `KINDS`.
    """
    if not booking.client.email:
        asked = settings.first_reminder_hours or settings.last_reminder_hours or settings.recheck_hours
        if kind != MessageKind.REMINDER_FIRST or not asked:
            return None
        return day_bounds(local(booking.starts_at).date() - timedelta(days=1))[0]
    hours, start = {
        MessageKind.REMINDER_FIRST: (-settings.first_reminder_hours, booking.starts_at),
        MessageKind.REMINDER_LAST: (-settings.last_reminder_hours, booking.starts_at),
        MessageKind.RECHECK: (-settings.recheck_hours, booking.starts_at),
        MessageKind.THANKS: (settings.thanks_hours, booking.ends_at),
    }[MessageKind(kind)]
    return start + timedelta(hours=hours) if hours else None


def write_reminders(*, booking: Booking, now: datetime, leaves_at: datetime | None = None) -> None:
    """Writes what will be due for a confirmed visit, at its present revision, in the transaction that is open.

    What should have left already is not written: who books late has just read the same words. The health
    questions are the exception: answers older than the owner's hours are asked for at once. For a visit that is
    not confirmed nothing is written. None leaves before `leaves_at`, when what they follow does.
    """
    if booking.status == BookingStatus.CONFIRMED:
        rows = list(_planned(booking, MessageSettings.load(), now))
        for row in rows:
            row.due_at = max(row.due_at, leaves_at or now)
        Message.objects.bulk_create(rows)


def follow_settings(*, now: datetime) -> int:
    """Brings the rows that wait in line with the owner's settings, after these were changed: other times, rows that
    a kind switched on needs, none for a kind switched off. Returns how many rows were written or changed."""
    visits = Booking.objects.filter(status=BookingStatus.CONFIRMED, ends_at__gt=now - _LONGEST_WAIT)
    return _follow_all(visits, now)


def follow_client(client: Client, *, now: datetime) -> None:
    """Brings all that waits to be said to a client in line with how they can be told, after they were given an email or
    lost it. Within the transaction that changes them."""
    outbox.follow_client(client)
    _follow_all(Booking.objects.filter(client=client, status=BookingStatus.CONFIRMED, starts_at__gt=now), now)


def _follow_all(visits: BookingQuerySet, now: datetime) -> int:
    settings = MessageSettings.load()
    changed = 0
    for key in list(visits.values_list("pk", flat=True)):
        # One short transaction a visit: whoever changes a visit meanwhile waits for no more than that.
        with transaction.atomic():
            booking = (
                Booking.objects.select_for_update(no_key=True, of=("self",))
                .select_related("client")
                .get(pk=key)
            )
            if booking.status == BookingStatus.CONFIRMED:
                changed += _follow(booking, settings, now)
    return changed


def _follow(booking: Booking, settings: MessageSettings, now: datetime) -> int:
    """None leaves before what it follows, while that can be undone."""
    rows = {
        message.kind: message
        for message in Message.objects.filter(booking=booking, revision=booking.revision, kind__in=KINDS)
    }
    held = SecondThought.objects.filter(event__booking=booking, leaves_at__gt=now)
    held_until = held.aggregate(last=Max("leaves_at"))["last"] or now
    changed = 0
    for kind, message in rows.items():
        wanted = due_at(kind, booking, settings)
        untouched = Message.objects.filter(pk=message.pk, state=MessageState.DUE, attempts=0)
        if wanted is None:
            changed += untouched.delete()[0]
        elif max(wanted, held_until) != max(message.due_at, held_until):
            changed += untouched.update(due_at=max(wanted, held_until))
    missing = [message for message in _planned(booking, settings, now) if message.kind not in rows]
    for message in missing:
        message.due_at = max(message.due_at, held_until)
    Message.objects.bulk_create(missing)
    return changed + len(missing)


def _planned(booking: Booking, settings: MessageSettings, now: datetime) -> Iterable[Message]:
    planned = []
    for kind in KINDS:
        wanted = due_at(kind, booking, settings)
        if wanted is None:
            continue
        if wanted <= now:
            if kind != MessageKind.RECHECK or booking.starts_at <= now or answered_since(booking, wanted):
                continue
            wanted = now
        planned.append(
            Message(
                booking=booking,
                kind=kind,
                channel=outbox.channel_for(booking, kind),
                revision=booking.revision,
                due_at=wanted,
                created_at=now,
            )
        )
    return planned


def answered_since(booking: Booking, moment: datetime) -> bool:
    """Whether the visit's health questions were answered, the first time or again, at `moment` or later."""
    late = Q(booking=booking, evaluated_at__gte=moment)
    return ScreeningRecord.objects.filter(late).exists() or ScreeningRecheck.objects.filter(late).exists()
