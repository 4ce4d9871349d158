"""What therapists, the desk and clients do with a program, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.models import OuterRef, Q, Subquery, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from bookings.courses.models import LONGEST_DAYS, Course
from bookings.domain import intake, links, listeners, outbox
from bookings.domain.operations import Act, StaffAct
from bookings.enums import BookingStatus, EventKind, LinkPurpose, LookedAt, MessageKind
from bookings.exceptions import BookingError, ChangedMeanwhile, NoLongerOffered, SubmissionReused, TooLate
from bookings.models import Booking, Client, Link, ScreeningRecheck, ScreeningRecord
from bookings.models.intake import one_person
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.localtime import local

from .models import (
    DESCRIBED,
    MOST_EXERCISES,
    Assessment,
    Exercise,
    ExerciseDay,
    Program,
    ProgramBooklet,
    ProgramExercise,
    ProgramTemplate,
    TemplateExercise,
    WeekCheck,
)
from .stages import course_behind, follow, go_on, is_of_person
from .week import Today, days_missed, is_asked_on

# The page stays readable for a while.
LINK_OUTLIVES_PROGRAM = timedelta(days=60)
# A program begins soon.
LATEST_START = timedelta(days=60)
# At a visit that stands or took place.
MADE_AT = frozenset({BookingStatus.CONFIRMED, BookingStatus.COMPLETED})
# From so much on, of 10, somebody should look at once; and when the mean of the last grew by so much over the first.
HURTS_MUCH, GREW_BY, COMPARED = 7, 2, 3
# A press can be kept on a phone for a day.
OLDEST_PRESS = timedelta(days=1)
# Who wants reminders gets one after so many days missed, no sooner after the last one, and so many at most.
REMIND_AFTER, MOST_REMINDERS = 3, 6
# In Los Angeles, by the hour.
REMIND_FROM, REMIND_UNTIL = 9, 20
# With these a visit has health answers that it had not, or that were nobody's.
_ANSWERED = (EventKind.REQUESTED, EventKind.RECHECKED, EventKind.PROVED)
# A week is asked about from its sixth day on, for seven days.
CHECKED_AFTER = timedelta(days=5)


class NoVisit(BookingError):
    """A program is made at a visit that stands or took place."""


class NothingToDo(BookingError):
    """A program has at least one exercise, in a week that it has, and not too many."""


class NotForHealth(BookingError):
    """An exercise isn't for who answered a health question so. `question` is its identifier; `is_unknown` where no
    answer is on record."""

    def __init__(self, exercise: Exercise | ProgramExercise, question: str, *, is_unknown: bool) -> None:
        super().__init__(exercise.name)
        self.exercise, self.question, self.is_unknown = exercise, question, is_unknown


class NotRunning(BookingError):
    """The program is paused, ended, over, or hasn't begun; or the exercise isn't asked for that day."""


# Made at a visit ----------------------------------------------------------------------------------------------------


def refusal_of(exercise: Exercise | ProgramExercise, facts: intake.Facts) -> NotForHealth | None:
    """Why an exercise isn't for a client with these facts, or None."""
    for question in exercise.not_for:
        if question not in facts.clear:
            return NotForHealth(exercise, question, is_unknown=question not in facts.graver)
    return None


def choices_of(template: ProgramTemplate) -> list[TemplateExercise]:
    """The exercises of a template that are approved and have a week in it, in order."""
    rows = TemplateExercise.objects.filter(template=template, from_week__lte=template.weeks)
    return list(rows.exclude(exercise__approved_by="").select_related("exercise").order_by("from_week", "pk"))


def _chosen_of(template: ProgramTemplate, chosen: set[int], facts: intake.Facts) -> list[TemplateExercise]:
    """The rows of these exercises. Raises `NoLongerOffered`, `NothingToDo` and `NotForHealth`."""
    rows = [row for row in choices_of(template) if row.exercise_id in chosen]
    if {row.exercise_id for row in rows} != chosen:
        raise NoLongerOffered("exercise")
    if not rows or len(rows) > MOST_EXERCISES:
        raise NothingToDo
    for row in rows:
        if (refused := refusal_of(row.exercise, facts)) is not None:
            raise refused
    return rows


