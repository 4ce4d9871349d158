"""Late fees: what the terms that were agreed to name for canceling or moving late, and for not opening; and what staff
decide about one."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from bookings.enums import BookingStatus, EventKind, LateFeeState, MessageKind
from bookings.exceptions import FeeDecided
from bookings.models import Booking, BookingRules, LateFee

from .act import Act, columns_of
from .transaction import lock_visit, record, tell_once_more, translated_errors


def late_fee(booking: Booking, *, now: datetime) -> int | None:
    """The late fee in cents that the terms name for canceling or moving this visit now; None while that is free.

    A request that nobody has confirmed yet can be canceled for nothing at any time, and so can a visit to which we come
    later than the owner's minutes.
    """
    if booking.status != BookingStatus.CONFIRMED or now <= free_until(booking):
        return None
    if we_are_too_late(booking):
        return None
    return booking.terms_version.late_fee_cents(
        treatment_cents=booking.treatment_cents, total_cents=booking.total_cents
    )


def we_are_too_late(booking: Booking) -> bool:
    """Whether the client was told last to expect us more than the owner's minutes later than was booked."""
    last = booking.steps.standing().exclude(expected_from=None).last()
    if last is None or last.expected_from is None:
        return False
    return last.expected_from - booking.blocked_from > timedelta(
        minutes=BookingRules.load().late_free_minutes
    )


def free_until(booking: Booking) -> datetime:
    """The last moment at which the visit can be canceled or moved without a fee, by the terms it was booked under."""
    return booking.terms_version.free_until(booking.starts_at)


# What may be decided about a late fee, by how it stands. Paid was pressed too early now and then.
_FEE_MAY_BECOME: dict[str, frozenset[str]] = {
    LateFeeState.OPEN: frozenset({LateFeeState.CHARGED, LateFeeState.WAIVED}),
    LateFeeState.CHARGED: frozenset({LateFeeState.PAID, LateFeeState.WAIVED}),
    LateFeeState.PAID: frozenset({LateFeeState.CHARGED}),
    LateFeeState.WAIVED: frozenset(),
}
_OWED = frozenset({LateFeeState.CHARGED, LateFeeState.PAID})


def fee_may_become(fee: LateFee, state: LateFeeState) -> bool:
    """Whether that can be decided about the late fee as it stands."""
    return state in _FEE_MAY_BECOME[fee.state]


def decide_late_fee(
    *, fee: LateFee, actor: User, now: datetime, state: LateFeeState, reason: str = ""
) -> Booking:
    """Asks for, waives (with the `reason`, for staff), or puts down as paid the late fee of a visit that was canceled
    late or where nobody opened. The client is told what is asked for or waived. Raises `FeeDecided` when it stands
    otherwise than the given `fee` by now."""
    with translated_errors(), transaction.atomic():
        booking = lock_visit(fee.booking)
        fresh = LateFee.objects.filter(pk=fee.pk).first()
        if fresh is None or fresh.state != fee.state or not fee_may_become(fresh, state):
            raise FeeDecided(fresh.state if fresh is not None else booking.status)
        is_told = fresh.state == LateFeeState.OPEN or state == LateFeeState.WAIVED
        was, fee_was = columns_of(booking), columns_of(fresh)
        put_down(fresh, booking, state, Act(now, actor, reason=reason))
        done = {
            LateFeeState.CHARGED: _("charged"),
            LateFeeState.PAID: _("paid"),
            LateFeeState.WAIVED: _("waived: %(why)s") % {"why": reason} if reason else _("waived"),
        }[state]
        act = Act(now, actor, reason=done)
        event = record(booking, EventKind.FEE_DECIDED, booking.status, act)
        if is_told:
            missed = booking.status == BookingStatus.NO_SHOW
            kind = MessageKind.NO_SHOW if missed else MessageKind.LATE_FEE
            tell_once_more(event, was, act, kind, fee=fee_was)
    return booking


def put_down(fee: LateFee, booking: Booking, state: LateFeeState, act: Act) -> None:
    """Writes what staff decided about a late fee; what is owed by it is a part of the visit's row."""
    owed = (state in _OWED) - (fee.state in _OWED)
    fee.state, fee.decided_at, fee.decided_by = state, act.at, act.actor
    fee.why_waived = act.reason if state == LateFeeState.WAIVED else ""
    fee.save()
    if owed:
        booking.late_fee_cents += owed * fee.cents
        booking.save(update_fields=["late_fee_cents"])
