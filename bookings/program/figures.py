"""How programs are followed: one week by week, for its therapist; and all of them, for the owner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import mean
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery

from massagerx.lib.localtime import local

from .models import ExerciseDay, Program, ProgramExercise
from .week import times_asked


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


# All programs, for the owner ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Followed:
    """How often something was asked for, and done; `programs` is of how many clients' programs."""

    name: str
    programs: int = 0
    asked: int = 0
    done: int = 0

    @property
    def share(self) -> int | None:
        """What was done of what was asked for, in percent; None where nothing was. A client may do more."""
        return round(100 * self.done / self.asked) if self.asked else None


@dataclass(frozen=True, slots=True)
class Stopped:
    """How many programs came to a week, and how many of them stopped in it: ended early, or a week without a press."""

    week: int
    came: int
    stopped: int

    @property
    def share(self) -> int:
        """In percent."""
        return round(100 * self.stopped / self.came)


@dataclass(frozen=True, slots=True)
class Overview:
    """Programs by sport and by exercise, and the weeks in which some stopped."""

    sports: list[Followed]
    exercises: list[Followed]
    stopped: list[Stopped]


def overview(*, today: date) -> Overview:
    """All programs that have begun, up to yesterday: today isn't over. Each day asks for what it asked
    for then, whatever has moved the program since. What hurt is not looked at. Two queries."""
    yesterday = today - timedelta(days=1)
    # As it was counted then: a visit or a pause may have moved the program since.
    said = ExerciseDay.objects.filter(exercise__program=OuterRef("pk")).order_by("-day", "-pk")
    begun = Program.objects.filter(started_on__lt=today).annotate(last_week=Subquery(said.values("week")[:1]))
    programs = {row.pk: row for row in begun.defer("note").order_by("pk")}
    counted = Count("days", filter=Q(days__outcome=ExerciseDay.Outcome.DONE, days__day__lt=today))
    rows = ProgramExercise.objects.filter(program__in=programs).annotate(done=counted).order_by("pk")
    sports: dict[str, Followed] = {}
    exercises: dict[str, Followed] = {}
    seen: set[tuple[str, int]] = set()
    for row in rows:
        program = programs[row.program_id]
        first, last = local(row.added_at).date(), _last_asked(program, row, yesterday)
        asked = sum(
            times_asked(row, as_then, max(first, begin), min(last, end))
            for begin, end, as_then in program.counted
        )
        for found, name in ((sports, program.get_sport_display()), (exercises, row.name)):
            of = found.setdefault(name, Followed(name))
            if (name, program.pk) not in seen:
                seen.add((name, program.pk))
                of.programs += 1
            of.asked += asked
            of.done += row.done
    return Overview(_by_name(sports), _by_name(exercises), _drop_outs(programs.values(), today))


def _drop_outs(programs: Iterable[Any], today: date) -> list[Stopped]:
    came: Counter[int] = Counter()
    stopped: Counter[int] = Counter()
    for program in programs:
        week = _stopped_in(program, today)
        came.update(range(1, (week or min(program.week_of(program.paused_on or today), program.weeks)) + 1))
        stopped.update([week] if week else [])
    return [Stopped(week, came[week], stopped[week]) for week in sorted(stopped)]


def _by_name(followed: dict[str, Followed]) -> list[Followed]:
    return [followed[name] for name in sorted(followed)]


def _last_asked(program: Program, row: ProgramExercise, yesterday: date) -> date:
    """The last local day on which an exercise of a program was asked for, up to yesterday."""
    day_before = timedelta(days=1)
    ends = [local(at).date() - day_before for at in (program.ended_at, row.ended_at, row.held_at) if at]
    if program.paused_on is not None:
        ends.append(program.paused_on - day_before)
    return min([yesterday, *ends])


def _stopped_in(program: Any, today: date) -> int | None:
    """The week in which a client stopped; None for who goes on, has come to the end, or is paused."""
    if program.ended_at is not None:
        week = program.week_of(program.paused_on or local(program.ended_at).date())
        if week <= program.weeks:
            return max(week, 1)
    elif program.paused_on is not None:
        return None
    last = local(program.last_press_at).date() if program.last_press_at else program.started_on
    is_silent = min(today, program.last_day) - last > timedelta(days=7)
    return max(program.last_week or program.week_of(last), 1) if is_silent else None
