"""What the notice window leaves to staff: a late move, and whether a late fee is asked for."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from bookings.enums import ChangeState, LateFeeState
from massagerx.lib.encryption import EncryptedCharField

from .booking import Booking


class ChangeRequestQuerySet(models.QuerySet["ChangeRequest"]):
    """Late moves."""

    def with_both(self) -> models.QuerySet[Any]:
        """Tells on each by `is_of_both` whether one press asked among these for it of two visits side by side, as they
        stand now; and by `is_second` whether it is that of the one booked second."""
        beside = self.filter(
            booking__together=OuterRef("booking__together"),
            booking__starts_at=OuterRef("booking__starts_at"),
            asked_at=OuterRef("asked_at"),
            state=OuterRef("state"),
        )
        return self.annotate(
            is_of_both=Exists(beside.exclude(booking=OuterRef("booking"))),
            is_second=Exists(beside.filter(booking__lt=OuterRef("booking"))),
        )


class ChangeRequest(models.Model):
    """A late move, which staff answer. The visit keeps its time until then."""

    objects = ChangeRequestQuerySet.as_manager()

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="change_requests")
    # The start that the client would like. It is not held.
    wanted_starts_at = models.DateTimeField(_("would like to start at"))
    # Whom the client would like, as `Booking.preference`; blank for whom the booking asks for.
    preference = models.CharField(_("preferred therapist"), max_length=80, blank=True, default="")
    reason = EncryptedCharField(_("why"), max_length=300, blank=True)
    # As the client was shown it.
    fee_cents = models.PositiveIntegerField(_("late fee, cents"), default=0)
    asked_at = models.DateTimeField(_("asked at"))
    state = models.CharField(_("state"), max_length=10, choices=ChangeState.choices, default=ChangeState.OPEN)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("answered by"),
    )

    class Meta:
        ordering = ["-asked_at", "-pk"]
        verbose_name = _("late move")
        verbose_name_plural = _("late moves")
        constraints = [
            models.UniqueConstraint(
                fields=["booking"], condition=Q(state=ChangeState.OPEN), name="changerequest_one_open"
            ),
        ]
        indexes = [models.Index(fields=["-asked_at", "-id"], name="changerequest_newest_first")]

    def __str__(self) -> str:
        return f"{self.booking} · {self._meta.verbose_name}"


class LateFee(models.Model):
    """The late fee of a visit that was canceled late or where nobody opened, and what staff decided about it."""

    booking = models.OneToOneField(
        Booking, on_delete=models.CASCADE, related_name="late_fee", primary_key=True
    )
    # As the client was shown it, or by the terms. What is charged or paid stands in `Booking.late_fee_cents`.
    cents = models.PositiveIntegerField(_("late fee, cents"))
    asks_waiver = models.BooleanField(_("asks us to waive it"), default=False)
    reason = EncryptedCharField(_("why"), max_length=300, blank=True)
    named_at = models.DateTimeField(_("named at"))
    state = models.CharField(
        _("state"), max_length=8, choices=LateFeeState.choices, default=LateFeeState.OPEN
    )
    why_waived = EncryptedCharField(_("why it is waived"), max_length=300, blank=True, default="")
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )

    class Meta:
        ordering = ["-named_at", "-pk"]
        verbose_name = _("late fee")
        verbose_name_plural = _("late fees")
        indexes = [
            models.Index(fields=["named_at"], condition=Q(state=LateFeeState.OPEN), name="latefee_open")
        ]

    def __str__(self) -> str:
        return f"{self.booking} · {self.get_state_display()}"
