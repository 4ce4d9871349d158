"""What a client does with a visit that stands: a cancel is done at once at any hour, a move while there is notice
enough; later staff are asked for it. What is late, and for how much, say the terms that were agreed to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from bookings.domain import intake, outbox
from bookings.enums import BookingStatus, ChangeState, EventKind, LateFeeState, MessageKind, Tier
from bookings.exceptions import (
    BookingError,
    ChangeAnswered,
    ChangedMeanwhile,
    ChangeWaiting,
    FeeDecided,
    InvalidTransition,
    LateChange,
    NotLate,
    ScreeningChanged,
    SlotNotOffered,
)
from bookings.models import (
    Booking,
    BookingRules,
    ChangeRequest,
    LateFee,
    ScreeningRecheck,
    ScreeningRecord,
)
from bookings.models.intake import NEEDS_NO_NOTE
from massagerx.lib.localtime import local

from .act import Act, columns_of
from .move import MOVABLE, Move, days_beside, move_booking, move_together
from .status import CANCEL, cancel_together, confirm_booking
from .transaction import change_status, lock_visit, record, tell_once_more, translated_errors

# The same answers within this time are one press that was sent twice.
SAME_PRESS = timedelta(minutes=10)


def may_change(booking: Booking, *, now: datetime) -> bool:
    """Whether the visit is still to come and stands, so that it can be canceled, moved or corrected."""
    return booking.status in MOVABLE and booking.starts_at > now


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


def cancel_by_client(
    *,
    booking: Booking,
    shown_revision: int,
    now: datetime,
    shown_fee_cents: int | None = None,
    asks_waiver: bool = False,
    reason: str = "",
) -> Booking:
    """Cancels, whatever the hour. Inside the notice window the fee that was shown is left for staff to decide.

    Raises `LateChange` with the fee, or `NotLate`, when another was shown; `ChangedMeanwhile` when the visit is not as
    it was shown, `InvalidTransition` or `SlotTaken`. Nothing has changed then.
    """

    return change_status(
        booking,
        CANCEL,
        Act(now, by_client=True),
        check=_as_shown(shown_revision, shown_fee_cents, now),
        then=lambda canceled: _name_fee(canceled, shown_fee_cents, asks_waiver, reason, now),
    )


def _name_fee(canceled: Booking, cents: int | None, asks_waiver: bool, reason: str, now: datetime) -> None:
    if cents:
        LateFee.objects.create(
            booking=canceled, cents=cents, asks_waiver=asks_waiver, reason=reason, named_at=now
        )


class Shown(NamedTuple):
    """A visit as a page showed it before it is canceled: its revision, and the late fee in cents, None for none."""

    revision: int
    fee_cents: int | None


def cancel_together_by_client(
    *,
    together: UUID,
    shown: Mapping[str, Shown],
    now: datetime,
    asks_waiver: bool = False,
    reason: str = "",
) -> list[Booking]:
    """Cancels all that is still to come of one press, each as `cancel_by_client` would, all or none, and tells the
    client and staff once. `shown` has all of them, by reference. Raises as `cancel_by_client`."""

    def check(fresh: Booking) -> None:
        if fresh.reference not in shown:
            raise ChangedMeanwhile
        _as_shown(*shown[fresh.reference], now)(fresh)

    with transaction.atomic():
        canceled = cancel_together(
            together=together,
            now=now,
            by_client=True,
            check=check,
            then=lambda one: _name_fee(one, shown[one.reference].fee_cents, asks_waiver, reason, now),
        )
        if len(canceled) < len(shown):
            raise ChangedMeanwhile  # one of them began, or was canceled, since
    return canceled


def move_by_client(
    *,
    booking: Booking,
    starts_at: datetime,
    preference: str,
    therapist: str,
    shown_revision: int,
    total_cents: int,
    now: datetime,
) -> Booking:
    """Moves while that is free, as `move_booking`; one of a course between those before and after it. Also raises
    `LateChange` when staff have to be asked, and `ChangedMeanwhile` when the visit is not as it was shown."""
    as_shown = _as_shown(shown_revision, None, now)

    def check(fresh: Booking) -> None:
        as_shown(fresh)
        first, last = days_beside(fresh, locks=True)
        if not first <= local(starts_at).date() <= last:
            raise SlotNotOffered("course")

    return move_booking(
        booking=booking,
        starts_at=starts_at,
        now=now,
        by_client=True,
        preference=preference,
        therapist=therapist,
        total_cents=total_cents,
        check=check,
    )


def move_together_by_client(*, moves: Sequence[Move], rules: BookingRules, now: datetime) -> list[Booking]:
    """Moves several visits of one press while that is free for each, as `move_together`. Raises `LateChange` too."""
    return move_together(moves=moves, rules=rules, now=now, by_client=True, check=_as_shown(None, None, now))


def _as_shown(
    shown_revision: int | None, shown_fee_cents: int | None, now: datetime
) -> Callable[[Booking], None]:
    """Whether the visit and its late fee are as they were shown; a revision of None asks for the fee alone."""

    def check(fresh: Booking) -> None:
        if not may_change(fresh, now=now):
            raise InvalidTransition(fresh.status, BookingStatus.CANCELED)
        if shown_revision is not None and fresh.revision != shown_revision:
            raise ChangedMeanwhile
        fee = late_fee(fresh, now=now)
        if fee != shown_fee_cents:
            raise NotLate if fee is None else LateChange(fee)

    return check


def ask_move(
    *,
    booking: Booking,
    wanted_starts_at: datetime,
    shown_revision: int,
    shown_fee_cents: int,
    now: datetime,
    preference: str = "",
    reason: str = "",
) -> ChangeRequest:
    """Asks staff for a late move; the visit keeps its time until they answer, and can be canceled meanwhile. Asked
    twice for the same, it is asked once. `preference` is whom it may lead to; blank for whom the booking asks for.

    Raises `NotLate` when nobody has to be asked, `LateChange` with the fee when another was shown, `ChangedMeanwhile`
    when the visit is not as it was shown, `ChangeWaiting` when another move was asked for already, or
    `InvalidTransition`.
    """
    with translated_errors(), transaction.atomic():
        fresh = lock_visit(booking)
        if not may_change(fresh, now=now):
            raise InvalidTransition(fresh.status, EventKind.MOVED)
        waiting = ChangeRequest.objects.filter(booking=fresh, state=ChangeState.OPEN).first()
        if waiting is not None:
            if (waiting.wanted_starts_at, waiting.preference) == (wanted_starts_at, preference):
                return waiting
            raise ChangeWaiting
        _as_shown(shown_revision, shown_fee_cents, now)(fresh)
        change = ChangeRequest.objects.create(
            booking=fresh,
            wanted_starts_at=wanted_starts_at,
            preference=preference,
            reason=reason,
            fee_cents=shown_fee_cents,
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

    def charge(canceled: Booking) -> None:
        fee = LateFee(booking=canceled, cents=shown_fee_cents, named_at=now)
        _decide(fee, canceled, LateFeeState.CHARGED, actor=actor, now=now)

    act = Act(now, actor, by_client=True, reason=reason)
    return change_status(booking, CANCEL, act, check=_as_shown(None, shown_fee_cents, now), then=charge)


def cancel_together_late(
    *, together: UUID, actor: User, shown_fee_cents: int, now: datetime, reason: str = ""
) -> list[Booking]:
    """Staff cancel all that is still to come of one press for a client, with the late fees, whose sum was named to
    them. Raises as `cancel_late`."""
    fees: dict[int, int] = {}

    def look(fresh: Booking) -> None:
        fees[fresh.pk] = late_fee(fresh, now=now) or 0

    def charge(canceled: Booking) -> None:
        if fees[canceled.pk]:
            fee = LateFee(booking=canceled, cents=fees[canceled.pk], named_at=now)
            _decide(fee, canceled, LateFeeState.CHARGED, actor=actor, now=now)

    with transaction.atomic():
        canceled = cancel_together(
            together=together, actor=actor, now=now, reason=reason, by_client=True, check=look, then=charge
        )
        due = sum(fees.values())
        if due != shown_fee_cents:
            raise LateChange(due) if due else NotLate
    return canceled


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
        _decide(fresh, booking, state, actor=actor, now=now, reason=reason)
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


def _decide(
    fee: LateFee, booking: Booking, state: LateFeeState, *, actor: User, now: datetime, reason: str = ""
) -> None:
    owed = (state in _OWED) - (fee.state in _OWED)
    fee.state, fee.decided_at, fee.decided_by = state, now, actor
    fee.why_waived = reason if state == LateFeeState.WAIVED else ""
    fee.save()
    if owed:
        booking.late_fee_cents += owed * fee.cents
        booking.save(update_fields=["late_fee_cents"])


def withdraw_change(*, change: ChangeRequest, now: datetime) -> None:
    """The client wants the visit as it stands after all. Raises `ChangeAnswered` when staff were quicker."""
    with translated_errors(), transaction.atomic():
        booking = lock_visit(change.booking)
        _close(change, ChangeState.WITHDRAWN, now=now, actor=None)
        reason = _("the late move is no longer wanted")
        record(booking, EventKind.EDITED, booking.status, Act(now, by_client=True, reason=reason))


def accept_change(*, change: ChangeRequest, actor: User, now: datetime, with_fee: bool) -> Booking:
    """Moves to the wanted start, and tells the client; with the late fee as the client was shown it, or without. There
    is none once the visit can be changed for nothing.

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
        starts_at=change.wanted_starts_at,
        preference=change.preference or None,
        now=now,
        actor=actor,
        reason=change.reason,
        for_staff=True,
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


