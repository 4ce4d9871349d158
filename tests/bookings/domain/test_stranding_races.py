"""A change of hours and a booking at the same moment: the visit is seen by the change, or refused after it."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connections, transaction

from bookings.domain.stranding import lock_therapists_of_change, stranded_by
from bookings.exceptions import SlotNotOffered
from bookings.models import Booking, WorkingHours
from tests.factories import NOW, World, make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.integrity]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


def test_nobody_books_between_the_look_and_the_change(world: World) -> None:
    looked = threading.Event()
    seen: list[int] = []

    def cut_the_hours() -> None:
        try:
            with transaction.atomic():
                lock_therapists_of_change(None)
                WorkingHours.objects.all().delete()
                seen.append(len(stranded_by(therapist_ids=None, now=NOW)))
                looked.set()
                time.sleep(0.5)
        finally:
            connections.close_all()

    thread = threading.Thread(target=cut_the_hours)
    thread.start()
    assert looked.wait(timeout=60)
    with pytest.raises(SlotNotOffered) as refused:
        world.book()
    thread.join(timeout=60)
    assert refused.value.reason == "outside_hours"
    assert seen == [0]
    assert not Booking.objects.exists()
