"""The unfinished booking and the health screening: what a client tells us on the way."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import DateTimeField, Exists, OuterRef, Q, QuerySet, TextField, UUIDField
from django.db.models.functions import Cast
from django.utils import translation
from django.utils.translation import gettext as _

from bookings import screening
from bookings.domain import listeners
from bookings.enums import LookedAt, NoteScope, Tier
from bookings.models import (
    Booking,
    BookingDraft,
    BookingQuerySet,
    BookingRules,
    Client,
    ClinicianNote,
    HealthAccess,
    NoteFile,
    OwnConsent,
    ScreeningRecheck,
    ScreeningRecord,
    ScreeningVersion,
    VisitPurpose,
)
from bookings.models.holds import LET_GO
from bookings.models.intake import NEEDS_NO_NOTE, needs_note, one_person, same_person
from bookings.retention import DRAFT_LIFETIME
from massagerx.lib.batches import delete_in_batches, in_batches
from massagerx.lib.compiled_query import CompiledDelete, CompiledQuery
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.in_force import NewestInForce
from massagerx.lib.localtime import local, months_before


@dataclass(frozen=True, slots=True)
class Screening:
    """One version of the questions, parsed."""

    version: ScreeningVersion
    rules: screening.RuleSet

    def questions(self, service_slug: str) -> tuple[screening.ScreeningQuestion, ...]:
        """The questions of this version for a service, in order."""
        return screening.questions_for(self.rules, service_slug)

    def groups(self, service_slug: str) -> tuple[screening.Group, ...]:
        """The same questions, card by card."""
        return screening.groups_for(self.rules, service_slug)

    def evaluate(
        self, answers: dict[str, str], service_slug: str, today: date, *, people: int = 1
    ) -> screening.Result:
        """The result of so many people's answers; blank and unknown answers count as 'not sure'."""
        return screening.evaluate(self.rules, answers, service_slug, today, people=people)

    def new_tier(
        self, answers: dict[str, str], before: dict[str, str], service_slug: str, today: date, *, people: int
    ) -> Tier:
        """What answers given again come to beyond those before, question by question."""
        found = screening.new_tier(self.rules, answers, before, service_slug, today, people=people)
        return Tier(found.slug)

    def evaluate_so_far(
        self, answers: dict[str, str], service_slug: str, today: date, *, people: int = 1
    ) -> screening.Result:
        """The result of the answers so far, while others are missing."""
        return screening.evaluate_so_far(self.rules, answers, service_slug, today, people=people)


@dataclass(frozen=True, slots=True)
class FreshAnswers:
    """Health answers of an earlier visit, and the instant at which they were given."""

    answers: dict[str, str]
    given_at: datetime


def current_screening(*, now: datetime) -> Screening:
    """The newest version in force. Raises `ScreeningVersion.DoesNotExist` when the owner has none."""
    # With its rules as text: most of the time they are those that were parsed last.
    version = _IN_FORCE.at(now)
    if version is None:
        raise ScreeningVersion.DoesNotExist("No screening questions are in force.")
    return Screening(version, _parsed(version.rules_text))


_IN_FORCE: NewestInForce[Any] = NewestInForce(
    lambda: ScreeningVersion.objects.defer("rules").annotate(rules_text=Cast("rules", TextField()))
)


@lru_cache(maxsize=4)
def _parsed(rules: str) -> screening.RuleSet:
    return screening.parse_rules(json.loads(rules))


def tier_of(result: screening.Result) -> Tier:
    """The model's word for a result."""
    return Tier(result.tier.slug)


def translated(text: screening.Text | None) -> str:
    """A text of the rules in the visitor's language."""
    return text.in_language(translation.get_language() or "en") if text is not None else ""


def load_draft(key: str | None, *, now: datetime) -> BookingDraft:
    """The visitor's draft, or a new unsaved one; a key that makes no sense or is too old gives a new one."""
    try:
        draft_key = uuid.UUID(str(key))
    except ValueError:
        draft_key = None
    if draft_key is not None:
        draft = _DRAFT.first(key=draft_key, since=now - DRAFT_LIFETIME)
        if draft is not None:
            return draft
    return BookingDraft(answers={}, updated_at=now)


_DRAFT = CompiledQuery(
    lambda parameter: BookingDraft.objects.filter(
        key=parameter("key", UUIDField()), updated_at__gt=parameter("since", DateTimeField())
    )
)


def save_draft(draft: BookingDraft, changes: dict[str, Any], *, now: datetime) -> None:
    """Writes `changes` over the draft's answers; a None takes an answer away."""
    answers = {**draft.answers, **changes}
    draft.answers = {name: value for name, value in answers.items() if value is not None}
    draft.updated_at = now
    draft.save()


