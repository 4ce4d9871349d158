"""Form tokens: a signed hidden field with a key for one showing of a form, and the time of that showing.

The key makes repeated submissions one row; the time detects robots that submit at once. The signature prevents chosen
keys and changed times.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from django.core import signing

# Longer than any form token is; nothing longer is looked at.
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class FormToken:
    key: UUID
    shown_at: datetime


def issue_form_token(form: str, *, now: datetime) -> str:
    """A form token for one showing of the form of this name, as text for a hidden field."""
    return _signer(form).sign_object({"key": uuid4().hex, "at": int(now.timestamp())})


def read_form_token(text: str, form: str) -> FormToken | None:
    """The key and time of a form token; None when the signature is wrong or it is for another form."""
    if len(text) > _LONGEST:
        return None
    try:
        said = _signer(form).unsign_object(text)
        return FormToken(UUID(said["key"]), datetime.fromtimestamp(said["at"], tz=UTC))
    except signing.BadSignature:
        return None


def _signer(form: str) -> signing.Signer:
    return signing.Signer(salt=f"massagerx.form_tokens:{form}")
