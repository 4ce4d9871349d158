"""How a program is followed, in figures and as a plot."""

from __future__ import annotations

from datetime import date

from bookings.program.figures import plot_of, weeks_of
from bookings.program.models import ExerciseDay, Program


def day(week: int, outcome: str = "done", pain: int | None = None) -> ExerciseDay:
    return ExerciseDay(day=date(2026, 12, 2), week=week, outcome=outcome, pain=pain)


def test_weeks_count_what_was_done_and_how_much_it_hurt() -> None:
    weeks = weeks_of(Program(), [day(1, pain=2), day(1, pain=3), day(1), day(3, pain=10), day(3, "skipped")])
    assert [(week.done, week.skipped, week.pain, week.worst) for week in weeks] == [
        (3, 0, 2.5, 3),
        (0, 0, None, None),
        (1, 1, 10, 10),
    ]
    plot = plot_of(weeks)
    assert plot.wide == 72
    assert plot.bars == [
        {"x": 4, "y": 0, "high": 80},
        {"x": 28, "y": 80, "high": 0},
        {"x": 52, "y": 53, "high": 27},
    ]
    assert plot.line == "12,60 60,0"


def test_nothing_yet() -> None:
    assert weeks_of(Program(), []) == []
    assert plot_of([]).bars == []
