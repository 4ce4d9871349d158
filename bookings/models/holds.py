"""Times kept for a visitor who is still filling in the booking."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q, Value
from django.utils.translation import gettext_lazy as _

from massagerx.lib.compiled_query import CompiledDelete

from .intake import BookingDraft
from .people import Therapist
from .places import ServiceArea

# However many visitors come from one address, for no more of them times are kept at once; a course's for one of them.
HOLDS_PER_SOURCE = 3
# However long somebody types, one choice of a time is kept no longer.
HELD_AT_MOST = timedelta(minutes=40)


class HoldQuerySet(models.QuerySet["Hold"]):
    def live(self, now: datetime) -> HoldQuerySet:
        """Those that still keep their time."""
        return self.filter(expires_at__gt=now)

    def expired(self, now: datetime) -> HoldQuerySet:
        """Holds that ended by `now`."""
        return self.filter(expires_at__lte=now)


class Hold(models.Model):
    """Counts as taken until `expires_at`; one a visitor, or one for each visit of a course, by `number`. A courtesy:
    what guarantees a visit is the booking.

    Typing on moves `expires_at`, never beyond `HELD_AT_MOST` after `held_since`, the instant of the choice.
    """

    draft = models.ForeignKey(BookingDraft, on_delete=models.CASCADE, related_name="holds")
    # From 1, in the order of a course's visits.
    number = models.PositiveSmallIntegerField(default=1)
    therapist = models.ForeignKey(Therapist, on_delete=models.CASCADE, related_name="holds")
    area = models.ForeignKey(ServiceArea, on_delete=models.CASCADE, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    blocked_from = models.DateTimeField()
    blocked_until = models.DateTimeField()
    expires_at = models.DateTimeField()
    held_since = models.DateTimeField()
    # A keyed digest of the visitor's network address (of staff who they are), and which of its few places the visitor's
    # holds take.
    source = models.CharField(max_length=64)
    place = models.PositiveSmallIntegerField()

    objects = HoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        indexes = [
            models.Index(fields=["therapist", "blocked_from"], name="hold_by_therapist_time"),
            models.Index(fields=["expires_at"], name="hold_by_expiry"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["draft", "number"], name="hold_one_per_visit"),
            # Every visitor's first hold has the number 1, and only a course has a second.
            models.UniqueConstraint(fields=["source", "place", "number"], name="hold_few_per_source"),
            models.UniqueConstraint(
                fields=["source"], condition=Q(number=2), name="hold_one_course_per_source"
            ),
            models.CheckConstraint(
                condition=Q(place__lt=HOLDS_PER_SOURCE, number__gte=1), name="hold_place_in_range"
            ),
            models.CheckConstraint(
                condition=Q(
                    blocked_from__lte=F("starts_at"),
                    starts_at__lt=F("ends_at"),
                    ends_at__lte=F("blocked_until"),
                ),
                name="hold_times_in_order",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__lte=F("held_since") + Value(HELD_AT_MOST)),
                name="hold_not_for_ever",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.therapist} · {self.starts_at:%Y-%m-%d %H:%M} UTC"


# Of a draft: nothing points at a held time.
LET_GO = CompiledDelete(
    lambda parameter: Hold.objects.filter(draft_id=parameter("draft", models.UUIDField()))
)
