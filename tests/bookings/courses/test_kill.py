"""`kill -9` in the middle of the press that books a course of twelve: all of it is there, or nothing."""

from __future__ import annotations

import os

import pytest
from django.contrib.auth.models import User

from bookings.courses.models import Course
from bookings.courses.operations import book_course
from bookings.models import Booking, BookingEvent, Message
from tests.factories import World, make_world
from tests.support.killed import killed_in_the_midst

from .conftest import make_plan
from .test_booking import pressed, what_is_sent

pytestmark = pytest.mark.django_db(transaction=True)
TWELVE = ((3, 7, 3, 1), (8, 14, 3, 2), (15, 28, 4, 2), (29, 42, 2, 4))


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a second process")
@pytest.mark.parametrize("after", [1, 7, 12])
def test_killed_in_the_middle_nothing_is_booked(world: World, after: int) -> None:
    plan = make_plan(world, *TWELVE)
    press = pressed(plan, what_is_sent(world, plan), actor=User.objects.create_user("desk"))
    assert len(press["submissions"]) == 12

    # A request and its confirmation are told of each visit.
    killed_in_the_midst(lambda: book_course(**press), at_fact=2 * after - 1)

    for model in (Booking, BookingEvent, Message, Course):
        assert not model._default_manager.exists(), model
    # The same press again finds nothing in its way.
    assert book_course(**press).visits.count() == 12
