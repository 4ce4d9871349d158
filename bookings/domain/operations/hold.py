"""Keeping times for a visitor while the rest is filled in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from bookings.domain import scheduling
from bookings.domain.scheduling import Rescue
from bookings.domain.visit_request import VisitRequest
from bookings.models import BookingDraft, BookingRules, Hold
from bookings.models.holds import HELD_AT_MOST, HOLDS_PER_SOURCE
from massagerx.lib.batches import delete_in_batches

from .claim import Wish, claim_all, claim_ways

HOLD_FOR = timedelta(minutes=10)
# Typing on gives the full time again; what would move the end by less than a minute is not written.
EXTEND_BELOW = HOLD_FOR - timedelta(minutes=1)


def hold_time(
    *,
    draft: BookingDraft,
    visit_request: VisitRequest,
    starts_at: datetime,
    rules: BookingRules,
    source: str,
    now: datetime,
) -> Hold | None:
    """`hold_times` for one start."""
    wish = Wish(visit_request, starts_at)
    return next(iter(hold_times(draft=draft, wishes=[wish], rules=rules, source=source, now=now)), None)


def hold_times(
    *, draft: BookingDraft, wishes: Sequence[Wish], rules: BookingRules, source: str, now: datetime
) -> list[Hold]:
    """Keeps starts for the visitor with `draft`, one or those of a whole course, all or none, for ten minutes or as
    long as one types, in place of what was held before.

    Empty when the draft has gone meanwhile (booked, or started over in another tab), and when visitors from `source`
    hold as many times as one address may: the starts were free and may be booked, they are only not kept. What is held
    already, taken again with other minutes, was chosen when it was chosen.

    Raises as `claim`, and what was held before stays then.
    """
    own = [Wish(replace(wish.visit_request, draft=draft.key), wish.starts_at) for wish in wishes]
    with claim_all(own, rules=rules, now=now) as slots:
        if not BookingDraft.objects.select_for_update().filter(pk=draft.key).exists():
            return []
        starts = [slot.starts_at for slot in slots]
        earlier = Hold.objects.filter(draft=draft, starts_at__in=starts).live(now)
        held_since = earlier.order_by("held_since").values_list("held_since", flat=True).first() or now
        Hold.objects.filter(draft=draft).delete()
        Hold.objects.filter(source=source).expired(now).delete()
        held = Hold.objects.filter(source=source).order_by().values_list("place", "number")
        taken = {place for place, _number in held}
        place = next((number for number in range(HOLDS_PER_SOURCE) if number not in taken), None)
        if place is None or (len(slots) > 1 and any(number > 1 for _place, number in held)):
            return []
        rows = [
            Hold(
                draft=draft,
                number=number,
                therapist_id=slot.therapist_id,
                area=wish.visit_request.area,
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
                blocked_from=slot.blocked_from,
                blocked_until=slot.blocked_until,
                expires_at=_kept_until(held_since, now),
                held_since=held_since,
                source=source,
                place=place,
            )
            for number, (wish, slot) in enumerate(zip(own, slots, strict=True), start=1)
        ]
        try:
            with transaction.atomic():
                return Hold.objects.bulk_create(rows)
        except IntegrityError:
            # Another visitor from there took the last place at this very moment.
            return []


def hold_ways(
    *,
    draft: UUID,
    plan: Callable[[], Sequence[Rescue]],
    source: str,
    now: datetime,
) -> tuple[list[Rescue], datetime | None]:
    """Keeps the other times that a plan has for visits whose own can't be kept, for ten minutes, in place of what was
    held under `draft`; the plan, and until when, None where nothing is held.

    Raises `SlotTaken` when somebody is being booked for too long: then what was held before stays."""
    with claim_ways(plan) as (found, ways):
        held_before = Hold.objects.filter(draft=draft)
        if not ways:
            held_before.delete()
            return found, None
        BookingDraft.objects.update_or_create(pk=draft, defaults={"updated_at": now})
        since = held_before.filter(starts_at__in=[way.starts_at for _row, way in ways]).live(now)
        held_since = since.order_by("held_since").values_list("held_since", flat=True).first() or now
        until = _kept_until(held_since, now)
        held_before.delete()
        if until <= now:
            return found, None
        Hold.objects.bulk_create(
            Hold(
                draft_id=draft,
                number=number,
                therapist=way.therapist,
                area=row.booking.area,
                starts_at=way.starts_at,
                ends_at=way.starts_at + timedelta(minutes=row.booking.treatment_minutes),
                blocked_from=way.blocked_from,
                blocked_until=way.blocked_until,
                expires_at=until,
                held_since=held_since,
                source=source,
                place=0,
            )
            for number, (row, way) in enumerate(ways, start=1)
        )
    return found, until


def release_ways(*, draft: UUID, held: str) -> None:
    """Lets the times go that are held under `draft` since `held`, the `now` of `hold_ways` as `isoformat` writes it;
    what was held anew since, by the page that came after, stays."""
    with transaction.atomic():
        row = BookingDraft.objects.select_for_update().filter(pk=draft).first()
        if row is not None and row.updated_at.isoformat() == held:
            release_hold(row)


def holds_match(holds: Sequence[Hold], wishes: Sequence[Wish], *, rules: BookingRules) -> bool:
    """Whether the holds keep just what is wished for, in order: start, place, who comes, and the minutes at the
    door. Each wish names one therapist."""
    return len(holds) == len(wishes) > 0 and all(
        _matches(hold, wish, rules) for hold, wish in zip(holds, wishes, strict=True)
    )


def _matches(hold: Hold, wish: Wish, rules: BookingRules) -> bool:
    asked = wish.visit_request
    setup, packdown = scheduling.setup_and_packdown_minutes(
        service=asked.treatment.service, rules=rules, access_type=asked.access_type
    )
    return (hold.starts_at, hold.therapist_id, hold.area_id, hold.blocked_from, hold.blocked_until) == (
        wish.starts_at,
        asked.therapists[0].pk,
        asked.area.pk,
        hold.starts_at - timedelta(minutes=setup),
        hold.ends_at + timedelta(minutes=packdown),
    )


def extend_hold(hold: Hold, *, now: datetime) -> None:
    """Gives a live hold its full time again, with the others of its course, as long as they may be kept at all."""
    until = _kept_until(hold.held_since, now)
    if hold.expires_at - now < EXTEND_BELOW and until > hold.expires_at:
        # What another tab has put in its place has an end of its own.
        same = Hold.objects.filter(draft=hold.draft_id, held_since=hold.held_since, expires_at__lt=until)
        if same.live(now).update(expires_at=until):
            hold.expires_at = until


def can_be_longer(hold: Hold) -> bool:
    """Whether typing on can still move the end of the hold."""
    return hold.expires_at < hold.held_since + HELD_AT_MOST


def _kept_until(held_since: datetime, now: datetime) -> datetime:
    return min(now + HOLD_FOR, held_since + HELD_AT_MOST)


def release_hold(draft: BookingDraft) -> None:
    """Lets the visitor's held times go, if there are any."""
    Hold.objects.filter(draft_id=draft.key).delete()


def release_expired_holds(*, now: datetime) -> int:
    """Deletes holds whose time is over; returns how many. They count for nothing already before."""
    return delete_in_batches(Hold.objects.all().expired(now))