def discard_draft(draft: BookingDraft, *, holds_times: bool = True) -> None:
    """Deletes its held times, then the draft, each by itself, so that two tabs of one visitor never wait for each
    other. Where another tab goes on holding times in between, it stays, until it is purged. Held times are not looked
    for first where the draft's have just been let go."""
    for attempt in range(3):
        if holds_times or attempt:
            LET_GO.run(draft=draft.key)
        try:
            _DISCARDED.run(key=draft.key)
        except IntegrityError:
            continue
        return


_DISCARDED = CompiledDelete(lambda parameter: BookingDraft.objects.filter(key=parameter("key", UUIDField())))


def purge_drafts(*, now: datetime) -> int:
    """Deletes drafts untouched for a day, with the health answers in them; returns how many."""
    return delete_in_batches(BookingDraft.objects.filter(updated_at__lte=now - DRAFT_LIFETIME))


def purge_health_answers(*, now: datetime) -> int:
    """Deletes health answers, those given again, clinicians' notes as words and as files, and what visits were for, of
    clients whose last visit, kept or not, ended longer ago than the owner keeps them
    (`BookingRules.health_kept_months`); returns of how many visits. Some clients at a time, each wholly."""
    purged = in_batches(clients_long_gone(now=now), lambda clients: _purge_health(clients, now))
    # What apps hold of nobody's visit has its own time, also on a day on which no client's is over.
    with transaction.atomic():
        listeners.tell(listeners.HealthPurged(bookings=[], at=now))
    return purged


def clients_long_gone(*, now: datetime) -> QuerySet[Client]:
    """Those whose last visit, kept or not, ended longer ago than the owner keeps what tells of health."""
    oldest = months_before(local(now), BookingRules.load().health_kept_months)
    visits = Booking.objects.filter(client=OuterRef("pk")).order_by()
    return Client.objects.filter(
        Exists(visits.filter(ends_at__lte=oldest)), ~Exists(visits.filter(ends_at__gt=oldest))
    )


def _purge_health(clients: QuerySet[Client], now: datetime) -> int:
    with transaction.atomic():
        old: dict[str, Any] = {"booking__client__in": list(clients.values_list("pk", flat=True))}
        # The keys alone: what can't be opened any more must go all the same.
        visits = set(ScreeningRecord.objects.filter(**old).order_by().values_list("booking", flat=True))
        for model in (ScreeningRecheck, ClinicianNote, NoteFile, VisitPurpose):
            rows = model._base_manager.filter(**old).order_by()
            visits |= set(rows.values_list("booking", flat=True))
            rows.only("pk").delete()
        ScreeningRecord.objects.filter(**old).only("pk").delete()
        OwnConsent.objects.filter(client__in=old["booking__client__in"]).delete()
        listeners.tell(listeners.HealthPurged(bookings=sorted(visits), at=now))
        return len(visits)


@dataclass(frozen=True, slots=True)
class AnswersInWords:
    """A screening for a person to read: (question, answer) pairs, and notes for the therapist."""

    answers: list[tuple[str, str]]
    caution_notes: list[str]
    # What each question asks about, beside the answer at the same place: a bare "any of these?" says nothing.
    points: list[list[str]]


def open_screening(*, booking: Booking, user: User, reason: str, now: datetime) -> AnswersInWords:
    """The health answers of a booking, in words. Writes down who looked, when and why, before it shows them.

    Raises `ScreeningRecord.DoesNotExist` when the booking has none.
    """
    record = ScreeningRecord.objects.select_related("version").get(booking=booking)
    HealthAccess.objects.create(booking=booking, user=user, at=now, reason=reason)
    return answers_in_words(record, booking.service.slug)


def open_purpose(*, booking: Booking, user: User, now: datetime) -> str:
    """What a visit is for, in the client's words; "" when nothing was told. Writes the look down first. Raises
    `UnreadableValue`."""
    # Found once: it may be purged between two looks.
    found = VisitPurpose.objects.filter(booking=booking).first()
    if found is None:
        return ""
    log_look(booking=booking, user=user, what=LookedAt.PURPOSE, now=now)
    return str(found.text)


@dataclass(frozen=True, slots=True)
class Facts:
    """The health questions (identifiers) that were answered for a visit so that nothing has to be minded, and those
    that were not."""

    clear: frozenset[str]
    graver: frozenset[str]


