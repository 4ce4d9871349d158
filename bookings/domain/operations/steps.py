"""On the way, late, at the door, done: what a therapist presses, each a row with its time.

A press may come late, or twice, when the phone had no connection: it carries its own time and key. What the client
hears of one leaves when it can no longer be taken back.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from bookings.domain import outbox
from bookings.domain.scheduling import place_of
from bookings.drives.operations import forget_drive, record_drive
from bookings.drives.table import read_drives
from bookings.enums import OCCUPYING, BookingStatus, MessageKind, StepKind
from bookings.exceptions import ChangedMeanwhile, InvalidTransition, TooLate
from bookings.models import Booking, CheckIn, ServiceArea, VisitStep
from bookings.models.steps import TELLS, told_last
from bookings.retention import STEPS_KEPT
from massagerx.lib.batches import delete_in_batches
from massagerx.lib.localtime import day_bounds, local

from .act import Act
from .changes import lock_visit
from .closing import COMPLETE
from .status import require_agreed
from .transaction import change_status, translated_errors

# What was pressed can be taken back for so long; a little of it is the way to us.
UNDO_FOR = timedelta(seconds=10)
UNDO_REACHES = timedelta(seconds=15)
# A press that was kept on the phone for longer tells of another day.
KEPT_AT_MOST = timedelta(hours=12)
LATE_BY = (10, 20, 30)
# A window that a client is told begins and ends at such minutes, and is as long at least.
_STEP_MINUTES = 5
_WINDOW = timedelta(minutes=10)
# So far from its visit nobody leaves for it or is at its door.
_NEAR = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """What was pressed for a visit: `minutes` of a late one, `paid_by` (of `PaidBy`) of one that is done. `at` is when,
    an aware instant; `key` is the page's. A late one is later than what its page showed: `shown` is the key of the
    step that told it, and `beside` are those of that page's other buttons."""

    kind: StepKind
    key: UUID
    at: datetime
    minutes: int | None = None
    paid_by: str = ""
    shown: UUID | None = None
    beside: Collection[UUID] = ()


def press_step(*, booking: Booking, press: Press, actor: User, now: datetime) -> VisitStep:
    """Writes the step down, and what follows: the client hears when to expect somebody, the drive is learned from, a
    visit that is done is completed. The same key again is the same step, whatever has become of it.

    Raises `InvalidTransition` for a visit that is off, or not near that moment, and for a second step of its kind;
    `ConsentTakenBack` on the way to somebody who didn't agree any more when it was pressed;
    `ChangedMeanwhile` for a lateness where the client was told something else since the page was shown; `SlotTaken`
    when others hold the rows for too long.
    """
    at = min(max(press.at, now - KEPT_AT_MOST), now)
    step = VisitStep(
        booking=booking,
        kind=press.kind,
        at=at,
        received_at=now,
        minutes=press.minutes,
        key=press.key,
        by=actor,
    )
    with translated_errors(), transaction.atomic():
        fresh = lock_visit(booking)
        earlier = VisitStep.objects.filter(key=press.key).first()
        if earlier is not None and earlier.booking_id == fresh.pk:
            return earlier
        if earlier is not None:
            raise InvalidTransition(fresh.status, press.kind)
        done = {row.kind: row for row in fresh.steps.standing()}
        _require_next(fresh, press.kind, done, at)
        if press.kind == StepKind.LATE:
            _require_shown(press, done)
        if press.kind in TELLS:
            step.expected_from, step.expected_until = _expected(fresh, step, done)
            outbox.write_once_more(
                booking=fresh, kind=MessageKind.ON_THE_WAY, now=now, leaves_at=now + UNDO_REACHES
            )
        if press.kind == StepKind.ARRIVED and StepKind.LEAVING in done:
            _learn(fresh, done[StepKind.LEAVING].at, at)
        if press.kind == StepKind.ARRIVED:
            CheckIn.objects.begin(fresh, at=at)
        if press.kind == StepKind.DONE:
            step.paid_by = press.paid_by
            if fresh.status == BookingStatus.CONFIRMED:
                change_status(fresh, COMPLETE, Act(now, actor))
        step.save(force_insert=True)
    return step


def is_near(booking: Booking, at: datetime) -> bool:
    """Whether somebody may be on the way to the visit, or at its door, at that instant."""
    return booking.blocked_from - _NEAR <= at < booking.blocked_until + _NEAR


def _require_next(booking: Booking, kind: StepKind, done: dict[str, VisitStep], at: datetime) -> None:
    """Raises `InvalidTransition` unless the visit is at that point, and `ConsentTakenBack` for a way to somebody who
    didn't agree any more at that instant."""
    stands = booking.status == BookingStatus.CONFIRMED
    if kind == StepKind.DONE:
        possible = (stands or booking.status == BookingStatus.COMPLETED) and booking.starts_at <= at
    else:
        possible = stands and is_near(booking, at) and not {StepKind.DONE, StepKind.ARRIVED} & set(done)
    if not possible or (kind != StepKind.LATE and kind in done):
        raise InvalidTransition(booking.status, kind)
    if kind != StepKind.DONE:
        # What is said after the press changes nothing of where somebody is.
        require_agreed(booking, by=at)


