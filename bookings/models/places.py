"""Where we drive: zones, the ZIP codes in them, and how long it takes from one zone to another."""

from __future__ import annotations

from datetime import time
from typing import Any

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from massagerx.lib.zips import centroid


class Zone(models.Model):
    """A part of the city with one travel fee; drive times are kept between zones."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    travel_fee_cents = models.PositiveIntegerField(
        _("travel fee in cents"), default=0, validators=[MaxValueValidator(100_000)]
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    history = HistoricalRecords()

    class Meta:
        ordering = ["position", "name"]
        verbose_name = _("zone")
        verbose_name_plural = _("zones")

    def __str__(self) -> str:
        return self.name


class ServiceArea(models.Model):
    """A ZIP code that we drive to."""

    zip_code = models.CharField(
        _("ZIP code"),
        max_length=5,
        unique=True,
        validators=[RegexValidator(r"^[0-9]{5}$", _("Five digits."))],
    )
    city = models.CharField(_("city"), max_length=80, blank=True)
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, related_name="zips", verbose_name=_("zone"))
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    is_active = models.BooleanField(_("served"), default=True)

    class Meta:
        ordering = ["zip_code"]
        verbose_name = _("ZIP code")
        verbose_name_plural = _("ZIP codes")

    def __str__(self) -> str:
        return f"{self.zip_code} {self.city}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Fills in the city and the centroid from the offline ZIP table where they are blank."""
        if not self.city or self.latitude is None or self.longitude is None:
            found = centroid(self.zip_code)
            if found:
                self.city = self.city or found.city
                if self.latitude is None or self.longitude is None:
                    self.latitude, self.longitude = found.latitude, found.longitude
        super().save(*args, **kwargs)


class DriveTime(models.Model):
    """The owner's own figure for a drive from one zone to another within a band of the day (local time).

    Where bands overlap, the shorter band speaks: an exception was made for it.
    """

    origin = models.ForeignKey(
        Zone, on_delete=models.CASCADE, related_name="drives_from", verbose_name=_("from")
    )
    destination = models.ForeignKey(
        Zone, on_delete=models.CASCADE, related_name="drives_to", verbose_name=_("to")
    )
    starts_at = models.TimeField(_("from the hour"), help_text=_("Los Angeles time"))
    ends_at = models.TimeField(
        _("until the hour"), help_text=_("Los Angeles time; 00:00 is the end of the day")
    )
    minutes = models.PositiveSmallIntegerField(_("minutes"), validators=[MaxValueValidator(300)])

    history = HistoricalRecords()

    class Meta:
        ordering = ["origin", "destination", "starts_at"]
        verbose_name = _("drive time")
        verbose_name_plural = _("drive times")
        constraints = [
            models.UniqueConstraint(
                fields=["origin", "destination", "starts_at"], name="drivetime_one_per_band_start"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("starts_at")) | Q(ends_at=time(0)),
                name="drivetime_ends_after_start",
                violation_error_message=_(
                    "The hours must end after they start; 00:00 is the end of the day."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.origin} → {self.destination}: {self.minutes} min"
