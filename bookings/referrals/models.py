"""Offices with a page of their own, and the patients that they referred to us."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from bookings.courses.models import Course, CoursePlan
from bookings.models import Link
from massagerx.lib.encryption import EncryptedJSONField
from massagerx.lib.localtime import local
from massagerx.lib.phones import PhoneNumberField


class ReferralOffice(models.Model):
    """A surgeon's office that may refer patients. Its private address is the link; without one it has none."""

    name = models.CharField(
        _("name"), max_length=120, unique=True, help_text=_("As patients read it: Dr. Lee’s office.")
    )
    approve_each = models.BooleanField(
        _("one of us approves each entry"),
        default=False,
        help_text=_(
            "A patient hears from us once one of us has approved what the office entered. Else at once."
        ),
    )
    link = models.OneToOneField(
        Link, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    history = HistoricalRecords(excluded_fields=["link"])

    class Meta:
        ordering = ["name"]
        verbose_name = _("surgeon’s office")
        verbose_name_plural = _("surgeons’ offices")

    def __str__(self) -> str:
        return self.name


class ReferralQuerySet(models.QuerySet["Referral"]):
    def open(self) -> ReferralQuerySet:
        """Those that no course was booked by yet, and that nobody took back."""
        return self.filter(course=None, ended_at=None)

    def to_approve(self) -> ReferralQuerySet:
        """Those that wait for staff's word."""
        return self.open().filter(approved_at=None)

    def to_call(self) -> ReferralQuerySet:
        """Those whose patient can only be told by phone."""
        return self.open().filter(approved_at__isnull=False, email="")


class Referral(models.Model):
    """A patient whom an office referred: the plan it chose, and what it cleared. It is of no use once a course was
    booked by it, or it was taken back: `ended_at`."""

    office = models.ForeignKey(
        ReferralOffice, on_delete=models.PROTECT, related_name="referrals", verbose_name=_("office")
    )
    plan = models.ForeignKey(
        CoursePlan, on_delete=models.PROTECT, related_name="referrals", verbose_name=_("plan")
    )
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("email"), blank=True)
    phone = PhoneNumberField(_("phone"), blank=True)
    # procedure, surgery and cleared_from (local dates in ISO 8601), limits, and entered_by: who at the office.
    health = EncryptedJSONField()
    entered_at = models.DateTimeField(_("entered at"))
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    # Blank: the office's word counts by itself.
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("approved by"),
    )
    ended_at = models.DateTimeField(_("taken back at"), null=True, blank=True)
    # Until then its link works; without a course it is deleted then.
    kept_until = models.DateTimeField(_("kept until"))
    may_see = models.BooleanField(_("the office may see how many visits there were"), default=False)
    link = models.OneToOneField(
        Link, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    # By the key that its visits have, which is there before the course's own row.
    course = models.OneToOneField(
        Course, on_delete=models.CASCADE, to_field="key", null=True, blank=True, related_name="referral"
    )
    submission_key = models.UUIDField(unique=True, editable=False)

    objects = ReferralQuerySet.as_manager()

    class Meta:
        ordering = ["-entered_at", "-pk"]
        verbose_name = _("patient of an office")
        verbose_name_plural = _("patients of offices")
        constraints = [
            models.CheckConstraint(condition=~Q(email="", phone=""), name="referral_can_be_told"),
        ]
        indexes = [
            models.Index(
                fields=["entered_at"], condition=Q(course=None, ended_at=None), name="referral_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.office} · {local(self.entered_at):%Y-%m-%d}"

    @property
    def cleared_from(self) -> date:
        """The first local day on which a visit is cleared. Raises `UnreadableValue`."""
        return date.fromisoformat(self.health["cleared_from"])


class ReferralLook(models.Model):
    """Somebody looked at what an office entered of a patient's health: who and when."""

    referral = models.ForeignKey(Referral, on_delete=models.CASCADE, related_name="access_log")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("when"))

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("look at what an office entered")
        verbose_name_plural = _("looks at what offices entered")

    def __str__(self) -> str:
        return f"{self.user} · {self.at:%Y-%m-%d %H:%M} UTC"