def make_program(
    *,
    booking: Booking,
    template: ProgramTemplate,
    chosen: Sequence[int],
    started_on: date,
    key: UUID,
    act: StaffAct,
) -> Program:
    """Makes the program of a visit's client from those exercises (keys) of a template, and mails the link to it.

    The same press again returns the same program. Raises `NoVisit`, `NothingToDo`, `NotForHealth`, `NoLongerOffered`,
    `TooLate` for a first day that is past or far ahead, `SubmissionReused`, `ChangedMeanwhile` where health answers
    came in between, and `UnreadableValue`. Nothing is written then but the look at the health answers.
    """
    facts = intake.read_facts(booking=booking, user=act.actor, now=act.at)
    try:
        with transaction.atomic():
            _lock_client(booking)
            fresh = Booking.objects.select_for_update(no_key=True).select_related("client").get(pk=booking.pk)
            if (found := _made_with(key)) is not None:
                if (found.booking_id, found.started_on) != (fresh.pk, started_on):
                    raise SubmissionReused
                return found
            if fresh.status not in MADE_AT or fresh.client.erased_at is not None:
                raise NoVisit
            today = local(act.at).date()
            if not today <= started_on <= today + LATEST_START:
                raise TooLate
            rows = _chosen_of(template, set(chosen), facts)
            _require_same(facts, fresh, act)
            program = Program(
                booking=fresh,
                name=template.name,
                sport=template.sport,
                weeks=template.weeks,
                started_on=started_on,
                made_at=act.at,
                made_by=act.actor,
                submission_key=key,
            )
            if (course := course_behind(fresh.together)) is not None:
                follow(program, course, started_on)
            program.save()
            ProgramExercise.objects.bulk_create(
                _copy(program, row.exercise, row.from_week, min(row.to_week, template.weeks), act.at)
                for row in rows
            )
            _send_link(program, fresh, act.at)
            return program
    except IntegrityError:
        # The same press, sent twice at once.
        if (found := _made_with(key)) is None:
            raise
        return found


def _lock_client(booking: Booking) -> None:
    """Has who asks for another visit of the client's, with health answers of its own, wait."""
    Client.objects.select_for_update(no_key=True).get(pk=booking.client_id)


def _require_same(facts: intake.Facts, booking: Booking, act: StaffAct) -> None:
    """Raises `ChangedMeanwhile` where health answers came in since `facts` were read: `heed_answers` saw nothing of
    what is about to be written. Under the locks of the client, and of the visit or its program."""
    if intake.read_facts(booking=booking, user=act.actor, now=act.at) != facts:
        raise ChangedMeanwhile


def _made_with(key: UUID) -> Program | None:
    return Program.objects.filter(submission_key=key).defer("note").first()


def _copy(program: Program, exercise: Exercise, first: int, last: int, now: datetime) -> ProgramExercise:
    described = {name: getattr(exercise, name) for name in DESCRIBED}
    return ProgramExercise(
        program=program, exercise=exercise, from_week=first, to_week=last, added_at=now, **described
    )


def send_link(*, program: Program, act: Act) -> None:
    """Gives the client a new link to the program and mails it; the one before opens nothing any more. Raises
    `ChangedMeanwhile` for a program that has ended."""
    with transaction.atomic():
        fresh = _lock(program)
        if fresh.ended_at is not None:
            raise ChangedMeanwhile
        _send_link(fresh, fresh.booking, act.at)


def _send_link(program: Program, booking: Booking, now: datetime) -> None:
    if program.link_id is not None:
        Link.objects.filter(pk=program.link_id).update(revoked_at=now)
    email = booking.client.email
    program.link = links.new_link(
        purpose=LinkPurpose.PROGRAM,
        booking=booking,
        email=email,
        created_at=now,
        expires_at=_expires_at(program, now),
    )
    program.save(update_fields=["link"])
    if email:
        outbox.write_link_message(link=program.link, kind=MessageKind.PROGRAM, now=now)


