"""A clinician's note on record: whether a visit needs one, and who puts it there."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from functools import partial

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from bookings.domain import intake
from bookings.enums import BookingStatus, EventKind, NoteScope
from bookings.exceptions import ChangedMeanwhile, InvalidTransition
from bookings.models import Booking, BookingQuerySet, ClinicianNote, ScreeningRecheck
from bookings.models.intake import needs_note, same_person
from massagerx.lib.localtime import day_bounds

from .act import Act
from .transaction import record


def needs_clinician_note(booking: Booking) -> bool:
    """Whether the booking may not be confirmed before staff have recorded a clinician's note: one that came after every
    answer that asks for it, whatever was answered later."""
    return any_needs_clinician_note([booking])


def any_needs_clinician_note(bookings: Collection[Booking]) -> bool:
    """Whether that is so of one of these; as many queries for forty as for one."""
    return Booking.objects.filter(needs_note(), pk__in=[booking.pk for booking in bookings]).exists()


def has_grave_answers(booking: Booking) -> bool:
    """Whether health answers given again wait for a person: one is graver than what was said before to the same
    question, and no note came after them."""
    return booking.rechecks.since_last_note().with_news().exists()


def may_record_note(booking: Booking, *, now: datetime) -> bool:
    """Whether a note about health answers still changes anything: a request waits for it, or a confirmed visit to come
    has answers that nobody has spoken about."""
    if booking.status == BookingStatus.REQUESTED:
        return True
    return (
        booking.status == BookingStatus.CONFIRMED and booking.starts_at > now and has_grave_answers(booking)
    )


def record_clinician_note(
    *,
    booking: Booking,
    actor: User | None,
    note: str,
    now: datetime,
    shown_recheck: int | None = None,
    scope: NoteScope = NoteScope.VISIT,
    until: date | None = None,
) -> ClinicianNote:
    """Puts on record, encrypted, what was said about the health answers, with who wrote it down: a clinician's go-ahead
    for a request, or what the call came to about graver answers to a confirmed visit, which settles them. Without an
    `actor` a surgeon's office entered it.

    `scope` is what it speaks of, `until` the last local day of visits that one for a service covers. `shown_recheck` is
    the key of the newest answers given again that the writer was shown; a note speaks of no others, and one for a
    service of no first answers to another visit that say more than those to this one. Raises
    `ChangedMeanwhile` when there are newer ones, or graver ones to another visit within the scope, and
    `InvalidTransition` when nothing waits for a note.
    """
    with transaction.atomic():
        fresh = Booking.objects.select_for_update(no_key=True).get(pk=booking.pk)
        if not may_record_note(fresh, now=now):
            raise InvalidTransition(fresh.status, EventKind.CLEARED)
        newest = fresh.rechecks.order_by("-pk").values_list("pk", flat=True).first()
        if newest is not None and newest > (shown_recheck or 0):
            raise ChangedMeanwhile
        beside = _beside(fresh, scope).filter(starts_at__gt=now)
        if ScreeningRecheck.objects.filter(booking__in=beside).since_last_note().with_news().exists():
            raise ChangedMeanwhile
        if scope == NoteScope.SERVICE:
            intake.cover_first_answers(beside, beside=fresh, now=now)
        recorded = ClinicianNote.objects.create(
            booking=booking,
            note=note,
            scope=scope,
            covers_until=day_bounds(until)[1] if until is not None else None,
            recorded_by=actor,
            recorded_at=now,
        )
        reason = (
            "" if fresh.status == BookingStatus.REQUESTED else _("health answers given again are settled")
        )
        record(fresh, EventKind.CLEARED, fresh.status, Act(now, actor, reason=reason))
    return recorded


def _beside(booking: Booking, scope: NoteScope) -> BookingQuerySet:
    """The other visits that a note of that scope, recorded with this one, may speak of."""
    others = Booking.objects.exclude(pk=booking.pk)
    if scope == NoteScope.COURSE and booking.together is not None:
        return others.filter(together=booking.together)
    if scope == NoteScope.SERVICE:
        return others.filter(**same_person(partial(getattr, booking)))
    return others.none()
