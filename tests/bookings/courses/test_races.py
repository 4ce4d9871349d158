"""Forty-eight at once for the times of one course: each course is booked whole or not at all."""

from __future__ import annotations

import itertools
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User

from bookings.courses import operations as course_operations
from bookings.courses.models import Course
from bookings.models import Booking, Message
from tests.bookings.domain.test_races import asking, at_once
from tests.factories import World, make_world

from .conftest import make_plan
from .test_booking import pressed, what_is_sent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.integrity]

COURSES, OTHERS = 24, 24


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


def test_each_course_is_whole_or_nothing(world: World) -> None:
    plan = make_plan(world)
    like, visits, found = what_is_sent(world, plan)
    actor = User.objects.create_user("desk")

    def course(number: int) -> Callable[[], Any]:
        mine = replace(
            like,
            key=uuid.uuid4(),
            email=f"course{number}@example.com",
            phone=f"+1213555{number:04}",
            street=f"{number} Course Street",
        )
        # Every other one asks in the opposite order: locks are taken in one order all the same.
        wanted = visits if number % 2 else visits[::-1]
        press = pressed(plan, (mine, wanted, found), actor=actor)
        return lambda: course_operations.book_course(**press)

    def single(number: int) -> Callable[[], Any]:
        starts_at = visits[number % len(visits)][0].starts_at
        return asking(world, 500 + number, starts_at=starts_at, street=f"{number} Single Street")

    actions = [make(number) for number in range(100, 100 + COURSES) for make in (course, single)]
    assert len(actions) == COURSES + OTHERS

    results = at_once(actions)

    assert set(results) <= {"done", "SlotTaken"}
    assert results["done"] >= 1
    of_courses = Counter(Booking.objects.exclude(together=None).order_by().values_list("together", flat=True))
    assert of_courses == {course.key: len(visits) for course in Course.objects.order_by("pk")}
    assert Message.objects.filter(kind="together").count() == len(of_courses)
    blocks = sorted(Booking.objects.order_by().values_list("blocked_from", "blocked_until"))
    assert all(earlier[1] <= later[0] for earlier, later in itertools.pairwise(blocks))
    # Everything was free: of the times wanted none is left over, unless singles broke up every course.
    singles = Booking.objects.filter(together=None).count()
    assert results["done"] == len(of_courses) + singles
