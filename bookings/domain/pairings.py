"""What staff have written down of a client and a therapist: who is never sent to them, and who is sent first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet

from bookings.enums import PairingKind
from bookings.models import Client, Pairing
from bookings.models.people import TherapistQuerySet
from massagerx.lib.compiled_query import CompiledQuery
from massagerx.lib.phones import PhoneNumberField, parse_phone


class Contact(NamedTuple):
    """Email in small letters and phone as E.164; blank where it isn't known."""

    email: str
    phone: str

    @classmethod
    def of(cls, email: str, phone: Any) -> Contact | None:
        """From what was typed, or stands in a client's row; None when neither can be read."""
        number = parse_phone(phone) if phone else None
        contact = cls(email.strip().lower(), number.stored if number and number.is_valid() else "")
        return contact if any(contact) else None


@dataclass(frozen=True, slots=True)
class Pairings:
    """Keys of therapists: those who are never sent to a client, and those who are sent first."""

    never: frozenset[int] = frozenset()
    preferred: frozenset[int] = frozenset()


NOTHING_KNOWN = Pairings()


class LatePairings:
    """The same for the client of a contact, read when it is first asked for: a press asks under its lock only."""

    def __init__(self, contact: Contact) -> None:
        self._contact = contact

    @cached_property
    def _read(self) -> Pairings:
        return read_pairings([self._contact]).get(self._contact, NOTHING_KNOWN)

    @property
    def never(self) -> frozenset[int]:
        return self._read.never

    @property
    def preferred(self) -> frozenset[int]:
        return self._read.preferred


def read_pairings(contacts: Collection[Contact]) -> dict[Contact, Pairings]:
    """What holds for the clients of these, those left out of whom nothing is written down; one query.

    Whoever has the email or the phone counts as the client: a therapist is not sent because somebody gave another
    address this time.
    """
    emails = {contact.email for contact in contacts if contact.email}
    phones = {contact.phone for contact in contacts if contact.phone}
    # What is compiled is kept by the number of emails and phones: a rescue may ask for any number.
    if len(contacts) == 1:
        rows = _OF_ONE.rows(emails=sorted(emails), phones=sorted(phones))
    else:
        rows = list(_of_contacts(emails, phones))
    if not rows:
        return {}
    found = {}
    for contact in contacts:
        of: dict[str, set[int]] = {kind: set() for kind in PairingKind.values}
        for email, phone, therapist, kind in rows:
            if (contact.email and email == contact.email) or (contact.phone and phone == contact.phone):
                of[kind].add(therapist)
        if any(of.values()):
            never = frozenset(of[PairingKind.NEVER])
            found[contact] = Pairings(never, frozenset(of[PairingKind.PREFERRED]) - never)
    return found


def _of_contacts(emails: Any, phones: Any) -> QuerySet[Pairing, Any]:
    return (
        Pairing.objects.filter(Q(client__email__in=emails) | Q(client__phone__in=phones))
        .order_by()
        .values_list("client__email", "client__phone", "therapist", "kind")
    )


_OF_ONE = CompiledQuery(
    lambda parameter: _of_contacts(parameter("emails", CharField()), parameter("phones", PhoneNumberField()))
)


def with_pairings(therapists: TherapistQuerySet, contact: Contact) -> TherapistQuerySet:
    """Tells on each by `is_never_sent` and `is_sent_first` what holds between them and the client of that contact."""
    same = Q(client__email=contact.email) if contact.email else Q(pk=None)
    if contact.phone:
        same |= Q(client__phone=contact.phone)
    known = Pairing.objects.filter(same, therapist=OuterRef("pk")).order_by()
    return therapists.annotate(
        is_never_sent=Exists(known.filter(kind=PairingKind.NEVER)),
        is_sent_first=Exists(known.filter(kind=PairingKind.PREFERRED)),
    )


def pairings_among(therapists: Sequence[Any]) -> Pairings:
    """What `with_pairings` told of these."""
    never = frozenset(row.pk for row in therapists if row.is_never_sent)
    return Pairings(never, frozenset(row.pk for row in therapists if row.is_sent_first) - never)


def pairings_of(clients: Sequence[Client]) -> list[Pairings]:
    """The same of rows, in their order; one query."""
    contacts = [Contact.of(client.email, client.phone) for client in clients]
    found = read_pairings({contact for contact in contacts if contact is not None})
    return [found.get(contact, NOTHING_KNOWN) if contact else NOTHING_KNOWN for contact in contacts]
