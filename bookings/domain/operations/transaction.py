"""What every operation shares: the lock, the event, a press that is sent twice, and the database's errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import BigIntegerField, CharField, DateField, Model, QuerySet

from bookings.domain import listeners, outbox, reminders
from bookings.domain.lifecycle import require_transition
from bookings.domain.visit_request import Treatment, therapist_or_gender
from bookings.enums import OCCUPYING, BookingStatus, ChangeState, EventKind, MessageKind
from bookings.exceptions import NoLongerOffered, SlotTaken, SubmissionReused
from bookings.models import Booking, BookingEvent, ChangeRequest, CheckIn, Therapist
from massagerx.lib.compiled_query import CompiledQuery, Parameters
from massagerx.lib.localtime import local

from .act import Act, Columns, columns_of, keep

M = TypeVar("M", bound=Model)

_OVERLAP = "booking_no_overlap"
# SQLSTATEs of a lock that was not given in time, a deadlock and a serialisation failure.
_LOCK_FAILURES = {"55P03", "40P01", "40001"}


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turns what the database says of a race into what happened: the time has just gone.

    The one place where it is done. Other database errors pass through.
    """
    try:
        yield
    except IntegrityError as error:
        if _OVERLAP in str(error):
            raise SlotTaken from error
        raise
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) in _LOCK_FAILURES or "locked" in str(error):
            raise SlotTaken from error
        raise


def once(model: type[M], key: UUID, sent: dict[str, Any], write: Callable[[], M]) -> M:
    """The row that was written under this key, or the one that `write` writes, in a transaction. Raises
    `SubmissionReused` when another was `sent` under it."""

    def earlier() -> M | None:
        row = model._default_manager.filter(submission_key=key).first()
        if row is not None and any(getattr(row, field) != value for field, value in sent.items()):
            raise SubmissionReused
        return row

    if (found := earlier()) is not None:
        return found
    try:
        with transaction.atomic():
            return write()
    except IntegrityError:
        # The same press, sent twice at once.
        if (found := earlier()) is None:
            raise
        return found


def _lockable(parameter: Parameters) -> QuerySet[Therapist, Any]:
    rows = Therapist.objects.select_for_update(no_key=True, of=("self",))
    # The database only has to be asked about what the caller names.
    for lookup, field in (("pk__in", BigIntegerField()), ("slug", CharField()), ("gender", CharField())):
        wanted = parameter(lookup, field)
        if wanted is not None:
            rows = rows.filter(**{lookup: wanted})
    return (
        rows.bookable(parameter("today", DateField()))
        .qualified_for(parameter("service", BigIntegerField()))
        .select_related("home_zip__zone")
        .order_by("pk")
    )


_LOCKED = CompiledQuery(_lockable)


def lock_therapists(keys: Iterable[int], *, treatment: Treatment, now: datetime) -> list[Therapist]:
    """Locks those of these therapists who can still be booked for the treatment, in one order for everybody.

    Nobody else can take or leave a time of theirs until the commit. NO KEY: rows that only point at them go on.
    """
    return _LOCKED.objects(
        pk__in=sorted(keys), slug=None, gender=None, today=local(now).date(), service=treatment.service.pk
    )


def lock_preferred(
    preference: str, *, treatment: Treatment, now: datetime, therapist: str = ""
) -> list[Therapist]:
    """Locks those who may be chosen for the treatment, as they are now, in the same order; only the `therapist` of that
    slug, when one is given.

    Raises `NoLongerOffered("therapist")` when nobody meets the preference, or the therapist doesn't.
    """
    slug, gender = therapist_or_gender(preference)
    if therapist and slug not in (None, therapist):
        raise NoLongerOffered("therapist")
    slug = therapist or slug
    locked = _LOCKED.objects(
        pk__in=None, slug=slug, gender=gender, today=local(now).date(), service=treatment.service.pk
    )
    if not locked:
        raise NoLongerOffered("therapist")
    return locked


def lock_visit(booking: Booking) -> Booking:
    """The therapist's row, then the visit's, locked until the commit, as in every operation; the visit as it is now."""
    list(Therapist.objects.select_for_update(no_key=True).filter(bookings=booking.pk))
    return (
        Booking.objects.select_for_update(no_key=True, of=("self",))
        .select_related("therapist", "service", "area", "client", "terms_version")
        .get(pk=booking.pk)
    )


def lock_therapists_of(bookings: Iterable[Booking]) -> None:
    """Locks the therapists of several visits in the order of everybody, before a visit is taken alone."""
    therapists = {booking.therapist_id for booking in bookings}
    list(Therapist.objects.select_for_update(no_key=True).filter(pk__in=therapists).order_by("pk"))


class Block(NamedTuple):
    """The time of a therapist that a visit takes, from set-up to pack-down; instants in UTC, half-open."""

    therapist_id: int
    starts_at: datetime
    blocked_from: datetime
    blocked_until: datetime


def block_of(booking: Booking) -> Block:
    return Block(booking.therapist_id, booking.starts_at, booking.blocked_from, booking.blocked_until)


class Change(NamedTuple):
    """A change of status: to which, as what it stands in the history, and what the client is told."""

    to: BookingStatus
    event: EventKind
    tell: MessageKind | None


def record(
    booking: Booking, kind: EventKind, from_status: str, act: Act, *, before: Block | None = None
) -> BookingEvent:
    """Appends to the visit's history, and tells the listeners. `before` is the time that the visit took, where the
    operation changed it."""
    event = event_of(booking, kind, from_status, act, before=before)
    event.save(force_insert=True)
    tell_listeners(booking, kind, from_status, now=act.at, before=before)
    return event


