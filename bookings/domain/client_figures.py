"""What clients are worth to the business: who comes most, who stopped coming, and how many come again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from bookings.enums import BookingStatus
from bookings.models import Client

# Who has not come for so long, and has nothing booked, has lapsed.
LAPSED_AFTER = timedelta(days=90)
# Each list on the page shows so many; the export has all.
MOST_SHOWN = 20


@dataclass(slots=True)
class SourceFigures:
    """Of the clients who heard of us in one way (blank: who told none): how many, their visits, what they paid in
    cents, and how many came or are to come again."""

    name: str
    clients: int = 0
    visits: int = 0
    paid_cents: int = 0
    again: int = 0


@dataclass(frozen=True, slots=True)
class ClientFigures:
    """Of the clients with a visit that took place: how many, how many of them came or are to come again, and what one
    of them has paid on average, in cents. `best` and `lapsed` are clients as `_clients` gives them, `sources`
    where all of them heard of us, who paid most first."""

    clients: int
    again: int
    average_cents: int
    best: list[Any]
    lapsed: list[Any]
    sources: list[SourceFigures]


def client_figures(*, now: datetime) -> ClientFigures:
    """The figures at `now` (aware). Four queries."""
    rows = _clients(now)
    sums = rows.aggregate(
        clients=Count("pk"),
        again=Count("pk", filter=Q(visits__gt=1) | Q(coming__isnull=False)),
        paid=Sum("paid_cents"),
    )
    most = rows.order_by("-paid_cents", "-visits", "pk")
    gone = most.filter(coming=None, last__lte=now - LAPSED_AFTER)
    return ClientFigures(
        clients=sums["clients"],
        again=sums["again"],
        average_cents=round(sums["paid"] / sums["clients"]) if sums["clients"] else 0,
        best=list(most[:MOST_SHOWN]),
        lapsed=list(gone[:MOST_SHOWN]),
        sources=_sources(rows),
    )


def _sources(rows: QuerySet[Any]) -> list[SourceFigures]:
    found: dict[str, SourceFigures] = {}
    told = rows.order_by().values_list("heard_from__name", "visits", "paid_cents", "coming")
    for name, visits, paid_cents, coming in told.iterator(chunk_size=2000):
        source = found.setdefault(name or "", SourceFigures(name or ""))
        source.clients += 1
        source.visits += visits
        source.paid_cents += paid_cents
        source.again += visits > 1 or coming is not None
    return sorted(found.values(), key=lambda source: (-source.paid_cents, source.name))


def every_client(*, now: datetime) -> Iterator[Any]:
    """All of them, who paid most first, read while they are sent."""
    return iter(
        _clients(now)
        .select_related("heard_from")
        .order_by("-paid_cents", "-visits", "pk")
        .iterator(chunk_size=500)
    )


def _clients(now: datetime) -> QuerySet[Any]:
    """The clients with a visit that took place: `visits`, `paid_cents` (their totals), `first` and `last`, and
    `coming`, the start of the next one that stands."""
    done = Q(
        bookings__status__in=[BookingStatus.CONFIRMED, BookingStatus.COMPLETED], bookings__ends_at__lte=now
    )
    ahead = Q(
        bookings__status__in=[BookingStatus.REQUESTED, BookingStatus.CONFIRMED], bookings__starts_at__gt=now
    )
    return (
        Client.objects.filter(erased_at=None)
        .annotate(
            # Two people side by side are one time that the client came.
            visits=Count("bookings__starts_at", filter=done, distinct=True),
            paid_cents=Sum("bookings__total_cents", filter=done),
            first=Min("bookings__starts_at", filter=done),
            last=Max("bookings__starts_at", filter=done),
            coming=Min("bookings__starts_at", filter=ahead),
        )
        .filter(visits__gt=0)
    )
