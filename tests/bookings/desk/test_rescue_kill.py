"""`kill -9` in the midst of a rescue: with “all or none” nothing is moved; else each visit is moved whole or not at
all."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from bookings.domain import listeners
from bookings.enums import EventKind, MessageKind
from bookings.models import Booking, BookingEvent, Message, SecondThought
from tests.factories import DAY, World, make_world

from .conftest import DESK_RIGHTS, signed_in, staff_user
from .test_rescue import RESCUE, booked, rows

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a second process"),
]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


@pytest.mark.parametrize(("way", "moved"), [("each", 2), ("together", 0)])
def test_killed_in_the_middle_each_is_whole_or_none_is(world: World, way: str, moved: int) -> None:
    second = world.add_therapist()
    for number, hour in enumerate((10, 12, 14, 16), 1):
        booked(world, hour, number)
    desk = signed_in(staff_user("desk", *DESK_RIGHTS))
    shown = rows(desk, world)
    sent = {
        "visit": [str(row["booking"].pk) for row in shown],
        **{f"way-{row['booking'].pk}": row["ways"][0][0] for row in shown},
        **({"together": "1"} if way == "together" else {}),
    }
    Message.objects.all().delete()

    child = os.fork()
    if child == 0:
        _press_and_die(desk, world, sent)
    _pid, status = os.waitpid(child, 0)

    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL
    now_with = list(Booking.objects.order_by("starts_at").values_list("therapist", flat=True))
    assert now_with == [second.pk] * moved + [world.therapist.pk] * (4 - moved)
    # A visit that was moved has its history, its email, and can be taken back.
    assert BookingEvent.objects.filter(kind=EventKind.MOVED).count() == moved
    assert Message.objects.filter(kind=MessageKind.MOVED).count() == moved
    assert SecondThought.objects.count() == moved
    # The rest is rescued by the next press.
    shown = rows(desk, world)
    assert len(shown) == 4 - moved
    sent["visit"] = [str(row["booking"].pk) for row in shown]
    desk.post(_address(world), sent | {f"way-{row['booking'].pk}": row["ways"][0][0] for row in shown})
    assert set(Booking.objects.order_by().values_list("therapist", flat=True)) == {second.pk}


def _address(world: World) -> str:
    return f"{reverse('admin:bookings_booking_rescue')}?therapist={world.therapist.pk}&day={DAY}"


def _press_and_die(desk: Client, world: World, sent: dict[str, Any]) -> None:
    """In a process of its own: ends without a word once the third visit is written."""
    written = 0

    def count(_fact: Any) -> None:
        nonlocal written
        written += 1
        if written == 3:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        # The parent's connection is left alone, neither used nor closed: a new one is opened.
        parents = connection.connection
        connection.connection = None
        listeners.listen(listeners.VisitChanged, count)
        desk.post(_address(world), sent)
        del parents
    finally:
        os._exit(1)


assert reverse("admin:bookings_booking_rescue") == RESCUE
