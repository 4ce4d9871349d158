"""Exercises and templates, which the owner edits, and what was made of them for a client.

A client's program has copies of its exercises: what the owner edits or deletes later changes nothing for who is on one.
A copy that the therapist changes ends, and another takes its place, so that what was done stays beside what was asked.
"""

from __future__ import annotations

import base64
import uuid
from datetime import date, datetime, timedelta

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models import F, Q, Value
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from bookings.models import Booking, Link
from massagerx.lib.encryption import EncryptedJSONField
from massagerx.lib.localtime import local
from massagerx.lib.stored_picture import StoredPicture, StoredPictureQuerySet
from massagerx.lib.typeset import Paper

from .drawings import NAMES

# No program is longer, nor asks for more a day: its page and its booklet must stay short.
LONGEST_WEEKS, MOST_EXERCISES = 26, 16
# A booklet is tried so often; after the last try it can be asked for again.
MOST_TRIES, ASK_AGAIN_AFTER = 3, timedelta(hours=1)


class Area(models.TextChoices):
    """Where it pulls: a problem area."""

    NECK = "neck", _("Neck")
    SHOULDERS = "shoulders", _("Shoulders")
    UPPER_BACK = "upper_back", _("Upper back")
    LOWER_BACK = "lower_back", _("Lower back")
    HIPS = "hips", _("Hips")
    KNEES = "knees", _("Knees")
    FEET = "feet", _("Calves and feet")


class Sport(models.TextChoices):
    """What a program is for."""

    RUNNING = "running", _("Running")
    CYCLING = "cycling", _("Cycling")
    SWIMMING = "swimming", _("Swimming")
    GOLF = "golf", _("Golf")
    TENNIS = "tennis", _("Tennis")
    LIFTING = "lifting", _("Lifting")
    DESK = "desk", _("Desk work")


class Unit(models.TextChoices):
    """What an exercise is counted in."""

    TIMES = "times", _("Times")
    SECONDS = "seconds", _("Seconds")


