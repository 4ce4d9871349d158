"""What happened to a booking, appended and never changed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.enums import BookingStatus, EventKind
from massagerx.lib.encryption import EncryptedCharField, EncryptedJSONField
from massagerx.lib.instances import made_quickly

from .booking import Booking
from .people import Therapist


@made_quickly
class BookingEvent(models.Model):
    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(_("what"), max_length=12, choices=EventKind.choices)
    from_status = models.CharField(max_length=12, choices=BookingStatus.choices, blank=True)
    to_status = models.CharField(max_length=12, choices=BookingStatus.choices)
    at = models.DateTimeField(_("when"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("who"),
        help_text=_("Blank: the client, or the site by itself."),
    )
    by_client = models.BooleanField(_("by the client"), default=False)
    reason = EncryptedCharField(_("why"), max_length=300, blank=True)
    # Only of a move: when the visit should have started, and with whom.
    moved_from = models.DateTimeField(_("moved from"), null=True, blank=True)
    moved_from_therapist = models.ForeignKey(
        Therapist, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("event")
        verbose_name_plural = _("history")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.at:%Y-%m-%d %H:%M} UTC"


class SecondThought(models.Model):
    """What an act of staff changed, while its message waits and it can be taken back; deleted soon after."""

    event = models.OneToOneField(BookingEvent, on_delete=models.CASCADE, related_name="+", primary_key=True)
    # What one press did is taken back with one press.
    press = models.UUIDField(db_index=True)
    leaves_at = models.DateTimeField(db_index=True)
    # Keys: visit, fee, drives, add_ons, access, phone; rows as `domain.operations.act.columns_of` writes them, what
    # changed alone.
    before = EncryptedJSONField()

    class Meta:
        ordering = ["event"]
        verbose_name = _("second thought")
        verbose_name_plural = _("second thoughts")

    def __str__(self) -> str:
        return f"{self.event_id} · {self.leaves_at:%Y-%m-%d %H:%M} UTC"


class StrandedNotice(models.Model):
    """The desk has been told that a visit can't be kept, as it stands at that revision, for this cause."""

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="+")
    # As `domain.stranding` names it.
    reason = models.CharField(max_length=20)
    revision = models.PositiveIntegerField()
    told_at = models.DateTimeField()

    class Meta:
        ordering = ["told_at", "pk"]
        verbose_name = _("notice of a visit that can't be kept")
        verbose_name_plural = _("notices of visits that can't be kept")
        constraints = [
            models.UniqueConstraint(
                fields=["booking", "reason", "revision"], name="strandednotice_once_per_cause"
            )
        ]

    def __str__(self) -> str:
        return f"{self.booking_id} · {self.reason}"
