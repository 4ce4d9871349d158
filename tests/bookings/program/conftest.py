"""A confirmed visit, approved exercises and a program, at the hour at which the world of `tests.factories` stands."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import User

from bookings.domain.operations import Act, confirm_booking
from bookings.models import Booking
from bookings.program import client_link, operations
from bookings.program.models import Exercise, Program, ProgramExercise, ProgramTemplate, TemplateExercise
from massagerx.lib.localtime import local
from tests.bookings.courses.conftest import clock, desk, owner, staff_client
from tests.factories import NOW, World

__all__ = ["clock", "desk", "owner", "staff_client"]

TODAY = local(NOW).date()


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("hands", is_staff=True)


@pytest.fixture
def visit(world: World, staff: User) -> Booking:
    return confirmed(world, staff)


def confirmed(world: World, staff: User, **changes: Any) -> Booking:
    booking = world.book(**changes)
    confirm_booking(booking=booking, actor=staff, now=NOW)
    return Booking.objects.select_related("client", "service").get(pk=booking.pk)


def make_exercise(name: str = "Bridge", **values: Any) -> Exercise:
    fields = {
        "steps": "Lie down.\nLift your hips.",
        "stop_when": "It hurts.",
        "days_a_week": 7,
        "drawing": "glute-bridge",
        "approved_by": "A. Sample",
        **values,
    }
    return Exercise.objects.create(name=name, **fields)


def make_template(*rows: tuple[Exercise, int, int], name: str = "For runners") -> ProgramTemplate:
    template = ProgramTemplate.objects.create(name=name, sport="running", weeks=8)
    for exercise, first, last in rows:
        TemplateExercise.objects.create(template=template, exercise=exercise, from_week=first, to_week=last)
    return template


@pytest.fixture
def template(db: None) -> ProgramTemplate:
    """A bridge each day of eight weeks, and a stretch on three days of weeks 3 to 8."""
    return make_template(
        (make_exercise(), 1, 8),
        (make_exercise("Calf stretch", unit="seconds", amount=30, days_a_week=3), 3, 8),
    )


def make(visit: Booking, template: ProgramTemplate, staff: User, **changes: Any) -> Program:
    chosen = [row.exercise_id for row in operations.choices_of(template)]
    fields: dict[str, Any] = {"chosen": chosen, "started_on": TODAY, "key": uuid.uuid4(), **changes}
    return operations.make_program(
        booking=visit, template=template, act=fields.pop("act", Act(NOW, staff)), **fields
    )


@pytest.fixture
def program(visit: Booking, template: ProgramTemplate, staff: User) -> Program:
    return make(visit, template, staff)


def exercise_of(program: Program, name: str = "Bridge") -> ProgramExercise:
    return ProgramExercise.objects.select_related("program").get(program=program, name=name, ended_at=None)


def page_of(program: Program) -> str:
    program = Program.objects.select_related("link").get(pk=program.pk)
    return f"/program/{client_link.token_of(program)}/"


def day_of(program: Program, week: int, number: int = 0) -> date:
    return date.fromordinal(program.started_on.toordinal() + 7 * (week - 1) + number)


def therapist_client(world: World) -> Any:
    client = staff_client("therapist", "Therapist")
    world.therapist.user = User.objects.get(username="therapist")
    world.therapist.save()
    return client
