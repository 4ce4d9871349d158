"""Keeping a time for a visitor while the rest is filled in."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from bookings.domain import scheduling
from bookings.domain.visit_request import VisitRequest
from bookings.models import BookingDraft, BookingRules, Hold
from bookings.models.holds import HELD_AT_MOST, HOLDS_PER_SOURCE

from .claim import claim

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
    """Keeps a start for the visitor with `draft`, who asks for `visit_request`, for ten minutes or as long as one
    types, in place of the one held before.

    None when the draft has gone meanwhile (booked, or started over in another tab), and when visitors from `source`
    hold as many times as one address may: the start was free and may be booked, it is only not kept. The start that is
    held already, taken again with other minutes, was chosen when it was chosen.

    Raises as `claim`, and the earlier hold stays then.
    """
    with claim(replace(visit_request, draft=draft.key), starts_at, rules=rules, now=now) as slot:
        if not BookingDraft.objects.select_for_update().filter(pk=draft.key).exists():
            return None
        earlier = Hold.objects.filter(draft=draft, starts_at=slot.starts_at).live(now).first()
        held_since = earlier.held_since if earlier is not None else now
        Hold.objects.filter(draft=draft).delete()
        Hold.objects.filter(source=source).expired(now).delete()
        held = set(Hold.objects.filter(source=source).order_by().values_list("place", flat=True))
        place = next((number for number in range(HOLDS_PER_SOURCE) if number not in held), None)
        if place is None:
            return None
        try:
            with transaction.atomic():
                return Hold.objects.create(
                    draft=draft,
                    therapist_id=slot.therapist_id,
                    area=visit_request.area,
                    starts_at=slot.starts_at,
                    ends_at=slot.ends_at,
                    blocked_from=slot.blocked_from,
                    blocked_until=slot.blocked_until,
                    expires_at=_kept_until(held_since, now),
                    held_since=held_since,
                    source=source,
                    place=place,
                )
        except IntegrityError:
            # Another visitor from there took the last place at this very moment.
            return None


def hold_matches(hold: Hold, *, visit_request: VisitRequest, rules: BookingRules) -> bool:
    """Whether the hold keeps just the minutes at the door that are asked for."""
    setup, packdown = scheduling.setup_and_packdown_minutes(
        service=visit_request.treatment.service, rules=rules, access_type=visit_request.access_type
    )
    return (hold.blocked_from, hold.blocked_until) == (
        hold.starts_at - timedelta(minutes=setup),
        hold.ends_at + timedelta(minutes=packdown),
    )


def extend_hold(hold: Hold, *, now: datetime) -> None:
    """Gives a live hold its full time again, as long as its time may be kept at all."""
    until = _kept_until(hold.held_since, now)
    if hold.expires_at - now < EXTEND_BELOW and until > hold.expires_at:
        # One that another tab has put in its place has an end of its own.
        same = Hold.objects.filter(pk=hold.pk, held_since=hold.held_since, expires_at__lt=until)
        if same.live(now).update(expires_at=until):
            hold.expires_at = until


def can_be_longer(hold: Hold) -> bool:
    """Whether typing on can still move the end of the hold."""
    return hold.expires_at < hold.held_since + HELD_AT_MOST


def _kept_until(held_since: datetime, now: datetime) -> datetime:
    return min(now + HOLD_FOR, held_since + HELD_AT_MOST)


def release_hold(draft: BookingDraft) -> None:
    """Lets the visitor's held time go, if there is one."""
    Hold.objects.filter(draft_id=draft.key).delete()


def release_expired_holds(*, now: datetime) -> int:
    """Deletes holds whose time is over; returns how many. They count for nothing already before."""
    deleted, _ = Hold.objects.all().expired(now).delete()
    return deleted