def recheck_screening(
    *, booking: Booking, version_number: int, answers: dict[str, str], now: datetime
) -> ScreeningRecheck:
    """Keeps the health answers given again before the visit. Nothing is canceled by them: when one is graver than the
    answer to the same question before, staff are alerted and call.

    Raises `ScreeningChanged` when other questions are in force, or `InvalidTransition` for a visit that is over.
    """
    current = intake.current_screening(now=now)
    if current.version.number != version_number:
        raise ScreeningChanged
    with translated_errors(), transaction.atomic():
        fresh = lock_visit(booking)
        if not may_change(fresh, now=now):
            raise InvalidTransition(fresh.status, EventKind.RECHECKED)
        before = intake.newest_answers(fresh)
        if isinstance(before, ScreeningRecheck) and _is_same_press(before, current, answers, now):
            return before
        slug, today = fresh.service.slug, local(now).date()
        tier = intake.tier_of(current.evaluate(answers, slug, today, people=fresh.people))
        new_tier = current.new_tier(
            answers, before.answers if before is not None else {}, slug, today, people=fresh.people
        )
        recheck = ScreeningRecheck.objects.create(
            booking=fresh,
            version=current.version,
            answers=answers,
            tier=tier,
            new_tier=new_tier,
            evaluated_at=now,
        )
        record(fresh, EventKind.RECHECKED, fresh.status, Act(now, by_client=True))
        if new_tier != Tier.CLEAR:
            outbox.write_once_more(booking=fresh, kind=MessageKind.RECHECK_ALERT, now=now)
    return recheck


