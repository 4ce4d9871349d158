"""What every operation shares: the lock, the event, and the translation of the database's errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import BigIntegerField, DateField

from bookings.domain import outbox
from bookings.domain.lifecycle import require_transition
from bookings.domain.selection import Session
from bookings.enums import BookingStatus, EventKind, MessageKind
from bookings.exceptions import SlotTaken
from bookings.models import Booking, BookingEvent, Therapist
from massagerx.lib.localtime import local
from massagerx.lib.prepared import Prepared

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


def lock_therapists(keys: Iterable[int], *, session: Session, now: datetime) -> list[Therapist]:
    """Locks those of these therapists who can still be booked for the session, in one order for everybody.

    Nobody else can take or leave a time of theirs until the commit. NO KEY: rows that only point at them go on.
    """
    return _LOCKED.objects(therapists=sorted(keys), today=local(now).date(), service=session.service.pk)


_LOCKED = Prepared(
    lambda given: (
        Therapist.objects.select_for_update(no_key=True, of=("self",))
        .filter(pk__in=given("therapists", BigIntegerField()))
        .bookable(given("today", DateField()))
        .qualified_for(given("service", BigIntegerField()))
        .select_related("home_zip__zone")
        .order_by("pk")
    )
)


def record(
    booking: Booking,
    kind: EventKind,
    from_status: str,
    *,
    now: datetime,
    actor: User | None = None,
    by_client: bool = False,
    reason: str = "",
) -> None:
    BookingEvent.objects.create(
        booking=booking,
        kind=kind,
        from_status=from_status,
        to_status=booking.status,
        at=now,
        actor=actor,
        by_client=by_client,
        reason=reason[:300],
    )


def change_status(
    booking: Booking,
    wanted: BookingStatus,
    event: EventKind,
    *,
    now: datetime,
    actor: User | None,
    by_client: bool = False,
    reason: str = "",
    tell: MessageKind | None = None,
    check: Callable[[Booking], None] | None = None,
) -> Booking:
    """Under the therapist's lock: the transition, the event, and what the client is told."""
    with translated_errors(), transaction.atomic():
        # The therapist first, as everywhere, so that two operations never wait for each other.
        list(Therapist.objects.select_for_update(no_key=True).filter(bookings=booking.pk))
        fresh = (
            Booking.objects.select_for_update(no_key=True, of=("self",))
            .select_related("therapist__home_zip", "area", "service", "client")
            .get(pk=booking.pk)
        )
        require_transition(fresh.status, wanted)
        if check is not None:
            check(fresh)
        before = fresh.status
        fresh.status = wanted
        fields = ["status"]
        if wanted == BookingStatus.CONFIRMED:
            fresh.confirmed_at = now
            fields.append("confirmed_at")
        if tell is not None:
            fresh.revision += 1
            fields.append("revision")
        fresh.save(update_fields=fields)
        record(fresh, event, before, now=now, actor=actor, by_client=by_client, reason=reason)
        if tell is not None:
            outbox.write_messages(booking=fresh, kinds=[tell], now=now)
    return fresh