def read_facts(*, booking: Booking, user: User, now: datetime) -> Facts:
    """What the health answers of a visit come to, question by question; milder answers given again take nothing back,
    and graver ones given later to another visit of the same person count too, unless it is a request whose mailbox
    nobody proved. Writes the look at each visit down first, once in twelve hours for one person. Raises
    `UnreadableValue`."""
    log_look(booking=booking, user=user, what=LookedAt.PROGRAM, now=now)
    which = Q(booking=booking)
    first = ScreeningRecord.objects.filter(booking=booking).defer("answers").first()
    if first is not None:
        later = {"evaluated_at__gt": first.evaluated_at}
        person = one_person(partial(getattr, booking), "booking__")
        which |= Q(**later, **person, booking__prove_by=None)
    asked: set[str] = set()
    graver: set[str] = set()
    for model in (ScreeningRecord, ScreeningRecheck):
        rows = model.objects.filter(which).order_by().select_related("version", "booking__service")
        for row in rows.defer("answers"):
            if row.booking_id == booking.pk:
                rules = screening.parse_rules(row.version.rules)
                asked |= {question.id for question in screening.questions_for(rules, booking.service.slug)}
            else:
                log_look(booking=row.booking, user=user, what=LookedAt.PROGRAM, now=now)
            graver |= _questions_of(_result_of(row, row.booking))
    return Facts(frozenset(asked - graver), frozenset(graver))


def graver_now(booking: Booking) -> frozenset[str]:
    """The health questions (identifiers) that the answers given last for a visit ask to mind. Nobody looks at them.
    Raises `UnreadableValue`."""
    newest = result_of_recheck(booking)
    return _questions_of(newest) if newest is not None else frozenset()


def _questions_of(result: screening.Result) -> frozenset[str]:
    # Of several people, whoever it is.
    return frozenset(finding.question_id.rpartition(".")[2] for finding in result.findings)


def log_look(*, booking: Booking, user: User, what: LookedAt, now: datetime) -> None:
    """Writes down that somebody looks at what is told of health beside the answers, once in twelve hours for one
    person: they read it before the door, and maybe again at it."""
    looks = HealthAccess.objects.filter(booking=booking, user=user, what=what)
    if not looks.filter(at__gt=now - timedelta(hours=12)).exists():
        HealthAccess.objects.create(booking=booking, user=user, at=now, what=what)


def log_taken_over(*, booking_key: int, user: User, now: datetime) -> None:
    """Writes down that somebody takes a visit's health answers over for the next one, while its client says on the
    phone that they are still true."""
    reason = _("Taken over for a new visit, told by phone that nothing has changed")
    HealthAccess.objects.create(booking_id=booking_key, user=user, at=now, reason=reason)


def recheck_in_words(booking: Booking) -> AnswersInWords | None:
    """The answers given again, the gravest that no clinician's note came after, or else the newest; None when there are
    none. Only right after `open_screening`, which writes the look down."""
    rows = ScreeningRecheck.objects.select_related("version").filter(booking=booking)
    recheck = rows.since_last_note().with_news().gravest_first().first() or rows.first()
    return answers_in_words(recheck, booking.service.slug) if recheck is not None else None


def result_of_recheck(booking: Booking) -> screening.Result | None:
    """The result of the health answers given last, under the rules that asked for them; None when there are none."""
    newest = newest_answers(booking)
    return _result_of(newest, booking) if newest is not None else None


def newest_answers(booking: Booking) -> ScreeningRecheck | ScreeningRecord | None:
    """The health answers given last for a visit, with their version. Raises `UnreadableValue`."""
    return (
        ScreeningRecheck.objects.select_related("version").filter(booking=booking).first()
        or ScreeningRecord.objects.select_related("version").filter(booking=booking).first()
    )


def asks_of_surgery_alone(booking: Booking) -> bool:
    """Whether nothing but the surgery asks for a clinician's word in all that was ever answered for a visit: milder
    answers take nothing back. False where nothing asks for one. Raises `UnreadableValue`."""
    models = (ScreeningRecord, ScreeningRecheck)
    given = [
        row for model in models for row in model.objects.filter(booking=booking).select_related("version")
    ]
    graver = [found for found in (_result_of(row, booking) for row in given) if found.needs_clinician]
    return bool(graver) and all(found.asks_of_surgery_alone for found in graver)


def _result_of(given: ScreeningRecord | ScreeningRecheck, booking: Booking) -> screening.Result:
    rules = screening.parse_rules(given.version.rules)
    today = local(given.evaluated_at).date()
    people = screening.people_in(given.answers)
    return screening.evaluate(rules, given.answers, booking.service.slug, today, people=people)


def fresh_answers(booking: Booking, current: Screening, *, now: datetime) -> FreshAnswers | None:
    """What was answered last for a visit, while the owner takes it for fresh (`BookingRules.health_fresh_days`) and the
    questions are still the same; None when it isn't, or can't be opened any more."""
    try:
        newest = newest_answers(booking)
        if newest is None or newest.version_id != current.version.pk:
            return None
        days = BookingRules.load().health_fresh_days
        if now - newest.evaluated_at >= timedelta(days=days):
            return None
        return FreshAnswers(newest.answers, newest.evaluated_at)
    except UnreadableValue:
        return None