def _expires_at(program: Program, now: datetime) -> datetime:
    ends_at = program.made_at + (program.last_day - local(program.made_at).date())
    # The visit that it waits for is still to come, however late.
    waits = timedelta(days=LONGEST_DAYS if program.waits_for is not None else 0)
    return max(now, ends_at) + waits + LINK_OUTLIVES_PROGRAM


def _keep_link(program: Program, now: datetime) -> bool:
    """Has the link work as long as the program's days ask for; False where none works any more."""
    live = Link.objects.live(now).filter(pk__in=[program.link_id] if program.link_id else [])
    return bool(live.update(expires_at=_expires_at(program, now)))


def token_of(program: Program) -> str:
    """The token of the client's page; "" while there is none that works, or its key is accepted no more."""
    try:
        return links.token_of(program.link) if program.link and program.link.revoked_at is None else ""
    except ValueError:
        return ""


def words_of(link: Link) -> dict[str, Any]:
    """What the email says of a program's link: whom it is for, and when it begins."""
    found = _behind(link)
    if found is None:
        return {"name": "", "program": _("For runners"), "weeks": 8}
    return {"name": found.booking.visit_for, "program": found.name, "weeks": found.weeks}


def _behind(link: Link) -> Program | None:
    rows = Program.objects.select_related("booking").defer("note")
    return rows.filter(link=link).first() if link.pk else None


# Assessed -----------------------------------------------------------------------------------------------------------


def write_assessment(*, booking: Booking, findings: Mapping[str, Any], act: StaffAct) -> Assessment:
    """Keeps what was found and heard at a visit. Raises `NoVisit` for one that doesn't stand, or whose client was
    erased."""
    with transaction.atomic():
        fresh = Booking.objects.select_for_update(no_key=True).select_related("client").get(pk=booking.pk)
        if fresh.status not in MADE_AT or fresh.client.erased_at is not None:
            raise NoVisit
        return Assessment.objects.create(booking=fresh, findings=dict(findings), at=act.at, by=act.actor)


def last_assessment(booking: Booking) -> Assessment | None:
    """The newest assessment of the visit's person up to this visit, still shut."""
    person = one_person(partial(getattr, booking), "booking__")
    rows = Assessment.objects.filter(booking__starts_at__lte=booking.starts_at, **person)
    return rows.select_related("booking", "by").defer("findings").order_by("-at", "-pk").first()


def open_assessment(*, booking: Booking, user: User, now: datetime) -> Assessment | None:
    """The same, opened; writes the look at its visit down first. Raises `UnreadableValue`."""
    found = last_assessment(booking)
    if found is not None:
        intake.log_look(booking=found.booking, user=user, what=LookedAt.PROGRAM, now=now)
        found.refresh_from_db(fields=["findings"])
    return found


# Changed by staff ---------------------------------------------------------------------------------------------------


def change_exercise(
    *, exercise: ProgramExercise, amounts: Mapping[str, int], act: Act
) -> ProgramExercise | None:
    """Has a client do more or less of an exercise, or in other weeks; without `amounts` it is taken out. The row of
    before ends, so that what was done stays beside what was asked. Raises `ChangedMeanwhile` for a row that has ended,
    and `NothingToDo` for weeks that the program hasn't."""
    with transaction.atomic():
        program = _lock_open(exercise.program)
        found = ProgramExercise.objects.filter(pk=exercise.pk, program=program, ended_at=None).first()
        if found is None:
            raise ChangedMeanwhile
        ProgramExercise.objects.filter(pk=found.pk).update(ended_at=act.at)
        if not amounts:
            return None
        found.pk, found.added_at = None, act.at
        found._state.adding = True
        for name, value in amounts.items():
            setattr(found, name, value)
        if not 1 <= found.from_week <= found.to_week <= program.weeks:
            raise NothingToDo
        found.save()
        return found


