"""How a visit ended: done, or nobody opened; and taking back what was said of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from bookings.enums import BookingStatus, EventKind, LateFeeState, MessageKind, MessageState, StepKind
from bookings.exceptions import FeeAsked, FeeDecided, FeePaid, FeeUntold, InvalidTransition, StillWaiting
from bookings.models import Booking, CheckIn, LateFee, Message
from bookings.models.steps import waits_until
from massagerx.lib.localtime import local

from .act import Act
from .transaction import Change, change_status, lock_visit, record, translated_errors

COMPLETE = Change(BookingStatus.COMPLETED, EventKind.COMPLETED, None)
NO_SHOW = Change(BookingStatus.NO_SHOW, EventKind.NO_SHOW, None)


def complete_booking(
    *, booking: Booking, actor: User | None, now: datetime, reason: str = "", may_decide: bool = True
) -> Booking:
    """Marks a visit as done. Raises `InvalidTransition`, also before the visit starts, and where nobody is said to have
    opened `FeePaid`, `FeeAsked` or `FeeUntold`; `FeeDecided` for an actor who may not decide about late fees."""

    def drop_fee(fresh: Booking) -> None:
        _drop_fee(fresh, may_decide)

    check = _require_started(BookingStatus.COMPLETED, now)
    return change_status(booking, COMPLETE, Act(now, actor, reason=reason), check=check, then=drop_fee)


def mark_no_show(
    *, booking: Booking, actor: User | None, now: datetime, reason: str = "", may_decide: bool = True
) -> Booking:
    """Marks a visit as one where nobody opened. Where the terms name a late fee, the client hears of both at once, when
    staff have decided about it; else of this. Raises `InvalidTransition`, also before the visit starts, and
    `StillWaiting` for an actor who may not decide about late fees, as long as the terms have them wait at the door."""

    def name_fee(fresh: Booking) -> MessageKind | None:
        cents = fresh.terms_version.late_fee_cents(
            treatment_cents=fresh.treatment_cents, total_cents=fresh.total_cents
        )
        if not cents:
            return MessageKind.NO_SHOW
        LateFee.objects.create(booking=fresh, cents=cents, named_at=now)
        return None

    started = _require_started(BookingStatus.NO_SHOW, now)

    def check(fresh: Booking) -> None:
        started(fresh)
        until = waits_until(fresh.starts_at, fresh.terms_version.wait_minutes, fresh.steps.standing())
        if not may_decide and now < until:
            raise StillWaiting(until)

    return change_status(booking, NO_SHOW, Act(now, actor, reason=reason), check=check, then=name_fee)


def _drop_fee(fresh: Booking, may_decide: bool) -> None:
    """Takes back the late fee of a visit where nobody opened, as was said, and of which its client doesn't think that
    it is owed. Raises `FeePaid`, `FeeAsked`, `FeeUntold` or `FeeDecided`."""
    fee = LateFee.objects.filter(booking=fresh).first()
    if fee is None:
        return
    if fee.state != LateFeeState.OPEN and not may_decide:
        raise FeeDecided(fee.state)
    if fee.state == LateFeeState.PAID:
        raise FeePaid
    told_by = Message.objects.filter(booking=fresh, kind=MessageKind.NO_SHOW)
    # A sender that is taking it at this moment has it, or waits and finds the visit another one.
    states = set(told_by.select_for_update().order_by().values_list("state", flat=True))
    if fee.state == LateFeeState.CHARGED and states != {MessageState.DUE}:
        raise FeeAsked
    if fee.state == LateFeeState.WAIVED and states & {MessageState.DUE, MessageState.SENDING}:
        raise FeeUntold
    if fee.state == LateFeeState.CHARGED:
        fresh.late_fee_cents -= fee.cents
        fresh.save(update_fields=["late_fee_cents"])
    fee.delete()


def may_reopen(booking: Booking, *, now: datetime) -> bool:
    """Whether somebody said today, by the local calendar, how the visit ended, so that it can be taken back."""
    if booking.status not in (BookingStatus.COMPLETED, BookingStatus.NO_SHOW):
        return False
    said = booking.events.filter(kind__in=[EventKind.COMPLETED, EventKind.NO_SHOW]).last()
    return said is not None and local(said.at).date() == local(now).date()


def reopen_booking(
    *, booking: Booking, actor: User, now: datetime, reason: str = "", may_decide: bool = True
) -> Booking:
    """Takes back, on the day it was said, how a visit ended: it waits to be closed again, and what was to be sent about
    it is not sent. Raises `InvalidTransition`, and of the late fee as `complete_booking`."""
    with translated_errors(), transaction.atomic():
        fresh = lock_visit(booking)
        if not may_reopen(fresh, now=now):
            raise InvalidTransition(fresh.status, BookingStatus.CONFIRMED)
        before = fresh.status
        _drop_fee(fresh, may_decide)
        fresh.steps.filter(kind=StepKind.DONE, undone_at=None).update(undone_at=now)
        fresh.status = BookingStatus.CONFIRMED
        fresh.save(update_fields=["status"])
        # Who may still be there is looked out for again.
        if now < fresh.blocked_until:
            CheckIn.objects.go_on(fresh)
        record(fresh, EventKind.REOPENED, before, Act(now, actor, reason=reason))
    return fresh


def _require_started(wanted: BookingStatus, now: datetime) -> Callable[[Booking], None]:
    def check(fresh: Booking) -> None:
        if fresh.starts_at > now:
            raise InvalidTransition(fresh.status, wanted)

    return check
