"""What the core tells the apps inside bookings (courses, referrals, program, reviews), which it never imports.

The whole list of what can be heard is below: a class per fact, with its payload. An app registers its listeners once,
in `ready()` of its `apps.py`:

    listeners.listen(VisitFreed, openings.note_freed_time)

Listeners are called where the fact is written, in the transaction that is open, under the locks of the operation, in
the order in which they were registered. What a listener writes is committed or rolled back with the fact; what it
raises undoes the operation. So a listener writes rows and asks no other server; work that takes time belongs in a row
for a worker.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, transaction

from bookings.enums import EventKind
from bookings.models import Booking


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitChanged:
    """A line was added to a visit's history. `booking` is the visit as it is now, its row locked; `at` the instant in
    UTC. Status, start and therapist may be as before (`kind` tells)."""

    booking: Booking
    kind: EventKind
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitFreed:
    """A visit no longer takes time that it took: it ended before it began, or was moved. The half-open span in UTC
    goes from set-up to pack-down, without drives; part of it may be taken again by a moved visit."""

    booking: Booking
    therapist_id: int
    blocked_from: datetime
    blocked_until: datetime
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedTogether:
    """One press booked several visits, which share the key `together`; `draft` is the key of the unfinished booking
    that it was made from, still stored."""

    bookings: Sequence[Booking]
    together: UUID
    draft: UUID | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientErased:
    """A client (key) is being erased: what apps hold about these visits (keys of bookings) has to go. `by` is the key
    of the member of staff who does it, None where the client's time is over."""

    client: int
    bookings: Sequence[int]
    by: int | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPurged:
    """The health answers of these visits (keys of bookings) were kept as long as the owner says, and are deleted: what
    apps hold that tells of health has to go too. Told without visits at the end of each purge, for what belongs to
    none."""

    bookings: Sequence[int]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinksRevoked:
    """A client (key) has another mailbox by now, and what was mailed to the one before opens nothing any more."""

    client: int
    at: datetime


Fact = VisitChanged | VisitFreed | BookedTogether | ClientErased | HealthPurged | LinksRevoked
F = TypeVar("F", VisitChanged, VisitFreed, BookedTogether, ClientErased, HealthPurged, LinksRevoked)

_listeners: defaultdict[type, list[Callable[[Any], None]]] = defaultdict(list)


def listen(fact: type[F], listener: Callable[[F], None]) -> None:
    """Has `listener` called with each fact of that class from now on; a second registration changes nothing."""
    if listener not in _listeners[fact]:
        _listeners[fact].append(listener)


def tell(fact: Fact) -> None:
    """Calls the listeners of the fact's class. Raises `TransactionManagementError` outside a transaction, in which
    a listener's failure could not undo the fact, and whatever a listener raises."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "Facts are told inside the transaction that writes them."
        )
    for listener in _listeners[type(fact)]:
        listener(fact)
