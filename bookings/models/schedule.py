"""When a therapist works. Hours are local wall time; spans are instants."""

from __future__ import annotations

from datetime import time

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.enums import Weekday, WishState
from massagerx.lib.encryption import EncryptedCharField

from .people import Therapist
from .places import Zone

_UNTIL_MIDNIGHT = _(
    "12:00 AM is the end of the day. Hours can't run past midnight: end them there, and begin again on the next "
    "day; no visit spans the two."
)


class WorkingHours(models.Model):
    """Weekly hours, in Los Angeles wall time, within optional dates; with `zones`, only for visits in these."""

    therapist = models.ForeignKey(Therapist, on_delete=models.CASCADE, related_name="working_hours")
    weekday = models.PositiveSmallIntegerField(_("day"), choices=Weekday.choices)
    starts_at = models.TimeField(_("from"))
    ends_at = models.TimeField(_("until"), help_text=_UNTIL_MIDNIGHT)
    valid_from = models.DateField(_("first day"), null=True, blank=True)
    valid_until = models.DateField(_("last day"), null=True, blank=True)
    zones = models.ManyToManyField(Zone, blank=True, related_name="+", verbose_name=_("only in"))

    class Meta:
        ordering = ["therapist", "weekday", "starts_at"]
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")) | Q(ends_at=time(0)),
                name="workinghours_end_after_start",
                violation_error_message=_(
                    "The hours must end after they start; 00:00 is the end of the day."
                ),
            ),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                name="workinghours_dates_in_order",
                violation_error_message=_("The last day can't be before the first day."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts_at:%H:%M}–{self.ends_at:%H:%M}"


class ExtraHours(models.Model):
    """Hours on one date beside the weekly ones, in Los Angeles wall time; zones as in `WorkingHours`."""

    therapist = models.ForeignKey(Therapist, on_delete=models.CASCADE, related_name="extra_hours")
    date = models.DateField(_("date"))
    starts_at = models.TimeField(_("from"))
    ends_at = models.TimeField(_("until"), help_text=_UNTIL_MIDNIGHT)
    zones = models.ManyToManyField(Zone, blank=True, related_name="+", verbose_name=_("only in"))

    class Meta:
        ordering = ["date", "starts_at"]
        verbose_name = _("extra hours")
        verbose_name_plural = _("extra hours")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")) | Q(ends_at=time(0)),
                name="extrahours_end_after_start",
                violation_error_message=_(
                    "The hours must end after they start; 00:00 is the end of the day."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.starts_at:%H:%M}–{self.ends_at:%H:%M}"


class TimeOff(models.Model):
    """A span in which the therapist takes no visits."""

    therapist = models.ForeignKey(Therapist, on_delete=models.CASCADE, related_name="time_off")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = EncryptedCharField(_("reason"), max_length=120, blank=True, help_text=_("Seen by staff only."))

    class Meta:
        ordering = ["-starts_at"]
        verbose_name = _("time off")
        verbose_name_plural = _("time off")
        indexes = [models.Index(fields=["therapist", "ends_at"], name="timeoff_by_end")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="timeoff_end_after_start",
                violation_error_message=_("Time off must end after it starts."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.therapist}: {self.starts_at:%Y-%m-%d %H:%M} – {self.ends_at:%Y-%m-%d %H:%M}"


class TimeOffWish(models.Model):
    """Time off that a therapist would like although visits are booked then: the desk answers. It becomes time
    off by that."""

    therapist = models.ForeignKey(
        Therapist, on_delete=models.CASCADE, related_name="wishes", verbose_name=_("therapist")
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = EncryptedCharField(_("reason"), max_length=120, blank=True)
    asked_at = models.DateTimeField(_("asked at"))
    state = models.CharField(_("state"), max_length=8, choices=WishState.choices, default=WishState.OPEN)
    # The therapist reads it.
    why = EncryptedCharField(_("why not"), max_length=300, blank=True)
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
        verbose_name = _("wish for time off")
        verbose_name_plural = _("wishes for time off")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="timeoffwish_end_after_start"
            ),
            models.CheckConstraint(condition=Q(state__in=WishState.values), name="timeoffwish_state_known"),
            models.UniqueConstraint(
                fields=["therapist", "starts_at", "ends_at"],
                condition=Q(state=WishState.OPEN),
                name="timeoffwish_asked_once",
            ),
        ]
        indexes = [
            models.Index(fields=["starts_at"], condition=Q(state=WishState.OPEN), name="timeoffwish_open")
        ]

    def __str__(self) -> str:
        return f"{self.therapist}: {self.starts_at:%Y-%m-%d %H:%M} – {self.ends_at:%Y-%m-%d %H:%M}"


class Closure(models.Model):
    """A date on which nobody works: a holiday, or the owner's choice."""

    date = models.DateField(_("date"), unique=True)
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        ordering = ["date"]
        verbose_name = _("closed day")
        verbose_name_plural = _("closed days")

    def __str__(self) -> str:
        return f"{self.date} {self.name}"
