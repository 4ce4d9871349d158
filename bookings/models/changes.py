"""Late changes that clients ask of staff."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.enums import ChangeKind, ChangeState

from .booking import Booking


class ChangeRequest(models.Model):
    """A late cancel or move, which staff answer. The visit stands until then."""

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="change_requests")
    kind = models.CharField(_("what"), max_length=10, choices=ChangeKind.choices)
    # Of a move: the start that the client would like. It is not held.
    wanted_starts_at = models.DateTimeField(_("would like to start at"), null=True, blank=True)
    # Of a move: whom the client would like, as `Booking.preference`; blank for whom the booking asks for.
    preference = models.CharField(_("preferred therapist"), max_length=80, blank=True, default="")
    reason = models.CharField(_("why"), max_length=300, blank=True)
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
        verbose_name = _("late change")
        verbose_name_plural = _("late changes")
        constraints = [
            models.UniqueConstraint(
                fields=["booking"], condition=Q(state=ChangeState.OPEN), name="changerequest_one_open"
            ),
            models.CheckConstraint(
                condition=Q(kind=ChangeKind.MOVE, wanted_starts_at__isnull=False)
                | Q(kind=ChangeKind.CANCEL, wanted_starts_at__isnull=True),
                name="changerequest_move_has_a_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.booking} · {self.get_kind_display()}"
