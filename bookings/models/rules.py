"""The owner's rules for booking, and the terms that clients agree to."""

from __future__ import annotations

from copy import copy
from datetime import datetime, time

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from massagerx.lib.compiled_query import CompiledQuery
from massagerx.lib.singleton import SingletonModel

# Ten years: for staff the horizon is no limit.
UNLIMITED_DAYS = 3650


class BookingRules(SingletonModel):
    """The one row of booking rules."""

    minimum_notice_minutes = models.PositiveIntegerField(
        _("minimum notice, minutes"),
        default=240,
        validators=[MaxValueValidator(20_160)],
        help_text=_("A time sooner than this is not offered."),
    )
    horizon_days = models.PositiveSmallIntegerField(
        _("booking horizon, days"), default=60, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    granularity_minutes = models.PositiveSmallIntegerField(
        _("a start every … minutes"),
        default=30,
        choices=[(value, str(value)) for value in (5, 10, 15, 20, 30, 60)],
    )
    # Beside the set-up and pack-down of the service, each.
    stairs_minutes = models.PositiveSmallIntegerField(
        _("stairs add, minutes"),
        default=5,
        validators=[MaxValueValidator(60)],
        help_text=_(
            "Added before and again after a visit to an address with stairs, for carrying the table."
        ),
    )
    elevator_minutes = models.PositiveSmallIntegerField(
        _("an elevator adds, minutes"),
        default=3,
        validators=[MaxValueValidator(60)],
        help_text=_("Added before and again after a visit to an address with an elevator."),
    )
    confirm_known_clients = models.BooleanField(
        _("confirm known clients at once"),
        default=True,
        help_text=_(
            "A client who has had a visit, and whose screening is clear, needs no answer from staff."
        ),
    )
    request_expires_after_minutes = models.PositiveIntegerField(
        _("a request expires after, minutes"),
        default=1440,
        validators=[MinValueValidator(15), MaxValueValidator(20_160)],
    )
    open_requests_per_client = models.PositiveSmallIntegerField(
        _("open visits one client may have"), default=6, validators=[MinValueValidator(1)]
    )
    evening_starts_at = models.TimeField(_("evening starts at"), default=time(18, 0))
    evening_ends_at = models.TimeField(
        _("evening ends at"),
        default=time(5, 0),
        help_text=_(
            "The evening goes on past midnight: a visit that starts before this hour of the morning pays the fee too."
        ),
    )
    evening_fee_cents = models.PositiveIntegerField(
        _("evening fee in cents"), default=0, validators=[MaxValueValidator(100_000)]
    )
    cancel_notice_hours = models.PositiveSmallIntegerField(
        _("free cancellation until, hours before"), default=24, validators=[MaxValueValidator(336)]
    )
    area_requests_kept_days = models.PositiveSmallIntegerField(
        _("requests from outside our area are kept, days"),
        default=180,
        validators=[MinValueValidator(1), MaxValueValidator(1095)],
        help_text=_("After that they are deleted, answered or not."),
    )
    health_kept_months = models.PositiveSmallIntegerField(
        _("health answers are kept, months"),
        default=24,
        db_default=24,
        validators=[MinValueValidator(1), MaxValueValidator(240)],
        help_text=_(
            "Counted from a client's last visit. After that the answers and clinicians' notes are deleted."
        ),
    )
    late_fee_percent = models.PositiveSmallIntegerField(
        _("late fee, percent of the total"),
        default=50,
        validators=[MaxValueValidator(100)],
        help_text=_(
            "What the rules ask of a client who cancels or moves a visit later than that. "
            "Shown before they press; staff decide whether it is charged."
        ),
    )
    alert_email = models.EmailField(
        _("alerts to staff go to"), blank=True, help_text=_("Blank: to the business's email.")
    )

    history = HistoricalRecords()

    class Meta(SingletonModel.Meta):
        verbose_name = _("booking rules")
        verbose_name_plural = _("booking rules")

    def __str__(self) -> str:
        return str(_("Booking rules"))

    def late_fee_cents(self, total_cents: int) -> int:
        """The late fee on a total, both in cents, rounded down."""
        return total_cents * self.late_fee_percent // 100

    def for_staff(self) -> BookingRules:
        """These rules as they bind staff, never to be saved: notice, horizon and the grid of starts are theirs to
        judge. A time that was booked on another grid stays one."""
        rules = copy(self)
        rules.minimum_notice_minutes, rules.horizon_days, rules.granularity_minutes = 0, UNLIMITED_DAYS, 1
        return rules

    def is_evening(self, wall: time) -> bool:
        """Whether a visit that starts at this wall time pays the evening fee; one that starts when it ends doesn't."""
        starts, ends = self.evening_starts_at, self.evening_ends_at
        return starts <= wall < ends if starts < ends else wall >= starts or wall < ends

    def access_minutes(self, access_type: str) -> int:
        """Minutes that the way to the door (`Booking.AccessType`) adds to the set-up, and again to the pack-down."""
        return {"stairs": self.stairs_minutes, "elevator": self.elevator_minutes}.get(access_type, 0)


class TermsVersion(models.Model):
    """The words a client agrees to when booking. A version that was agreed to is never changed: add a new one."""

    number = models.PositiveIntegerField(_("version"), unique=True)
    cancellation = models.TextField(_("cancellation policy"))
    consent = models.TextField(_("what the client agrees to"))
    published_at = models.DateTimeField(_("in force from"))

    history = HistoricalRecords()

    class Meta:
        ordering = ["-number"]
        verbose_name = _("terms")
        verbose_name_plural = _("terms")

    def __str__(self) -> str:
        return f"v{self.number}"

    @classmethod
    def in_force(cls, now: datetime) -> TermsVersion | None:
        """The newest version in force at `now`, or None when there is none."""
        return _IN_FORCE.first(now=now)


_IN_FORCE = CompiledQuery(
    lambda parameter: TermsVersion.objects.filter(published_at__lte=parameter("now", models.DateTimeField()))[
        :1
    ]
)