def tell_listeners(
    booking: Booking, kind: EventKind, from_status: str, *, now: datetime, before: Block | None = None
) -> None:
    """Says that the visit was written, and which time it gave back."""
    after = block_of(booking)
    before = before or after
    covered = (
        after.therapist_id == before.therapist_id
        and after.blocked_from <= before.blocked_from
        and before.blocked_until <= after.blocked_until
    )
    if from_status in OCCUPYING and (booking.status not in OCCUPYING or not covered):
        listeners.tell(
            listeners.VisitFreed(
                booking=booking,
                therapist_id=before.therapist_id,
                blocked_from=before.blocked_from,
                blocked_until=before.blocked_until,
                at=now,
            )
        )
    listeners.tell(listeners.VisitChanged(booking=booking, kind=kind, at=now))


def event_of(
    booking: Booking, kind: EventKind, from_status: str, act: Act, *, before: Block | None = None
) -> BookingEvent:
    """A row of the history, for who writes it with others; a move says where the visit was `before`."""
    moved_from = before if kind == EventKind.MOVED else None
    return BookingEvent(
        booking=booking,
        kind=kind,
        from_status=from_status,
        to_status=booking.status,
        at=act.at,
        actor=act.actor,
        by_client=act.by_client,
        reason=act.reason[:300],
        moved_from=moved_from.starts_at if moved_from else None,
        moved_from_therapist_id=moved_from.therapist_id if moved_from else None,
    )


def change_status(
    booking: Booking,
    change: Change,
    act: Act,
    *,
    check: Callable[[Booking], None] | None = None,
    then: Callable[[Booking], MessageKind | None] | None = None,
) -> Booking:
    """Under the therapist's lock: the transition, the event, and what the client is told, and staff when the client did
    it by themselves. `check` looks at the visit under the lock, and refuses by raising. A late move that was asked for
    is settled by it; `then` is done in the same transaction, and may name what the client is told without a revision.
    Raises `InvalidTransition`."""
    with translated_errors(), transaction.atomic():
        # The therapist first, as everywhere, so that two operations never wait for each other.
        list(Therapist.objects.select_for_update(no_key=True).filter(bookings=booking.pk))
        fresh = (
            Booking.objects.select_for_update(no_key=True, of=("self",))
            .select_related("therapist__home_zip", "area", "service", "client", "terms_version")
            .get(pk=booking.pk)
        )
        require_transition(fresh.status, change.to)
        if check is not None:
            check(fresh)
        write_status(fresh, change, act, then=then)
    return fresh


def write_status(
    fresh: Booking,
    change: Change,
    act: Act,
    *,
    then: Callable[[Booking], MessageKind | None] | None = None,
) -> None:
    """The part of `change_status` that writes, for who has locked the visit and asked whether it may."""
    before, was = fresh.status, columns_of(fresh)
    fresh.status, fresh.source = change.to, ""
    fields = ["status", "source"]
    if change.to == BookingStatus.CONFIRMED:
        # Staff who confirm it vouch for the mailbox too.
        fresh.confirmed_at, fresh.prove_by = act.at, None
        fields += ["confirmed_at", "prove_by"]
    if change.tell is not None:
        fresh.revision += 1
        fields.append("revision")
    fresh.save(update_fields=fields)
    if change.to != BookingStatus.CONFIRMED:
        settle_change(fresh, now=act.at, actor=act.actor)
    if change.to in (BookingStatus.COMPLETED, BookingStatus.NO_SHOW):
        CheckIn.objects.end_with_visit(fresh, at=act.at)
    told_beside = then(fresh) if then is not None else None
    event = record(fresh, change.event, before, act)
    if told_beside is not None:
        tell_once_more(event, was, act, told_beside)
    if change.tell is not None:
        leaves_at = act.tells_at(fresh.starts_at)
        keep(event, was, act, leaves_at)
        # Staff did not see it happen when the client did it.
        alert = [MessageKind.STAFF_ALERT] if act.by_client and act.actor is None else []
        if not act.told_together:
            kinds = [change.tell, *alert]
            outbox.write_messages(booking=fresh, kinds=kinds, now=act.at, leaves_at=leaves_at)
        reminders.write_reminders(booking=fresh, now=act.at, leaves_at=leaves_at)


def tell_once_more(event: BookingEvent, was: Columns, act: Act, kind: MessageKind, **beside: Columns) -> None:
    """Keeps what an act changed, as `keep`, and tells the client by a message without a revision of its own."""
    booking = event.booking
    leaves_at = act.tells_at(booking.starts_at)
    keep(event, was, act, leaves_at, **beside)
    outbox.write_once_more(booking=booking, kind=kind, now=act.at, leaves_at=leaves_at)


def settle_change(booking: Booking, *, now: datetime, actor: User | None, moved: bool = False) -> None:
    """Closes the late move that waits, if there is one: `booking` was `moved` as it asked for, or it spoke of a visit
    that is no more. The visit's row must be locked."""
    waiting = ChangeRequest.objects.filter(booking=booking, state=ChangeState.OPEN).first()
    if waiting is None:
        return
    met = moved and _is_as_wanted(booking, waiting)
    waiting.state = ChangeState.ACCEPTED if met else ChangeState.WITHDRAWN
    waiting.answered_at, waiting.answered_by = now, actor
    waiting.save(update_fields=["state", "answered_at", "answered_by"])


def _is_as_wanted(booking: Booking, change: ChangeRequest) -> bool:
    slug, gender = therapist_or_gender(change.preference or booking.preference)
    therapist = booking.therapist
    return (
        booking.starts_at == change.wanted_starts_at
        and slug in (None, therapist.slug)
        and gender in (None, therapist.gender)
    )
