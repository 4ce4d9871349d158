"""What a client does with a visit that stands: a cancel is done at once at any hour, a move while there is notice
enough; later staff are asked for it. What is late, and for how much, say the terms that were agreed to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from bookings.domain import outbox
from bookings.enums import BookingStatus, ChangeState, EventKind, LateFeeState, MessageKind
from bookings.exceptions import (
    ChangeAnswered,
    ChangedMeanwhile,
    ChangeWaiting,
    InvalidTransition,
    LateChange,
    NotLate,
)
from bookings.models import Booking, BookingRules, ChangeRequest, LateFee

from .act import Act, columns_of
from .late_fees import late_fee, put_down
from .move import Move, NewTime, may_change, move_booking, move_together, require_day, therapist_for_move
from .status import CANCEL, cancel_together
from .transaction import change_status, lock_visit, record, tell_once_more, translated_errors


class Shown(NamedTuple):
    """A visit as a page showed it before it is canceled or moved: its revision, None where only the fee was named; and
    the late fee in cents, None for none."""

    revision: int | None
    fee_cents: int | None = None


def cancel_by_client(
    *, booking: Booking, shown: Shown, now: datetime, asks_waiver: bool = False, reason: str = ""
) -> Booking:
    """Cancels, whatever the hour. Inside the notice window the fee that was shown is left for staff to decide.

    Raises `LateChange` with the fee, or `NotLate`, when another was shown; `ChangedMeanwhile` when the visit is not as
    it was shown, `InvalidTransition` or `SlotTaken`. Nothing has changed then.
    """

    return change_status(
        booking,
        CANCEL,
        Act(now, by_client=True),
        check=_as_shown(shown, now),
        then=lambda canceled: _name_fee(canceled, shown.fee_cents, asks_waiver, reason, now),
    )


def _name_fee(canceled: Booking, cents: int | None, asks_waiver: bool, reason: str, now: datetime) -> None:
    if cents:
        LateFee.objects.create(
            booking=canceled, cents=cents, asks_waiver=asks_waiver, reason=reason, named_at=now
        )


def cancel_together_by_client(
    *,
    together: UUID,
    shown: Mapping[str, Shown],
    now: datetime,
    asks_waiver: bool = False,
    reason: str = "",
    kind: EventKind = EventKind.CANCELED,
) -> list[Booking]:
    """Cancels all that is still to come of one press, each as `cancel_by_client` would, all or none, and tells the
    client and staff once. `shown` has all of them, by reference; `kind` says as what it stands in the history. Raises
    as `cancel_by_client`."""

    def check(fresh: Booking) -> None:
        if fresh.reference not in shown:
            raise ChangedMeanwhile
        _as_shown(shown[fresh.reference], now)(fresh)

    with transaction.atomic():
        canceled = cancel_together(
            together=together,
            act=Act(now, by_client=True),
            check=check,
            kind=kind,
            then=lambda one: _name_fee(one, shown[one.reference].fee_cents, asks_waiver, reason, now),
        )
        if len(canceled) < len(shown):
            raise ChangedMeanwhile  # one of them began, or was canceled, since
    return canceled


def move_by_client(*, booking: Booking, to: NewTime, shown: Shown, now: datetime) -> Booking:
    """Moves while that is free, as `move_booking`, on the days of `days_beside`. Also raises
    `LateChange` when staff have to be asked, and `ChangedMeanwhile` when the visit is not as it was `shown`, without a
    fee."""
    as_shown = _as_shown(shown, now)

    def check(fresh: Booking) -> None:
        as_shown(fresh)
        require_day(fresh, to.starts_at, locks=True)

    return move_booking(booking=booking, to=to, act=Act(now, by_client=True), check=check)


def move_together_by_client(*, moves: Sequence[Move], rules: BookingRules, now: datetime) -> list[Booking]:
    """Moves several visits of one press while that is free for each, as `move_together`. Raises `LateChange` too."""
    act = Act(now, by_client=True)
    return move_together(moves=moves, rules=rules, act=act, check=_as_shown(Shown(None), now))


def _as_shown(shown: Shown, now: datetime) -> Callable[[Booking], None]:
    """Whether the visit and its late fee are as they were shown."""

    def check(fresh: Booking) -> None:
        if not may_change(fresh, now=now):
            raise InvalidTransition(fresh.status, BookingStatus.CANCELED)
        if shown.revision is not None and fresh.revision != shown.revision:
            raise ChangedMeanwhile
        fee = late_fee(fresh, now=now)
        if fee != shown.fee_cents:
            raise NotLate if fee is None else LateChange(fee)

    return check


def move_or_ask(
    *, booking: Booking, to: NewTime, shown: Shown, now: datetime, reason: str = ""
) -> Booking | ChangeRequest:
    """Moves while that is free, and else, where a late fee was `shown`, asks staff for a time that can be had. Raises
    as `move_by_client`, or as `therapist_for_move` and `ask_move`."""
    if shown.fee_cents is None:
        return move_by_client(booking=booking, to=to, shown=shown, now=now)
    therapist_for_move(booking, to, now=now)
    return ask_move(booking=booking, to=to, shown=shown, now=now, reason=reason)


def ask_move(
    *, booking: Booking, to: NewTime, shown: Shown, now: datetime, reason: str = ""
) -> ChangeRequest:
    """Asks staff for a late move; the visit keeps its time until they answer, and can be canceled meanwhile. Asked
    twice for the same, it is asked once.

    Raises `NotLate` when nobody has to be asked, `LateChange` with the fee when another was shown, `ChangedMeanwhile`
    when the visit is not as it was shown, `ChangeWaiting` when another move was asked for already, or
    `InvalidTransition`.
    """
    preference = to.preference or ""
    with translated_errors(), transaction.atomic():
        fresh = lock_visit(booking)
        if not may_change(fresh, now=now):
            raise InvalidTransition(fresh.status, EventKind.MOVED)
        waiting = ChangeRequest.objects.filter(booking=fresh, state=ChangeState.OPEN).first()
        if waiting is not None:
            if (waiting.wanted_starts_at, waiting.preference) == (to.starts_at, preference):
                return waiting
            raise ChangeWaiting
        _as_shown(shown, now)(fresh)
        if shown.fee_cents is None:
            raise NotLate
        change = ChangeRequest.objects.create(
            booking=fresh,
            wanted_starts_at=to.starts_at,
            preference=preference,
            reason=reason,
            fee_cents=shown.fee_cents,
            asked_at=now,
        )
        record(fresh, EventKind.CHANGE_ASKED, fresh.status, Act(now, by_client=True, reason=reason))
        outbox.write_once_more(booking=fresh, kind=MessageKind.CHANGE_ALERT, now=now)
    return change


def cancel_late(
    *, booking: Booking, actor: User, shown_fee_cents: int, now: datetime, reason: str = ""
) -> Booking:
    """Staff cancel for a client who asks inside the notice window, with the late fee that was named to them.

    Raises `NotLate` when there is none, `LateChange` with the fee when it is another one, or `InvalidTransition`
    or `SlotTaken`; nothing has changed then.
    """

    act = Act(now, actor, by_client=True, reason=reason)

    def charge(canceled: Booking) -> None:
        fee = LateFee(booking=canceled, cents=shown_fee_cents, named_at=now)
        put_down(fee, canceled, LateFeeState.CHARGED, act)

    return change_status(
        booking, CANCEL, act, check=_as_shown(Shown(None, shown_fee_cents), now), then=charge
    )


def cancel_together_late(
    *, together: UUID, actor: User, shown_fee_cents: int, now: datetime, reason: str = ""
) -> list[Booking]:
    """Staff cancel all that is still to come of one press for a client, with the late fees, whose sum was named to
    them. Raises as `cancel_late`."""
    fees: dict[int, int] = {}
    act = Act(now, actor, by_client=True, reason=reason)

    def look(fresh: Booking) -> None:
        fees[fresh.pk] = late_fee(fresh, now=now) or 0

    def charge(canceled: Booking) -> None:
        if fees[canceled.pk]:
            fee = LateFee(booking=canceled, cents=fees[canceled.pk], named_at=now)
            put_down(fee, canceled, LateFeeState.CHARGED, act)

    with transaction.atomic():
        canceled = cancel_together(together=together, act=act, check=look, then=charge)
        due = sum(fees.values())
        if due != shown_fee_cents:
            raise LateChange(due) if due else NotLate
    return canceled


def withdraw_change(*, change: ChangeRequest, now: datetime) -> None:
    """The client wants the visit as it stands after all. Raises `ChangeAnswered` when staff were quicker."""
    with translated_errors(), transaction.atomic():
        booking = lock_visit(change.booking)
        _close(change, ChangeState.WITHDRAWN, now=now, actor=None)
        reason = _("the late move is no longer wanted")
        record(booking, EventKind.EDITED, booking.status, Act(now, by_client=True, reason=reason))


def accept_change(
    *, change: ChangeRequest, actor: User, now: datetime, with_fee: bool, door: str = ""
) -> Booking:
    """Moves to the wanted start, and tells the client; with the late fee as the client was shown it, or without. There
    is none once the visit can be changed for nothing. `door` is as in `Act`.

    Raises `ChangeAnswered`, `ChangedMeanwhile`, or what `move_booking` raises; nothing has changed then.
    """

    def fee_of(booking: Booking) -> int:
        if not with_fee or late_fee(booking, now=now) is None:
            return 0
        return change.fee_cents

    fee = fee_of(change.booking)

    def check(fresh: Booking) -> None:
        _require_open(change)
        if fee_of(fresh) != fee:
            raise ChangedMeanwhile

    return move_booking(
        booking=change.booking,
        to=NewTime(change.wanted_starts_at, change.preference or None),
        act=Act(now, actor, reason=change.reason, door=door),
        check=check,
        late_fee_cents=fee,
    )


def refuse_change(*, change: ChangeRequest, actor: User, now: datetime, reason: str = "") -> None:
    """Says kindly no; the visit stands. `reason` is for staff only. Raises `ChangeAnswered`."""
    with translated_errors(), transaction.atomic():
        booking = lock_visit(change.booking)
        _close(change, ChangeState.REFUSED, now=now, actor=actor)
        act = Act(now, actor, reason=reason)
        event = record(booking, EventKind.CHANGE_REFUSED, booking.status, act)
        tell_once_more(event, columns_of(booking), act, MessageKind.CHANGE_REFUSED)


def _require_open(change: ChangeRequest) -> None:
    state = ChangeRequest.objects.values_list("state", flat=True).get(pk=change.pk)
    if state != ChangeState.OPEN:
        raise ChangeAnswered(state)


def _close(change: ChangeRequest, state: ChangeState, *, now: datetime, actor: User | None) -> None:
    _require_open(change)
    ChangeRequest.objects.filter(pk=change.pk).update(state=state, answered_at=now, answered_by=actor)
