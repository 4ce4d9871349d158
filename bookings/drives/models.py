"""What the owner says of drives, what a routing server says, what drives took, and the rows that all of it comes to."""

from __future__ import annotations

from datetime import time
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from bookings.models import ServiceArea, Zone
from massagerx.lib.singleton import SingletonModel

from .corrections import Band
from .model import CARE, LONGEST_MINUTES, TERMINAL_MINUTES
from .traffic import KNOT_MINUTES, Profile

_MINUTES = [MinValueValidator(1), MaxValueValidator(int(LONGEST_MINUTES))]


class DriveRules(SingletonModel):
    """The one row of the owner's rules for planning drives."""

    care_percent = models.PositiveSmallIntegerField(
        _("how careful"),
        default=CARE,
        validators=[MinValueValidator(50), MaxValueValidator(95)],
        help_text=_(
            "Of a hundred drives, this many should take no longer than planned. 80 is what most of us would plan with; "
            "more offers fewer times, and keeps more of them."
        ),
    )
    terminal_minutes = models.PositiveSmallIntegerField(
        _("minutes beside the road"),
        default=TERMINAL_MINUTES,
        validators=[MinValueValidator(1), MaxValueValidator(20)],
        help_text=_("For each drive: the way to the car, parking, and finding the door."),
    )
    lengthen_by_itself = models.BooleanField(
        _("plan longer by itself"),
        default=False,
        help_text=_(
            "When drives between two zones keep taking longer than planned, the plan is made longer every night. It is "
            "never made shorter without somebody's press."
        ),
    )

    history = HistoricalRecords()

    class Meta(SingletonModel.Meta):
        verbose_name = _("rules for drives")
        verbose_name_plural = _("rules for drives")

    def __str__(self) -> str:
        return str(_("Rules for drives"))


class Days(models.TextChoices):
    """Days on which the owner's word holds."""

    WEEKDAYS = "weekdays", _("Monday to Friday")
    WEEKEND = "weekend", _("Saturday and Sunday")


class OwnersWord(models.Model):
    """Minutes that the owner gives for drives in a band of the day (Los Angeles time). Where bands overlap, the shorter
    one speaks: an exception was made for it."""

    days = models.CharField(_("days"), max_length=8, choices=Days.choices, default=Days.WEEKDAYS)
    starts_at = models.TimeField(
        _("leaving from"), default=time(0), help_text=_("Full and half hours, Los Angeles time.")
    )
    ends_at = models.TimeField(
        _("leaving before"), default=time(0), help_text=_("00:00 is the end of the day.")
    )
    minutes = models.PositiveSmallIntegerField(_("minutes, door to door"), validators=_MINUTES)
    both_ways = models.BooleanField(
        _("the way back too"),
        default=True,
        help_text=_("Unless something else is said of the way back in the same hours."),
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")) | Q(ends_at=time(0)),
                name="%(class)s_ends_after_start",
                violation_error_message=_(
                    "The hours must end after they start; 00:00 is the end of the day."
                ),
            ),
            models.CheckConstraint(
                condition=Q(minutes__gte=1, minutes__lte=int(LONGEST_MINUTES)), name="%(class)s_minutes"
            ),
        ]

    def clean(self) -> None:
        super().clean()
        odd = [name for name in ("starts_at", "ends_at") if not _is_half_hour(getattr(self, name))]
        if odd:
            raise ValidationError(dict.fromkeys(odd, _("Use a full or a half hour, such as 7:00 or 7:30.")))

    @property
    def band(self) -> Band:
        """The days and hours as the model takes them."""
        end = self.ends_at.hour * 60 + self.ends_at.minute
        return Band(
            weekend=self.days == Days.WEEKEND,
            start=self.starts_at.hour * 60 + self.starts_at.minute,
            end=end or 24 * 60,
        )

    def hours(self) -> str:
        """The band in words."""
        return f"{self.get_days_display()}, {self.starts_at:%H:%M}–{self.ends_at:%H:%M}"


def _is_half_hour(at: Any) -> bool:
    return not isinstance(at, time) or (at.minute % KNOT_MINUTES == 0 and at.second == at.microsecond == 0)


