"""The unfinished booking, and the health screening."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from bookings.enums import LookedAt, Tier
from massagerx.lib.encryption import EncryptedJSONField

from .booking import Booking

# With these, a visit can be confirmed without a clinician's note.
NEEDS_NO_NOTE = (Tier.CLEAR, Tier.CAUTION)


class BookingDraft(models.Model):
    """A booking that is still being filled in, found by the visitor's session. Encrypted as a whole; purged a day
    after the last change."""

    key = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    answers = EncryptedJSONField(default=dict)
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["updated_at"], name="bookingdraft_by_age")]

    def __str__(self) -> str:
        return str(self.key)


class VisitPurpose(models.Model):
    """What a visit is for, in the words of who booked it: often of health, so encrypted and kept as long as that."""

    booking = models.OneToOneField(
        Booking, on_delete=models.CASCADE, related_name="purpose", primary_key=True
    )
    text = EncryptedJSONField()

    class Meta:
        verbose_name = _("what a visit is for")
        verbose_name_plural = _("what visits are for")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} · {self.pk}"


class ScreeningVersion(models.Model):
    """One version of the questions and rules, as `bookings.screening.parse_rules` reads them.

    A version that is in force is never changed: add a new one.
    """

    number = models.PositiveIntegerField(_("version"), unique=True)
    rules = models.JSONField(_("questions and rules"))
    approved_by = models.CharField(
        _("approved by"),
        max_length=160,
        blank=True,
        help_text=_("The qualified therapist who checked these questions. Blank: not approved yet."),
    )
    published_at = models.DateTimeField(_("in force from"))

    history = HistoricalRecords()

    class Meta:
        ordering = ["-number"]
        verbose_name = _("screening questions")
        verbose_name_plural = _("screening questions")

    def __str__(self) -> str:
        return f"v{self.number}"


class ScreeningRecord(models.Model):
    """The answers to one version's questions, for one booking. The answers are encrypted, the tier is not."""

    booking = models.OneToOneField(
        Booking, on_delete=models.CASCADE, related_name="screening", primary_key=True
    )
    version = models.ForeignKey(ScreeningVersion, on_delete=models.PROTECT, related_name="+")
    answers = EncryptedJSONField()
    tier = models.CharField(_("result"), max_length=10, choices=Tier.choices)
    evaluated_at = models.DateTimeField()

    class Meta:
        verbose_name = _("health screening")
        verbose_name_plural = _("health screenings")
        constraints = [
            models.CheckConstraint(condition=models.Q(tier__in=Tier.values), name="screening_tier_known")
        ]

    def __str__(self) -> str:
        return self.get_tier_display()


class ScreeningRecheckQuerySet(models.QuerySet["ScreeningRecheck"]):
    """Milder answers given later take nothing back: only a clinician's note that comes after answers graver ones."""

    def since_last_note(self) -> ScreeningRecheckQuerySet:
        """Those that no clinician's note of the booking came after."""
        later = ClinicianNote.objects.filter(
            booking=models.OuterRef("booking"), recorded_at__gte=models.OuterRef("evaluated_at")
        )
        return self.filter(~models.Exists(later))

    def asking_for_a_note(self) -> ScreeningRecheckQuerySet:
        """Those that keep a booking from being confirmed."""
        return self.since_last_note().exclude(new_tier__in=NEEDS_NO_NOTE)

    def with_news(self) -> ScreeningRecheckQuerySet:
        """Those that said something graver than the answers before them, to any question."""
        return self.exclude(new_tier=Tier.CLEAR)

    def gravest_first(self) -> ScreeningRecheckQuerySet:
        """By what was new, and the newest first among equals."""
        severity = models.Case(
            *(models.When(new_tier=tier, then=number) for number, tier in enumerate(Tier.values)),
            output_field=models.IntegerField(),
        )
        return self.order_by(severity.desc(), "-evaluated_at", "-pk")


class ScreeningRecheck(models.Model):
    """The questions answered again, shortly before the visit; the gravest news since the last clinician's note counts
    beside the first answers."""

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="rechecks")
    version = models.ForeignKey(ScreeningVersion, on_delete=models.PROTECT, related_name="+")
    answers = EncryptedJSONField()
    tier = models.CharField(_("result"), max_length=10, choices=Tier.choices)
    # What it came to beyond the answers before it, question by question.
    new_tier = models.CharField(_("what is new"), max_length=10, choices=Tier.choices)
    evaluated_at = models.DateTimeField()

    objects = ScreeningRecheckQuerySet.as_manager()

    class Meta:
        ordering = ["-evaluated_at", "-pk"]
        verbose_name = _("health questions answered again")
        verbose_name_plural = _("health questions answered again")
        constraints = [
            models.CheckConstraint(condition=models.Q(tier__in=Tier.values), name="recheck_tier_known"),
            models.CheckConstraint(
                condition=models.Q(new_tier__in=Tier.values), name="recheck_new_tier_known"
            ),
        ]

    def __str__(self) -> str:
        return self.get_tier_display()


class ClinicianNote(models.Model):
    """A clinician's go-ahead that staff recorded. What it says is encrypted."""

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="clinician_notes")
    note = EncryptedJSONField()
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["recorded_at"]
        verbose_name = _("clinician's note")
        verbose_name_plural = _("clinician's notes")

    def __str__(self) -> str:
        return f"{self.recorded_by} · {self.recorded_at:%Y-%m-%d %H:%M} UTC"


class HealthAccess(models.Model):
    """Somebody looked at health answers: who, when and why, never what they saw."""

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="health_accesses")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("who")
    )
    at = models.DateTimeField(_("when"))
    what = models.CharField(_("what"), max_length=10, choices=LookedAt.choices, default=LookedAt.ANSWERS)
    # What a visit is for is read without giving one.
    reason = models.CharField(_("why"), max_length=120, blank=True)

    class Meta:
        ordering = ["-at"]
        verbose_name = _("access to health answers")
        verbose_name_plural = _("health access log")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(what__in=LookedAt.values), name="healthaccess_what_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.at:%Y-%m-%d %H:%M} UTC"
