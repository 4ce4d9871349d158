"""What staff, the client and the clock do to a booking that stands."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from bookings.domain import intake, outbox
from bookings.domain.lifecycle import require_transition
from bookings.enums import (
    BookingStatus,
    EventKind,
    LateFeeState,
    MessageKind,
    MessageState,
    NoteScope,
    StepKind,
    Tier,
)
from bookings.exceptions import (
    ChangedMeanwhile,
    ConsentTakenBack,
    FeeAsked,
    FeeDecided,
    FeePaid,
    FeeUntold,
    InvalidTransition,
    ScreeningNotCleared,
    SlotTaken,
    StillWaiting,
)
from bookings.models import (
    Booking,
    BookingQuerySet,
    BookingRules,
    CheckIn,
    ClinicianNote,
    LateFee,
    Message,
    OwnConsent,
    ScreeningRecheck,
    Therapist,
)
from bookings.models.intake import needs_note, same_person
from bookings.models.steps import waits_until
from massagerx.lib.localtime import day_bounds, local

from .act import Act
from .claim import claim_in_place
from .doors import require_told
from .told_once import note_what_was_told
from .transaction import Change, change_status, lock_visit, record, translated_errors, write_status

log = logging.getLogger("massagerx.bookings")

# A doctor's office takes days to answer, so a request that needs its word waits this many times as long.
CLEARANCE_PATIENCE = 3
# What can still be canceled.
CANCELABLE = (BookingStatus.REQUESTED, BookingStatus.CONFIRMED)

CONFIRM = Change(BookingStatus.CONFIRMED, EventKind.CONFIRMED, MessageKind.CONFIRMED)
DECLINE = Change(BookingStatus.DECLINED, EventKind.DECLINED, MessageKind.DECLINED)
CANCEL = Change(BookingStatus.CANCELED, EventKind.CANCELED, MessageKind.CANCELED)
EXPIRE = Change(BookingStatus.EXPIRED, EventKind.EXPIRED, MessageKind.EXPIRED)
COMPLETE = Change(BookingStatus.COMPLETED, EventKind.COMPLETED, None)
NO_SHOW = Change(BookingStatus.NO_SHOW, EventKind.NO_SHOW, None)


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
            _prove(booking, act)
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


def lock_therapists_of(bookings: Iterable[Booking]) -> None:
    """Locks the therapists of several visits in the order of everybody, before a visit is taken alone."""
    therapists = {booking.therapist_id for booking in bookings}
    list(Therapist.objects.select_for_update(no_key=True).filter(pk__in=therapists).order_by("pk"))


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


def expire_requests(*, now: datetime) -> int:
    """Expires requests that nobody answered in the owner's time, or before they should have begun, and tells the
    clients; returns how many. What one press asked for ends with one message, when the first of it does. Another
    process may be doing the same: each request expires once."""
    rules = BookingRules.load()
    too_old = now - timedelta(minutes=rules.request_expires_after_minutes)
    waiting = Booking.objects.filter(status=BookingStatus.REQUESTED)
    stale = waiting.filter(
        Q(created_at__lte=too_old) | Q(starts_at__lte=now) | Q(answer_by__lte=now) | Q(prove_by__lte=now)
    )
    ended: dict[object, Booking] = {}
    for booking in stale.select_related("screening").defer("screening__answers").order_by("created_at", "pk"):
        if expires_at(booking, rules) <= now:
            ended.setdefault(booking.together or booking.pk, booking)
    expired = 0
    for first in ended.values():
        bookings = list(waiting.together_with(first).filter(prove_by__isnull=first.prove_by is None))
        if not bookings:
            continue  # answered meanwhile
        try:
            _expire(bookings, now=now)
        except (InvalidTransition, SlotTaken, ChangedMeanwhile):
            continue  # answered, or being answered, meanwhile
        except Exception:
            # One request that can't be ended must not keep the others waiting.
            log.exception("a request could not be expired", extra={"booking": first.pk})
            continue
        expired += len(bookings)
    return expired


def _expire(bookings: Sequence[Booking], *, now: datetime) -> None:
    """All of them or none: requests of one press, or one that came alone."""
    first = bookings[0]
    if first.prove_by is not None:
        # Whose mailbox it is nobody knows, so nothing more is sent there.
        change, check = EXPIRE._replace(tell=None), _require_unproved
        act = Act(now, reason=_("the email address was not confirmed in time"))
    else:
        change, check = EXPIRE, None
        act = Act(now, told_together=first.together is not None)
    with translated_errors(), transaction.atomic():
        lock_therapists_of(bookings)
        expired = [change_status(booking, change, act, check=check) for booking in bookings]
        if act.told_together:
            outbox.write_messages(booking=expired[0], kinds=[MessageKind.TOGETHER], now=now)


def _require_unproved(fresh: Booking) -> None:
    if fresh.prove_by is None:
        raise ChangedMeanwhile


def prove_mailbox(*, booking: Booking, now: datetime) -> bool:
    """The press in the email that a new client gets: their time is kept until staff answer, and so are all that were
    asked for together. Also in the minute in which it would expire. False when nothing waited for it. In anybody's
    email: what was told once with the visit is noted as theirs. Raises `SlotTaken` when others keep a visit of it
    locked for too long."""
    with translated_errors(), transaction.atomic():
        note_what_was_told(booking)
        return _prove(booking, Act(now, by_client=True))


def _prove(booking: Booking, act: Act) -> bool:
    """Proves it and all that were asked for together, locked in the order of everybody."""
    rows = Booking.objects.together_with(booking).unproved()
    lock_therapists_of(rows)
    waiting = list(rows.select_for_update(no_key=True))
    for fresh in waiting:
        fresh.prove_by, fresh.source = None, ""
        fresh.save(update_fields=["prove_by", "source"])
        record(fresh, EventKind.PROVED, fresh.status, act)
    return bool(waiting)


def expires_at(booking: Booking, rules: BookingRules) -> datetime:
    """When an unanswered request expires: when its client was promised an answer, and that is the answer. Where they
    were promised a call instead, at the owner's limit, later while a clinician's note is asked for, and at its start
    at the latest; that of a new client whose mailbox nobody has proved when they were told."""
    if booking.prove_by is not None:
        return min(booking.prove_by, booking.answer_by or booking.prove_by)
    if booking.answer_by is not None:
        return booking.answer_by
    minutes = rules.request_expires_after_minutes * patience_with(first_tier(booking))
    return min(booking.created_at + timedelta(minutes=minutes), booking.starts_at)


def first_tier(booking: Booking) -> str:
    """What the first health answers came to; "" while they are not given."""
    record = getattr(booking, "screening", None)
    return record.tier if record is not None else ""


def patience_with(tier: str) -> int:
    """How many times as long as others a request of that screening result may wait."""
    return CLEARANCE_PATIENCE if tier == Tier.CLEARANCE else 1
