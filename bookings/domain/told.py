"""What the client of a visit has last been told, where several things were done before one message tells of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from datetime import datetime

from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce

from bookings.enums import TO_STAFF, EventKind, MessageKind, MessageState
from bookings.models import Booking, BookingEvent, Message

Done = dict[int, list[BookingEvent]]


def untold(bookings: Sequence[Booking], *, until: datetime, by: Message | None = None) -> Done:
    """What was done to each of these visits, by its key, since its client last heard how it stands, up to that instant:
    the oldest first, without what was undone or is of the person alone. They have heard what left, or may have, but not
    the message `by`, which tells them now; and who does something by themselves sees on the page how the visit stands.
    Two queries.
    """
    course = {booking.together for booking in bookings if booking.together is not None}
    of_course = Q(kind=MessageKind.TOGETHER, booking__together__in=course)
    heard = (
        Message.objects.filter(Q(state=MessageState.SENT) | Q(uncertain_attempts__gt=0))
        .filter(Q(booking__in=[booking.pk for booking in bookings]) | of_course, created_at__lte=until)
        .exclude(kind__in=TO_STAFF)
    )
    if by is not None:
        heard = heard.exclude(pk=by.pk)
    # What tells of visits together tells how they are when it leaves.
    as_it_left = Coalesce("sent_at", "created_at")
    rows = list(
        heard.annotate(at=Case(When(kind=MessageKind.TOGETHER, then=as_it_left), default=F("created_at")))
        .order_by()
        .values_list("booking", "booking__together", "kind", "at")
    )
    events = BookingEvent.objects.filter(booking__in=[booking.pk for booking in bookings], at__lte=until)
    events = events.exclude(kind=EventKind.PERSON)
    done: Done = {booking.pk: [] for booking in bookings}
    for event in events.select_related("moved_from_therapist").order_by("at", "pk"):
        done[event.booking_id].append(event)
    return {
        booking.pk: _since(
            max(
                (
                    at
                    for key, together, kind, at in rows
                    if key == booking.pk
                    or (
                        kind == MessageKind.TOGETHER and together is not None and together == booking.together
                    )
                ),
                default=None,
            ),
            done[booking.pk],
            until,
        )
        for booking in bookings
    }


def _since(heard_at: datetime | None, events: Iterable[BookingEvent], until: datetime) -> list[BookingEvent]:
    stand: list[BookingEvent] = []
    for event in events:
        if event.kind == EventKind.UNDONE:
            del stand[-1:]
            continue
        if event.by_client and event.actor_id is None:
            stand.clear()
            # What they did is told by its own message alone.
            if event.at != until:
                continue
        if heard_at is None or event.at > heard_at or event.at == until:
            stand.append(event)
    return stand


def as_told(booking: Booking, events: Sequence[BookingEvent]) -> Booking:
    """A visit that has ended as its client knew it, given what they haven't heard of yet: when it was to be, with whom,
    and whether it was confirmed. A copy, not to be saved."""
    told = copy(booking)
    moved = next((event for event in events if event.moved_from is not None), None)
    if moved is not None and moved.moved_from is not None:
        told.starts_at = moved.moved_from
        told.ends_at = told.starts_at + (booking.ends_at - booking.starts_at)
        told.therapist = moved.moved_from_therapist or booking.therapist
    if any(event.kind == EventKind.CONFIRMED for event in events):
        told.confirmed_at = None
    return told
