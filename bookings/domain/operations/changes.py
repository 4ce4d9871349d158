"""What a client does with a visit that stands: a cancel is done at once at any hour, a move while there is notice
enough; later staff are asked for it. What is late, and for how much, say the terms that were agreed to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
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

from .act import Act, columns_of, keep
from .late_fees import late_fee, put_down
from .move import (
    Move,
    NewTime,
    may_change,
    move_booking,
    move_together,
    quote_for_move,
    require_day,
    therapist_for_move,
)
from .status import CANCEL, cancel_together, require_agreed
from .transaction import (
    change_status,
    lock_therapists_of,
    lock_visit,
    record,
    tell_once_more,
    translated_errors,
)


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
    when the visit is not as it was shown, `ChangeWaiting` when another move was asked for already, `ConsentTakenBack`,
    or `InvalidTransition`.
    """
    return _ask([(booking, to, shown.revision)], shown.fee_cents, now=now, reason=reason)[0]


def ask_move_of_both(
    *, moves: Sequence[Move], shown_fee_cents: int | None, now: datetime, reason: str = ""
) -> list[ChangeRequest]:
    """Asks staff for a late move of two visits side by side, which one answer answers; `shown_fee_cents` is of both.
    Raises as `ask_move`; none is asked for then."""
    asked = [(move.booking, NewTime(move.starts_at, move.preference), move.revision) for move in moves]
    return _ask(asked, shown_fee_cents, now=now, reason=reason)


def _ask(
    asked: Sequence[tuple[Booking, NewTime, int | None]],
    shown_fee_cents: int | None,
    *,
    now: datetime,
    reason: str,
) -> list[ChangeRequest]:
    """What is asked with one press, of visits as they were shown by their revisions; staff are told once."""
    with translated_errors(), transaction.atomic():
        lock_therapists_of([booking for booking, _to, _revision in asked])
        visits = [lock_visit(booking) for booking, _to, _revision in asked]
        if not all(may_change(fresh, now=now) for fresh in visits):
            raise InvalidTransition(visits[0].status, EventKind.MOVED)
        for fresh in visits:
            require_agreed(fresh)
        open_now = {
            change.booking_id: change
            for change in ChangeRequest.objects.filter(booking__in=visits, state=ChangeState.OPEN).order_by()
        }
        if open_now:
            wanted = {booking.pk: (to.starts_at, to.preference or "") for booking, to, _revision in asked}
            if wanted != {key: (row.wanted_starts_at, row.preference) for key, row in open_now.items()}:
                raise ChangeWaiting
            return [open_now[fresh.pk] for fresh in visits]
        if any(
            revision not in (None, fresh.revision)
            for fresh, (_booking, _to, revision) in zip(visits, asked, strict=True)
        ):
            raise ChangedMeanwhile
        fees = [late_fee(fresh, now=now) for fresh in visits]
        if all(fee is None for fee in fees):
            raise NotLate
        fee_cents = sum(fee or 0 for fee in fees)
        if fee_cents != shown_fee_cents:
            raise LateChange(fee_cents)
        changes = []
        for fresh, fee, (_booking, to, _revision) in zip(visits, fees, asked, strict=True):
            changes.append(
                ChangeRequest.objects.create(
                    booking=fresh,
                    wanted_starts_at=to.starts_at,
                    preference=to.preference or "",
                    reason=reason,
                    fee_cents=fee or 0,
                    asked_at=now,
                )
            )
            record(fresh, EventKind.CHANGE_ASKED, fresh.status, Act(now, by_client=True, reason=reason))
        outbox.write_once_more(booking=visits[0], kind=MessageKind.CHANGE_ALERT, now=now)
    return changes


