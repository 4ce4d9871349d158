"""Senders take due messages one by one, and write down what became of each.

No two senders hold one row: they take it by a lease, and every later change asks for that lease.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Min, Q
from django.db.models.functions import Coalesce

from bookings.enums import Channel, MessageState
from bookings.models import Message

from .message_copies import packed

# Longer than one silence of the mail server (EMAIL_TIMEOUT, 15 s), and renewed when the body is handed over. A
# sender that died costs its message this long.
LEASE_SECONDS = 60
# A message of unknown outcome is sent a second time after this long.
RESEND_AFTER = timedelta(minutes=2)
# An oldest message that waits longer than this means that sending is in trouble.
LATE_MINUTES = 10
# The receiving side put the message off: its own affair, no sign that sending is in trouble.
PUT_OFF_BY_RECEIVER = ("SMTPRecipientsRefused", "SMTPDataError")


def anything_due(*, now: datetime) -> bool:
    """Whether a sender would find work. One look into an index that holds open rows only, and no lock: most sweeps
    end here."""
    abandoned = Q(state=MessageState.SENDING, leased_until__lte=now)
    waiting = Q(state=MessageState.DUE) | Q(state=MessageState.UNKNOWN, uncertain_attempts=1)
    return Message.objects.filter(waiting | abandoned, channel=Channel.EMAIL, due_at__lte=now).exists()


def claim_due(
    *,
    now: datetime,
    limit: int = 1,
    lease_seconds: int = LEASE_SECONDS,
    keys: Sequence[int] | None = None,
) -> list[Message]:
    """Takes up to `limit` due messages (of `keys`, when given) for `lease_seconds`, oldest first.

    Safe to call from any number of senders at once: on PostgreSQL rows that another is taking are skipped, and on
    both databases the update repeats the condition, so that a row taken meanwhile is not taken again.
    """
    with transaction.atomic():
        _mark_abandoned_uncertain(now)
        due = Message.objects.due(now)
        if keys is not None:
            due = due.filter(pk__in=keys)
        if connection.features.has_select_for_update_skip_locked:
            chosen = due.select_for_update(skip_locked=True)
        else:
            chosen = due
        chosen_keys = list(chosen.values_list("pk", flat=True)[:limit])
        if not chosen_keys:
            return []
        lease = uuid.uuid4()
        Message.objects.due(now).filter(pk__in=chosen_keys).order_by().update(
            state=MessageState.SENDING,
            lease=lease,
            leased_until=now + timedelta(seconds=lease_seconds),
            attempts=F("attempts") + 1,
            first_tried_at=Coalesce("first_tried_at", now),
        )
        return list(Message.objects.filter(lease=lease, state=MessageState.SENDING).order_by("due_at", "pk"))


def _mark_abandoned_uncertain(now: datetime) -> None:
    """Senders that died with a message handed over and no answer: nobody knows whether it arrived."""
    abandoned = Message.objects.filter(
        state=MessageState.SENDING, leased_until__lte=now, handed_over_at__isnull=False, due_at__lte=now
    )
    abandoned.update(
        state=MessageState.UNKNOWN,
        uncertain_attempts=F("uncertain_attempts") + 1,
        due_at=now,
        lease=None,
        leased_until=None,
        handed_over_at=None,
        last_error="sender lost after hand-over",
    )


def _finish(message: Message, **changes: object) -> bool:
    """Writes the end of an attempt, if the lease is still ours. Returns whether it was."""
    changed = Message.objects.filter(pk=message.pk, lease=message.lease, state=MessageState.SENDING).update(
        lease=None, leased_until=None, handed_over_at=None, **changes
    )
    return bool(changed)


def mark_handing_over(
    message: Message,
    *,
    now: datetime,
    copy: dict[str, str] | None = None,
    lease_seconds: int = LEASE_SECONDS,
) -> bool:
    """Records that the body is about to go to the mail server, keeps a copy of it, and renews the lease. Returns
    False when the lease has been lost: the message must then not be sent, another sender has it."""
    changed = Message.objects.filter(pk=message.pk, lease=message.lease, state=MessageState.SENDING).update(
        handed_over_at=now, leased_until=now + timedelta(seconds=lease_seconds), copy=packed(copy)
    )
    return bool(changed)


def mark_sent(message: Message, *, now: datetime) -> bool:
    """The mail server took it. Returns False when the lease had been lost, as do the others below."""
    return _finish(message, state=MessageState.SENT, sent_at=now, last_error="")


def mark_dropped(message: Message, *, reason: str) -> bool:
    """No longer true, so not sent; `reason` names no person."""
    return _finish(message, state=MessageState.DROPPED, last_error=reason[:300])


def mark_failed(message: Message, *, error: str) -> bool:
    """Will not be tried again by itself."""
    return _finish(message, state=MessageState.FAILED, last_error=error[:300])


def mark_put_off(message: Message, *, until: datetime, error: str) -> bool:
    """To be tried again at `until`. A message that was once of unknown outcome keeps its single second chance."""
    state = MessageState.UNKNOWN if message.uncertain_attempts else MessageState.DUE
    return _finish(message, state=state, due_at=until, last_error=error[:300])


def mark_not_yet(message: Message, *, until: datetime) -> bool:
    """Due only at `until`, as the owner now has it: as if it had not been taken."""
    return _finish(
        message, state=MessageState.DUE, due_at=until, attempts=F("attempts") - 1, first_tried_at=None
    )


def mark_unknown(message: Message, *, now: datetime, error: str) -> bool:
    """Handed over, and the answer was lost. The first time it is sent once more, the second time it is left."""
    return _finish(
        message,
        state=MessageState.UNKNOWN,
        uncertain_attempts=F("uncertain_attempts") + 1,
        due_at=now + RESEND_AFTER,
        last_error=error[:300],
    )


def oldest_due_minutes(*, now: datetime) -> float:
    """How many minutes ago the oldest unsent message should have left; 0.0 when none is waiting.

    Counted from when it was first due, however often it was tried since. Messages that their receiver puts off
    are left out: somebody's full mailbox is no fault of ours.
    """
    put_off = Q()
    for name in PUT_OFF_BY_RECEIVER:
        put_off |= Q(last_error__startswith=name)
    oldest = (
        Message.objects.filter(channel=Channel.EMAIL, state__in=[MessageState.DUE, MessageState.SENDING])
        .filter(Q(due_at__lte=now) | Q(first_tried_at__lte=now))
        .exclude(put_off)
        .aggregate(oldest=Min(Coalesce("first_tried_at", "due_at")))["oldest"]
    )
    return max(0.0, round((now - oldest).total_seconds() / 60, 1)) if oldest else 0.0
