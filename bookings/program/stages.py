"""A program that changes at the visits of a course: with the first visit of each later phase of its plan comes the week
in which that phase begins."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from bookings.courses.models import Course, CoursePlan
from bookings.enums import BookingStatus
from bookings.models import Booking

from .models import Program

#: The number of a visit of the course, from 1, and the week of the program that comes with it.
Stage = tuple[int, int]


def stages_of(plan: CoursePlan, weeks: int) -> list[Stage]:
    """At which visits of a plan a program of so many weeks changes, in order; none for a plan that counts from a
    surgery."""
    if plan.counted_from != CoursePlan.CountedFrom.FIRST_VISIT:
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


def course_of_client(program: Program) -> Course | None:
    """The newest course of the program's client that it could change with, and doesn't yet."""
    keys = Booking.objects.occupying().filter(client=program.booking.client_id, together__isnull=False)
    rows = Course.objects.filter(
        key__in=keys.order_by().values("together"), plan__counted_from=CoursePlan.CountedFrom.FIRST_VISIT
    )
    newest = rows.order_by("-booked_at", "-pk").values_list("key", flat=True).first()
    return course_behind(newest) if newest != program.course_key else None


def follow(program: Program, course: Course, today: date) -> None:
    """Has a program, which is not saved, change at the visits of a course that are still to come."""
    done, last = _visits(course)
    week = max(program.week_of(today), 1)
    ahead = [
        stage
        for stage in stages_of(course.plan, program.weeks)
        if done < stage[0] <= last and stage[1] > week
    ]
    program.course_key, program.waits_for = course.key, ahead[0][1] if ahead else None


def go_on(program: Program, course: Course, today: date) -> bool:
    """Moves a program, which is not saved, to the week that came with a visit, or that no visit will bring any more.
    Returns whether anything changed."""
    if program.waits_for is None:
        return False
    done, last = _visits(course)
    stages = [stage for stage in stages_of(course.plan, program.weeks) if stage[1] >= program.waits_for]
    came = [week for number, week in stages if number <= done]
    ahead = [week for number, week in stages if done < number <= last]
    waits_for = ahead[0] if ahead else None
    if waits_for == program.waits_for:
        return False
    day = program.paused_on or today
    week = came[-1] if came else program.waits_for
    if day >= program.started_on and (came or program.is_waiting_on(day)):
        program.started_on = day - timedelta(days=7 * (week - 1))
    program.waits_for = waits_for
    return True


def _visits(course: Course) -> tuple[int, int]:
    """How many visits of a course took place, and the number of its last one as things stand."""
    states = list(course.visits.values_list("status", flat=True))
    done = states.count(BookingStatus.COMPLETED)
    ahead = states.count(BookingStatus.REQUESTED) + states.count(BookingStatus.CONFIRMED)
    return done, done + ahead + len(course.rest)
