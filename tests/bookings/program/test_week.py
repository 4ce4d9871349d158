"""Which days ask for an exercise."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bookings.program.models import ExerciseDay, Program, ProgramExercise
from bookings.program.week import glance, is_asked_on

FIRST = date(2026, 12, 2)
PROGRAM = Program(started_on=FIRST, weeks=8)


def exercise(days: int, first: int = 1, last: int = 8) -> ProgramExercise:
    return ProgramExercise(days_a_week=days, from_week=first, to_week=last)


@pytest.mark.parametrize(
    ("days", "asked"),
    [(1, [0]), (2, [0, 3]), (3, [0, 2, 4]), (4, [0, 1, 3, 5]), (5, [0, 1, 2, 4, 5]), (7, [0, 1, 2, 3, 4, 5, 6])],
)  # fmt: skip
def test_days_of_a_week_lie_evenly_and_begin_with_the_first(days: int, asked: list[int]) -> None:
    found = [n for n in range(7) if is_asked_on(exercise(days), PROGRAM, FIRST + timedelta(days=n))]
    assert found == asked
    if days > 1:
        gaps = [after - before for before, after in zip(found, [*found[1:], 7], strict=True)]
        assert max(gaps) - min(gaps) <= 1


def test_an_exercise_is_asked_for_in_its_weeks_alone() -> None:
    later = exercise(7, 3, 4)
    weeks = [
        week for week in range(1, 9) if is_asked_on(later, PROGRAM, FIRST + timedelta(days=7 * (week - 1)))
    ]
    assert weeks == [3, 4]


def test_a_week_at_a_glance() -> None:
    rows = [exercise(7), exercise(1)]
    done = [
        ExerciseDay(day=FIRST, outcome="done"),
        ExerciseDay(day=FIRST, outcome="skipped"),
        ExerciseDay(day=FIRST - timedelta(days=1), outcome="done"),
    ]
    week = glance(PROGRAM, rows, done, FIRST + timedelta(days=2))
    assert [day.asked for day in week] == [2, 1, 1, 1, 1, 1, 1]
    assert [day.done for day in week] == [1, 0, 0, 0, 0, 0, 0]
    assert [day.is_today for day in week] == [False, False, True, False, False, False, False]
