"""What courses consist of: the owner's plans, in versions, with their phases; and the courses booked by them."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import TypedDict

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from simple_history.models import HistoricalRecords

from bookings.models import Booking, BookingQuerySet
from massagerx.lib.encryption import EncryptedJSONField
from services.models import AddOn, Service, ServiceOption

from . import planner

# No course is longer, nor has more visits: planning and one press must stay quick.
LONGEST_DAYS, MOST_VISITS = 365, 40


class CoursePlanQuerySet(models.QuerySet["CoursePlan"]):
    def offered(self) -> CoursePlanQuerySet:
        """Of each name the newest approved version, while its service, length and add-ons are on offer."""
        approved = self.model._default_manager.exclude(approved_by="")
        newest = approved.filter(name=OuterRef("name")).order_by("-number").values("pk")[:1]
        phases = CoursePhase.add_ons.through.objects.filter(coursephase__plan=OuterRef("pk"))
        service = AddOn.services.through.objects.filter(
            addon=OuterRef("addon"), service=OuterRef("coursephase__plan__option__service")
        )
        return self.filter(
            ~Exists(phases.filter(~Q(addon__is_active=True) | ~Exists(service))),
            pk=Subquery(newest),
            is_offered=True,
            option__is_active=True,
            option__service__is_active=True,
        )


class CoursePlan(models.Model):
    """One version of a plan: which service, and when its visits are. One that a course was booked by never changes;
    of one name the approved version with the highest number is offered."""

    class CountedFrom(models.TextChoices):
        """What day 0 is."""

        SURGERY = "surgery", _("the day of the surgery")
        FIRST_VISIT = "first_visit", _("the first visit")

    name = models.CharField(_("name"), max_length=80, help_text=_("As clients read it: after liposuction."))
    number = models.PositiveIntegerField(_("version"), editable=False)
    option = models.ForeignKey(
        ServiceOption, on_delete=models.PROTECT, related_name="+", verbose_name=_("service and length")
    )
    counted_from = models.CharField(
        _("days are counted from"), max_length=11, choices=CountedFrom.choices, default=CountedFrom.SURGERY
    )
    words = models.TextField(
        _("in your words"),
        blank=True,
        max_length=600,
        help_text=_("What a client reads beside the plan. Promise no healing: as your surgeon advises."),
    )
    approved_by = models.CharField(
        _("approved by"),
        max_length=160,
        blank=True,
        help_text=_("The qualified person who checked this plan. Blank: not approved, and not offered."),
    )
    is_offered = models.BooleanField(_("offered"), default=True)

    objects = CoursePlanQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["name", "-number"]
        verbose_name = _("course plan")
        verbose_name_plural = _("course plans")
        constraints = [
            models.UniqueConstraint(fields=["name", "number"], name="courseplan_one_per_number"),
            models.CheckConstraint(
                condition=Q(counted_from__in=["surgery", "first_visit"]), name="courseplan_counted_from_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} · v{self.number}"

    @property
    def service(self) -> Service:
        """The service that the plan is of."""
        return self.option.service

    @property
    def is_of_surgery(self) -> bool:
        """Whether its days are counted from a surgery."""
        return self.counted_from == self.CountedFrom.SURGERY

    def as_phases(self) -> tuple[planner.Phase, ...]:
        """The phases as the planner takes them, in order."""
        return tuple(phase.value for phase in self.phases.all())

    @property
    def numbered(self) -> list[str]:
        """Of each phase, in words, which visits it has, by number from 1."""
        found, last = [], 0
        for phase in self.phases.all():
            first, last = last + 1, last + phase.visits
            words = ngettext(
                "Visit %(last)d in days %(from)d to %(to)d",
                "Visits %(first)d to %(last)d in days %(from)d to %(to)d",
                phase.visits,
            )
            if phase.from_day == phase.to_day:  # of one visit, then
                words = str(_("Visit %(last)d on day %(from)d"))
            found.append(words % {"first": first, "last": last, "from": phase.from_day, "to": phase.to_day})
        return found


class CoursePhase(models.Model):
    """A stretch of a plan with so many visits, at least so many days apart. Days count from day 0, both included."""

    plan = models.ForeignKey(CoursePlan, on_delete=models.CASCADE, related_name="phases")
    from_day = models.PositiveSmallIntegerField(
        _("from day"), validators=[MaxValueValidator(LONGEST_DAYS)], help_text=_("0 is the day itself.")
    )
    to_day = models.PositiveSmallIntegerField(_("to day"), validators=[MaxValueValidator(LONGEST_DAYS)])
    visits = models.PositiveSmallIntegerField(
        _("visits"), validators=[MinValueValidator(1), MaxValueValidator(MOST_VISITS)]
    )
    apart = models.PositiveSmallIntegerField(
        _("at least days apart"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(60)],
        help_text=_("From the visit before; 1 is the day after."),
    )
    add_ons = models.ManyToManyField(
        AddOn,
        related_name="+",
        blank=True,
        verbose_name=_("add-ons"),
        help_text=_("Added to each visit of the phase, with its minutes and price."),
    )

    class Meta:
        ordering = ["plan", "from_day"]
        verbose_name = _("phase")
        verbose_name_plural = _("phases")
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "from_day"],
                name="coursephase_one_per_first_day",
                violation_error_message=_("Another phase begins on that day."),
            ),
            models.CheckConstraint(condition=Q(visits__gte=1, apart__gte=1), name="coursephase_in_range"),
            models.CheckConstraint(
                condition=Q(to_day__gte=F("from_day") + (F("visits") - 1) * F("apart")),
                name="coursephase_has_room",
                violation_error_message=_(
                    "So many visits, so many days apart, don't fit between these days."
                ),
            ),
        ]

    def __str__(self) -> str:
        visits = ngettext("%(count)d visit", "%(count)d visits", self.visits) % {"count": self.visits}
        words = _("%(visits)s in days %(first)d to %(last)d")
        if self.from_day == self.to_day:
            words = _("%(visits)s on day %(first)d")
        return words % {"visits": visits, "first": self.from_day, "last": self.to_day}

    @property
    def in_words(self) -> str:
        """The phase with what is added to its visits."""
        return " + ".join([str(self), *(add_on.name for add_on in self.add_ons.all())])

    @property
    def value(self) -> planner.Phase:
        """The phase as the planner takes it."""
        return planner.Phase(self.from_day, self.to_day, self.visits, self.apart)


class CourseDates(TypedDict):
    """Local dates in ISO 8601: what a course's days are counted from, and the day that the surgeon allows."""

    day_zero: str
    cleared_from: str | None


