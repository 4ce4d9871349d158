"""What a client's page of a program shows of today, and what the client presses there: what was done, how much it hurt,
and how a week was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import OuterRef, Q, Subquery, TextField
from django.db.models.functions import Cast

from bookings.domain import links
from bookings.enums import LinkPurpose
from bookings.exceptions import BookingError, TooLate
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.localtime import local

from .locks import lock
from .models import ExerciseDay, Program, ProgramExercise, WeekCheck
from .week import Today

# From so much on, of 10, somebody should look at once; and when the mean of the last grew by so much over the first.
HURTS_MUCH, GREW_BY, COMPARED = 7, 2, 3
# A press can be kept on a phone for a day.
OLDEST_PRESS = timedelta(days=1)
# A week is asked about from its sixth day on, for seven days.
CHECKED_AFTER = timedelta(days=5)


class NotRunning(BookingError):
    """The program is paused, ended, over, or hasn't begun; or the exercise isn't asked for that day."""


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
        program = lock(exercise.program)
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
        program = lock(exercise.program)
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
        fresh = lock(program)
        if week_to_check(fresh, now=now) != week:
            raise NotRunning
        _check, is_new = WeekCheck.objects.defer("answers").get_or_create(
            program=fresh, week=week, defaults={"answers": dict(answers), "at": now}
        )
        if is_new and fresh.hurts_since is None and max(answers["at_rest"], answers["moving"]) >= HURTS_MUCH:
            fresh.hurts_since = now
            fresh.save(update_fields=["hurts_since"])