def add_exercise(*, program: Program, exercise: Exercise, from_week: int, act: StaffAct) -> ProgramExercise:
    """Adds an exercise of the library from a week on. Raises `NotForHealth`, `NothingToDo`, `NoLongerOffered`,
    `ChangedMeanwhile` and `UnreadableValue`."""
    facts = intake.read_facts(booking=program.booking, user=act.actor, now=act.at)
    with transaction.atomic():
        _lock_client(program.booking)
        fresh = _lock_open(program)
        offered = Exercise.objects.offered().filter(pk=exercise.pk).first()
        if offered is None:
            raise NoLongerOffered("exercise")
        if (refused := refusal_of(offered, facts)) is not None:
            raise refused
        standing = ProgramExercise.objects.filter(program=fresh).standing()
        if standing.count() >= MOST_EXERCISES or not 1 <= from_week <= fresh.weeks:
            raise NothingToDo
        if standing.filter(exercise=offered, to_week__gte=from_week).exists():
            raise ChangedMeanwhile
        _require_same(facts, fresh.booking, act)
        added = _copy(fresh, offered, from_week, fresh.weeks, act.at)
        added.save()
        return added


def let_go_on(*, exercise: ProgramExercise, seen_at: datetime, act: Act) -> None:
    """Has an exercise that is held back asked for again, by who looked at `seen_at` at what speaks against it. Raises
    `ChangedMeanwhile` where it isn't held back any more, and where the person has given health answers since."""
    with transaction.atomic():
        program = _lock_open(exercise.program)
        person = one_person(partial(getattr, program.booking), "booking__")
        given = (ScreeningRecord, ScreeningRecheck)
        if any(model.objects.filter(evaluated_at__gt=seen_at, **person).exists() for model in given):
            raise ChangedMeanwhile
        held = ProgramExercise.objects.filter(pk=exercise.pk, program=program, held_at__isnull=False)
        if not held.filter(ended_at=None).update(held_at=None):
            raise ChangedMeanwhile


def refused_now(*, program: Program, user: User, now: datetime) -> list[NotForHealth]:
    """Why exercises that stand in a program wouldn't be put into it today; writes the look down first. Raises
    `UnreadableValue`."""
    facts = intake.read_facts(booking=program.booking, user=user, now=now)
    rows = ProgramExercise.objects.filter(program=program).standing().select_related("exercise")
    refused = (refusal_of(row, facts) or refusal_of(row.exercise or row, facts) for row in rows)
    return list(filter(None, refused))


def pause(*, program: Program, act: Act) -> None:
    """Nothing is asked for until it goes on. Raises `ChangedMeanwhile`."""
    with transaction.atomic():
        fresh = _lock_open(program)
        if fresh.paused_on is not None:
            raise ChangedMeanwhile
        fresh.paused_on = local(act.at).date()
        fresh.save(update_fields=["paused_on"])


def resume(*, program: Program, act: Act) -> None:
    """It goes on in the week in which it was paused, and its last day comes later; a link that opens nothing any more
    is replaced, and mailed. Raises `ChangedMeanwhile`."""
    with transaction.atomic():
        fresh = _lock_open(program)
        if fresh.paused_on is None:
            raise ChangedMeanwhile
        fresh.count_anew(fresh.paused_on)
        begun = max(fresh.paused_on, fresh.started_on)
        fresh.started_on += max(local(act.at).date() - begun, timedelta(0))
        fresh.paused_on, fresh.resumed_at = None, act.at
        fresh.save(update_fields=["started_on", "paused_on", "resumed_at", "spans"])
        if not _keep_link(fresh, act.at):
            _send_link(fresh, fresh.booking, act.at)


def follow_course(*, program: Program, course: Course, act: Act) -> None:
    """Has a program change at the visits of a course of its person from now on. Raises `ChangedMeanwhile`."""
    with transaction.atomic():
        fresh = _lock_open(program)
        if not is_of_person(fresh, course):
            raise ChangedMeanwhile
        follow(fresh, course, fresh.paused_on or local(act.at).date())
        fresh.save(update_fields=["started_on", "course_key", "waits_for", "spans"])
        _keep_link(fresh, act.at)


def end(*, program: Program, act: Act) -> None:
    """Ends it before its last day; what was done stays. Raises `ChangedMeanwhile`."""
    with transaction.atomic():
        fresh = _lock_open(program)
        fresh.ended_at = act.at
        fresh.save(update_fields=["ended_at"])


