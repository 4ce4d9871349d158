"""Health answers to a visit that stands: given again, or for the first time where staff left them for later."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from bookings.domain import intake, outbox
from bookings.enums import BookingStatus, EventKind, MessageKind, Tier
from bookings.exceptions import BookingError, InvalidTransition, ScreeningChanged
from bookings.models import Booking, ScreeningRecheck, ScreeningRecord
from bookings.models.intake import NEEDS_NO_NOTE
from massagerx.lib.localtime import local

from .act import Act
from .clearance import has_grave_answers
from .move import may_change
from .status import confirm_booking
from .transaction import lock_visit, record, translated_errors

# The same answers within this time are one press that was sent twice.
SAME_PRESS = timedelta(minutes=10)


def recheck_screening(
    *, booking: Booking, version_number: int, answers: dict[str, str], now: datetime
) -> ScreeningRecheck:
    """Keeps the health answers given again before the visit. Nothing is canceled by them: when one is graver than the
    answer to the same question before, staff are alerted and call.

    Raises `ScreeningChanged` when other questions are in force, or `InvalidTransition` for a visit that is over.
    """
    current = intake.current_screening(now=now)
    if current.version.number != version_number:
        raise ScreeningChanged
    with translated_errors(), transaction.atomic():
        fresh = lock_visit(booking)
        if not may_change(fresh, now=now):
            raise InvalidTransition(fresh.status, EventKind.RECHECKED)
        before = intake.newest_answers(fresh)
        if isinstance(before, ScreeningRecheck) and _is_same_press(before, current, answers, now):
            return before
        slug, today = fresh.service.slug, local(now).date()
        tier = intake.tier_of(current.evaluate(answers, slug, today, people=fresh.people))
        new_tier = current.new_tier(
            answers, before.answers if before is not None else {}, slug, today, people=fresh.people
        )
        recheck = ScreeningRecheck.objects.create(
            booking=fresh,
            version=current.version,
            answers=answers,
            tier=tier,
            new_tier=new_tier,
            evaluated_at=now,
        )
        record(fresh, EventKind.RECHECKED, fresh.status, Act(now, by_client=True))
        # Whoever heard of it may have spoken about it: a surgeon's office has cleared what it knows of.
        if new_tier != Tier.CLEAR and has_grave_answers(fresh):
            outbox.write_once_more(booking=fresh, kind=MessageKind.RECHECK_ALERT, now=now)
    return recheck


def was_just_answered(
    *, booking: Booking, current: intake.Screening, answers: dict[str, str], now: datetime
) -> bool:
    """Whether these are the answers given last, to the same questions and within one press that was sent twice. Raises
    `UnreadableValue`."""
    newest = intake.newest_answers(booking)
    return newest is not None and _is_same_press(newest, current, answers, now)


def _is_same_press(
    newest: ScreeningRecheck | ScreeningRecord,
    current: intake.Screening,
    answers: dict[str, str],
    now: datetime,
) -> bool:
    # Who answers the same right after the booking says that nothing has changed.
    by_booking = isinstance(newest, ScreeningRecord) and newest.evaluated_at <= newest.booking.created_at
    is_same = newest.version_id == current.version.pk and newest.answers == answers
    return is_same and not by_booking and now - newest.evaluated_at < SAME_PRESS


def answer_screening(
    *, booking: Booking, version_number: int, answers: dict[str, str], now: datetime
) -> None:
    """Keeps a client's health answers: given again, as `recheck_screening`, or for the first time where staff had left
    the questions for later. The request is confirmed by first answers that ask for no note, since staff have booked it,
    and where nothing holds at its door; else it waits for staff. They are alerted either way. Raises as
    `recheck_screening`."""
    current = intake.current_screening(now=now)
    if current.version.number != version_number:
        raise ScreeningChanged
    with translated_errors(), transaction.atomic():
        fresh = lock_visit(booking)
        answered = intake.newest_answers(fresh)
        if answered is not None and _is_same_press(answered, current, answers, now):
            return
        if answered is None and fresh.status == BookingStatus.REQUESTED and may_change(fresh, now=now):
            _answer_first(fresh, current, answers, now=now)
            return
        recheck = recheck_screening(booking=booking, version_number=version_number, answers=answers, now=now)
        if answered is None:
            # Once anything was answered, the page asks for a code; staff are told as of answers given again.
            ScreeningRecord.objects.create(
                booking=fresh,
                version=recheck.version,
                answers=recheck.answers,
                tier=recheck.tier,
                evaluated_at=recheck.evaluated_at,
            )


def _answer_first(
    fresh: Booking, current: intake.Screening, answers: dict[str, str], *, now: datetime
) -> None:
    slug, today = fresh.service.slug, local(now).date()
    tier = intake.tier_of(current.evaluate(answers, slug, today, people=fresh.people))
    covered = tier == Tier.CLEARANCE and intake.covering_note(
        of=partial(getattr, fresh),
        starts_at=fresh.starts_at,
        answers=answers,
        current=current,
        now=now,
    )
    ScreeningRecord.objects.create(
        booking=fresh,
        version=current.version,
        answers=answers,
        tier=tier,
        is_covered=covered,
        evaluated_at=now,
    )
    record(fresh, EventKind.RECHECKED, fresh.status, Act(now, by_client=True))
    if tier in NEEDS_NO_NOTE or covered:
        try:
            with transaction.atomic():
                confirm_booking(
                    booking=fresh, actor=None, now=now, reason=_("the health questions are answered")
                )
        except BookingError:
            pass  # the therapist can't come any more, or has to know of the door: staff see to it
    kind = MessageKind.RECHECK_ALERT if tier not in NEEDS_NO_NOTE and not covered else MessageKind.STAFF_ALERT
    outbox.write_once_more(
        booking=Booking.objects.select_related("client").get(pk=fresh.pk), kind=kind, now=now
    )
