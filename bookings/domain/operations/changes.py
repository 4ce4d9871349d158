"""Cancels and moves by clients: at once while there is notice enough, later by asking staff."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from bookings.domain import intake, outbox
from bookings.enums import BookingStatus, ChangeKind, ChangeState, EventKind, MessageKind
from bookings.exceptions import (
    ChangeAnswered,
    ChangedMeanwhile,
    ChangeWaiting,
    InvalidTransition,
    LateChange,
    NotLate,
    ScreeningChanged,
)
from bookings.models import (
    Booking,
    BookingRules,
    ChangeRequest,
    ScreeningRecheck,
    ScreeningRecord,
    Therapist,
)
from massagerx.lib.localtime import local

from .move import MOVABLE, move_booking
from .status import cancel_booking, is_graver
from .transaction import record, translated_errors

# The same answers within this time are one press that was sent twice.
SAME_PRESS = timedelta(minutes=10)


def may_change(booking: Booking, *, now: datetime) -> bool:
    """Whether the visit is still to come and stands, so that it can be canceled, moved or corrected."""
    return booking.status in MOVABLE and booking.starts_at > now


def late_fee(booking: Booking, rules: BookingRules, *, now: datetime) -> int | None:
    """The late fee in cents that the policy names for canceling or moving this visit now; None while that is free.

    A request that nobody has confirmed yet can be taken back at any time.
    """
    if booking.status != BookingStatus.CONFIRMED:
        return None
    if now <= free_until(booking, rules):
        return None
    return rules.late_fee_cents(booking.total_cents)


def free_until(booking: Booking, rules: BookingRules) -> datetime:
    """The last moment at which the visit can be canceled or moved without a fee."""
    return booking.starts_at - timedelta(hours=rules.cancel_notice_hours)


def cancel_by_client(*, booking: Booking, shown_revision: int, now: datetime) -> Booking:
    """Cancels while that is free. Raises `LateChange` when staff have to be asked, `ChangedMeanwhile` when the visit is
    not as it was shown, `InvalidTransition` or `SlotTaken`."""
    return cancel_booking(
        booking=booking, actor=None, now=now, by_client=True, check=_as_shown_and_free(shown_revision, now)
    )


def move_by_client(
    *,
    booking: Booking,
    starts_at: datetime,
    preference: str,
    shown_revision: int,
    total_cents: int,
    now: datetime,
) -> Booking:
    """Moves while that is free, as `move_booking`. Also raises `LateChange` when staff have to be asked, and
    `ChangedMeanwhile` when the visit is not as it was shown."""
    return move_booking(
        booking=booking,
        starts_at=starts_at,
        now=now,
        by_client=True,
        preference=preference,
        total_cents=total_cents,
        check=_as_shown_and_free(shown_revision, now),
    )


def _as_shown_and_free(shown_revision: int, now: datetime) -> Callable[[Booking], None]:
    def check(fresh: Booking) -> None:
        if not may_change(fresh, now=now):
            raise InvalidTransition(fresh.status, BookingStatus.CANCELED)
        if fresh.revision != shown_revision:
            raise ChangedMeanwhile
        fee = late_fee(fresh, BookingRules.load(), now=now)
        if fee is not None:
            raise LateChange(fee)

    return check


def ask_change(
    *,
    booking: Booking,
    kind: ChangeKind,
    shown_revision: int,
    shown_fee_cents: int,
    now: datetime,
    wanted_starts_at: datetime | None = None,
    preference: str = "",
    reason: str = "",
) -> ChangeRequest:
    """Asks staff for a late cancel or move; the visit stands until they answer. Asked twice for the same, it is asked
    once. `preference` is whom a move may lead to; blank for whom the booking asks for.

    Raises `NotLate` when nobody has to be asked, `LateChange` with the fee when another was shown, `ChangedMeanwhile`
    when the visit is not as it was shown, `ChangeWaiting` when something else was asked for already, or
    `InvalidTransition`.
    """
    rules = BookingRules.load()
    with translated_errors(), transaction.atomic():
        fresh = lock_visit(booking)
        if not may_change(fresh, now=now):
            raise InvalidTransition(fresh.status, kind)
        waiting = ChangeRequest.objects.filter(booking=fresh, state=ChangeState.OPEN).first()
        if waiting is not None:
            asked = (waiting.kind, waiting.wanted_starts_at, waiting.preference)
            if asked == (kind, wanted_starts_at, preference):
                return waiting
            raise ChangeWaiting
        if fresh.revision != shown_revision:
            raise ChangedMeanwhile
        fee = late_fee(fresh, rules, now=now)
        if fee is None:
            raise NotLate
        if fee != shown_fee_cents:
            raise LateChange(fee)
        change = ChangeRequest.objects.create(
            booking=fresh,
            kind=kind,
            wanted_starts_at=wanted_starts_at,
            preference=preference,
            reason=reason,
            fee_cents=fee,
            asked_at=now,
        )
        record(fresh, EventKind.CHANGE_ASKED, fresh.status, now=now, by_client=True, reason=reason)
        outbox.write_once_more(booking=fresh, kind=MessageKind.CHANGE_ALERT, now=now)
    return change


def cancel_late(
    *, booking: Booking, actor: User, shown_fee_cents: int, now: datetime, reason: str = ""
) -> Booking:
    """Staff cancel for a client who asks inside the notice window, with the late fee that was named to them.

    Raises `NotLate` when there is none, `LateChange` with the fee when it is another one, or what `cancel_booking`
    raises; nothing has changed then.
    """

    def check(fresh: Booking) -> None:
        if not may_change(fresh, now=now):
            raise InvalidTransition(fresh.status, BookingStatus.CANCELED)
        fee = late_fee(fresh, BookingRules.load(), now=now)
        if fee is None:
            raise NotLate
        if fee != shown_fee_cents:
            raise LateChange(fee)

    return cancel_booking(
        booking=booking,
        actor=actor,
        now=now,
        reason=reason,
        check=check,
        late_fee_cents=shown_fee_cents,
    )


def withdraw_change(*, change: ChangeRequest, now: datetime) -> None:
    """The client wants the visit as it stands after all. Raises `ChangeAnswered` when staff were quicker."""
    with translated_errors(), transaction.atomic():
        booking = lock_visit(change.booking)
        _close(change, ChangeState.WITHDRAWN, now=now, actor=None)
        reason = _("the late change is no longer wanted")
        record(booking, EventKind.EDITED, booking.status, now=now, by_client=True, reason=reason)


def accept_change(*, change: ChangeRequest, actor: User, now: datetime, with_fee: bool) -> Booking:
    """Does what was asked: cancels, or moves to the wanted start, and tells the client; with the late fee as the client
    was shown it, or without. There is none once the visit can be changed for nothing.

    Raises `ChangeAnswered`, `ChangedMeanwhile`, or what `cancel_booking` and `move_booking` raise; nothing has changed
    then.
    """

    def fee_of(booking: Booking) -> int:
        if not with_fee or late_fee(booking, BookingRules.load(), now=now) is None:
            return 0
        return change.fee_cents

    fee = fee_of(change.booking)

    def check(fresh: Booking) -> None:
        _require_open(change)
        if fee_of(fresh) != fee:
            raise ChangedMeanwhile

    if change.kind == ChangeKind.MOVE:
        assert change.wanted_starts_at is not None
        return move_booking(
            booking=change.booking,
            starts_at=change.wanted_starts_at,
            preference=change.preference or None,
            now=now,
            actor=actor,
            reason=change.reason,
            for_staff=True,
            check=check,
            late_fee_cents=fee,
        )
    return cancel_booking(
        booking=change.booking,
        actor=actor,
        now=now,
        reason=change.reason,
        check=check,
        late_fee_cents=fee,
    )


def refuse_change(*, change: ChangeRequest, actor: User, now: datetime, reason: str = "") -> None:
    """Says kindly no; the visit stands. `reason` is for staff only. Raises `ChangeAnswered`."""
    with translated_errors(), transaction.atomic():
        booking = lock_visit(change.booking)
        _close(change, ChangeState.REFUSED, now=now, actor=actor)
        record(booking, EventKind.CHANGE_REFUSED, booking.status, now=now, actor=actor, reason=reason)
        outbox.write_once_more(booking=booking, kind=MessageKind.CHANGE_REFUSED, now=now)


def lock_visit(booking: Booking) -> Booking:
    """The therapist's row, then the visit's, locked until the commit, as in every operation; the visit as it is now."""
    list(Therapist.objects.select_for_update(no_key=True).filter(bookings=booking.pk))
    return (
        Booking.objects.select_for_update(no_key=True, of=("self",))
        .select_related("therapist", "service", "area", "client")
        .get(pk=booking.pk)
    )


def _require_open(change: ChangeRequest) -> None:
    state = ChangeRequest.objects.values_list("state", flat=True).get(pk=change.pk)
    if state != ChangeState.OPEN:
        raise ChangeAnswered(state)


def _close(change: ChangeRequest, state: ChangeState, *, now: datetime, actor: User | None) -> None:
    _require_open(change)
    ChangeRequest.objects.filter(pk=change.pk).update(state=state, answered_at=now, answered_by=actor)


def recheck_screening(
    *, booking: Booking, version_number: int, answers: dict[str, str], now: datetime
) -> ScreeningRecheck:
    """Keeps the health answers given again before the visit. Nothing is canceled by them: when they are graver than the
    first or the last ones, staff are alerted and call.

    Raises `ScreeningChanged` when other questions are in force, or `InvalidTransition` for a visit that is over.
    """
    current = intake.current_screening(now=now)
    if current.version.number != version_number:
        raise ScreeningChanged
    with translated_errors(), transaction.atomic():
        fresh = lock_visit(booking)
        if not may_change(fresh, now=now):
            raise InvalidTransition(fresh.status, EventKind.RECHECKED)
        last = ScreeningRecheck.objects.filter(booking=fresh).first()
        if last is not None and last.version_id == current.version.pk and last.answers == answers:
            if now - last.evaluated_at < SAME_PRESS:
                return last
        tier = intake.tier_of(current.evaluate(answers, fresh.service.slug, local(now).date(), people=fresh.people))
        recheck = ScreeningRecheck.objects.create(
            booking=fresh, version=current.version, answers=answers, tier=tier, evaluated_at=now
        )
        record(fresh, EventKind.RECHECKED, fresh.status, now=now, by_client=True)
        first = ScreeningRecord.objects.filter(booking=fresh).values_list("tier", flat=True).first()
        if is_graver(tier, first) or is_graver(tier, last.tier if last is not None else None):
            outbox.write_once_more(booking=fresh, kind=MessageKind.RECHECK_ALERT, now=now)
    return recheck
