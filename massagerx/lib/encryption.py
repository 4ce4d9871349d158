"""Authenticated encryption of one column, with keys that rotate and are kept out of the database."""

import base64
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

# How every Fernet token begins: the version, 0x80, and the first bytes of a time before the year 2106.
_TOKEN = "gAAAAA"  # noqa: S105


class UnreadableValue(Exception):
    """A stored value was not written with any of the keys in HEALTH_KEYS, or was altered."""


@lru_cache(maxsize=32)
def _cipher(keys: tuple[str, ...], column: str) -> MultiFernet:
    """Each column has keys of its own, derived by HKDF (RFC 5869), so that a value moved to another column doesn't
    open there."""

    def derived(key: str) -> bytes:
        hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=column.encode())
        return base64.urlsafe_b64encode(hkdf.derive(base64.urlsafe_b64decode(key)))

    return MultiFernet([Fernet(derived(key)) for key in keys])


class EncryptedJSONField(models.Field):
    """Any JSON value, stored as one Fernet token (AES-128-CBC and HMAC-SHA256).

    The first key of `settings.HEALTH_KEYS` writes, any of them reads. A value that none of them opens raises
    `UnreadableValue`: ciphertext is never handed on as if it were the answer.
    """

    description = "Encrypted JSON"

    def get_internal_type(self) -> str:
        return "TextField"

    def _cipher(self) -> MultiFernet:
        return _cipher(tuple(settings.HEALTH_KEYS), f"{self.model._meta.label_lower}.{self.name}")

    def get_prep_value(self, value: Any) -> str | None:
        if value is None:
            return None
        text = json.dumps(value, cls=DjangoJSONEncoder, separators=(",", ":"))
        return self._cipher().encrypt(text.encode()).decode()

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
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
        return self.get_prep_value(self.value_from_object(obj)) or ""
