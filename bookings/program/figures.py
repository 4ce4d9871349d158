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


# Of the plot: a week is so wide, and the most of both scales so high.
_WEEK, _HIGH = 24, 80


@dataclass(frozen=True, slots=True)
class Plot:
    """What was done as bars, and the mean pain as dots joined by a line: on a plane that is `wide` and 80 high."""

    wide: int
    bars: list[dict[str, int]]
    dots: list[dict[str, int]]

    @property
    def line(self) -> str:
        """The points of the line."""
        return " ".join(f"{dot['x']},{dot['y']}" for dot in self.dots)


def plot_of(weeks: Sequence[WeekFigures]) -> Plot:
    """The weeks side by side: the highest bar is the week in which most was done, pain goes from 0 to 10."""
    most = max((week.done for week in weeks), default=0) or 1
    bars, dots = [], []
    for week in weeks:
        left, high = _WEEK * (week.week - 1), round(_HIGH * week.done / most)
        bars.append({"x": left + 4, "y": _HIGH - high, "high": high})
        if week.pain is not None:
            dots.append({"x": left + _WEEK // 2, "y": _HIGH - round(_HIGH * week.pain / 10)})
    return Plot(_WEEK * len(weeks), bars, dots)