def write_note(*, program: Program, text: str, act: Act) -> None:
    """Puts a word of the therapist's on the client's page in place of the one before; "" takes it away."""
    with transaction.atomic():
        fresh = _lock_open(program)
        fresh.note = text
        fresh.save(update_fields=["note"])


def look_at(*, program: Program, user: User, now: datetime) -> tuple[list[ExerciseDay], list[WeekCheck]]:
    """All that the client said: what hurt has been looked at then. Writes the look down first. Raises
    `UnreadableValue`."""
    intake.log_look(booking=program.booking, user=user, what=LookedAt.PROGRAM, now=now)
    with transaction.atomic():
        # What is pressed meanwhile waits, and isn't taken for seen.
        _lock(program)
        days = open_days(program=program, user=user, now=now)
        checks = open_checks(program=program, user=user, now=now)
        Program.objects.filter(pk=program.pk).update(hurts_since=None)
    return days, checks


def open_days(*, program: Program, user: User, now: datetime) -> list[ExerciseDay]:
    """What was done and how much it hurt, in order; writes the look down first. Raises `UnreadableValue`."""
    intake.log_look(booking=program.booking, user=user, what=LookedAt.PROGRAM, now=now)
    rows = ExerciseDay.objects.filter(exercise__program=program).select_related("exercise")
    return list(rows.order_by("day", "exercise__from_week", "pk"))


def _lock(program: Program) -> Program:
    rows = Program.objects.select_for_update(no_key=True, of=("self",)).defer("note")
    found = rows.select_related("booking__client", "link").filter(pk=program.pk).first()
    if found is None:
        raise ChangedMeanwhile
    return found


def _lock_open(program: Program) -> Program:
    fresh = _lock(program)
    if fresh.ended_at is not None:
        raise ChangedMeanwhile
    return fresh


# The client's presses -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a client pressed for an exercise, and when (an aware instant): `pain` is 0 to 10, None where nothing was
    said. The same `key` is the same press."""

    outcome: ExerciseDay.Outcome
    at: datetime
    key: UUID
    pain: int | None = None


def program_of(token: str, *, now: datetime) -> Program | None:
    """The program whose page a client's token opens, the note still shut; two queries."""
    link = links.find_link(token, purpose=LinkPurpose.PROGRAM, now=now)
    sealed = Cast("note", TextField())
    checked = WeekCheck.objects.filter(program=OuterRef("pk")).order_by("-week").values("week")[:1]
    rows = Program.objects.select_related("booking", "link", "booklet").defer("note", "booklet__data")
    rows = rows.annotate(sealed_note=sealed, checked_week=Subquery(checked))
    return rows.filter(link=link).first() if link is not None else None


def today_of(program: Program, *, now: datetime) -> Today:
    """What a program asks for today, with what was said of it and of the six days before; two queries. How much it
    hurt stays shut."""
    today = local(now).date()
    exercises = list(ProgramExercise.objects.filter(program=program).standing().select_related("picture"))
    this_week = Q(day__gt=today - timedelta(days=7), day__lte=today)
    said = ExerciseDay.objects.filter(this_week, exercise__program=program).defer("pain")
    return Today(program, today, exercises, list(said.order_by("day", "pk")))


def note_of(program: Any) -> str:
    """The word to the client of a program that `program_of` found; "" where no key opens it."""
    try:
        field: Any = Program._meta.get_field("note")
        return str(field.from_db_value(program.sealed_note, None, connection))
    except UnreadableValue:
        return ""


def press(*, exercise: ProgramExercise, pressed: Pressed, now: datetime) -> ExerciseDay:
    """Writes down that an exercise was done on the local day of the press, or not that day; the first word of a day
    stands, but for one that said "not that day", and for one of less pain where it hurts much. Raises `NotRunning`,
    with much pain noted all the same, and `TooLate` for a press of long ago."""
    if not now - OLDEST_PRESS <= pressed.at <= now:
        raise TooLate
    with transaction.atomic():
        program = _lock(exercise.program)
        word = _write_word(program, exercise, pressed, now)
        if word is None and program.hurts_since is None and hurts_much(pressed):
            program.hurts_since = now
            program.save(update_fields=["hurts_since"])
    if word is None:
        raise NotRunning
    return word


