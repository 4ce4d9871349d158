"""Two records made one while somebody is booking: whoever has locked a therapist finds the client as they left it."""

from __future__ import annotations

import threading
import time

import pytest
from django.contrib.auth.models import User
from django.db import connections, transaction

from bookings.domain.clients import merge_clients
from bookings.domain.stranding import lock_therapists_of_change
from bookings.models import Client
from tests.factories import NOW, World, at, make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.integrity]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


def test_merging_waits_for_whoever_is_booking(world: World) -> None:
    keep = world.book().client
    other = world.book(email="ana@work.example.com", starts_at=at(13)).client
    gone = other.pk
    staff = User.objects.create_user("desk", password="a-long-password", is_staff=True)
    locked = threading.Event()
    seen: list[bool] = []

    def book() -> None:
        try:
            with transaction.atomic():
                # As a request does before it looks for the client.
                lock_therapists_of_change(None)
                locked.set()
                time.sleep(0.5)
                seen.append(Client.objects.filter(pk=gone).exists())
        finally:
            connections.close_all()

    thread = threading.Thread(target=book)
    thread.start()
    assert locked.wait(timeout=20)
    merge_clients(keep=keep, other=other, actor=staff, now=NOW)
    thread.join(timeout=20)
    assert seen == [True]
    assert list(Client.objects.all()) == [keep]
