"""Messages from the contact page, our answers, and requests for the booklet."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from bookings.domain import outbox
from bookings.enums import MessageKind
from bookings.exceptions import AlreadyAnswered, BookletMissing, TooManyMessages
from bookings.models import Booklet, BookletRequest, ContactMessage
from bookings.retention import ENQUIRIES_KEPT
from massagerx.lib.batches import delete_in_batches
from massagerx.lib.locks import lock_names

from .transaction import once

# What one email address, or one phone, may send us in so long. Its owner may be somebody else, who must not be flooded.
MESSAGES_PER_EMAIL, MESSAGES_WITHIN = 5, timedelta(hours=1)
BOOKLETS_PER_EMAIL, BOOKLETS_WITHIN = 3, timedelta(days=1)


def send_contact(*, key: UUID, name: str, email: str, phone: str, body: str, now: datetime) -> ContactMessage:
    """Keeps a message from the site, of somebody with an email or a phone (E.164), and tells staff, in one transaction.

    The same again returns the same message. Raises `SubmissionReused` for the same key with other words, and
    `TooManyMessages`; nothing is written then.
    """
    sent = {"name": name, "email": email, "phone": phone, "body": body}

    def write() -> ContactMessage:
        lock_names(f"contact:{email or phone}")
        same = {"email": email} if email else {"email": "", "phone": phone}
        recent = ContactMessage.objects.filter(**same, written_at__gt=now - MESSAGES_WITHIN)
        if recent.count() >= MESSAGES_PER_EMAIL:
            raise TooManyMessages
        message = ContactMessage.objects.create(**sent, written_at=now, submission_key=key)
        outbox.write_message(kind=MessageKind.CONTACT_ALERT, now=now, contact_message=message)
        return message

    return once(ContactMessage, key, sent, write)


def answer_contact(*, message: ContactMessage, text: str, actor: User, now: datetime) -> None:
    """Keeps our answer and sends it to whoever wrote, in one transaction. Raises `AlreadyAnswered`."""
    with transaction.atomic():
        fresh = _unanswered(message)
        fresh.answer = text
        fresh.answered_at, fresh.answered_by = now, actor
        fresh.save(update_fields=["answer", "answered_at", "answered_by"])
        outbox.write_message(kind=MessageKind.CONTACT_ANSWER, now=now, contact_message=fresh)


def close_contact(*, message: ContactMessage, actor: User, now: datetime) -> None:
    """Notes that a message needs no answer by email: somebody called back, or it is advertising. Raises
    `AlreadyAnswered`."""
    with transaction.atomic():
        fresh = _unanswered(message)
        fresh.answered_at, fresh.answered_by = now, actor
        fresh.save(update_fields=["answered_at", "answered_by"])


def request_booklet(
    *, key: UUID, name: str, email: str, may_follow_up: bool, now: datetime
) -> BookletRequest:
    """Keeps a request for the booklet and sends a link that fetches it once, in one transaction.

    The same again returns the same request. Raises `SubmissionReused` for the same key with another body,
    `TooManyMessages`, and `BookletMissing` while there is none; nothing is written then.
    """
    sent = {"name": name, "email": email, "may_follow_up": may_follow_up}

    def write() -> BookletRequest:
        if not Booklet.objects.exists():
            raise BookletMissing
        lock_names(f"booklet:{email}")
        recent = BookletRequest.objects.filter(email=email, asked_at__gt=now - BOOKLETS_WITHIN)
        if recent.count() >= BOOKLETS_PER_EMAIL:
            raise TooManyMessages
        request = BookletRequest.objects.create(**sent, asked_at=now, submission_key=key)
        outbox.write_message(kind=MessageKind.BOOKLET, now=now, booklet_request=request)
        return request

    return once(BookletRequest, key, sent, write)


def purge_enquiries(*, now: datetime) -> int:
    """Deletes messages and booklet requests older than `ENQUIRIES_KEPT`, with what was sent about them; returns how
    many of the two went."""
    long_ago = now - ENQUIRIES_KEPT
    messages = ContactMessage.objects.filter(written_at__lte=long_ago)
    requests = BookletRequest.objects.filter(asked_at__lte=long_ago)
    return delete_in_batches(messages) + delete_in_batches(requests)


def _unanswered(message: ContactMessage) -> ContactMessage:
    """The row, locked. Without what it says, which an answer doesn't need."""
    fresh = ContactMessage.objects.select_for_update(no_key=True).defer("body", "answer").get(pk=message.pk)
    if fresh.answered_at is not None:
        raise AlreadyAnswered
    return fresh
