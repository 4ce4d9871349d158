"""How a program is followed, week by week: for the therapist's plot, and what hurts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mean

from .models import ExerciseDay, Program


@dataclass(slots=True)
class WeekFigures:
    """A week of a program: how many exercises were done, how many let be, and how much it hurt, 0 to 10; None where
    nobody said."""

    week: int
    done: int = 0
    skipped: int = 0
    pains: list[int] = field(default_factory=list)

    @property
    def pain(self) -> float | None:
        """The mean of the week, to a tenth."""
        return round(mean(self.pains), 1) if self.pains else None

    @property
    def worst(self) -> int | None:
        """The most of the week."""
        return max(self.pains, default=None)


def weeks_of(program: Program, days: Sequence[ExerciseDay]) -> list[WeekFigures]:
    """Each week up to the last one of which something was said. Raises `UnreadableValue`."""
    last = max((row.week for row in days), default=0)
    weeks = [WeekFigures(number) for number in range(1, last + 1)]
    for row in days:
        week = weeks[row.week - 1]
        if row.outcome == ExerciseDay.Outcome.SKIPPED:
            week.skipped += 1
            continue
        week.done += 1
        if row.pain is not None:
            week.pains.append(row.pain)
    return weeks
