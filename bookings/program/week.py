"""Which exercises a day of a program asks for, and how a week stands. No database, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from massagerx.lib.localtime import local

from .models import Described, ExerciseDay, Program, ProgramExercise

_DONE = ExerciseDay.Outcome.DONE


def is_day_of(exercise: Described, program: Program, day: date) -> bool:
    """Whether a local day is one of its days of a week, in whichever week: they lie as evenly as they can, the first on
    the day of the week on which the program began."""
    number, per_week = (day - program.started_on).days % 7, exercise.days_a_week
    # Of k days a week, ceil(n * k / 7) come before day n.
    return -(-(number + 1) * per_week // 7) > -(-number * per_week // 7)


def is_asked_on(exercise: ProgramExercise, program: Program, day: date) -> bool:
    """Whether it is asked for on a local day; none that is held back is."""
    is_week = exercise.from_week <= program.week_of(day) <= exercise.to_week
    return exercise.held_at is None and is_week and is_day_of(exercise, program, day)


def times_asked(exercise: ProgramExercise, program: Program, first: date, last: date) -> int:
    """On how many of the local days from one to another, both included, it is asked for: `is_asked_on` of each,
    counted at once."""
    begin, per_week = program.started_on, exercise.days_a_week
    since = max((first - begin).days, 7 * (exercise.from_week - 1))
    until = (last - begin).days + 1
    waits_for = program.waits_for
    if waits_for is not None and exercise.from_week >= waits_for:
        return 0
    # The week before the one that waits for a visit goes on.
    if waits_for is None or exercise.to_week < waits_for - 1:
        until = min(until, 7 * exercise.to_week)

    def before(number: int) -> int:
        weeks, rest = divmod(number, 7)
        return weeks * per_week - (-rest * per_week // 7)

    return max(before(until) - before(since), 0) if until > since else 0


def days_missed(program: Program, exercises: Sequence[ProgramExercise], today: date) -> int:
    """On how many local days before `today` something was asked for since the last press, or since the program went on
    after a pause, if that is later."""
    first = program.started_on
    if program.last_press_at is not None:
        first = max(first, local(program.last_press_at).date() + timedelta(days=1))
    if program.resumed_at is not None:
        first = max(first, local(program.resumed_at).date())
    spans = [
        (row, local(row.added_at).date(), local(row.ended_at).date() if row.ended_at else today)
        for row in exercises
    ]
    days = (first + timedelta(days=number) for number in range((today - first).days))
    return sum(
        any(begin <= day < end and is_asked_on(row, program, day) for row, begin, end in spans)
        for day in days
    )


@dataclass(frozen=True, slots=True)
class DayGlance:
    """A day of a week: how many exercises it asks for, and how many were done."""

    day: date
    asked: int
    done: int
    is_today: bool


def glance(
    program: Program, exercises: Sequence[ProgramExercise], days: Iterable[ExerciseDay], today: date
) -> list[DayGlance]:
    """The seven days of the week of the program that `today` is in."""
    first = today - timedelta(days=(today - program.started_on).days % 7)
    done: dict[date, int] = {}
    for row in days:
        if row.outcome == _DONE:
            done[row.day] = done.get(row.day, 0) + 1
    week = [first + timedelta(days=number) for number in range(7)]
    return [
        DayGlance(
            day,
            sum(is_asked_on(exercise, program, day) for exercise in exercises),
            done.get(day, 0),
            day == today,
        )
        for day in week
    ]


@dataclass(frozen=True, slots=True)
class Today:
    """A local day of a program: the exercises that stand, and what was `said` of them in the seven days that end with
    it."""

    program: Program
    day: date
    exercises: Sequence[ProgramExercise]
    said: Sequence[ExerciseDay]

    @property
    def words(self) -> dict[int, ExerciseDay]:
        """What was said of the day, by the exercise's key."""
        return {row.exercise_id: row for row in self.said if row.day == self.day}

    @property
    def asked(self) -> list[ProgramExercise]:
        """What the day asks for, in order."""
        return [row for row in self.exercises if is_asked_on(row, self.program, self.day)]

    @property
    def held(self) -> list[ProgramExercise]:
        """What would be asked for in this week, and is held back."""
        week = self.program.week_of(self.day)
        return [row for row in self.exercises if row.held_at and row.from_week <= week <= row.to_week]

    @property
    def is_running(self) -> bool:
        """Whether the program asks for anything in these days."""
        return self.program.is_running_on(self.day)

    @property
    def week(self) -> list[DayGlance]:
        """The seven days at a glance; empty where the program isn't running."""
        return glance(self.program, self.exercises, self.said, self.day) if self.is_running else []
