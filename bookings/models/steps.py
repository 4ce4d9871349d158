"""What a therapist presses on the way to a visit and at its door."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.enums import PaidBy, StepKind

from .booking import Booking

# The client hears of these.
TELLS = (StepKind.LEAVING, StepKind.LATE)


def told_last(steps: Iterable[VisitStep]) -> VisitStep | None:
    """Of a visit's standing steps the one by which its client was told last when to expect somebody."""
    return max((row for row in steps if row.kind in TELLS), key=lambda row: (row.at, row.pk), default=None)


def waits_until(starts_at: datetime, wait_minutes: int, steps: Iterable[VisitStep]) -> datetime:
    """Until when whoever comes waits at a door that stays shut: so many minutes, as the visit's terms say, from its
    start, or from when they were there, or were last told to be there by, where that was later. `starts_at` and the
    answer are aware instants, the answer of a whole minute, as a clock shows it; `steps` are the visit's standing
    ones."""
    standing = list(steps)
    there = [row.at for row in standing if row.kind == StepKind.ARRIVED]
    told = told_last(standing)
    if told is not None and told.expected_until is not None:
        there.append(told.expected_until)
    return max([starts_at, *there]).replace(second=0, microsecond=0) + timedelta(minutes=wait_minutes)


class VisitStepQuerySet(models.QuerySet["VisitStep"]):
    def standing(self) -> VisitStepQuerySet:
        """Those that were not taken back, the first first."""
        return self.filter(undone_at=None).order_by("at", "pk")


class VisitStep(models.Model):
    """That somebody leaves for a visit, runs late, is at the door, or is done: when it was pressed, and what the client
    was told of it. There is no position in it."""

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(_("what"), max_length=8, choices=StepKind.choices)
    at = models.DateTimeField(_("pressed at"))
    # Later than the press where the phone had no connection.
    received_at = models.DateTimeField(_("received at"))
    # Of `late`: minutes more than the client was told before.
    minutes = models.PositiveSmallIntegerField(_("minutes late"), null=True, blank=True)
    # Of `leaving` and `late`: between when the client may expect somebody; None when nobody knows the drive.
    expected_from = models.DateTimeField(_("expected from"), null=True, blank=True)
    expected_until = models.DateTimeField(_("expected until"), null=True, blank=True)
    # Of `done`.
    paid_by = models.CharField(_("paid by"), max_length=8, choices=PaidBy.choices, blank=True, default="")
    # The page's: the same press, sent twice, is one row.
    key = models.UUIDField(unique=True, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("who")
    )
    undone_at = models.DateTimeField(_("taken back at"), null=True, blank=True)

    objects = VisitStepQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("step of a visit")
        verbose_name_plural = _("steps of visits")
        indexes = [models.Index(fields=["at"], name="visitstep_by_time")]
        constraints = [
            models.UniqueConstraint(
                fields=["booking", "kind"],
                condition=Q(undone_at=None) & ~Q(kind=StepKind.LATE),
                name="visitstep_one_standing",
            ),
            models.CheckConstraint(condition=Q(kind__in=StepKind.values), name="visitstep_kind_known"),
            models.CheckConstraint(
                condition=Q(kind=StepKind.LATE, minutes__gte=1) | (~Q(kind=StepKind.LATE) & Q(minutes=None)),
                name="visitstep_minutes_of_late",
            ),
            models.CheckConstraint(
                condition=Q(expected_from=None, expected_until=None)
                | Q(expected_from__lt=F("expected_until")),
                name="visitstep_window_in_order",
            ),
            models.CheckConstraint(
                condition=Q(kind=StepKind.DONE) | Q(paid_by=""), name="visitstep_paid_when_done"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.at:%Y-%m-%d %H:%M} UTC"
