"""A program that changes at the visits of a course: with the first visit of each later phase of its plan comes the week
in which that phase begins."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from bookings.courses.models import Course, CoursePlan
from bookings.enums import BookingStatus, EventKind
from bookings.models import Booking
from bookings.models.intake import one_person

from .models import Program

#: The number of a visit of the course, from 1, and the week of the program that comes with it.
Stage = tuple[int, int]
_TO_COME = (BookingStatus.REQUESTED, BookingStatus.CONFIRMED)


def stages_of(plan: CoursePlan, weeks: int) -> list[Stage]:
    """At which visits of a plan a program of so many weeks changes, in order; none for a plan that counts from a
    surgery."""
    if plan.is_of_surgery:
        return []
    found, number, last = [], 1, 1
    for phase in plan.as_phases():
        week = phase.from_day // 7 + 1
        if last < week <= weeks:
            found.append((number, week))
            last = week
        number += phase.visits
    return found


def course_behind(key: UUID | None) -> Course | None:
    """The course of that key with its plan; its dates stay shut."""
    rows = Course.objects.select_related("plan").prefetch_related("plan__phases").defer("dates")
    return rows.filter(key=key).first() if key is not None else None


def course_of_client(program: Program, today: date) -> Course | None:
    """The newest course of the program's person, if its visits still bring a week, and the program doesn't change with
    it yet. A client is a mailbox that two people may share."""
    keys = Booking.objects.occupying().filter(together__isnull=False, **_person_of(program))
    rows = Course.objects.filter(
        key__in=keys.order_by().values("together"), plan__counted_from=CoursePlan.CountedFrom.FIRST_VISIT
    )
    newest = rows.order_by("-booked_at", "-pk").values_list("key", flat=True).first()
    course = course_behind(newest) if newest != program.course_key else None
    return course if course is not None and _next_of(program, course, today) is not None else None


def is_of_person(program: Program, course: Course) -> bool:
    """Whether a course is of the program's person."""
    return course.visits.occupying().filter(**_person_of(program)).exists()


def _person_of(program: Program) -> dict[str, Any]:
    return one_person(partial(getattr, program.booking))


def follow(program: Program, course: Course, today: date) -> None:
    """Has a program, which is not saved, change at the visits of a course that are still to come. One that waits for
    another visit stays in its week."""
    waits_for = _next_of(program, course, today)
    program.count_anew(today)
    if program.is_waiting_on(today):
        program.started_on = today - timedelta(days=7 * (program.week_of(today) - 1))
    program.course_key, program.waits_for = course.key, waits_for


def _next_of(program: Program, course: Course, today: date) -> int | None:
    """The next week that a visit of a course will bring to a program as it stands on a day."""
    week = max(program.week_of(today), 1)
    _done, ahead = _stands(course, program.weeks)
    return next((stage[1] for stage in ahead if stage[1] > week), None)


def go_on(program: Program, course: Course, day: date) -> bool:
    """Moves a program, which is not saved, to the week that came with a visit of a local day, or that no visit will
    bring any more; one that waits for nothing waits again when visits are to come again. Returns whether anything
    changed."""
    day = min(program.paused_on or day, day)
    if program.waits_for is None:
        program.waits_for = _next_of(program, course, day)
        return program.waits_for is not None
    done, ahead = _stands(course, program.weeks)
    came = [week for _number, week in done if week >= program.waits_for]
    waits_for = next((week for _number, week in ahead if week >= program.waits_for), None)
    if waits_for == program.waits_for:
        return False
    program.count_anew(day)
    week = came[-1] if came else program.waits_for
    if day >= program.started_on and (came or program.is_waiting_on(day)):
        program.started_on = day - timedelta(days=7 * (week - 1))
    program.waits_for = waits_for
    return True


def _stands(course: Course, weeks: int) -> tuple[list[Stage], list[Stage]]:
    """The stages that have come, and those that a visit will still bring: whichever visit of a stage is the first to
    take place brings its week."""
    # One that was missed or canceled keeps its place; one that fell away in a pause is among the rest.
    places = course.visits.exclude(status=BookingStatus.CANCELED, events__kind=EventKind.PAUSED)
    states = [*places.values_list("status", flat=True), *(BookingStatus.CONFIRMED for _day in course.rest)]
    done = max(
        (place for place, state in enumerate(states, 1) if state == BookingStatus.COMPLETED), default=0
    )
    to_come = {place for place, state in enumerate(states, 1) if state in _TO_COME}
    stages = stages_of(course.plan, weeks)
    ends = [number for number, _week in stages[1:]] + [len(states) + 1]
    ahead = [
        stage
        for stage, end in zip(stages, ends, strict=False)
        if stage[0] > done and not to_come.isdisjoint(range(stage[0], end))
    ]
    return [stage for stage in stages if stage[0] <= done], ahead
