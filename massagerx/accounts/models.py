"""Second factors of staff. Unlike django-otp's own models, these encrypt secrets and digest codes."""

from __future__ import annotations

import time

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, DeviceManager, ThrottlingMixin, TimestampMixin
from django_otp.oath import TOTP

from massagerx.lib.encryption import EncryptedCharField, EncryptedJSONField, keyed_digest, keyed_digests

DIGITS = 6


class TOTPDeviceManager(DeviceManager):
    """Leaves the secret shut until a code is checked: with a lost key the other pages still work."""

    def get_queryset(self) -> models.QuerySet[TOTPDevice]:
        """Devices without their secret, which is loaded when it is read."""
        rows: models.QuerySet[TOTPDevice] = super().get_queryset()
        return rows.defer("key")


class TOTPDevice(TimestampMixin, ThrottlingMixin, Device):
    """An app on a phone that makes a code of six digits every 30 seconds (TOTP, RFC 6238)."""

    # 160 bits in hexadecimal digits. Written anew by each log-in, so with the first of the keys.
    key = EncryptedJSONField()
    # The 30-second step of the last code that was taken; no earlier one is taken again.
    last_t = models.BigIntegerField(default=-1)
    # How many steps the phone's clock is known to be off.
    drift = models.SmallIntegerField(default=0)

    objects = TOTPDeviceManager()

    class Meta(Device.Meta):
        verbose_name = _("authenticator app")
        verbose_name_plural = _("authenticator apps")

    def verify_token(self, token: str) -> bool:
        """Whether `token` is a code of now, or of the step before or after; it is then used. Raises `UnreadableValue`
        when the secret can't be opened."""
        allowed, _why = self.verify_is_allowed()
        if not allowed:
            return False
        totp = TOTP(bytes.fromhex(self.key), digits=DIGITS, drift=self.drift)
        totp.time = time.time()
        if not totp.verify(int(token), tolerance=1, min_t=self.last_t + 1):
            self.throttle_increment(commit=True)
            return False
        self.last_t, self.drift = totp.t(), totp.drift
        self.throttle_reset(commit=False)
        self.set_last_used_timestamp(commit=False)
        self.save()
        return True

    def get_throttle_factor(self) -> int:
        """Seconds to wait after the first wrong code; doubled by each further one."""
        return 1


class RecoveryCodeSet(TimestampMixin, ThrottlingMixin, Device):
    """Ten recovery codes on paper."""

    class Meta(Device.Meta):
        verbose_name = _("recovery codes")
        verbose_name_plural = _("recovery codes")

    def verify_token(self, token: str) -> bool:
        """Whether `token` is one of the codes; it is then used up."""
        allowed, _why = self.verify_is_allowed()
        if not allowed:
            return False
        used, _rows = self.codes.filter(digest__in=RecoveryCode.digests(token)).delete()
        if not used:
            self.throttle_increment()
            return False
        self.throttle_reset(commit=False)
        self.set_last_used_timestamp(commit=False)
        self.save()
        return True

    def get_throttle_factor(self) -> int:
        """Seconds to wait after the first wrong code; doubled by each further one."""
        return 1


class RecoveryCode(models.Model):
    """A code that works once. What is stored is a digest under a key that is not in the database."""

    COLUMN = "accounts.recoverycode.digest"

    code_set = models.ForeignKey(RecoveryCodeSet, on_delete=models.CASCADE, related_name="codes")
    digest = models.CharField(max_length=64, db_index=True)

    class Meta:
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")

    def __str__(self) -> str:
        return str(self.pk)

    @classmethod
    def digest_of(cls, code: str) -> str:
        """The digest stored for a code."""
        return keyed_digest(code, cls.COLUMN)

    @classmethod
    def digests(cls, code: str) -> list[str]:
        """The digests that may be stored for a code, one for each of the keys that are still accepted."""
        return keyed_digests(code, cls.COLUMN)


class LogInOutcome(models.TextChoices):
    """How an attempt to log in ended."""

    LOGGED_IN = "in", _("logged in")
    WRONG_PASSWORD = "password", _("wrong name or password")
    WRONG_CODE = "code", _("right password, wrong code")


class LogIn(models.Model):
    """An attempt to log in as staff: who, when, from where. A name that is no account's isn't kept: it may be
    somebody's password, typed into the wrong field."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("account"),
    )
    at = models.DateTimeField(_("when"), db_index=True)
    outcome = models.CharField(_("what happened"), max_length=8, choices=LogInOutcome.choices)
    # As limits are counted: of IPv6 the first 64 bits, which are a household's.
    address = models.CharField(_("from"), max_length=45)
    agent = models.CharField(_("browser"), max_length=200, blank=True)
    # The name of the session that it opened, for as long as a log-in can last: with it, it can be ended elsewhere.
    session = EncryptedCharField(max_length=40, blank=True, default="", db_default="", editable=False)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("log-in")
        verbose_name_plural = _("log-ins")

    def __str__(self) -> str:
        return f"{self.user or '–'}: {self.get_outcome_display()}"