def was_just_answered(
    *, booking: Booking, current: intake.Screening, answers: dict[str, str], now: datetime
) -> bool:
    """Whether these are the answers given last, to the same questions and within one press that was sent twice. Raises
    `UnreadableValue`."""
    newest = intake.newest_answers(booking)
    return newest is not None and _is_same_press(newest, current, answers, now)


def _is_same_press(
    newest: ScreeningRecheck | ScreeningRecord,
    current: intake.Screening,
    answers: dict[str, str],
    now: datetime,
) -> bool:
    # Who answers the same right after the booking says that nothing has changed.
    by_booking = isinstance(newest, ScreeningRecord) and newest.evaluated_at <= newest.booking.created_at
    is_same = newest.version_id == current.version.pk and newest.answers == answers
    return is_same and not by_booking and now - newest.evaluated_at < SAME_PRESS


def answer_screening(
    *, booking: Booking, version_number: int, answers: dict[str, str], now: datetime
) -> None:
    """Keeps a client's health answers: given again, as `recheck_screening`, or for the first time where staff had left
    the questions for later. The request is confirmed by first answers that ask for no note, since staff have booked it;
    else it waits for staff. They are alerted either way. Raises as `recheck_screening`."""
    current = intake.current_screening(now=now)
    if current.version.number != version_number:
        raise ScreeningChanged
    with translated_errors(), transaction.atomic():
        fresh = lock_visit(booking)
        answered = intake.newest_answers(fresh)
        if answered is not None and _is_same_press(answered, current, answers, now):
            return
        if answered is None and fresh.status == BookingStatus.REQUESTED and may_change(fresh, now=now):
            _answer_first(fresh, current, answers, now=now)
            return
        recheck = recheck_screening(booking=booking, version_number=version_number, answers=answers, now=now)
        if answered is None:
            # Once anything was answered, the page asks for a code; staff are told as of answers given again.
            ScreeningRecord.objects.create(
                booking=fresh,
                version=recheck.version,
                answers=recheck.answers,
                tier=recheck.tier,
                evaluated_at=recheck.evaluated_at,
            )


def _answer_first(
    fresh: Booking, current: intake.Screening, answers: dict[str, str], *, now: datetime
) -> None:
    slug, today = fresh.service.slug, local(now).date()
    tier = intake.tier_of(current.evaluate(answers, slug, today, people=fresh.people))
    covered = tier == Tier.CLEARANCE and intake.covering_note(
        of=partial(getattr, fresh),
        starts_at=fresh.starts_at,
        answers=answers,
        current=current,
        now=now,
    )
    ScreeningRecord.objects.create(
        booking=fresh,
        version=current.version,
        answers=answers,
        tier=tier,
        is_covered=covered,
        evaluated_at=now,
    )
    record(fresh, EventKind.RECHECKED, fresh.status, Act(now, by_client=True))
    if tier in NEEDS_NO_NOTE or covered:
        try:
            with transaction.atomic():
                confirm_booking(
                    booking=fresh, actor=None, now=now, reason=_("the health questions are answered")
                )
        except BookingError:
            pass  # the therapist can't come any more: staff see to it
    kind = MessageKind.RECHECK_ALERT if tier not in NEEDS_NO_NOTE and not covered else MessageKind.STAFF_ALERT
    outbox.write_once_more(
        booking=Booking.objects.select_related("client").get(pk=fresh.pk), kind=kind, now=now
    )