def has_health(booking: Booking) -> bool:
    """Whether health answers, a clinician's note or a file of one were kept with a visit."""
    models = (ScreeningRecord, ScreeningRecheck, ClinicianNote, NoteFile)
    return any(model._base_manager.filter(booking=booking).order_by().exists() for model in models)


def notes_about(booking: Booking) -> list[ClinicianNote]:
    """The clinicians' notes that were recorded with a visit, and those of others that cover it and still stand; unread,
    oldest first."""
    covering = ClinicianNote.objects.covering(booking).select_related("booking", "recorded_by").defer("note")
    of_others = covering.exclude(booking=booking).standing()
    return sorted([*covering.filter(booking=booking), *of_others], key=lambda note: note.recorded_at)


def clearances_of(client: Client, *, now: datetime) -> list[ClinicianNote]:
    """The notes by which services are cleared for a client, or for whom they book, in days to come; the last day
    first, unread."""
    rows = ClinicianNote.objects.filter(
        booking__client=client, scope=NoteScope.SERVICE, covers_until__gt=now
    ).standing()
    return list(rows.select_related("booking__service").defer("note").order_by("-covers_until", "-pk"))


def covering_note(
    *,
    of: Callable[[str], Any],
    starts_at: datetime,
    answers: dict[str, str],
    current: Screening,
    now: datetime,
) -> bool:
    """Whether a clinician's note covers a visit that is about to be asked for, and these answers say nothing graver
    than those that it spoke of. `of` says whose visit it is, as in `same_person`."""
    note = (
        ClinicianNote.objects.filter(
            scope=NoteScope.SERVICE,
            covers_until__gt=starts_at,
            **same_person(of, "booking__"),
        )
        .standing()
        .select_related("booking__service")
        .defer("note")
        .order_by("-recorded_at")
        .first()
    )
    try:
        return note is not None and _says_no_more(answers, note.booking, note.recorded_at, current, now)
    except UnreadableValue:
        return False


def cover_first_answers(visits: BookingQuerySet, *, beside: Booking, now: datetime) -> None:
    """Sees to what a note for a service, recorded now with `beside`, covers of those of `visits`, the same person's for
    the same service, that wait for one: first answers that say nothing graver than what its writer was shown."""
    waiting = ScreeningRecord.objects.filter(booking__in=visits.filter(needs_note()).order_by())
    waiting = waiting.exclude(tier__in=NEEDS_NO_NOTE).order_by("pk")
    for record in waiting.select_related("version").defer("answers"):
        asked = Screening(record.version, screening.parse_rules(record.version.rules))
        try:
            record.is_covered = _says_no_more(record.answers, beside, now, asked, now)
        except UnreadableValue:
            record.is_covered = False
        record.save(update_fields=["is_covered"])


def _says_no_more(
    answers: dict[str, str], beside: Booking, at: datetime, current: Screening, now: datetime
) -> bool:
    """Whether answers say nothing graver, question by question, than those to another visit of the person did at an
    instant. Raises `UnreadableValue`."""
    before = _answered_by(beside, at)
    if before is None:
        return False
    news = current.new_tier(
        answers, before.answers, beside.service.slug, local(now).date(), people=beside.people
    )
    return news in NEEDS_NO_NOTE


def _answered_by(booking: Booking, at: datetime) -> ScreeningRecheck | ScreeningRecord | None:
    given = {"booking": booking, "evaluated_at__lte": at}
    return ScreeningRecheck.objects.filter(**given).first() or ScreeningRecord.objects.filter(**given).first()


def answers_in_words(record: ScreeningRecord | ScreeningRecheck, service_slug: str) -> AnswersInWords:
    """Answers as a person reads them, in the words of the version that asked. Only once the look is written down."""
    rules = screening.parse_rules(record.version.rules)
    answers: dict[str, str] = record.answers
    people = screening.people_in(answers)
    lines, points = [], []
    for person in range(1, people + 1):
        given = screening.answers_of(answers, person)
        for question in screening.visible(rules, given, service_slug):
            labels = {choice.id: translated(choice.text) for choice in question.choices}
            answer = str(given.get(question.id, ""))
            text = translated(question.text)
            if people > 1:
                text = _("Person %(number)s: %(question)s") % {"number": person, "question": text}
            lines.append((text, labels.get(answer, answer or "—")))
            points.append([translated(point) for point in question.points])
    today = local(record.evaluated_at).date()
    result = screening.evaluate(rules, answers, service_slug, today, people=people)
    return AnswersInWords(lines, [translated(note) for note in result.caution_notes], points)
