"""The chosen time, kept while a visitor types, or taken again with another therapist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect

from bookings.domain import operations, scheduling
from bookings.domain.operations import Wish
from bookings.exceptions import NoLongerOffered, SlotNotOffered
from bookings.models import (
    Booking,
    BookingRules,
    Hold,
)
from bookings.refusals import access_label, another_words, refusal_words
from massagerx.lib.limits import visitor_digest

from .steps import back_to
from .visitor_draft import COURSE, Progress, miss_time, save


def keep_time(request: HttpRequest, progress: Progress) -> HttpResponseRedirect | None:
    """Extends the hold of a visitor who is still typing, or takes an expired one again when the time is still free;
    with somebody else, and the page says so, when only they can come; else a redirect to fresh times, with everything
    typed kept.

    The way to the door is told after the time was chosen: a hold with other minutes at the door is taken again.
    """
    if COURSE in progress.answers:
        # Looked at again, and kept again, before they are booked.
        if progress.hold is not None:
            operations.extend_hold(progress.hold, now=progress.now)
        return None
    wishes = progress.wishes
    if not wishes:
        return back_to("when")
    holds = progress.holds
    if operations.holds_match(holds, wishes, rules=progress.rules):
        operations.extend_hold(holds[0], now=progress.now)
        return None
    try:
        hold_wishes(request, progress, wishes, rules=progress.rules)
    except (SlotNotOffered, NoLongerOffered) as error:
        if with_another(request, progress):
            return None
        fits = all(_fits_at_ground(progress, wish) for wish in wishes)
        messages.error(request, access_label() if fits else refusal_words(error))
        save(request, progress, **miss_time(progress))
        return back_to("when")
    return None


def hold_wishes(
    request: HttpRequest, progress: Progress, wishes: Sequence[Wish], *, rules: BookingRules
) -> list[Hold]:
    """Keeps times for who presses. Raises as `operations.hold_times`."""
    # Those of one network address are counted together; of staff those of each of them.
    staff_user = progress.staff_user
    source = visitor_digest(request) if staff_user is None else f"staff {staff_user.pk}"
    return operations.hold_times(
        draft=progress.draft, wishes=wishes, rules=rules, source=source, now=progress.now
    )


def with_another(request: HttpRequest, progress: Progress) -> bool:
    """Keeps the chosen time with somebody else who was asked for as well, and says who comes now; False when nobody
    else can. Two who come side by side are chosen anew."""
    asked, before, starts_at = progress.visit_request, progress.therapist, progress.starts_at
    if asked is None or before is None or starts_at is None or progress.side_by_side:
        return False
    others = [therapist for therapist in asked.therapists if therapist != before]
    try:
        slot = scheduling.choose_slot(
            visit_request=asked,
            therapists=others,
            starts_at=starts_at,
            rules=progress.rules,
            now=progress.now,
        )
        another = next(therapist for therapist in others if therapist.pk == slot.therapist_id)
        wish = Wish(asked.with_therapist(another.slug), starts_at)
        hold_wishes(request, progress, [wish], rules=progress.rules)
    except (SlotNotOffered, NoLongerOffered):
        return False
    save(request, progress, therapist=another.slug)
    messages.warning(request, another_words(before.name, another.name))
    return True


def _fits_at_ground(progress: Progress, wish: Wish) -> bool:
    """Whether only the way to the door stands in the way of the chosen time."""
    if not progress.rules.access_minutes(wish.visit_request.access_type):
        return False
    try:
        scheduling.choose_slot(
            visit_request=replace(wish.visit_request, access_type=Booking.AccessType.GROUND),
            therapists=wish.visit_request.therapists,
            starts_at=wish.starts_at,
            rules=progress.rules,
            now=progress.now,
        )
    except SlotNotOffered:
        return False
    return True