class DriveCorrection(OwnersWord):
    """The owner's word on how long drives from one zone to another typically take; it corrects the model."""

    origin = models.ForeignKey(
        Zone, on_delete=models.CASCADE, related_name="corrections_from", verbose_name=_("from")
    )
    destination = models.ForeignKey(
        Zone, on_delete=models.CASCADE, related_name="corrections_to", verbose_name=_("to")
    )

    history = HistoricalRecords()

    class Meta(OwnersWord.Meta):
        ordering = ["origin", "destination", "days", "starts_at"]
        verbose_name = _("correction of drives")
        verbose_name_plural = _("corrections of drives")
        constraints = [
            *OwnersWord.Meta.constraints,
            models.UniqueConstraint(
                fields=["origin", "destination", "days", "starts_at"],
                name="drivecorrection_one_per_band_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.origin} → {self.destination}, {self.hours()}: {self.minutes} min"


class FixedDrive(OwnersWord):
    """The exact minutes from one ZIP code to another, or within one."""

    origin = models.ForeignKey(
        ServiceArea, on_delete=models.CASCADE, related_name="+", verbose_name=_("from")
    )
    destination = models.ForeignKey(
        ServiceArea, on_delete=models.CASCADE, related_name="+", verbose_name=_("to")
    )
    history = HistoricalRecords()

    class Meta(OwnersWord.Meta):
        ordering = ["origin", "destination", "days", "starts_at"]
        verbose_name = _("fixed drive")
        verbose_name_plural = _("fixed drives")
        constraints = [
            *OwnersWord.Meta.constraints,
            models.UniqueConstraint(
                fields=["origin", "destination", "days", "starts_at"], name="fixeddrive_one_per_band_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.origin} → {self.destination}, {self.hours()}: {self.minutes} min"


class RoadTime(models.Model):
    """What a routing server says a drive takes on an empty road, from one ZIP code to another."""

    origin = models.CharField(_("from"), max_length=5)
    destination = models.CharField(_("to"), max_length=5)
    #: None where the server knows no way.
    seconds = models.FloatField(_("seconds"), null=True)
    asked_at = models.DateTimeField(_("asked at"))
    #: Which server and which points: `rows.asked_of`.
    asked_of = models.CharField(max_length=16, editable=False)
    is_doubtful = models.BooleanField(_("far from our own figure"), default=False)

    class Meta:
        ordering = ["origin", "destination"]
        verbose_name = _("answer of the routing server")
        verbose_name_plural = _("answers of the routing server")
        constraints = [
            models.UniqueConstraint(fields=["origin", "destination"], name="roadtime_one_per_pair"),
            models.CheckConstraint(
                condition=Q(seconds=None) | Q(seconds__gte=0, seconds__lte=LONGEST_MINUTES * 60),
                name="roadtime_seconds",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.origin} → {self.destination}"


class DriveEdition(models.Model):
    """One making of all rows. There is one at most; its key is drawn by lot, so that no other ever had it."""

    key = models.BigIntegerField(primary_key=True)
    made_at = models.DateTimeField(_("made at"))
    #: A digest of all that the rows were made from: who finds another one today makes them anew.
    made_from = models.CharField(max_length=64)
    #: `estimates.Basis` as JSON text: for places that no row knows yet.
    basis = models.TextField()

    class Meta:
        verbose_name = _("edition of drives")
        verbose_name_plural = _("editions of drives")

    def __str__(self) -> str:
        return str(self.made_at)


class DriveEstimate(models.Model):
    """The drives from one ZIP code to another on one kind of day: whole minutes at each half hour from midnight.

    `careful` is what is planned with, at the owner's percentile; `quick` the lower end of the spread. Both are numbers
    with spaces between them: they are read by the thousand, and looked into one by one.
    """

    edition = models.ForeignKey(DriveEdition, on_delete=models.CASCADE, related_name="estimates")
    origin = models.CharField(_("from"), max_length=5)
    destination = models.CharField(_("to"), max_length=5)
    profile = models.CharField(
        _("kind of day"), max_length=8, choices=[(profile.value, profile.value) for profile in Profile]
    )
    careful = models.CharField(max_length=200)
    quick = models.CharField(max_length=200)

    class Meta:
        verbose_name = _("drive")
        verbose_name_plural = _("drives")
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "origin", "destination", "profile"], name="driveestimate_one_per_pair"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.origin} → {self.destination}, {self.profile}"


class ObservedDrive(models.Model):
    """What one drive took: when the therapist left and arrived, and the minutes that were planned for it. It says
    nothing of who drove, and nothing of the client but the ZIP code."""

    origin = models.ForeignKey(
        ServiceArea, on_delete=models.CASCADE, related_name="+", verbose_name=_("from")
    )
    destination = models.ForeignKey(
        ServiceArea, on_delete=models.CASCADE, related_name="+", verbose_name=_("to")
    )
    left_at = models.DateTimeField(_("left at"))
    arrived_at = models.DateTimeField(_("arrived at"))
    planned_minutes = models.PositiveSmallIntegerField(_("planned, minutes"))

    class Meta:
        ordering = ["-left_at"]
        verbose_name = _("drive that was driven")
        verbose_name_plural = _("drives that were driven")
        indexes = [models.Index(fields=["left_at"], name="observeddrive_by_time")]
        constraints = [
            models.CheckConstraint(
                condition=Q(arrived_at__gte=F("left_at")), name="observeddrive_arrives_after_leaving"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.origin} → {self.destination}"

    @property
    def minutes(self) -> float:
        """What it took."""
        return (self.arrived_at - self.left_at).total_seconds() / 60