def _write_word(
    program: Program, exercise: ProgramExercise, pressed: Pressed, now: datetime
) -> ExerciseDay | None:
    """The word of the press's day; None where that day doesn't ask for the exercise."""
    day, words = local(pressed.at).date(), ExerciseDay.objects.defer("pain")
    found = words.filter(key=pressed.key).first()
    if found is not None and (
        (found.exercise_id, found.day) != (exercise.pk, day) or not _is_worse(pressed, found)
    ):
        return found
    # As it is under the lock.
    exercise.refresh_from_db(fields=["added_at", "ended_at", "held_at"])
    week = program.week_of(day)
    ends = (exercise.ended_at, exercise.held_at)
    stands = exercise.added_at <= pressed.at and all(end is None or pressed.at < end for end in ends)
    # What was asked for until a visit brought a later week may be pressed before, and sent after it.
    last_week = program.weeks if program.course_key is not None else exercise.to_week
    if (
        (program.ended_at is not None and program.ended_at <= pressed.at)
        or (program.paused_on is not None and program.paused_on <= day)
        or not stands
        or not exercise.from_week <= week <= last_week
    ):
        return None
    word, is_new = words.get_or_create(
        exercise=exercise,
        day=day,
        defaults={
            "week": min(week, exercise.to_week),
            "outcome": pressed.outcome,
            "pain": pressed.pain,
            "at": pressed.at,
            "key": pressed.key,
        },
    )
    if not is_new and (word.outcome == ExerciseDay.Outcome.SKIPPED or _is_worse(pressed, word)):
        word.outcome, word.pain, word.at, word.key = (
            pressed.outcome,
            pressed.pain,
            pressed.at,
            pressed.key,
        )
        word.save(update_fields=["outcome", "pain", "at", "key"])
    program.last_press_at = max(program.last_press_at or pressed.at, pressed.at)
    if program.hurts_since is None and _hurts_more(program, pressed):
        program.hurts_since = now
    program.save(update_fields=["last_press_at", "hurts_since"])
    return word


def hurts_much(pressed: Pressed) -> bool:
    """Whether somebody should look at once."""
    return (pressed.pain or 0) >= HURTS_MUCH


def _is_worse(pressed: Pressed, word: ExerciseDay) -> bool:
    return hurts_much(pressed) and (pressed.pain or 0) > (_pain_of(word) or 0)


def _pain_of(word: ExerciseDay) -> int | None:
    """What no key opens says nothing."""
    try:
        pain: int | None = word.pain
        return pain
    except UnreadableValue:
        return None


def _hurts_more(program: Program, pressed: Pressed) -> bool:
    """Whether what was pressed is of much pain, or the last few words are of more than the first few."""
    if hurts_much(pressed):
        return True
    rows = ExerciseDay.objects.filter(exercise__program=program, outcome=ExerciseDay.Outcome.DONE)
    rows = rows.exclude(pain=None).defer("pain")
    if pressed.pain is None or rows.count() < 2 * COMPARED:
        return False
    last = [_pain_of(row) for row in rows.order_by("-at", "-pk")[:COMPARED]]
    first = [_pain_of(row) for row in rows.order_by("at", "pk")[:COMPARED]]
    if None in first or None in last:
        return False
    return sum(filter(None, last)) - sum(filter(None, first)) >= GREW_BY * COMPARED


def take_back(*, exercise: ProgramExercise, now: datetime) -> None:
    """Takes today's word on an exercise back. Raises `NotRunning` where there is none."""
    with transaction.atomic():
        program = _lock(exercise.program)
        if program.ended_at is not None:
            raise NotRunning
        rows = ExerciseDay.objects.filter(exercise=exercise, day=local(now).date())
        if not rows.only("pk").delete()[0]:
            raise NotRunning


def week_to_check(program: Program, *, now: datetime) -> int | None:
    """The week that a client may be asked about now, answered or not."""
    week = program.week_of(local(now).date() - CHECKED_AFTER)
    is_asked = program.ended_at is None and program.paused_on is None and 1 <= week <= program.weeks
    return week if is_asked else None


