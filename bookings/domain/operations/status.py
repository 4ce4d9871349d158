"""Confirming, declining and canceling: one visit, or all that one press asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from bookings.domain import outbox
from bookings.domain.lifecycle import require_transition
from bookings.enums import BookingStatus, EventKind, MessageKind, NoteScope
from bookings.exceptions import ConsentTakenBack, InvalidTransition, ScreeningNotCleared
from bookings.models import Booking, BookingQuerySet, BookingRules, OwnConsent

from .act import Act
from .claim import claim_in_place
from .clearance import needs_clinician_note, record_clinician_note
from .doors import require_told
from .expiry import prove
from .transaction import Change, change_status, lock_therapists_of, translated_errors, write_status

# What can still be canceled.
CANCELABLE = (BookingStatus.REQUESTED, BookingStatus.CONFIRMED)

CONFIRM = Change(BookingStatus.CONFIRMED, EventKind.CONFIRMED, MessageKind.CONFIRMED)
DECLINE = Change(BookingStatus.DECLINED, EventKind.DECLINED, MessageKind.DECLINED)
CANCEL = Change(BookingStatus.CANCELED, EventKind.CANCELED, MessageKind.CANCELED)


def confirm_booking(
    *, booking: Booking, actor: User | None, now: datetime, reason: str = "", door: str = ""
) -> Booking:
    """Confirms a request and tells the client. Raises `InvalidTransition`, `ScreeningNotCleared` while a clinician's
    note is asked for and not on record, `ConsentTakenBack`, `DoorUntold` by `Act.door`, or `SlotNotOffered` when the
    therapist can't keep the time any more. Of two visits side by side that wait both are confirmed, or none, and told
    of once."""
    act = Act(now, actor, reason=reason, door=door)
    with translated_errors(), transaction.atomic():
        if booking.together is not None:
            # Staff who confirm one vouch for the mailbox of all that were asked for with it.
            prove(booking, act)
            pair = Booking.objects.filter(
                Q(pk=booking.pk) | Q(pk__in=Booking.objects.side_by_side(booking).values("pk"))
            ).filter(status=BookingStatus.REQUESTED)
            if pair.count() > 1:
                both = _confirm_all(pair, act)
                return next(one for one in both if one.pk == booking.pk)
        return _confirm(booking, act)


def require_agreed(booking: Booking, *, by: datetime | None = None) -> None:
    """Raises `ConsentTakenBack` where who is visited doesn't agree any more, or didn't `by` an aware instant."""
    if OwnConsent.is_taken_back(client=booking.client, name=booking.recipient_name, by=by):
        raise ConsentTakenBack


def _confirm(booking: Booking, act: Act) -> Booking:
    with claim_in_place(booking, rules=BookingRules.load(), now=act.at) as standing:
        fresh = standing.visit
        require_transition(fresh.status, BookingStatus.CONFIRMED)
        if needs_clinician_note(fresh):
            raise ScreeningNotCleared(fresh.reference)
        require_agreed(fresh)
        require_told(fresh, act)
        standing.slot_in_place()
        write_status(fresh, CONFIRM, act)
    return fresh


def confirm_together(
    *, together: UUID, actor: User, now: datetime, note: str = "", door: str = ""
) -> list[Booking]:
    """Confirms all requests of one press that still wait, all or none, and tells the client once. A clinician's `note`
    is first put on record where one is asked for: it speaks of the whole course. `door` is as in `Act`.

    Raises as `confirm_booking` and `record_clinician_note`, and `InvalidTransition` when none waits.
    """
    return _confirm_all(
        Booking.objects.filter(together=together).waiting(), Act(now, actor, door=door), note=note
    )


def _confirm_all(rows: BookingQuerySet, act: Act, *, note: str = "") -> list[Booking]:
    with translated_errors(), transaction.atomic():
        waiting = _lock_all(rows, BookingStatus.CONFIRMED)
        act = _told_together(act, waiting)
        confirmed = []
        for booking in waiting:
            if note and needs_clinician_note(booking):
                record_clinician_note(
                    booking=booking, actor=act.actor, note=note, now=act.at, scope=NoteScope.COURSE
                )
            confirmed.append(_confirm(booking, act))
        _tell_together(confirmed[0], act)
    return confirmed


def _told_together(act: Act, visits: Collection[Booking]) -> Act:
    """The act as one email tells of it, for all visits at one time."""
    return replace(act, told_together=True, leaves_at=act.tells_at(*(visit.starts_at for visit in visits)))


def _tell_together(first: Booking, act: Act, alert: Sequence[MessageKind] = ()) -> None:
    kinds = [MessageKind.TOGETHER, *alert]
    outbox.write_messages(booking=first, kinds=kinds, now=act.at, leaves_at=act.leaves_at)


def decline_booking(*, booking: Booking, actor: User | None, now: datetime, reason: str = "") -> Booking:
    """Declines a request and tells the client kindly. `reason` is for staff only. Raises `InvalidTransition`."""
    return change_status(booking, DECLINE, Act(now, actor, reason=reason))


def decline_together(*, together: UUID, act: Act) -> list[Booking]:
    """Declines all requests of one press that still wait, all or none, and tells the client once. Raises
    `InvalidTransition` when none waits."""
    with translated_errors(), transaction.atomic():
        waiting = _lock_all(Booking.objects.filter(together=together).waiting(), BookingStatus.DECLINED)
        act = _told_together(act, waiting)
        declined = [change_status(booking, DECLINE, act) for booking in waiting]
        _tell_together(declined[0], act)
    return declined


def cancel_booking(
    *, booking: Booking, actor: User | None, now: datetime, reason: str = "", by_client: bool = False
) -> Booking:
    """Cancels a request or a confirmed visit and tells the client; staff too, when the client did it by themselves.

    `by_client` with an `actor`: staff do it at the client's word. Without it we cancel, and the client reads `reason`.
    Raises `InvalidTransition`.
    """
    return change_status(booking, CANCEL, Act(now, actor, by_client, reason))


def cancel_together(
    *,
    together: UUID,
    act: Act,
    check: Callable[[Booking], None] | None = None,
    then: Callable[[Booking], None] | None = None,
    kind: EventKind = EventKind.CANCELED,
) -> list[Booking]:
    """Cancels all that is still to come of one press, all or none, and tells the client once, and staff once when the
    client did it by themselves; who asks for late fees does so by `check` and `then`, as in `change_status`. `kind`
    says as what it stands in the history.

    Raises `InvalidTransition` when nothing is to come.
    """
    with translated_errors(), transaction.atomic():
        ahead = _lock_all(ahead_together(together, now=act.at), BookingStatus.CANCELED)
        act = _told_together(act, ahead)
        change = CANCEL._replace(event=kind)
        canceled = [change_status(booking, change, act, check=check, then=then) for booking in ahead]
        alert = [MessageKind.STAFF_ALERT] if act.actor is None else []
        _tell_together(canceled[0], act, alert)
    return canceled


def ahead_together(together: UUID, *, now: datetime) -> BookingQuerySet:
    """The visits of one press that stand and are still to come, in order of time."""
    return Booking.objects.filter(together=together, status__in=CANCELABLE, starts_at__gt=now).order_by(
        "starts_at", "pk"
    )


def _lock_all(rows: BookingQuerySet, wanted: BookingStatus) -> list[Booking]:
    """Visits in order of time, with their therapists locked in the order of everybody before the first visit is taken
    alone. Raises `InvalidTransition` when there are none."""
    found = list(rows.order_by("starts_at", "pk"))
    if not found:
        raise InvalidTransition(wanted, wanted)
    lock_therapists_of(found)
    return found