def _require_shown(press: Press, done: dict[str, VisitStep]) -> None:
    """Raises `ChangedMeanwhile` when the minutes are more than another window than the page showed: two who tell of the
    same lateness, each from a page of their own, would add it up."""
    last = told_last(done.values())
    key = last.key if last is not None else None
    if key != press.shown and key not in press.beside:
        raise ChangedMeanwhile


def undo_step(*, booking: Booking, key: UUID, now: datetime) -> VisitStep:
    """Takes a step back, as if it had not been pressed: the client hears nothing of it. Twice is once.

    Raises `TooLate` when its seconds are over, or it is none that can be taken back; nothing has changed then.
    """
    with translated_errors(), transaction.atomic():
        fresh = lock_visit(booking)
        step = VisitStep.objects.filter(booking=fresh, key=key).first()
        if step is None or step.kind == StepKind.DONE:
            raise TooLate
        if step.undone_at is None:
            if now >= step.received_at + UNDO_REACHES:
                raise TooLate
            step.undone_at = now
            step.save(update_fields=["undone_at"])
            _take_back(fresh, step)
    return step


def _take_back(booking: Booking, step: VisitStep) -> None:
    before = list(booking.steps.standing())
    if step.kind == StepKind.ARRIVED:
        CheckIn.objects.take_back(booking, at=step.at)
        left = next((row for row in before if row.kind == StepKind.LEAVING), None)
        if left is not None:
            forget_drive(left_at=left.at, arrived_at=step.at)
    else:
        # What stands may have been told already; only a message that was written later has nothing left to tell.
        told = max((row.received_at for row in before if row.kind in TELLS), default=None)
        outbox.drop_waiting(
            booking=booking, kind=MessageKind.ON_THE_WAY, reason="it was taken back", told_until=told
        )


# When to expect somebody -------------------------------------------------------------------------------------------


def _expected(
    booking: Booking, step: VisitStep, done: dict[str, VisitStep]
) -> tuple[datetime | None, datetime | None]:
    """Between when the client may expect the therapist. Who leaves now: by the drive's spread, and not before they
    would have come anyway. Who is late: later by that than was told before, or than was planned."""
    if step.kind == StepKind.LEAVING:
        return _by_drive(booking, step.at)
    told = [row for row in done.values() if row.expected_from is not None]
    last = max(told, key=lambda row: (row.at, row.pk), default=None)
    shift = timedelta(minutes=step.minutes or 0)
    if last is None or last.expected_from is None or last.expected_until is None:
        return window_around(booking.blocked_from + shift, booking.blocked_from + shift)
    return window_around(last.expected_from + shift, last.expected_until + shift)


def _by_drive(booking: Booking, leaves_at: datetime) -> tuple[datetime | None, datetime | None]:
    before = visit_before(booking)
    home = booking.therapist.home_zip
    origin = place_of(before.area, address_key=before.address_key) if before is not None else place_of(home)
    goal = place_of(booking.area, address_key=booking.address_key)
    drives = read_drives()
    quick, careful = drives.quick(origin, goal, leaves_at), drives(origin, goal, leaves_at)
    if quick is None or careful is None:
        return None, None
    first = max(leaves_at + timedelta(minutes=quick), booking.blocked_from)
    return window_around(first, max(first, leaves_at + timedelta(minutes=careful)))


def window_around(first: datetime, last: datetime) -> tuple[datetime, datetime]:
    """From one multiple of five minutes to another, around both instants, ten minutes at least."""
    start = first - timedelta(
        minutes=first.minute % _STEP_MINUTES, seconds=first.second, microseconds=first.microsecond
    )
    steps = -(-(last - start) // timedelta(minutes=_STEP_MINUTES))
    return start, max(start + _WINDOW, start + steps * timedelta(minutes=_STEP_MINUTES))


def visit_before(booking: Booking) -> Booking | None:
    """The therapist's visit before this one on its local day, or None where they come from home."""
    start, _end = day_bounds(local(booking.starts_at).date())
    return (
        Booking.objects.filter(
            therapist=booking.therapist_id,
            status__in=OCCUPYING,
            starts_at__gte=start,
            blocked_from__lt=booking.blocked_from,
        )
        .select_related("area__zone")
        .order_by("-blocked_from")
        .first()
    )


def _learn(booking: Booking, left_at: datetime, arrived_at: datetime) -> None:
    """Keeps what the drive to this door took; from one door to the same there is none."""
    before = visit_before(booking)
    origin: ServiceArea = before.area if before is not None else booking.therapist.home_zip
    if before is None or before.address_key != booking.address_key:
        record_drive(origin=origin, destination=booking.area, left_at=left_at, arrived_at=arrived_at)


def purge_steps(*, now: datetime) -> int:
    """Deletes steps of long ago but those that say how a visit was paid; returns how many."""
    old = VisitStep.objects.filter(at__lt=now - STEPS_KEPT).exclude(kind=StepKind.DONE)
    return delete_in_batches(old)
