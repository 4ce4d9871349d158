"""What the public pages show of training programs: the sports, and a week of one of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from services.models import Service

from .models import Exercise, Program, ProgramTemplate, Sport, TemplateExercise
from .week import is_day_of

#: The service at whose visits programs are made.
SERVICE = "postural-correction-training"
# A Monday, for the names of the days.
_MONDAY = date(2024, 1, 1)


@dataclass(frozen=True, slots=True)
class Example:
    """The service, the sports that there are templates for, and the first week of one: each day with its exercises."""

    service: Service
    sports: list[str]
    name: str
    days: list[tuple[date, list[Exercise]]]


def example_of(services: Iterable[Service]) -> Example | None:
    """The same for the service among these at whose visits programs are made; None where it isn't there, or no template
    has an approved exercise for its first week. At most one query."""
    service = next((one for one in services if one.slug == SERVICE), None)
    if service is None:
        return None
    rows = TemplateExercise.objects.filter(from_week=1).exclude(exercise__approved_by="")
    rows = rows.select_related("template", "exercise").order_by("template__sport", "template__name", "pk")
    by_template: dict[ProgramTemplate, list[Exercise]] = {}
    for row in rows:
        by_template.setdefault(row.template, []).append(row.exercise)
    if not by_template:
        return None
    # The one with the most to show, the first of equals.
    template = max(by_template, key=lambda one: len(by_template[one]))
    sports = {one.sport for one in by_template}
    return Example(
        service,
        [str(label) for value, label in Sport.choices if value in sports],
        template.name,
        _week(by_template[template]),
    )


def _week(exercises: list[Exercise]) -> list[tuple[date, list[Exercise]]]:
    program = Program(started_on=_MONDAY)
    days = [_MONDAY + timedelta(days=number) for number in range(7)]
    return [(day, [one for one in exercises if is_day_of(one, program, day)]) for day in days]
