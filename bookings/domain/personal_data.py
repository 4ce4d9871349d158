"""Where a client's personal data lies: beside visits, which point at the client, what only carries the same address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q

from bookings.enums import BookingStatus
from bookings.models import (
    AreaRequest,
    Booking,
    BookingDraft,
    BookingQuerySet,
    BookletRequest,
    Client,
    ContactMessage,
)
from massagerx.lib.encryption import UnreadableValue

# Visits that somebody still has to do something with.
OPEN = (BookingStatus.REQUESTED, BookingStatus.CONFIRMED)
_NATIONAL_DIGITS = 10
_PHONE = re.compile(r"[\d\s().+\-–]{10,25}$")


@dataclass(frozen=True, slots=True)
class Enquiries:
    """Keys of what people asked of us without booking, by the client's email or phone. `by_phone_alone` are keys of
    messages and requests from outside that carry another email: whoever shares the phone may have written them."""

    messages: tuple[int, ...]
    booklets: tuple[int, ...]
    places: tuple[int, ...]
    messages_by_phone_alone: frozenset[int]
    places_by_phone_alone: frozenset[int]


def enquiries_of(client: Client) -> Enquiries:
    """What was asked by the email or the phone of a client; nothing for one who was erased."""
    if client.erased_at is not None:
        return Enquiries((), (), (), frozenset(), frozenset())
    by_email = Q(email__iexact=client.email) if client.email else Q(pk__in=[])
    # Typed freely there, so compared by its digits.
    number = _digits(client.phone.as_e164)
    written = ContactMessage.objects.order_by("written_at", "pk")
    mailed = set(written.filter(by_email).values_list("pk", flat=True))
    phoned = {
        pk for pk, phone in written.exclude(phone="").values_list("pk", "phone") if _digits(phone) == number
    }
    places = AreaRequest.objects.order_by("created_at", "pk")
    at_home = set(places.filter(by_email).values_list("pk", flat=True))
    by_phone = set(places.filter(phone=client.phone).values_list("pk", flat=True))
    return Enquiries(
        messages=tuple(sorted(mailed | phoned)),
        booklets=tuple(BookletRequest.objects.filter(by_email).order_by("pk").values_list("pk", flat=True)),
        places=tuple(sorted(at_home | by_phone)),
        messages_by_phone_alone=frozenset(phoned - mailed),
        places_by_phone_alone=frozenset(by_phone - at_home),
    )


def open_visits(client: Client) -> BookingQuerySet:
    """Requests, and visits that are confirmed and not yet said to be over."""
    return Booking.objects.filter(client=client, status__in=OPEN).order_by("starts_at")


def drafts_of(
    client: Client, *, references: Iterable[str], by_phone: bool
) -> list[tuple[UUID, dict[str, Any]]]:
    """Unfinished bookings with the client's email, or also with their phone, and forms about visits of these references
    that were not sent in time, by key. Each has to be opened to know."""
    words = {client.email.lower(), *(reference.lower() for reference in references)} - {""}
    number = _digits(client.phone.as_e164) if by_phone else ""
    found = []
    for key in list(BookingDraft.objects.order_by("updated_at", "key").values_list("key", flat=True)):
        try:
            answers = BookingDraft.objects.values_list("answers", flat=True).filter(key=key).first()
        except UnreadableValue:
            # Nobody can read it any more, and it goes within a day.
            continue
        if answers and _speaks_of(answers, words, number):
            found.append((key, answers))
    return found


def forget_drafts_and_sessions(client: Client, *, references: set[str]) -> None:
    """Deletes unfinished bookings and unsent forms of a client, and takes out of browsers' sessions what lets them see
    visits."""
    drafts = [key for key, _answers in drafts_of(client, references=references, by_phone=True)]
    for key in drafts:
        with transaction.atomic():
            # The draft first, as where a time is held.
            for draft in BookingDraft.objects.select_for_update().filter(key=key).only("key"):
                draft.delete()
    words = {client.email.lower(), *(str(key) for key in drafts)} - {""}
    words |= {reference.lower() for reference in references}
    number = _digits(client.phone.as_e164)
    for row in Session.objects.iterator():
        held = row.get_decoded()
        kept = {name: value for name, value in held.items() if not _speaks_of(value, words, number)}
        if kept != held:
            # Not `save()`: a session that ended meanwhile must not begin again.
            Session.objects.filter(pk=row.pk).update(session_data=Session.objects.encode(kept))


def _speaks_of(value: Any, words: set[str], number: str) -> bool:
    """Whether some text within a JSON value is one of the words (emails, references and keys in small letters), or the
    telephone number of these digits, however it was typed; a blank `number` is nobody's."""
    return any(
        text in words or (number and _PHONE.match(text) and _digits(text) == number) for text in _texts(value)
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name).lower()
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value.lower()


def _digits(phone: str) -> str:
    return re.sub(r"\D", "", phone)[-_NATIONAL_DIGITS:]
