"""What therapists and the desk do with a program: made at a visit, changed, paused, ended, looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from bookings.courses.models import Course
from bookings.domain import intake
from bookings.domain.operations import Act, StaffAct
from bookings.enums import BookingStatus, LookedAt
from bookings.exceptions import BookingError, ChangedMeanwhile, NoLongerOffered, SubmissionReused, TooLate
from bookings.models import Booking, ScreeningRecheck, ScreeningRecord
from bookings.models.intake import one_person
from massagerx.lib.localtime import local

from .client_link import keep_link, mail_link
from .locks import lock, lock_client, lock_open
from .models import (
    DESCRIBED,
    MOST_EXERCISES,
    Exercise,
    ExerciseDay,
    Program,
    ProgramExercise,
    ProgramTemplate,
    TemplateExercise,
    WeekCheck,
)
from .stages import course_behind, follow, is_of_person

# A program begins soon.
LATEST_START = timedelta(days=60)
# At a visit that stands or took place.
MADE_AT = frozenset({BookingStatus.CONFIRMED, BookingStatus.COMPLETED})


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
            lock_client(booking)
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
            mail_link(program, fresh, act.at)
            return program
    except IntegrityError:
        # The same press, sent twice at once.
        if (found := _made_with(key)) is None:
            raise
        return found


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


def change_exercise(
    *, exercise: ProgramExercise, amounts: Mapping[str, int], act: Act
) -> ProgramExercise | None:
    """Has a client do more or less of an exercise, or in other weeks; without `amounts` it is taken out. The row of
    before ends, so that what was done stays beside what was asked. Raises `ChangedMeanwhile` for a row that has ended,
    and `NothingToDo` for weeks that the program hasn't."""
    with transaction.atomic():
        program = lock_open(exercise.program)
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
        lock_client(program.booking)
        fresh = lock_open(program)
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
        program = lock_open(exercise.program)
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
        fresh = lock_open(program)
        if fresh.paused_on is not None:
            raise ChangedMeanwhile
        fresh.paused_on = local(act.at).date()
        fresh.save(update_fields=["paused_on"])


def resume(*, program: Program, act: Act) -> None:
    """It goes on in the week in which it was paused, and its last day comes later; a link that opens nothing any more
    is replaced, and mailed. Raises `ChangedMeanwhile`."""
    with transaction.atomic():
        fresh = lock_open(program)
        if fresh.paused_on is None:
            raise ChangedMeanwhile
        fresh.count_anew(fresh.paused_on)
        begun = max(fresh.paused_on, fresh.started_on)
        fresh.started_on += max(local(act.at).date() - begun, timedelta(0))
        fresh.paused_on, fresh.resumed_at = None, act.at
        fresh.save(update_fields=["started_on", "paused_on", "resumed_at", "spans"])
        if not keep_link(fresh, act.at):
            mail_link(fresh, fresh.booking, act.at)


def follow_course(*, program: Program, course: Course, act: Act) -> None:
    """Has a program change at the visits of a course of its person from now on. Raises `ChangedMeanwhile`."""
    with transaction.atomic():
        fresh = lock_open(program)
        if not is_of_person(fresh, course):
            raise ChangedMeanwhile
        follow(fresh, course, fresh.paused_on or local(act.at).date())
        fresh.save(update_fields=["started_on", "course_key", "waits_for", "spans"])
        keep_link(fresh, act.at)


def end(*, program: Program, act: Act) -> None:
    """Ends it before its last day; what was done stays. Raises `ChangedMeanwhile`."""
    with transaction.atomic():
        fresh = lock_open(program)
        fresh.ended_at = act.at
        fresh.save(update_fields=["ended_at"])


def write_note(*, program: Program, text: str, act: Act) -> None:
    """Puts a word of the therapist's on the client's page in place of the one before; "" takes it away."""
    with transaction.atomic():
        fresh = lock_open(program)
        fresh.note = text
        fresh.save(update_fields=["note"])


def look_at(*, program: Program, user: User, now: datetime) -> tuple[list[ExerciseDay], list[WeekCheck]]:
    """All that the client said: what hurt has been looked at then. Writes the look down first. Raises
    `UnreadableValue`."""
    intake.log_look(booking=program.booking, user=user, what=LookedAt.PROGRAM, now=now)
    with transaction.atomic():
        # What is pressed meanwhile waits, and isn't taken for seen.
        lock(program)
        days = open_days(program=program, user=user, now=now)
        checks = open_checks(program=program, user=user, now=now)
        Program.objects.filter(pk=program.pk).update(hurts_since=None)
    return days, checks


def open_days(*, program: Program, user: User, now: datetime) -> list[ExerciseDay]:
    """What was done and how much it hurt, in order; writes the look down first. Raises `UnreadableValue`."""
    intake.log_look(booking=program.booking, user=user, what=LookedAt.PROGRAM, now=now)
    rows = ExerciseDay.objects.filter(exercise__program=program).select_related("exercise")
    return list(rows.order_by("day", "exercise__from_week", "pk"))


def open_checks(*, program: Program, user: User, now: datetime) -> list[WeekCheck]:
    """What the client said week by week; writes the look down first. Raises `UnreadableValue`."""
    intake.log_look(booking=program.booking, user=user, what=LookedAt.PROGRAM, now=now)
    return list(WeekCheck.objects.filter(program=program).order_by("week"))