def check_week(*, program: Program, week: int, answers: Mapping[str, Any], now: datetime) -> None:
    """Keeps what a client said of a week; the first answers stand. Raises `NotRunning` for a week that isn't asked
    about now."""
    with transaction.atomic():
        fresh = _lock(program)
        if week_to_check(fresh, now=now) != week:
            raise NotRunning
        _check, is_new = WeekCheck.objects.defer("answers").get_or_create(
            program=fresh, week=week, defaults={"answers": dict(answers), "at": now}
        )
        if is_new and fresh.hurts_since is None and max(answers["at_rest"], answers["moving"]) >= HURTS_MUCH:
            fresh.hurts_since = now
            fresh.save(update_fields=["hurts_since"])


def open_checks(*, program: Program, user: User, now: datetime) -> list[WeekCheck]:
    """What the client said week by week; writes the look down first. Raises `UnreadableValue`."""
    intake.log_look(booking=program.booking, user=user, what=LookedAt.PROGRAM, now=now)
    return list(WeekCheck.objects.filter(program=program).order_by("week"))


# Reminders ----------------------------------------------------------------------------------------------------------


def wish_for_reminders(*, program: Program, wanted: bool) -> None:
    """The client's word on reminders; one that waits to be sent is dropped with a No."""
    with transaction.atomic():
        fresh = _lock(program)
        fresh.reminds = wanted
        fresh.save(update_fields=["reminds"])
        if not wanted and fresh.link is not None:
            outbox.drop_waiting(
                link=fresh.link, kind=MessageKind.PROGRAM_REMINDER, reason="the client wants no reminders"
            )


def why_no_reminder(program: Program, *, now: datetime) -> str:
    """Why a client isn't to be reminded now, without naming anybody; "" where they are."""
    here = local(now)
    today = here.date()
    if not program.reminds:
        return "the client wants no reminders"
    if program.ended_at is not None or program.paused_on is not None or program.is_over_on(today):
        return "the program doesn't run"
    if not REMIND_FROM <= here.hour < REMIND_UNTIL:
        return "it is night"
    exercises = list(ProgramExercise.objects.filter(program=program).order_by("pk"))
    asked = any(row.ended_at is None and is_asked_on(row, program, today) for row in exercises)
    if not asked or days_missed(program, exercises, today) < REMIND_AFTER:
        return "nothing was missed, or nothing is asked for today"
    return ""


def why_not_mailed(kind: MessageKind, link: Link, *, now: datetime) -> str:
    """Why a message about a program's link is not true any more; "" while it is."""
    program = _behind(link)
    if program is None:
        return ""
    if kind == MessageKind.PROGRAM_REMINDER:
        return why_no_reminder(program, now=now)
    return "the program has ended" if program.ended_at is not None else ""


def write_reminders(*, now: datetime) -> int:
    """Reminds clients who want it and have missed days; by day only. Returns how many."""
    here = local(now)
    if not REMIND_FROM <= here.hour < REMIND_UNTIL:
        return 0
    # No sooner than that so many days can have passed.
    long_ago = now - timedelta(days=REMIND_AFTER)
    due = Program.objects.running().filter(
        Q(last_press_at=None) | Q(last_press_at__lte=long_ago),
        Q(reminded_at=None) | Q(reminded_at__lte=long_ago),
        reminds=True,
        reminders__lt=MOST_REMINDERS,
        started_on__lte=here.date() - timedelta(days=REMIND_AFTER),
        link__in=Link.objects.live(now).exclude(email="").values("pk"),
    )
    written = 0
    for key in list(due.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            # As it is under the lock: a press or a No may have come between.
            rows = due.select_for_update(no_key=True, of=("self",)).select_related("link").defer("note")
            fresh = rows.filter(pk=key).order_by("pk").first()
            if fresh is None or fresh.link is None or why_no_reminder(fresh, now=now):
                continue
            fresh.reminders, fresh.reminded_at = fresh.reminders + 1, now
            fresh.save(update_fields=["reminders", "reminded_at"])
            outbox.write_link_message(
                link=fresh.link, kind=MessageKind.PROGRAM_REMINDER, now=now, number=fresh.reminders
            )
            written += 1
    return written


# What the core tells ------------------------------------------------------------------------------------------------


def follow_visit(fact: listeners.VisitChanged) -> None:
    """Has the programs that change at the visits of a course go on when one took place, or won't any more. Visits that
    fall away in a pause are to come."""
    if fact.booking.together is None or fact.kind == EventKind.PAUSED:
        return
    rows = Program.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "booking__client", "link"
    )
    found = list(rows.filter(course_key=fact.booking.together, ended_at=None).defer("note").order_by("pk"))
    course = course_behind(fact.booking.together) if found else None
    # One that took place may be closed days later.
    took_place = fact.booking.status == BookingStatus.COMPLETED
    day = local(fact.booking.starts_at if took_place else fact.at).date()
    for program in found:
        if course is None or not go_on(program, course, day):
            continue
        program.save(update_fields=["started_on", "waits_for", "spans"])
        if not _keep_link(program, fact.at) and not program.is_over_on(local(fact.at).date()):
            _send_link(program, program.booking, fact.at)


