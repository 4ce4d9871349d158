"""Booked visits that nobody can keep as things are now, whatever the cause: worked out anew each time it is asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from bookings.domain import outbox, scheduling
from bookings.enums import OCCUPYING, MessageKind
from bookings.models import Booking, BookingRules, OwnConsent, StrandedNotice, Therapist
from massagerx.lib.localtime import local

# The desk is told by email of a visit that can't be kept once it is so near.
TOLD_WITHIN = timedelta(hours=48)
# Who is visited doesn't agree any more.
CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class Stranded:
    """A visit to come that its therapist can't keep, or that is not offered any more. `reason` is `consent`,
    `inactive`, `qualification`, `service`, `length`, `people`, or one of `availability.RefusalReason`."""

    booking: Booking
    reason: str


def stranded_by(
    *,
    therapist_ids: Collection[int] | None = None,
    now: datetime,
    days: tuple[date, date] | None = None,
    as_saved: bool = False,
    rules: BookingRules | None = None,
) -> list[Stranded]:
    """The visits to come of these therapists (None: of all) that can't be kept as things are now, by start; those of
    the local `days` alone, from one to another, where these are given.

    By staff's rules: neither notice nor horizon nor grid count. `as_saved` also counts what has just been saved about
    drives, of which there are no rows yet. `rules` are the owner's, when they were read already. A fixed number of
    queries.
    """
    checked = scheduling.check_upcoming(
        therapist_ids=therapist_ids, now=now, days=days, as_saved=as_saved, rules=rules
    )
    found = [Stranded(booking, why_stranded(booking, refusal)) for booking, refusal in checked]
    return [row for row in found if row.reason]


def why_stranded(booking: Any, refusal: str | None) -> str:
    """Why a visit can't be kept, of which the engine says `refusal`; empty when it can. Needs therapist, service,
    option and what `with_qualified` tells beside it."""
    if is_refused(booking):
        return CONSENT
    qualified = {(booking.therapist_id, booking.service_id)} if booking.is_qualified else set()
    stands_back = scheduling.why_therapist_stands_back(booking, qualified)
    if stands_back or refusal:
        return str(stands_back or refusal)
    if not booking.service.is_active:
        return "service"
    if not booking.option.is_active:
        return "length"
    return "people" if booking.people > booking.service.max_people else ""


def is_refused(booking: Any) -> bool:
    """Whether who is visited doesn't agree any more. Needs what `with_qualified` tells."""
    return OwnConsent.is_among(booking.recipient_name, (booking.refusing or "").split("\n"))


def why_not_kept(booking: Booking, *, now: datetime) -> str:
    """The same of one visit, asked of the database: empty when it can be kept, is over, or takes no time any more. From
    its start on it is looked at for whether who is visited agrees, nothing else."""
    if booking.starts_at <= now:
        stands = booking.status in OCCUPYING and now < booking.ends_at
        name = booking.recipient_name if stands else ""
        return CONSENT if name and OwnConsent.is_taken_back(client=booking.client, name=name) else ""
    day = local(booking.starts_at).date()
    found = stranded_by(therapist_ids={booking.therapist_id}, now=now, days=(day, day))
    return next((row.reason for row in found if row.booking.pk == booking.pk), "")


def lock_therapists_of_change(therapist_ids: Collection[int] | None) -> None:
    """Locks these therapists (None: all), in the order in which everybody does: nobody books one of them between the
    look at their visits and the change. Only inside a transaction."""
    rows = Therapist.objects.select_for_update(no_key=True).order_by("pk")
    if therapist_ids is not None:
        rows = rows.filter(pk__in=therapist_ids)
    list(rows.values_list("pk", flat=True))


# The desk is told -------------------------------------------------------------------------------------------------


def tell_desk(*, now: datetime) -> int:
    """Writes to the desk about each visit within `TOLD_WITHIN` that can't be kept, once for each cause; returns how
    many messages were written. A cause that went away and came back is told again."""
    # Before the look: what another process tells meanwhile, this look has not seen, so it is not solved.
    known = set(StrandedNotice.objects.order_by().values_list("pk", flat=True))
    found = stranded_by(now=now, days=(local(now).date(), local(now + TOLD_WITHIN).date()))
    _forget_solved(known, found, now)
    return tell_of(found, now=now)


def tell_of(found: Collection[Stranded], *, now: datetime, until: datetime | None = None) -> int:
    """The same of these visits alone, of those that start `until` then, and forgets nothing."""
    until = until or now + TOLD_WITHIN
    told = set(StrandedNotice.objects.order_by().values_list("booking", "reason", "revision"))
    return sum(
        _tell(row, now)
        for row in found
        if row.booking.starts_at <= until and (row.booking.pk, row.reason, row.booking.revision) not in told
    )


def _tell(row: Stranded, now: datetime) -> bool:
    """Whether it was this process that wrote, and the visit was still as it was looked at."""
    with transaction.atomic():
        fresh = Booking.objects.select_for_update(no_key=True, of=("self",)).get(pk=row.booking.pk)
        if (fresh.revision, fresh.status) != (row.booking.revision, row.booking.status):
            return False
        _notice, is_new = StrandedNotice.objects.get_or_create(
            booking=fresh, reason=row.reason, revision=fresh.revision, defaults={"told_at": now}
        )
        if is_new:
            outbox.write_once_more(booking=fresh, kind=MessageKind.STRANDED_ALERT, now=now)
    return is_new


def _forget_solved(known: Collection[int], found: Collection[Stranded], now: datetime) -> None:
    """Drops those of the `known` notices whose cause is no more, or whose visit has ended, begun or changed since."""
    still = {(row.booking.pk, row.reason) for row in found}
    kept = Booking.objects.filter(
        pk=OuterRef("booking"), revision=OuterRef("revision"), status__in=OCCUPYING, starts_at__gt=now
    )
    gone = [
        notice.pk
        for notice in StrandedNotice.objects.filter(pk__in=known).annotate(is_current=Exists(kept)).order_by()
        if not notice.is_current or (notice.booking_id, notice.reason) not in still
    ]
    StrandedNotice.objects.filter(pk__in=gone).delete()
