"""Form tickets: a hidden field that says which showing of a form this is, and when it was shown.

Its key makes one press one row; its time tells people from robots that send a form in the moment they get it. Signed,
so that a key can't be chosen and a time can't be put back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from django.core import signing

# Longer than any ticket is; nothing longer is looked at.
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Ticket:
    key: UUID
    shown_at: datetime


def new_ticket(form: str, *, now: datetime) -> str:
    """A ticket for one showing of the form of this name, as text for a hidden field."""
    return _signer(form).sign_object({"key": uuid4().hex, "at": int(now.timestamp())})


def read_ticket(text: str, form: str) -> Ticket | None:
    """What a ticket says; None when it is none of ours, or for another form."""
    if len(text) > _LONGEST:
        return None
    try:
        said = _signer(form).unsign_object(text)
        return Ticket(UUID(said["key"]), datetime.fromtimestamp(said["at"], tz=UTC))
    except signing.BadSignature:
        return None


def _signer(form: str) -> signing.Signer:
    return signing.Signer(salt=f"massagerx.tickets:{form}")
