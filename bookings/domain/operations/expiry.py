"""Until when a request waits: for the press that proves its client's mailbox, and for an answer."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from bookings.domain import outbox
from bookings.enums import BookingStatus, EventKind, MessageKind, Tier
from bookings.exceptions import ChangedMeanwhile, InvalidTransition, SlotTaken
from bookings.models import Booking, BookingRules

from .act import Act
from .told_once import note_what_was_told
from .transaction import Change, change_status, lock_therapists_of, record, translated_errors

log = logging.getLogger("massagerx.bookings")

# A doctor's office takes days to answer, so a request that needs its word waits this many times as long.
CLEARANCE_PATIENCE = 3
EXPIRE = Change(BookingStatus.EXPIRED, EventKind.EXPIRED, MessageKind.EXPIRED)


def expire_requests(*, now: datetime) -> int:
    """Expires requests that nobody answered in the owner's time, or before they should have begun, and tells the
    clients; returns how many. What one press asked for ends with one message, when the first of it does. Another
    process may be doing the same: each request expires once."""
    rules = BookingRules.load()
    too_old = now - timedelta(minutes=rules.request_expires_after_minutes)
    waiting = Booking.objects.filter(status=BookingStatus.REQUESTED)
    stale = waiting.filter(
        Q(created_at__lte=too_old) | Q(starts_at__lte=now) | Q(answer_by__lte=now) | Q(prove_by__lte=now)
    )
    ended: dict[object, Booking] = {}
    for booking in stale.select_related("screening").defer("screening__answers").order_by("created_at", "pk"):
        if expires_at(booking, rules) <= now:
            ended.setdefault(booking.together or booking.pk, booking)
    expired = 0
    for first in ended.values():
        bookings = list(waiting.together_with(first).filter(prove_by__isnull=first.prove_by is None))
        if not bookings:
            continue  # answered meanwhile
        try:
            _expire(bookings, now=now)
        except (InvalidTransition, SlotTaken, ChangedMeanwhile):
            continue  # answered, or being answered, meanwhile
        except Exception:
            # One request that can't be ended must not keep the others waiting.
            log.exception("a request could not be expired", extra={"booking": first.pk})
            continue
        expired += len(bookings)
    return expired


def _expire(bookings: Sequence[Booking], *, now: datetime) -> None:
    """All of them or none: requests of one press, or one that came alone."""
    first = bookings[0]
    if first.prove_by is not None:
        # Whose mailbox it is nobody knows, so nothing more is sent there.
        change, check = EXPIRE._replace(tell=None), _require_unproved
        act = Act(now, reason=_("the email address was not confirmed in time"))
    else:
        change, check = EXPIRE, None
        act = Act(now, told_together=first.together is not None)
    with translated_errors(), transaction.atomic():
        lock_therapists_of(bookings)
        expired = [change_status(booking, change, act, check=check) for booking in bookings]
        if act.told_together:
            outbox.write_messages(booking=expired[0], kinds=[MessageKind.TOGETHER], now=now)


def _require_unproved(fresh: Booking) -> None:
    if fresh.prove_by is None:
        raise ChangedMeanwhile


def prove_mailbox(*, booking: Booking, now: datetime) -> bool:
    """The press in the email that a new client gets: their time is kept until staff answer, and so are all that were
    asked for together. Also in the minute in which it would expire. False when nothing waited for it. In anybody's
    email: what was told once with the visit is noted as theirs. Raises `SlotTaken` when others keep a visit of it
    locked for too long."""
    with translated_errors(), transaction.atomic():
        note_what_was_told(booking)
        return prove(booking, Act(now, by_client=True))


def prove(booking: Booking, act: Act) -> bool:
    """Proves the mailbox of a visit and of all that were asked for with it, within the transaction that is open,
    locked in the order of everybody. Returns whether one of them waited for it."""
    rows = Booking.objects.together_with(booking).unproved()
    lock_therapists_of(rows)
    waiting = list(rows.select_for_update(no_key=True))
    for fresh in waiting:
        fresh.prove_by, fresh.source = None, ""
        fresh.save(update_fields=["prove_by", "source"])
        record(fresh, EventKind.PROVED, fresh.status, act)
    return bool(waiting)


def expires_at(booking: Booking, rules: BookingRules) -> datetime:
    """When an unanswered request expires: when its client was promised an answer, and that is the answer. Where they
    were promised a call instead, at the owner's limit, later while a clinician's note is asked for, and at its start
    at the latest; that of a new client whose mailbox nobody has proved when they were told."""
    if booking.prove_by is not None:
        return min(booking.prove_by, booking.answer_by or booking.prove_by)
    if booking.answer_by is not None:
        return booking.answer_by
    minutes = rules.request_expires_after_minutes * patience_with(first_tier(booking))
    return min(booking.created_at + timedelta(minutes=minutes), booking.starts_at)


def first_tier(booking: Booking) -> str:
    """What the first health answers came to; "" while they are not given."""
    record = getattr(booking, "screening", None)
    return record.tier if record is not None else ""


def patience_with(tier: str) -> int:
    """How many times as long as others a request of that screening result may wait."""
    return CLEARANCE_PATIENCE if tier == Tier.CLEARANCE else 1
