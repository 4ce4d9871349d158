"""People outside our area who would like us to come."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from massagerx.lib.encryption import EncryptedCharField
from massagerx.lib.phones import PhoneNumberField
from services.models import Service


class AreaRequest(models.Model):
    """Somebody at a ZIP code that we don't drive to, who agreed to hear from us about it. Purged after as many days as
    the owner set (`BookingRules.area_requests_kept_days`)."""

    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("email"), blank=True)
    phone = PhoneNumberField(_("phone"), blank=True)
    zip_code = models.CharField(_("ZIP code"), max_length=5)
    service = models.ForeignKey(
        Service,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("service"),
    )
    note = EncryptedCharField(_("note"), max_length=500, blank=True)
    agreed_at = models.DateTimeField(_("agreed to be contacted"))
    created_at = models.DateTimeField(_("asked"))
    is_answered = models.BooleanField(_("answered"), default=False)

    class Meta:
        ordering = ["is_answered", "created_at"]
        verbose_name = _("request from outside our area")
        verbose_name_plural = _("requests from outside our area")
        indexes = [models.Index(fields=["created_at"], name="arearequest_by_age")]
        constraints = [
            models.UniqueConstraint(
                fields=["email", "phone", "zip_code"],
                condition=Q(is_answered=False),
                name="arearequest_one_open",
            ),
            models.CheckConstraint(condition=~Q(email="") | ~Q(phone=""), name="arearequest_can_be_answered"),
        ]

    def __str__(self) -> str:
        return f"{self.name} · {self.zip_code}"
