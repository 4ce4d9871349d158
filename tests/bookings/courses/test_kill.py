"""`kill -9` in the middle of the press that books a course of twelve: all of it is there, or nothing."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from bookings.courses.models import Course
from bookings.courses.operations import book_course
from bookings.domain import listeners
from bookings.models import Booking, BookingEvent, Message
from tests.factories import World, make_world

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

    child = os.fork()
    if child == 0:
        _book_and_die(press, after)
    _pid, status = os.waitpid(child, 0)

    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL
    for model in (Booking, BookingEvent, Message, Course):
        assert not model._default_manager.exists(), model
    # The same press again finds nothing in its way.
    assert book_course(**press).visits.count() == 12


def _book_and_die(press: dict[str, Any], after: int) -> None:
    """In a process of its own: ends without a word once that many visits are written."""
    written = 0

    def count(_fact: Any) -> None:
        nonlocal written
        written += 1
        if written > 2 * (after - 1):  # a request and its confirmation
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        # The parent's connection is left alone, neither used nor closed: a new one is opened.
        parents = connection.connection
        connection.connection = None
        listeners.listen(listeners.VisitChanged, count)
        book_course(**press)
        del parents
    finally:
        os._exit(1)
