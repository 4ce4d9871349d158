"""The unfinished booking, and the health screening."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from bookings.enums import FileKind, LookedAt, NoteScope, Tier
from massagerx.lib.encryption import EncryptedCharField, EncryptedJSONField
from massagerx.lib.instances import made_quickly

from .booking import Booking

# With these, a visit can be confirmed without a clinician's note.
NEEDS_NO_NOTE = (Tier.CLEAR, Tier.CAUTION)


class BookingDraft(models.Model):
    """A booking that is still being filled in, found by the visitor's session. Encrypted as a whole; purged a day
    after the last change."""

    key = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    answers = EncryptedJSONField(default=dict)
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["updated_at"], name="bookingdraft_by_age")]

    def __str__(self) -> str:
        return str(self.key)


@made_quickly
class VisitPurpose(models.Model):
    """What a visit is for, in the words of who booked it: often of health, so encrypted and kept as long as that."""

    booking = models.OneToOneField(
        Booking, on_delete=models.CASCADE, related_name="purpose", primary_key=True
    )
    text = EncryptedJSONField()

    class Meta:
        verbose_name = _("what a visit is for")
        verbose_name_plural = _("what visits are for")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} · {self.pk}"


class ScreeningVersion(models.Model):
    """One version of the questions and rules, as `bookings.screening.parse_rules` reads them.

    A version that is in force is never changed: add a new one.
    """

    number = models.PositiveIntegerField(_("version"), unique=True)
    rules = models.JSONField(_("questions and rules"))
    approved_by = models.CharField(
        _("approved by"),
        max_length=160,
        blank=True,
        help_text=_("The qualified therapist who checked these questions. Blank: not approved yet."),
    )
    published_at = models.DateTimeField(_("in force from"))

    history = HistoricalRecords()

    class Meta:
        ordering = ["-number"]
        verbose_name = _("screening questions")
        verbose_name_plural = _("screening questions")

    def __str__(self) -> str:
        return f"v{self.number}"


@made_quickly
class ScreeningRecord(models.Model):
    """The answers to one version's questions, for one booking. The answers are encrypted, the tier is not."""

    booking = models.OneToOneField(
        Booking, on_delete=models.CASCADE, related_name="screening", primary_key=True
    )
    version = models.ForeignKey(ScreeningVersion, on_delete=models.PROTECT, related_name="+")
    answers = EncryptedJSONField()
    tier = models.CharField(_("result"), max_length=10, choices=Tier.choices)
    # Nothing in it was graver than what a clinician's note that covers the visit had spoken of.
    is_covered = models.BooleanField(default=False, db_default=False, editable=False)
    evaluated_at = models.DateTimeField()

    class Meta:
        verbose_name = _("health screening")
        verbose_name_plural = _("health screenings")
        constraints = [
            models.CheckConstraint(condition=models.Q(tier__in=Tier.values), name="screening_tier_known")
        ]

    def __str__(self) -> str:
        return self.get_tier_display()


class ScreeningRecheckQuerySet(models.QuerySet["ScreeningRecheck"]):
    """Milder answers given later take nothing back: only a clinician's note that comes after answers graver ones."""

    def since_last_note(self) -> ScreeningRecheckQuerySet:
        """Those that no clinician's note that covers the booking came after."""
        later = ClinicianNote.objects.covering("booking__").filter(recorded_at__gte=OuterRef("evaluated_at"))
        return self.filter(~Exists(later))

    def with_news(self) -> ScreeningRecheckQuerySet:
        """Those that said something graver than the answers before them, to any question."""
        return self.exclude(new_tier=Tier.CLEAR)

    def gravest_first(self) -> ScreeningRecheckQuerySet:
        """By what was new, and the newest first among equals."""
        severity = models.Case(
            *(models.When(new_tier=tier, then=number) for number, tier in enumerate(Tier.values)),
            output_field=models.IntegerField(),
        )
        return self.order_by(severity.desc(), "-evaluated_at", "-pk")