class Course(models.Model):
    """A course that was booked: by which plan, from which day, and what the client wished for. Its visits are the
    bookings with its key; client, address and state are theirs."""

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    plan = models.ForeignKey(
        CoursePlan, on_delete=models.PROTECT, related_name="courses", verbose_name=_("plan")
    )
    # `CourseDates`, encrypted, since they tell of a surgery.
    dates = EncryptedJSONField()
    # While the course is paused: the days, counted from day 0, of the visits that are still to be planned.
    rest = models.JSONField(default=list)
    paused_at = models.DateTimeField(_("paused at"), null=True, blank=True)
    # weekdays, minute of the day, therapist: what the planner was asked for.
    wishes = models.JSONField(default=dict)
    booked_at = models.DateTimeField(_("booked at"))
    # Blank: the client did.
    booked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("booked by"),
    )

    class Meta:
        ordering = ["-booked_at", "-pk"]
        verbose_name = _("course")
        verbose_name_plural = _("courses")
        constraints = [
            models.CheckConstraint(
                condition=Q(paused_at=None, rest=[]) | (Q(paused_at__isnull=False) & ~Q(rest=[])),
                name="course_paused_with_a_rest",
            ),
        ]

    def __str__(self) -> str:
        return self.plan.name

    @property
    def first_day(self) -> date:
        """The first local day on which the client may have a visit of it: the one that the surgeon allows, or else that
        of the surgery; `date.min` where there was none. Raises `UnreadableValue`."""
        day = self.dates["cleared_from"]
        if day is None and self.plan.is_of_surgery:
            day = self.dates["day_zero"]
        return date.fromisoformat(day) if day else date.min

    def last_day_of(self, day: date) -> date:
        """The last local day of the phase that `day` lies in; `date.max` where the plan has none for it, as after a
        move by staff. Raises `UnreadableValue`."""
        zero = date.fromisoformat(self.dates["day_zero"])
        number = (day - zero).days
        ends = [phase.to_day for phase in self.plan.as_phases() if phase.from_day <= number <= phase.to_day]
        return zero + timedelta(days=max(ends)) if ends else date.max

    def dates_moved(self, days: int, *, by_staff: bool) -> CourseDates:
        """Its `dates` so many days later or earlier. The day that the surgeon allows comes earlier only when staff, who
        have the surgeon's word, say so. Raises `UnreadableValue`."""
        by, cleared = timedelta(days=days), self.dates["cleared_from"]
        if cleared and (days >= 0 or by_staff):
            cleared = str(date.fromisoformat(cleared) + by)
        return {"day_zero": str(date.fromisoformat(self.dates["day_zero"]) + by), "cleared_from": cleared}

    @property
    def visits(self) -> BookingQuerySet:
        """Its visits in order of time, those that were canceled among them."""
        return Booking.objects.filter(together=self.key).order_by("starts_at", "pk")


def course_of(booking: Booking) -> Course | None:
    """The course that a visit belongs to, with its plan; one query, or none for a visit that came alone."""
    if booking.together is None:
        return None
    return Course.objects.filter(key=booking.together).select_related("plan").defer("dates").first()
