"""Limits that count rows, met by two at once: the one more is refused, since the second counts only after the first
has committed. And the control: without the names that are locked, the second does not see the first."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.models import QuerySet
from django.db.transaction import TransactionManagementError

from bookings.domain import area_requests, operations, sign_in
from bookings.domain.operations import enquiries, requester
from bookings.enums import LinkPurpose
from bookings.exceptions import TooManyMessages, TooManyRequests
from bookings.models import AreaRequest, Booking, BookingRules, Booklet, BookletRequest, ContactMessage, Link
from massagerx.lib.locks import lock_names
from tests.factories import NOW, World, at, make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.integrity]


@dataclass
class Limit:
    """What is asked for the `number`-th time, in which module it locks, and how many of which rows are allowed."""

    ask: Callable[[World, int], Any]
    module: Any
    rows: QuerySet[Any]
    most: int


def contact(world: World, number: int) -> object:
    return operations.send_contact(
        key=uuid.uuid4(), name="Ana", email="ana@example.com", phone="", body=f"Question {number}", now=NOW
    )


def booklet(world: World, number: int) -> object:
    return operations.request_booklet(
        key=uuid.uuid4(), name="Ana", email="ana@example.com", may_follow_up=False, now=NOW
    )


def from_outside(world: World, number: int) -> object:
    """One phone, and another email each time."""
    return area_requests.leave_area_request(
        name="Ana", email=f"ana{number}@example.com", phone="+12135550123", zip_code=f"9020{number}",
        service=None, note="", now=NOW,
    )  # fmt: skip


def visit(world: World, number: int) -> object:
    """One email, another phone each time, and a therapist whom nobody else locks."""
    return world.book(
        phone=f"+1213555010{number}",
        preference=f"therapist:sample-therapist-{'two' if number else 'one'}",
        starts_at=at(10 + 3 * number),
    )


LIMITS = {
    "sign-in links": Limit(
        lambda world, number: sign_in.send_sign_in(email="known@example.com", now=NOW),
        sign_in,
        Link.objects.filter(purpose=LinkPurpose.SIGN_IN),
        sign_in.MOST_AN_HOUR,
    ),
    "codes": Limit(
        lambda world, number: sign_in.send_code(email="ana@example.com", instead_of=None, now=NOW),
        sign_in,
        Link.objects.filter(purpose=LinkPurpose.CODE),
        sign_in.MOST_AN_HOUR,
    ),
    "messages": Limit(contact, enquiries, ContactMessage.objects.all(), enquiries.MESSAGES_PER_EMAIL),
    "booklets": Limit(booklet, enquiries, BookletRequest.objects.all(), enquiries.BOOKLETS_PER_EMAIL),
    "places outside": Limit(
        from_outside, area_requests, AreaRequest.objects.all(), area_requests.OPEN_PER_PERSON
    ),
    "visits to come": Limit(visit, requester, Booking.objects.all(), 1),
}


@pytest.fixture
def world(transactional_db: None) -> World:
    world = make_world()
    world.add_therapist()
    Booklet.objects.create(file_name="booklet.pdf", content=b"%PDF-1.4", uploaded_at=NOW)
    return world


def is_kept(name: str, world: World, *, waits: float) -> bool:
    """Whether a limit is kept: asks until one is left, then twice, once in a transaction that commits when the other
    has asked, or after so many seconds, since the other may wait for it."""
    limit = LIMITS[name]
    if name == "sign-in links":
        world.book(email="known@example.com")
    if name == "visits to come":
        BookingRules.objects.update(open_requests_per_client=1)
    for number in range(limit.most - 1):
        limit.ask(world, number)
    asked, done = threading.Event(), threading.Event()

    def first() -> None:
        try:
            with transaction.atomic():
                limit.ask(world, limit.most - 1)
                asked.set()
                done.wait(timeout=waits)
        finally:
            asked.set()
            connections.close_all()

    thread = threading.Thread(target=first)
    thread.start()
    assert asked.wait(timeout=60)
    try:
        limit.ask(world, limit.most)
    except (TooManyMessages, TooManyRequests):
        pass
    finally:
        done.set()
        thread.join(timeout=60)
    return limit.rows.all().count() == limit.most


@pytest.mark.parametrize("name", LIMITS)
def test_the_second_of_two_at_once_is_counted(name: str, world: World) -> None:
    assert is_kept(name, world, waits=0.2)


@pytest.mark.parametrize("name", LIMITS)
def test_without_the_names_both_get_in(name: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("a transaction of SQLite has the database for itself")
    locking = "lock_statements" if hasattr(LIMITS[name].module, "lock_statements") else "lock_names"
    monkeypatch.setattr(LIMITS[name].module, locking, lambda *names: [])
    # Neither waits for the other.
    assert not is_kept(name, world, waits=60)


def test_names_are_locked_in_a_transaction_only(world: World) -> None:
    with pytest.raises(TransactionManagementError):
        lock_names("somebody")
