"""Authenticated encryption of one column, with keys that rotate and are kept out of the database."""

from __future__ import annotations

import base64
import hmac
import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext as _

# How every Fernet token begins: the version, 0x80, and the first bytes of a time before the year 2106.
_TOKEN = "gAAAAA"  # noqa: S105


class UnreadableValue(Exception):
    """A stored value was not written with any of the keys in HEALTH_KEYS, or was altered."""


@lru_cache(maxsize=32)
def _cipher(keys: tuple[str, ...], column: str) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derived(key, column))) for key in keys])


def _derived(key: str, column: str) -> bytes:
    """Each column has keys of its own, derived by HKDF (RFC 5869), so that a value moved to another column doesn't
    open there."""
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=column.encode())
    return hkdf.derive(base64.urlsafe_b64decode(key))


def seal(text: str, name: str) -> str:
    """A text as a Fernet token under a key of its own by `name`, for what is kept elsewhere than in a column."""
    return _cipher(tuple(settings.HEALTH_KEYS), name).encrypt(text.encode()).decode()


def unseal(token: str, name: str) -> str:
    """The text of `seal`. Raises `UnreadableValue` for anything else."""
    try:
        return _cipher(tuple(settings.HEALTH_KEYS), name).decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise UnreadableValue(name) from error


def keyed_digest(text: str, column: str) -> str:
    """The digest to store of a short secret that is only compared: HMAC-SHA256 under the first of HEALTH_KEYS, as 64
    hexadecimal digits. Without the key nobody can try all secrets against it."""
    return keyed_digests(text, column)[0]


def keyed_digests(text: str, column: str) -> list[str]:
    """The same under each of HEALTH_KEYS, to look for what was stored."""
    message = text.encode("utf-8", "surrogatepass")
    return [hmac.digest(_derived(key, column), message, "sha256").hex() for key in settings.HEALTH_KEYS]


class EncryptedJSONField(models.Field):
    """Any JSON value, stored as one Fernet token (AES-128-CBC and HMAC-SHA256).

    The first key of `settings.HEALTH_KEYS` writes, any of them reads. A value that none of them opens raises
    `UnreadableValue`: ciphertext is never handed on as if it were the answer.
    """

    description = "Encrypted JSON"

    def get_internal_type(self) -> str:
        """Stored as text."""
        return "TextField"

    def _cipher(self) -> MultiFernet:
        return _cipher(tuple(settings.HEALTH_KEYS), f"{self.model._meta.label_lower}.{self.name}")

    def get_prep_value(self, value: Any) -> str | None:
        """The value as a Fernet token; None stays NULL."""
        if value is None:
            return None
        text = json.dumps(value, cls=DjangoJSONEncoder, separators=(",", ":"))
        return self._cipher().encrypt(text.encode()).decode()

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        """The decrypted value. Raises `UnreadableValue` when no key opens the token."""
        if value is None:
            return None
        try:
            return json.loads(self._cipher().decrypt(value.encode()))
        except InvalidToken as error:
            raise UnreadableValue(f"{self.model.__name__}.{self.name}") from error

    def to_python(self, value: Any) -> Any:
        """Opens what `value_to_string` wrote, so that a dump can be loaded; other values are as they are.

        Raises `ValidationError` for ciphertext that no key opens: stored again it would hide the answer for good.
        """
        if not (isinstance(value, str) and value.startswith(_TOKEN)):
            return value
        try:
            return json.loads(self._cipher().decrypt(value.encode()))
        except InvalidToken:
            raise ValidationError("None of HEALTH_KEYS opens this value.", code="unreadable") from None

    def value_to_string(self, obj: models.Model) -> str:
        """The token, so that a dump holds no plain text."""
        return self.get_prep_value(self.value_from_object(obj)) or ""


class UnreadableText(str):
    """Stands for a text that none of HEALTH_KEYS opens. A row that is saved again keeps what it had, also by a form in
    which the words came back as they were; in another column, whose keys would not open it either, nothing is kept."""

    token: str
    column: str

    @classmethod
    def of(cls, token: str, column: str) -> UnreadableText:
        """The words that a person reads in place of what `column` holds."""
        text = cls(_("(This can’t be read: its key is missing.)"))
        text.token, text.column = token, column
        return text


class _EncryptedText:
    """A text, stored as one Fernet token; an empty one as it is, at no cost. What was stored plainly before the column
    was encrypted is read as it is. Nothing can be searched or ordered by it; only whether it is empty can be asked.

    Beside a lost key a line is lost, and not the page: `UnreadableText` stands for it.
    """

    model: type[models.Model]
    name: str

    def get_internal_type(self) -> str:
        """Stored as text; `max_length` is asked of what is typed."""
        return "TextField"

    @property
    def _column(self) -> str:
        return f"{self.model._meta.label_lower}.{self.name}"

    def _cipher(self) -> MultiFernet:
        return _cipher(tuple(settings.HEALTH_KEYS), self._column)

    def get_prep_value(self, value: Any) -> str | None:
        """The text as a Fernet token; what is empty or None as it is. Another column's text that can't be read
        is stored as an empty one."""
        if not value:
            return value if value is None else ""
        if isinstance(value, UnreadableText):
            return value.token if value.column == self._column else ""
        return self._sealed(str(value))

    def save_form_data(self, instance: models.Model, data: Any) -> None:
        """Keeps what can't be read where the words that stand for it come back from a form."""
        held = getattr(instance, self.name)
        if not (isinstance(held, UnreadableText) and data == held):
            setattr(instance, self.name, data)

    def _sealed(self, text: str) -> str:
        return self._cipher().encrypt(text.encode()).decode()

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        """The decrypted text, or what stands for one that no key opens."""
        if value is None or not value.startswith(_TOKEN):
            return value
        try:
            return self._cipher().decrypt(value.encode()).decode()
        except InvalidToken:
            return UnreadableText.of(value, self._column)

    def value_to_string(self, obj: models.Model) -> str:
        """The token, so that a dump holds no plain text."""
        return self.get_prep_value(getattr(obj, self.name)) or ""

    def to_python(self, value: Any) -> Any:
        """Opens what `value_to_string` wrote, so that a dump can be loaded. Raises `ValidationError` for ciphertext
        that no key opens."""
        text = value if value is None or isinstance(value, str) else str(value)
        opened = text if isinstance(text, UnreadableText) else self.from_db_value(text, None, None)
        if opened is not text and isinstance(opened, UnreadableText):
            raise ValidationError("None of HEALTH_KEYS opens this value.", code="unreadable")
        return opened


class EncryptedCharField(_EncryptedText, models.CharField):
    """A line that a person typed, encrypted."""


class EncryptedTextField(_EncryptedText, models.TextField):
    """Lines that a person typed, encrypted."""


EncryptedField = EncryptedJSONField | EncryptedCharField | EncryptedTextField
