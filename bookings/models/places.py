"""Where we drive: zones, and the ZIP codes in them. How long drives take is `bookings.drives`."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from massagerx.lib.zips import centroid


class Zone(models.Model):
    """A part of the city with one travel fee."""

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

    @property
    def point(self) -> tuple[float, float] | None:
        """Latitude and longitude of the centroid; None while either is unknown."""
        return None if self.latitude is None or self.longitude is None else (self.latitude, self.longitude)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Fills in the city and the centroid from the offline ZIP table where they are blank."""
        if not self.city or self.point is None:
            found = centroid(self.zip_code)
            if found:
                self.city = self.city or found.city
                if self.point is None:
                    self.latitude, self.longitude = found.latitude, found.longitude
        super().save(*args, **kwargs)