class ScreeningRecheck(models.Model):
    """The questions answered again, shortly before the visit; the gravest news since the last clinician's note counts
    beside the first answers."""

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="rechecks")
    version = models.ForeignKey(ScreeningVersion, on_delete=models.PROTECT, related_name="+")
    answers = EncryptedJSONField()
    tier = models.CharField(_("result"), max_length=10, choices=Tier.choices)
    # What it came to beyond the answers before it, question by question.
    new_tier = models.CharField(_("what is new"), max_length=10, choices=Tier.choices)
    evaluated_at = models.DateTimeField()

    objects = ScreeningRecheckQuerySet.as_manager()

    class Meta:
        ordering = ["-evaluated_at", "-pk"]
        verbose_name = _("health questions answered again")
        verbose_name_plural = _("health questions answered again")
        constraints = [
            models.CheckConstraint(condition=models.Q(tier__in=Tier.values), name="recheck_tier_known"),
            models.CheckConstraint(
                condition=models.Q(new_tier__in=Tier.values), name="recheck_new_tier_known"
            ),
        ]

    def __str__(self) -> str:
        return self.get_tier_display()


class ClinicianNoteQuerySet(models.QuerySet["ClinicianNote"]):
    def covering(self, visit: Booking | str = "") -> ClinicianNoteQuerySet:
        """Those that speak of a visit: of this one, or of that of the outer query to which the path leads (such as
        "booking__")."""

        def of(name: str) -> Any:
            return OuterRef(f"{visit}{name}") if isinstance(visit, str) else getattr(visit, name)

        in_time = Q(covers_until=None) | Q(covers_until__gt=of("starts_at"))
        # Of first answers that say more than those that it was recorded with, a note for a service says nothing.
        key = OuterRef(of("pk")) if isinstance(visit, str) else visit.pk
        says_more = ScreeningRecord.objects.filter(booking=key, is_covered=False)
        no_more = ~Exists(says_more.exclude(tier__in=NEEDS_NO_NOTE))
        return self.filter(
            Q(booking=of("pk"))
            | Q(in_time, scope=NoteScope.COURSE, booking__together=of("together"))
            | Q(in_time, no_more, scope=NoteScope.SERVICE, **same_person(of, "booking__"))
        )

    def standing(self) -> ClinicianNoteQuerySet:
        """Those that no graver answers, to any visit that they speak of, came after: such answers end their effect."""
        course = {"booking__together": OuterRef("booking__together")}
        person = same_person(lambda name: OuterRef(f"booking__{name}"), "booking__")
        return self.exclude(
            _graver_later(booking=OuterRef("booking"))
            | (Q(scope=NoteScope.COURSE) & _graver_later(**course))
            | (Q(scope=NoteScope.SERVICE) & _graver_later(**person))
        )


def same_person(of: Callable[[str], Any], path: str = "") -> dict[str, Any]:
    """The lookups, behind `path`, for visits of one person for one service: `of` tells a field of one of them."""
    return {**one_person(of, path), f"{path}service": of("service")}


def one_person(of: Callable[[str], Any], path: str = "") -> dict[str, Any]:
    """The same for visits for any service. A client is a mailbox and a phone, which two people may share: so the name
    counts too."""
    same = {f"{path}{name}": of(name) for name in ("client", "recipient_name", "people")}
    return {**same, f"{path}contact_name__iexact": of("contact_name")}


def _graver_later(**of: Any) -> Q:
    later = {"evaluated_at__gt": OuterRef("recorded_at"), **of}
    first = ScreeningRecord.objects.filter(is_covered=False, **later).exclude(tier__in=NEEDS_NO_NOTE)
    again = ScreeningRecheck.objects.filter(**later).exclude(new_tier__in=NEEDS_NO_NOTE)
    return Q(Exists(first)) | Q(Exists(again.order_by()))


