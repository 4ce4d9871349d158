"""A therapist who can't come any more today, or would like time off over visits that are booked."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from bookings.domain import outbox, stranding
from bookings.domain.stranding import Stranded
from bookings.enums import MessageKind, WishState
from bookings.exceptions import WishAnswered
from bookings.models import Therapist, TimeOff, TimeOffWish
from massagerx.lib.localtime import day_bounds, local

from .transaction import translated_errors


def stay_away_today(*, therapist: Therapist, now: datetime, reason: str) -> list[Stranded]:
    """Writes time off from now to the end of the local day, and at once to the desk about each visit that nobody comes
    to now; returns these visits, by start. A second press changes nothing. Under the therapist's lock: who is booking
    them at this moment is either seen here or refused.

    Raises `SlotTaken` when somebody else is at the therapist or one of the visits: nothing was written then."""
    today = local(now).date()
    ends_at = day_bounds(today)[1]
    with translated_errors(), transaction.atomic():
        list(Therapist.objects.select_for_update(no_key=True).filter(pk=therapist.pk).order_by("pk"))
        covering = TimeOff.objects.filter(therapist=therapist, starts_at__lte=now, ends_at__gte=ends_at)
        if not covering.exists():
            TimeOff.objects.create(therapist=therapist, starts_at=now, ends_at=ends_at, reason=reason[:120])
        found = stranding.stranded_by(therapist_ids={therapist.pk}, now=now, days=(today, today))
        stranding.tell_of(found, now=now)
        return found


def wish_for_time_off(
    *, therapist: Therapist, starts_at: datetime, ends_at: datetime, reason: str, now: datetime
) -> TimeOffWish:
    """Asks the desk for time off from one instant to another; the visits stay as they are until it answers. Asked
    twice, it is asked once."""
    wish, _is_new = TimeOffWish.objects.get_or_create(
        therapist=therapist,
        starts_at=starts_at,
        ends_at=ends_at,
        state=WishState.OPEN,
        defaults={"reason": reason, "asked_at": now},
    )
    return wish


def answer_wish(*, wish: TimeOffWish, is_approved: bool, actor: User, now: datetime, why: str = "") -> None:
    """Makes it time off, or not; the therapist hears of it by email, if their log-in has one, with `why` where it is
    declined. Under the therapist's lock, so that nobody is booking them meanwhile.

    Raises `WishAnswered` when somebody was quicker, and `SlotTaken` when the therapist is being booked."""
    with translated_errors(), transaction.atomic():
        list(Therapist.objects.select_for_update(no_key=True).filter(pk=wish.therapist_id).order_by("pk"))
        fresh = (
            TimeOffWish.objects.select_for_update(of=("self",))
            .select_related("therapist__user")
            .get(pk=wish.pk)
        )
        if fresh.state != WishState.OPEN:
            raise WishAnswered
        fresh.state = WishState.APPROVED if is_approved else WishState.DECLINED
        fresh.why, fresh.answered_at, fresh.answered_by = why, now, actor
        fresh.save(update_fields=["state", "why", "answered_at", "answered_by"])
        if is_approved:
            TimeOff.objects.create(
                therapist=fresh.therapist,
                starts_at=fresh.starts_at,
                ends_at=fresh.ends_at,
                reason=fresh.reason,
            )
        if fresh.therapist.user is not None and fresh.therapist.user.email:
            outbox.write_message(kind=MessageKind.TIME_OFF, wish=fresh, now=now)