def heed_answers(fact: listeners.VisitChanged) -> None:
    """Holds back the exercises that the health answers just given to a visit speak against, in the programs of its
    person that aren't over, and has staff look. Those of a request whose mailbox nobody has proved are nobody's yet."""
    if fact.kind not in _ANSWERED or fact.booking.is_unproved:
        return
    person = one_person(partial(getattr, fact.booking), "booking__")
    rows = Program.objects.select_for_update(no_key=True, of=("self",)).filter(ended_at=None, **person)
    today = local(fact.at).date()
    running = [row for row in rows.defer("note").order_by("pk") if not row.is_over_on(today)]
    if not running:
        return
    graver = intake.graver_now(fact.booking)
    standing = ProgramExercise.objects.filter(program__in=running, held_at=None).standing()
    refused = [
        row
        for row in standing.select_related("exercise")
        if not graver.isdisjoint([*row.not_for, *(row.exercise.not_for if row.exercise else ())])
    ]
    ProgramExercise.objects.filter(pk__in=[row.pk for row in refused]).update(held_at=fact.at)
    told = {row.program_id for row in refused}
    Program.objects.filter(pk__in=told, hurts_since=None).update(hurts_since=fact.at)


def follow_client(fact: listeners.LinksRevoked) -> None:
    """Mails a new link of each program that isn't over to a client who has another mailbox by now."""
    today = local(fact.at).date()
    rows = Program.objects.select_for_update(no_key=True, of=("self",)).select_related("booking__client")
    rows = rows.filter(
        Q(link=None) | Q(link__revoked_at__isnull=False), booking__client=fact.client, ended_at=None
    )
    for program in rows.defer("note").order_by("pk"):
        if not program.is_over_on(today):
            _send_link(program, program.booking, fact.at)


def forget_erased(fact: listeners.ClientErased) -> None:
    """Deletes the programs of a client who is being erased."""
    _forget(Q(booking__in=fact.bookings))


def forget_purged(fact: listeners.HealthPurged) -> None:
    """Deletes the programs of clients whose health answers were kept as long as the owner says, if they gave any."""
    _forget(Q(booking__in=fact.bookings) | Q(booking__client__in=intake.clients_long_gone(now=fact.at)))


def _forget(which: Q) -> None:
    # The keys alone: what can't be opened any more must go all the same.
    Assessment.objects.filter(which).only("pk").delete()
    rows = Program.objects.select_for_update(of=("self",)).filter(which).order_by("pk")
    found = list(rows.values_list("pk", "link"))
    keys = [pk for pk, _link in found]
    ExerciseDay.objects.filter(exercise__program__in=keys).only("pk").delete()
    WeekCheck.objects.filter(program__in=keys).only("pk").delete()
    ProgramBooklet.objects.filter(program__in=keys).only("pk").delete()
    Program.objects.filter(pk__in=keys).only("pk").delete()
    Link.objects.filter(pk__in=[link for _pk, link in found if link]).delete()