class ExercisePicture(StoredPicture):
    """The owner's own picture of an exercise, shown beside the drawing once its sizes are made. The same one may be in
    clients' programs, so it can't be deleted while it is."""

    whole_sizes = ()
    cover_sizes = (200, 400, 800)
    ratio = (4, 3)

    title = models.CharField(
        _("what it shows"), max_length=120, help_text=_("Read aloud to people who can’t see the picture.")
    )

    objects = StoredPictureQuerySet["ExercisePicture"].as_manager()

    class Meta:
        ordering = ["title", "pk"]
        verbose_name = _("picture of an exercise")
        verbose_name_plural = _("pictures of exercises")
        indexes = [
            models.Index(
                fields=["sizes_due_at"],
                name="exercisepicture_sizes_due",
                condition=Q(sizes_due_at__isnull=False),
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(focal_x__lte=100, focal_y__lte=100), name="exercisepicture_focus_is_within"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def address(self) -> str:
        """Where the whole picture is found, for the admin."""
        return default_storage.url(self.name)


class Described(models.Model):
    """How an exercise is done, and how much of it."""

    name = models.CharField(_("name"), max_length=80)
    steps = models.TextField(_("steps"), max_length=2000, help_text=_("One step a line, in plain words."))
    unit = models.CharField(_("counted in"), max_length=7, choices=Unit.choices, default=Unit.TIMES)
    sets = models.PositiveSmallIntegerField(
        _("sets"), default=2, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    amount = models.PositiveSmallIntegerField(
        _("times or seconds a set"),
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(600)],
        help_text=_("On each side, where it has two."),
    )
    days_a_week = models.PositiveSmallIntegerField(
        _("days a week"), default=3, validators=[MinValueValidator(1), MaxValueValidator(7)]
    )
    equipment = models.CharField(_("what it needs"), max_length=120, blank=True)
    watch_out = models.TextField(_("what to look out for"), max_length=600, blank=True)
    stop_when = models.TextField(
        _("when to stop"), max_length=600, help_text=_("What tells a client to stop, and to call you.")
    )
    video_url = models.URLField(
        _("video"),
        blank=True,
        validators=[URLValidator(schemes=["https"])],
        help_text=_("The address of its page, beginning with https://. Clients open it by a press."),
    )
    drawing = models.CharField(_("drawing"), max_length=32, blank=True, choices=NAMES)
    picture = models.ForeignKey(
        ExercisePicture,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("picture"),
        help_text=_("Your own, in addition to the drawing."),
    )

    class Meta:
        abstract = True


#: What a client's copy takes over.
DESCRIBED = (*(field.attname for field in Described._meta.local_fields), "not_for")
_IN_RANGE = Q(
    unit__in=Unit.values,
    sets__gte=1,
    sets__lte=10,
    amount__gte=1,
    amount__lte=600,
    days_a_week__gte=1,
    days_a_week__lte=7,
)


class ExerciseQuerySet(models.QuerySet["Exercise"]):
    def offered(self) -> ExerciseQuerySet:
        """Those that somebody qualified has approved."""
        return self.exclude(approved_by="")


class Exercise(Described):
    """One of the owner's library."""

    areas = models.JSONField(_("problem areas"), default=list, blank=True)
    sports = models.JSONField(_("sports"), default=list, blank=True)
    # Identifiers of screening questions.
    not_for = models.JSONField(_("not for clients who said"), default=list, blank=True)
    approved_by = models.CharField(
        _("approved by"),
        max_length=160,
        blank=True,
        help_text=_("The qualified person who checked it as it is. Blank: not approved, and in no program."),
    )

    objects = ExerciseQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["name"]
        verbose_name = _("exercise")
        verbose_name_plural = _("exercises")
        constraints = [
            models.UniqueConstraint(fields=["name"], name="exercise_name_once"),
            models.CheckConstraint(condition=_IN_RANGE, name="exercise_in_range"),
        ]

    def __str__(self) -> str:
        return self.name


class ProgramTemplate(models.Model):
    """What a program is made from: exercises, each for some of its weeks."""

    name = models.CharField(_("name"), max_length=80, unique=True, help_text=_("As clients read it."))
    sport = models.CharField(_("sport"), max_length=10, choices=Sport.choices)
    area = models.CharField(_("problem area"), max_length=10, choices=Area.choices, blank=True)
    weeks = models.PositiveSmallIntegerField(
        _("weeks"), default=8, validators=[MinValueValidator(1), MaxValueValidator(LONGEST_WEEKS)]
    )
    history = HistoricalRecords()

    class Meta:
        ordering = ["sport", "name"]
        verbose_name = _("program template")
        verbose_name_plural = _("program templates")
        constraints = [
            models.CheckConstraint(
                condition=Q(weeks__gte=1, weeks__lte=LONGEST_WEEKS), name="programtemplate_weeks_in_range"
            ),
            models.CheckConstraint(
                condition=Q(sport__in=Sport.values, area__in=["", *Area.values]),
                name="programtemplate_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Weeks(models.Model):
    """From one week of a program to another, both included, counted from 1."""

    from_week = models.PositiveSmallIntegerField(_("from week"), default=1, validators=[MinValueValidator(1)])
    to_week = models.PositiveSmallIntegerField(
        _("to week"), default=8, validators=[MaxValueValidator(LONGEST_WEEKS)]
    )

    class Meta:
        abstract = True


_WEEKS_IN_ORDER = Q(from_week__gte=1, to_week__gte=F("from_week"), to_week__lte=LONGEST_WEEKS)


class TemplateExercise(Weeks):
    """An exercise of a template, in some of its weeks."""

    template = models.ForeignKey(ProgramTemplate, on_delete=models.CASCADE, related_name="exercises")
    exercise = models.ForeignKey(
        Exercise, on_delete=models.PROTECT, related_name="+", verbose_name=_("exercise")
    )

    class Meta:
        ordering = ["template", "from_week", "pk"]
        verbose_name = _("exercise of a template")
        verbose_name_plural = _("exercises of a template")
        constraints = [
            models.UniqueConstraint(
                fields=["template", "exercise", "from_week"],
                name="templateexercise_once_from_a_week",
                violation_error_message=_("That exercise begins in that week already."),
            ),
            models.CheckConstraint(
                condition=_WEEKS_IN_ORDER,
                name="templateexercise_weeks_in_order",
                violation_error_message=_("The last week comes before the first."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exercise} · {self.from_week}–{self.to_week}"


class ProgramQuerySet(models.QuerySet["Program"]):
    def running(self) -> ProgramQuerySet:
        """Those that nobody has paused or ended."""
        return self.filter(paused_on=None, ended_at=None)


class Program(models.Model):
    """One client's, made at a visit: whose it is, that visit says."""

    booking = models.ForeignKey(
        Booking, on_delete=models.CASCADE, related_name="programs", verbose_name=_("visit")
    )
    name = models.CharField(_("name"), max_length=80)
    sport = models.CharField(_("sport"), max_length=10, choices=Sport.choices)
    weeks = models.PositiveSmallIntegerField(_("weeks"))
    # The first day of week 1, in Los Angeles; a pause moves it by its days.
    started_on = models.DateField(_("first day"))
    made_at = models.DateTimeField(_("made at"))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("made by")
    )
    paused_on = models.DateField(_("paused on"), null=True, blank=True)
    resumed_at = models.DateTimeField(_("went on at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    # The course (its key) at whose visits it changes, and the week that waits for the next of them; none without one.
    course_key = models.UUIDField(null=True, blank=True, editable=False)
    waits_for = models.PositiveSmallIntegerField(_("week that waits for a visit"), null=True, blank=True)
    # How days were counted before a visit or a pause moved it: from, until (without it), its first day, what waited.
    spans = models.JSONField(
        default=list, db_default=Value([], models.JSONField()), blank=True, editable=False
    )
    # A word of the therapist's to the client, shown on the client's page.
    note = EncryptedJSONField(default=str)
    # When somebody should look: it hurt much, or more than at first, or a health answer speaks against an exercise.
    hurts_since = models.DateTimeField(_("to be looked at since"), null=True, blank=True)
    last_press_at = models.DateTimeField(_("last press"), null=True, blank=True)
    # The client's own wish, and what came of it.
    reminds = models.BooleanField(_("wants reminders"), default=False)
    reminders = models.PositiveSmallIntegerField(_("reminders sent"), default=0)
    reminded_at = models.DateTimeField(_("last reminder"), null=True, blank=True)
    link = models.OneToOneField(
        Link, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    submission_key = models.UUIDField(unique=True, editable=False)

    objects = ProgramQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        verbose_name = _("client’s program")
        verbose_name_plural = _("clients’ programs")
        constraints = [
            models.CheckConstraint(
                condition=Q(weeks__gte=1, weeks__lte=LONGEST_WEEKS), name="program_weeks_in_range"
            ),
            models.CheckConstraint(condition=Q(sport__in=Sport.values), name="program_sport_known"),
        ]

    def __str__(self) -> str:
        return self.name

    def week_of(self, day: date) -> int:
        """The week, from 1, that a local day is in; less before the first day, more than `weeks` after the last. None
        comes before the visit that it waits for: till then the one before goes on."""
        week = (day - self.started_on).days // 7 + 1
        return week if self.waits_for is None else min(week, self.waits_for - 1)

    def count_anew(self, day: date) -> None:
        """Keeps how local days up to that one, without it, were counted; before its first day or what waits changes."""
        since, *_rest = self.counted[-1]
        if max(since, self.started_on) < day:
            first = self.started_on.isoformat()
            self.spans = [*self.spans, [since.isoformat(), day.isoformat(), first, self.waits_for]]

    @property
    def counted(self) -> list[tuple[date, date, Program]]:
        """The spans of local days, both included, that were counted alike, each with the program as it was then; those
        of a pause are in none."""
        found = []
        since = date.min
        for begin, until, first, waits_for in self.spans:
            as_then = Program(started_on=date.fromisoformat(first), waits_for=waits_for)
            since = date.fromisoformat(until)
            found.append((date.fromisoformat(begin), since - timedelta(days=1), as_then))
        if self.resumed_at is not None:
            since = max(since, local(self.resumed_at).date())
        return [*found, (since, date.max, self)]

    def is_waiting_on(self, day: date) -> bool:
        """Whether the next week would have come by a local day, and waits for a visit."""
        return self.waits_for is not None and (day - self.started_on).days // 7 + 1 >= self.waits_for

    def is_over_on(self, today: date) -> bool:
        """Whether its last day is past; none passes in a pause."""
        return self.week_of(self.paused_on or today) > self.weeks

    def is_running_on(self, today: date) -> bool:
        """Whether it has begun and not ended, nor is paused."""
        begun = 1 <= self.week_of(today) <= self.weeks
        return begun and self.ended_at is None and self.paused_on is None

    @property
    def last_day(self) -> date:
        """The last local day."""
        return self.started_on + timedelta(days=7 * self.weeks - 1)


class ProgramExerciseQuerySet(models.QuerySet["ProgramExercise"]):
    def standing(self) -> ProgramExerciseQuerySet:
        """Those that are still asked for, in order."""
        return self.filter(ended_at=None).order_by("from_week", "pk")


class ProgramExercise(Described, Weeks):
    """A client's copy of an exercise."""

    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="exercises")
    exercise = models.ForeignKey(
        Exercise, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("exercise")
    )
    # As it was in the library, which may have lost the exercise by now.
    not_for = models.JSONField(default=list, db_default=Value([], models.JSONField()), editable=False)
    added_at = models.DateTimeField(_("added at"))
    # Since then it is asked for no more; another may have taken its place.
    ended_at = models.DateTimeField(_("taken out at"), null=True, blank=True)
    # Since then the client is told to ask instead: a health answer given later speaks against it.
    held_at = models.DateTimeField(_("held back since"), null=True, blank=True)

    objects = ProgramExerciseQuerySet.as_manager()

    class Meta:
        ordering = ["program", "from_week", "pk"]
        verbose_name = _("exercise of a client")
        verbose_name_plural = _("exercises of clients")
        constraints = [
            models.CheckConstraint(condition=_IN_RANGE, name="programexercise_in_range"),
            models.CheckConstraint(condition=_WEEKS_IN_ORDER, name="programexercise_weeks_in_order"),
        ]

    def __str__(self) -> str:
        return self.name


class ProgramBooklet(models.Model):
    """A program as a PDF, on the paper that its client asked for last; due until it is made."""

    program = models.OneToOneField(Program, on_delete=models.CASCADE, related_name="booklet")
    paper = models.CharField(_("paper"), max_length=9, choices=Paper.choices)
    asked_at = models.DateTimeField(_("asked for at"))
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    tried_at = models.DateTimeField(_("last tried at"), null=True, blank=True)
    made_at = models.DateTimeField(_("made at"), null=True, blank=True)
    # Keyed, of what it says; "" until it is made.
    digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    # The file in base64.
    data = EncryptedJSONField(null=True)

    class Meta:
        ordering = ["asked_at", "pk"]
        verbose_name = _("booklet of a client’s program")
        verbose_name_plural = _("booklets of clients’ programs")
        constraints = [
            models.CheckConstraint(condition=Q(paper__in=Paper.values), name="programbooklet_paper_known"),
            models.CheckConstraint(
                condition=Q(made_at=None, data=None) | Q(made_at__isnull=False, data__isnull=False),
                name="programbooklet_made_with_data",
            ),
        ]
        indexes = [
            models.Index(fields=["asked_at"], condition=Q(made_at=None), name="programbooklet_due"),
        ]

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d %H:%M} UTC"

    @property
    def content(self) -> bytes:
        """The file itself, once it is made. Raises `UnreadableValue`."""
        return base64.b64decode(str(self.data))

    @property
    def is_due(self) -> bool:
        """Whether a worker is to make it."""
        return self.made_at is None and self.tries < MOST_TRIES

    def has_failed_lately(self, now: datetime) -> bool:
        """Whether making it has failed, and it is too early to ask again."""
        return (
            self.made_at is None
            and not self.is_due
            and self.tried_at is not None
            and now - self.tried_at < ASK_AGAIN_AFTER
        )


class ExerciseDay(models.Model):
    """That a client did an exercise on a day, or let it be. The first word on a day stands until it is taken back."""

    class Outcome(models.TextChoices):
        """What became of it."""

        DONE = "done", _("Done")
        SKIPPED = "skipped", _("Not that day")

    exercise = models.ForeignKey(ProgramExercise, on_delete=models.CASCADE, related_name="days")
    # In Los Angeles, and the program's week as it was counted then.
    day = models.DateField(_("day"))
    week = models.PositiveSmallIntegerField(_("week"))
    outcome = models.CharField(_("what became of it"), max_length=7, choices=Outcome.choices)
    # How much it hurt, 0 to 10; None where nothing was said.
    pain = EncryptedJSONField(null=True)
    at = models.DateTimeField(_("pressed at"))
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)

    class Meta:
        ordering = ["day", "pk"]
        verbose_name = _("exercise done")
        verbose_name_plural = _("exercises done")
        constraints = [
            models.UniqueConstraint(fields=["exercise", "day"], name="exerciseday_once_a_day"),
            models.CheckConstraint(
                condition=Q(outcome__in=["done", "skipped"]), name="exerciseday_outcome_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} · {self.get_outcome_display()}"


class WeekCheck(models.Model):
    """What a client said of a week of the program: five short answers."""

    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="checks")
    week = models.PositiveSmallIntegerField(_("week"))
    # at_rest and moving: 0 to 10; ease, posture; words.
    answers = EncryptedJSONField()
    at = models.DateTimeField(_("answered at"))

    class Meta:
        ordering = ["week"]
        verbose_name = _("weekly check")
        verbose_name_plural = _("weekly checks")
        constraints = [models.UniqueConstraint(fields=["program", "week"], name="weekcheck_once_a_week")]

    def __str__(self) -> str:
        return str(self.week)


class Assessment(models.Model):
    """What a therapist found and heard at a visit; the newest of a visit counts, and none is written over."""

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="assessments")
    # regions of the body chart, pain, sport, goal, hours of sitting and training a week, posture, measures.
    findings = EncryptedJSONField()
    at = models.DateTimeField(_("written at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("written by")
    )

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("assessment")
        verbose_name_plural = _("assessments")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} UTC"
