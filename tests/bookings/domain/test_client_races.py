"""Records of clients merged and erased while others book, write notes, send messages, or do the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections, transaction

from bookings.domain import operations, sending
from bookings.domain.clients import add_note, merge_clients
from bookings.domain.erasure import erase_client
from bookings.domain.stranding import lock_therapists_of_change
from bookings.exceptions import ClientGone
from bookings.models import Booking, Client, ClientNote, Message
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
    assert locked.wait(timeout=60)
    merge_clients(keep=keep, other=other, actor=staff, now=NOW)
    thread.join(timeout=60)
    assert seen == [True]
    assert list(Client.objects.all()) == [keep]


def both_at_once(*actions: Callable[[], Any]) -> list[str]:
    """What each of the actions, begun together, came to: `done`, or the exception's name."""
    start, results = threading.Barrier(len(actions)), ["" for _ in actions]

    def run(place: int) -> None:
        try:
            start.wait(timeout=60)
            actions[place]()
            results[place] = "done"
        except Exception as error:
            results[place] = type(error).__name__
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def test_two_merges_of_two_records_into_each_other_leave_one_with_everything(world: World) -> None:
    one = world.book().client
    other = world.book(email="ana@work.example.com", starts_at=at(13)).client
    Client.objects.filter(pk=other.pk).update(is_blocked=True)
    staff = User.objects.create_user("desk", password="a-long-password", is_staff=True)
    results = both_at_once(
        lambda: merge_clients(keep=one, other=other, actor=staff, now=NOW),
        lambda: merge_clients(keep=other, other=one, actor=staff, now=NOW),
    )
    assert sorted(results) == ["ClientGone", "done"]
    left = Client.objects.get()
    assert left.is_blocked
    assert left.bookings.count() == 2
    assert left.notes.count() == 1


def test_merging_and_erasing_at_once_loses_no_visit_and_leaves_no_name(world: World) -> None:
    """Whichever is first, the other finds that the client has gone."""
    erased, other = world.book().client, world.book(email="ana@work.example.com", starts_at=at(13)).client
    staff = User.objects.create_user("desk", password="a-long-password", is_staff=True)
    for visit in Booking.objects.all():
        operations.decline_booking(booking=visit, actor=staff, now=NOW)
    results = both_at_once(
        lambda: merge_clients(keep=other, other=erased, actor=staff, now=NOW),
        lambda: erase_client(client=erased, actor=staff, now=NOW),
    )
    assert sorted(results) == ["ClientGone", "done"]
    assert Booking.objects.count() == 2
    assert Client.objects.filter(erased_at=None, name="Ana O'Brien").count() == 1


def test_a_note_written_while_a_client_is_erased_is_erased_or_refused(world: World) -> None:
    visit = world.book()
    staff = User.objects.create_user("desk", password="a-long-password", is_staff=True)
    operations.decline_booking(booking=visit, actor=staff, now=NOW)
    erased, written = threading.Event(), threading.Event()

    def erase() -> None:
        try:
            with transaction.atomic():
                erase_client(client=visit.client, actor=staff, now=NOW)
                erased.set()
                written.wait(timeout=0.4)
        finally:
            erased.set()
            connections.close_all()

    thread = threading.Thread(target=erase)
    thread.start()
    assert erased.wait(timeout=60)
    try:
        with pytest.raises(ClientGone):
            add_note(client=visit.client, text="Ana", actor=staff, now=NOW)
    finally:
        written.set()
        thread.join(timeout=60)
    assert not ClientNote.objects.exists()


def test_a_copy_handed_over_while_a_client_is_erased_is_not_kept(world: World) -> None:
    """The sender's last look waits for the erasure, and finds its lease gone."""
    visit = world.book()
    staff = User.objects.create_user("desk", password="a-long-password", is_staff=True)
    operations.decline_booking(booking=visit, actor=staff, now=NOW)
    (message, *_others) = sending.claim_due(now=NOW)
    erased, handed = threading.Event(), threading.Event()

    def erase() -> None:
        try:
            with transaction.atomic():
                erase_client(client=visit.client, actor=staff, now=NOW)
                erased.set()
                handed.wait(timeout=0.4)
        finally:
            erased.set()
            connections.close_all()

    thread = threading.Thread(target=erase)
    thread.start()
    assert erased.wait(timeout=60)
    kept = sending.mark_handing_over(message, now=NOW, copy={"to": "ana@example.com"})
    handed.set()
    thread.join(timeout=60)
    assert not kept
    assert not Message.objects.filter(copy__isnull=False).exists()
