"""How a client proves that a mailbox is theirs: a link that signs in once, or a code of six digits to type in."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from bookings.domain import links, outbox
from bookings.enums import LinkPurpose, MessageKind
from bookings.models import Booking, Link
from bookings.models.links import LinkQuerySet
from massagerx.lib import tokens
from massagerx.lib.locks import lock_names

CODE_LASTS = timedelta(minutes=10)
MOST_MISSES = 5
# No mailbox gets more of either within an hour, whoever asks.
MOST_AN_HOUR = 5


def send_sign_in(*, email: str, now: datetime) -> None:
    """Mails a sign-in link, if the address has a visit with us and has not had too many. Says nothing about which, nor
    by its time: for an unknown address the same rows are written and taken back, and a sender is woken for nothing."""
    with transaction.atomic():
        lock_names(_counter(email, LinkPurpose.SIGN_IN))
        is_known = Booking.objects.filter(client__email=email).exists()
        is_mailed = is_known and _sent_lately(email, LinkPurpose.SIGN_IN, now) < MOST_AN_HOUR
        # Within the transaction, which is committed to the disk in any case: that takes most of the time.
        with transaction.atomic():
            link = links.sign_in_link(email=email, now=now)
            message = outbox.write_link_message(link=link, kind=MessageKind.SIGN_IN, now=now)
            if not is_mailed:
                transaction.set_rollback(True)
        if not is_mailed:
            outbox.wake_worker_after_commit([message])


def send_code(*, email: str, instead_of: int | None, now: datetime) -> Link | None:
    """Mails a new code, which ends the one before (`instead_of`, its key); None when this mailbox has had too many
    within the hour."""
    with transaction.atomic():
        lock_names(_counter(email, LinkPurpose.CODE))
        if _sent_lately(email, LinkPurpose.CODE, now) >= MOST_AN_HOUR:
            return None
        if instead_of is not None:
            Link.objects.filter(pk=instead_of, purpose=LinkPurpose.CODE, revoked_at=None).update(
                revoked_at=now
            )
        link = links.new_link(
            purpose=LinkPurpose.CODE, email=email, created_at=now, expires_at=now + CODE_LASTS
        )
        outbox.write_link_message(link=link, kind=MessageKind.CODE, now=now)
    return link


def check_code(*, key: int, typed: str, now: datetime) -> str | None:
    """The email address that the code with this key was sent to, if `typed` is that code; None otherwise, and once
    it was used, ran out, or was missed five times. Each try is counted before it is looked at, so that tries at one
    moment are no more than five either."""
    if not _open_code(key, now).update(misses=F("misses") + 1):
        return None
    link = Link.objects.get(pk=key)
    if not tokens.is_code(typed, link.purpose, link.nonce) or not links.use_link(link, now=now):
        return None
    return link.email


def is_open(*, key: int, now: datetime) -> bool:
    """Whether the code with this key can still be typed in."""
    return _open_code(key, now).exists()


def _open_code(key: int, now: datetime) -> LinkQuerySet:
    return Link.objects.live(now).filter(
        pk=key, purpose=LinkPurpose.CODE, used_at=None, misses__lt=MOST_MISSES
    )


def _counter(email: str, purpose: LinkPurpose) -> str:
    """What two who ask for the same at once wait for, so that both are counted."""
    return f"links:{purpose}:{email}"


def _sent_lately(email: str, purpose: LinkPurpose, now: datetime) -> int:
    """How many were made for this mailbox within the hour; those of dead links too, which are kept a day."""
    return Link.objects.filter(email=email, purpose=purpose, created_at__gt=now - timedelta(hours=1)).count()
