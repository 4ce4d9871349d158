"""The second factor of staff: an app on a phone that makes codes (TOTP), and ten recovery codes on paper.

Codes are told apart by their shape, so that a wrong one counts against one of the two only.
"""

from __future__ import annotations

import logging
import secrets
from base64 import b32encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import segno
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django_otp.oath import TOTP
from django_otp.util import random_hex

from massagerx.lib.encryption import UnreadableValue

from .models import DIGITS, RecoveryCode, RecoveryCodeSet, TOTPDevice

log = logging.getLogger("massagerx.accounts")

RECOVERY_CODES = 10


def new_key() -> str:
    """A new secret: 160 random bits, in hexadecimal digits."""
    return random_hex(20)


@dataclass(frozen=True, slots=True)
class Setup:
    """The data of an authenticator app, for one account and one secret."""

    username: str
    key: str

    @property
    def secret(self) -> str:
        """The secret as it is typed into an app, in groups of four."""
        text = b32encode(bytes.fromhex(self.key)).decode()
        return " ".join(text[at : at + 4] for at in range(0, len(text), 4))

    @property
    def address(self) -> str:
        """The content of the QR code (`otpauth://…`)."""
        issuer = settings.OTP_TOTP_ISSUER
        query = {"secret": self.secret.replace(" ", ""), "issuer": issuer, "digits": DIGITS, "period": 30}
        return f"otpauth://totp/{quote(f'{issuer}:{self.username}')}?{urlencode(query, quote_via=quote)}"

    @property
    def picture(self) -> str:
        """The QR code as a `data:` address of an SVG, dark on white whatever the page's colors."""
        return segno.make(self.address, error="m").svg_data_uri(scale=5, border=4, dark="#111", light="#fff")


def cleaned(code: str) -> str:
    """A code as people type it: without spaces and dashes, in small letters."""
    return code.replace(" ", "").replace("-", "").lower()


def is_set_up(user: Any) -> bool:
    """Whether the account is asked for a code."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).exists()


def _step(key: str, code: str, *, at: float) -> int | None:
    """The 30-second step whose code of this secret `code` is: that of the instant (seconds since 1970), the one
    before or the one after; None for any other code."""
    typed = cleaned(code)
    if not _is_number(typed):
        return None
    totp = TOTP(bytes.fromhex(key), digits=DIGITS)
    totp.time = at
    return int(totp.t()) if totp.verify(int(typed), tolerance=1) else None


def _is_number(typed: str) -> bool:
    return len(typed) == DIGITS and typed.isascii() and typed.isdigit()


def set_up(user: User, key: str, code: str, *, at: float) -> tuple[TOTPDevice, list[str]] | None:
    """Makes `key` the account's second factor if `code` is one of its codes at that instant, in place of any other.

    Gives the device and new recovery codes; None when the code doesn't fit.
    """
    step = _step(key, code, at=at)
    if step is None:
        return None
    with transaction.atomic():
        reset(user)
        # The code just typed has been used.
        device = TOTPDevice.objects.create(user=user, name="phone", key=key, last_t=step)
        return device, new_recovery_codes(user)


def new_recovery_codes(user: User) -> list[str]:
    """Ten new codes that each work once; earlier ones work no more."""
    with transaction.atomic():
        RecoveryCodeSet.objects.filter(user=user).delete()
        code_set = RecoveryCodeSet.objects.create(user=user, name="recovery codes")
        codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
        RecoveryCode.objects.bulk_create(
            RecoveryCode(code_set=code_set, digest=RecoveryCode.digest_of(code)) for code in codes
        )
    return codes


def _new_recovery_code() -> str:
    """24 letters and digits: 120 random bits, in base 32."""
    return b32encode(secrets.token_bytes(15)).decode().lower()


def recovery_codes_left(user: User) -> int:
    """How many of the account's recovery codes are not used yet."""
    return RecoveryCode.objects.filter(code_set__user=user).count()


def verify(user: Any, code: str) -> Any:
    """The device that takes `code`, or None. A code works once; wrong ones make the next try wait. None is also the
    answer when the phone's secret can't be opened with the site's keys; recovery codes of such a key are gone too."""
    typed = cleaned(code)
    if not typed:
        return None
    kind: type[TOTPDevice | RecoveryCodeSet] = TOTPDevice if _is_number(typed) else RecoveryCodeSet
    try:
        with transaction.atomic():
            device = kind.objects.select_for_update().filter(user=user, confirmed=True).first()
            return device if device is not None and device.verify_token(typed) else None
    except UnreadableValue:
        log.error("a second factor can't be opened with HEALTH_KEYS", extra={"user": user.pk})
        return None


def reset(user: User) -> bool:
    """Takes the second factor off an account; whether there was one."""
    with transaction.atomic():
        RecoveryCodeSet.objects.filter(user=user).delete()
        removed, _rows = TOTPDevice.objects.filter(user=user).delete()
    return bool(removed)


def totp_device_of(user: User) -> TOTPDevice | None:
    """The confirmed device on the account's phone."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).first()