def asked_together(change: ChangeRequest) -> list[ChangeRequest]:
    """What one answer answers: the late move of a visit, and of the one side by side with it that was asked for with
    the same press; in the order in which the visits were."""
    if change.booking.together is None:
        return [change]
    beside = Booking.objects.side_by_side(change.booking).order_by().values("pk")
    same = Q(pk=change.pk) | Q(booking__in=beside, asked_at=change.asked_at, state=change.state)
    return list(ChangeRequest.objects.filter(same).select_related("booking__client").order_by("booking_id"))


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
    """The client wants the visit as it stands after all, and the one side by side that was asked for with it. Raises
    `ChangeAnswered` when staff were quicker."""
    act = Act(now, by_client=True, reason=_("the late move is no longer wanted"))
    with _closing(change, ChangeState.WITHDRAWN, now=now, actor=None) as visits:
        for fresh in visits:
            record(fresh, EventKind.EDITED, fresh.status, act)


def accept_change(
    *, change: ChangeRequest, actor: User, now: datetime, with_fee: bool, door: str = ""
) -> Booking:
    """Moves to the wanted start what was asked for together, all or none, and tells the client; with the late fee as
    the client was shown it, or without. There is no fee once the visit can be changed for nothing. `door` is as in
    `Act`. Returns the visit.

    Raises `ChangeAnswered`, `ChangedMeanwhile`, or what `move_booking` raises; nothing has changed then.
    """
    changes = {one.booking_id: one for one in asked_together(change)}

    def fee_of(booking: Booking) -> int:
        if not with_fee or late_fee(booking, now=now) is None:
            return 0
        return changes[booking.pk].fee_cents

    fees = {key: fee_of(one.booking) for key, one in changes.items()}

    def check(fresh: Booking) -> None:
        _require_open(changes[fresh.pk])
        if fee_of(fresh) != fees[fresh.pk]:
            raise ChangedMeanwhile

    act, starts_at = Act(now, actor, reason=change.reason, door=door), change.wanted_starts_at
    if len(changes) > 1:
        rules = BookingRules.load().for_staff()
        moves = [
            Move(
                one.booking,
                one.booking.revision,
                starts_at,
                "",
                quote_for_move(booking=one.booking, starts_at=starts_at, rules=rules).total_cents,
                one.preference or None,
                fees[key],
            )
            for key, one in changes.items()
        ]
        moved = move_together(moves=moves, rules=rules, act=act, check=check)
        return next(fresh for fresh in moved if fresh.pk == change.booking_id)
    return move_booking(
        booking=change.booking,
        to=NewTime(starts_at, change.preference or None),
        act=act,
        check=check,
        late_fee_cents=fees[change.booking_id],
    )


def refuse_change(*, change: ChangeRequest, actor: User, now: datetime, reason: str = "") -> None:
    """Says kindly no, once for what was asked for together; the visits stand. `reason` is for staff only. Raises
    `ChangeAnswered`."""
    act = Act(now, actor, reason=reason)
    with _closing(change, ChangeState.REFUSED, now=now, actor=actor) as (first, *others):
        event = record(first, EventKind.CHANGE_REFUSED, first.status, act)
        tell_once_more(event, columns_of(first), act, MessageKind.CHANGE_REFUSED)
        for fresh in others:
            event = record(fresh, EventKind.CHANGE_REFUSED, fresh.status, act)
            keep(event, columns_of(fresh), act, act.tells_at(fresh.starts_at))


def _require_open(change: ChangeRequest) -> None:
    state = ChangeRequest.objects.values_list("state", flat=True).get(pk=change.pk)
    if state != ChangeState.OPEN:
        raise ChangeAnswered(state)


@contextmanager
def _closing(
    change: ChangeRequest, state: ChangeState, *, now: datetime, actor: User | None
) -> Iterator[list[Booking]]:
    """Closes what was asked for together; the visits, locked until what is written with it is."""
    with translated_errors(), transaction.atomic():
        changes = asked_together(change)
        lock_therapists_of([one.booking for one in changes])
        visits = [lock_visit(one.booking) for one in changes]
        for one in changes:
            _require_open(one)
        keys = [one.pk for one in changes]
        ChangeRequest.objects.filter(pk__in=keys).update(state=state, answered_at=now, answered_by=actor)
        yield visits
