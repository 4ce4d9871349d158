"""How a program is followed, in figures and as a plot."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bookings.domain.operations import Act
from bookings.models import Booking
from bookings.program import operations, presses
from bookings.program.figures import Stopped, overview, plot_of, weeks_of
from bookings.program.models import ExerciseDay, Program, ProgramExercise, ProgramTemplate
from bookings.program.week import is_asked_on, times_asked
from tests.bookings.views.visits.browsers import text
from tests.factories import NOW

from .conftest import TODAY, exercise_of, make


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


@pytest.mark.parametrize("waits_for", [None, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("per_week", range(1, 8))
def test_days_are_counted_as_they_are_asked_for(per_week: int, waits_for: int | None) -> None:
    program = Program(started_on=TODAY, weeks=8, waits_for=waits_for)
    exercise = ProgramExercise(days_a_week=per_week, from_week=2, to_week=4)
    days = [TODAY + timedelta(days=number) for number in range(-3, 40, 3)]
    for first in days:
        for last in days:
            one_by_one = sum(
                is_asked_on(exercise, program, first + timedelta(days=number))
                for number in range((last - first).days + 1)
            )
            assert times_asked(exercise, program, first, last) == one_by_one, (first, last)


def press(program: Program, number: int, name: str = "Bridge") -> None:
    at = NOW + timedelta(days=number)
    pressed = presses.Pressed(ExerciseDay.Outcome.DONE, at, uuid.uuid4())
    presses.press(exercise=exercise_of(program, name), pressed=pressed, now=at)


@pytest.mark.django_db
def test_the_owner_sees_what_was_done_of_what_was_asked(program: Program, staff: User) -> None:
    for number in (0, 1, 2, 4):
        press(program, number)
    found = overview(today=TODAY + timedelta(days=4))
    (running,) = found.sports
    # Four days up to yesterday: what was done today counts tomorrow.
    assert (running.name, running.programs, running.asked, running.done, running.share) == (
        "Running",
        1,
        4,
        3,
        75,
    )
    assert [(one.name, one.asked, one.share) for one in found.exercises] == [
        ("Bridge", 4, 75),
        ("Calf stretch", 0, None),
    ]
    assert found.stopped == []
    # Nothing for more than a week: it stopped in the week of the last press.
    assert overview(today=TODAY + timedelta(days=12)).stopped == [Stopped(1, 1, 1)]
    press(program, 20)
    operations.end(program=program, act=Act(NOW + timedelta(days=22), staff))
    later = overview(today=TODAY + timedelta(days=40))
    assert later.stopped == [Stopped(4, 1, 1)]
    assert later.sports[0].asked == 22 + 4
    assert overview(today=TODAY).sports == []


@pytest.mark.django_db
def test_who_stopped_is_counted_beside_who_came_so_far(
    visit: Booking, template: ProgramTemplate, staff: User
) -> None:
    """One never begins, one stops in week 3, one goes on, and one is paused."""
    _never, third, on, paused = (make(visit, template, staff) for _number in range(4))
    press(third, 15)
    press(on, 30)
    operations.pause(program=paused, act=Act(NOW + timedelta(days=8), staff))
    found = overview(today=TODAY + timedelta(days=31)).stopped
    assert [(one.week, one.came, one.stopped, one.share) for one in found] == [(1, 4, 1, 25), (3, 2, 1, 50)]


@pytest.mark.django_db
def test_the_week_in_which_one_stopped_is_that_of_then(
    visit: Booking, template: ProgramTemplate, staff: User
) -> None:
    """One that a visit moved after the last press in week 4, and one that was paused in week 2 and then ended."""
    moved, paused = (make(visit, template, staff) for _number in range(2))
    press(moved, 27)
    Program.objects.filter(pk=moved.pk).update(started_on=TODAY + timedelta(days=32))
    operations.pause(program=paused, act=Act(NOW + timedelta(days=8), staff))
    operations.end(program=paused, act=Act(NOW + timedelta(days=30), staff))
    found = overview(today=TODAY + timedelta(days=75)).stopped
    assert [(one.week, one.came, one.stopped) for one in found] == [(2, 2, 1), (4, 1, 1)]


@pytest.mark.django_db
def test_the_page_and_its_table(owner: Client, program: Program) -> None:
    Program.objects.update(started_on=TODAY - timedelta(days=10), made_at=NOW - timedelta(days=10))
    ProgramExercise.objects.update(added_at=NOW - timedelta(days=10))
    page = reverse("admin:program_program_figures")
    shown = text(owner.get(page))
    assert "Bridge" in shown
    assert "Running" in shown
    table = b"".join(owner.get(f"{page}?csv=1")).decode()
    assert "Exercise,Bridge,1,10,0,,0" in table
    assert "Week,1,1,,,1,100" in table