def needs_note() -> Q:
    """Of visits those that may not be confirmed before staff have recorded a clinician's note: some answer asks for
    one, and none that covers the visit came after it. The one rule of it."""
    mild = ScreeningRecord.objects.filter(booking=OuterRef("pk"), tier__in=NEEDS_NO_NOTE)
    graver = ScreeningRecheck.objects.filter(booking=OuterRef("pk")).exclude(new_tier__in=NEEDS_NO_NOTE)
    cleared = ClinicianNote.objects.covering().standing()
    return Q(~Exists(mild) | Exists(graver.order_by()), ~Exists(cleared.order_by()))


class ClinicianNote(models.Model):
    """A clinician's go-ahead, which staff recorded or a surgeon's office entered. What it says is encrypted.

    It speaks of the visit that it was recorded with, of all visits booked together with that one, or of all visits of
    the same person for the same service that start before `covers_until` (an instant).
    """

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="clinician_notes")
    note = EncryptedJSONField()
    scope = models.CharField(
        _("speaks of"), max_length=10, choices=NoteScope.choices, default=NoteScope.VISIT
    )
    covers_until = models.DateTimeField(_("covers visits before"), null=True, blank=True)
    recorded_at = models.DateTimeField()
    # Blank: a surgeon's office entered it on its own page.
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = ClinicianNoteQuerySet.as_manager()

    class Meta:
        ordering = ["recorded_at"]
        verbose_name = _("clinician's note")
        verbose_name_plural = _("clinician's notes")
        constraints = [
            models.CheckConstraint(
                condition=Q(scope__in=NoteScope.values)
                & (~Q(scope=NoteScope.SERVICE) | Q(covers_until__isnull=False)),
                name="cliniciannote_scope_known",
            )
        ]

    @property
    def who(self) -> str:
        """Who wrote it down, in words."""
        return self.recorded_by.get_username() if self.recorded_by else str(_("a surgeon’s office"))

    def __str__(self) -> str:
        return f"{self.who} · {self.recorded_at:%Y-%m-%d %H:%M} UTC"


class NoteFile(models.Model):
    """A clinician's note as its client handed it in, encrypted: a picture that was encoded anew, or a PDF."""

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="note_files")
    kind = models.CharField(_("kind"), max_length=4, choices=FileKind.choices)
    # In base64.
    data = EncryptedJSONField()
    # Keyed, so that the same file sent twice is one.
    digest = models.CharField(max_length=64, editable=False)
    handed_in_at = models.DateTimeField(_("handed in at"))
    # The first look of staff; all are in the health access log.
    seen_at = models.DateTimeField(_("first looked at"), null=True, blank=True)

    class Meta:
        ordering = ["handed_in_at", "pk"]
        verbose_name = _("clinician's note handed in")
        verbose_name_plural = _("clinicians' notes handed in")
        constraints = [
            models.UniqueConstraint(fields=["booking", "digest"], name="notefile_once_per_visit"),
            models.CheckConstraint(condition=Q(kind__in=FileKind.values), name="notefile_kind_known"),
        ]
        indexes = [
            models.Index(fields=["handed_in_at"], condition=Q(seen_at=None), name="notefile_unseen"),
        ]

    @property
    def content(self) -> bytes:
        """The file itself. Raises `UnreadableValue`."""
        return base64.b64decode(self.data)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.handed_in_at:%Y-%m-%d %H:%M} UTC"


class HealthAccess(models.Model):
    """Somebody looked at health answers: who, when and why, never what they saw."""

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="health_accesses")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("who")
    )
    at = models.DateTimeField(_("when"))
    what = models.CharField(_("what"), max_length=10, choices=LookedAt.choices, default=LookedAt.ANSWERS)
    # What a visit is for is read without giving one.
    reason = EncryptedCharField(_("why"), max_length=120, blank=True)

    class Meta:
        ordering = ["-at"]
        verbose_name = _("access to health answers")
        verbose_name_plural = _("health access log")
        indexes = [models.Index(fields=["-at", "-id"], name="healthaccess_newest_first")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(what__in=LookedAt.values), name="healthaccess_what_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.at:%Y-%m-%d %H:%M} UTC"
