"""What the core tells the apps inside bookings: when, in which transaction, and what a failure undoes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from bookings.domain import listeners, operations
from bookings.domain.listeners import VisitChanged, VisitFreed
from bookings.domain.operations import Act, Correction, NewTime
from bookings.enums import BookingStatus, EventKind
from bookings.models import Booking, Message
from tests.factories import NOW, World, at

pytestmark = pytest.mark.integrity


class Ear:
    """Keeps what it is told, and in which transaction it was."""

    def __init__(self) -> None:
        self.changed: list[VisitChanged] = []
        self.freed: list[VisitFreed] = []
        self.statuses: list[str] = []

    def hear_change(self, fact: VisitChanged) -> None:
        assert connection.in_atomic_block
        self.changed.append(fact)
        # The fact is already written when it is told.
        self.statuses.append(Booking.objects.get(pk=fact.booking.pk).status)

    def hear_freed(self, fact: VisitFreed) -> None:
        self.freed.append(fact)

    @property
    def kinds(self) -> list[EventKind]:
        return [fact.kind for fact in self.changed]


@pytest.fixture(autouse=True)
def forgets_listeners(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is registered in it alone."""
    registered = {fact: [*rows] for fact, rows in listeners._listeners.items()}
    monkeypatch.setattr(listeners, "_listeners", defaultdict(list, registered))


@pytest.fixture
def ear() -> Ear:
    heard = Ear()
    listeners.listen(VisitChanged, heard.hear_change)
    listeners.listen(VisitFreed, heard.hear_freed)
    return heard


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create(username="desk", is_staff=True)


def test_a_booked_confirmed_and_canceled_visit_is_told_step_by_step(
    world: World, staff: User, ear: Ear
) -> None:
    booking = world.book()
    operations.confirm_booking(booking=booking, actor=staff, now=NOW)
    assert ear.freed == []

    operations.cancel_booking(booking=booking, actor=staff, now=NOW)

    assert ear.kinds == [EventKind.REQUESTED, EventKind.CONFIRMED, EventKind.CANCELED]
    assert ear.statuses == ["requested", "confirmed", "canceled"]
    (freed,) = ear.freed
    assert (freed.therapist_id, freed.blocked_from, freed.blocked_until, freed.at) == (
        world.therapist.pk,
        at(9, 50),
        at(11, 10),
        NOW,
    )


def test_a_moved_visit_frees_the_time_it_had(world: World, staff: User, ear: Ear) -> None:
    booking = world.book()

    operations.move_booking(booking=booking, to=NewTime(at(14)), act=Act(NOW, staff))

    (freed,) = ear.freed
    assert (freed.blocked_from, freed.blocked_until) == (at(9, 50), at(11, 10))
    assert freed.booking.starts_at == at(14)
    assert ear.kinds[-1] == EventKind.MOVED


def test_an_expired_request_frees_its_time(world: World, ear: Ear) -> None:
    world.book()
    operations.expire_requests(now=at(10) + timedelta(minutes=1))

    assert ear.kinds[-1] == EventKind.EXPIRED
    assert len(ear.freed) == 1


def test_a_door_with_fewer_minutes_of_stairs_frees_them_and_more_frees_nothing(
    world: World, ear: Ear
) -> None:
    booking = world.book(access_type="stairs")
    by_stairs = (booking.blocked_from, booking.blocked_until)
    by_ground = operations.VisitAddress(
        street=booking.street, unit="", zip_code=booking.area.zip_code, access_type="ground", access={}
    )

    operations.correct_visit(booking=booking, correction=Correction(address=by_ground), act=Act(NOW))
    (freed,) = ear.freed
    assert (freed.blocked_from, freed.blocked_until) == by_stairs

    operations.correct_visit(
        booking=booking, correction=Correction(address=replace(by_ground, access_type="stairs")), act=Act(NOW)
    )
    assert len(ear.freed) == 1


def test_what_a_listener_raises_undoes_the_operation(world: World, staff: User) -> None:
    booking = world.book()
    messages = Message.objects.count()

    def refuse(fact: VisitFreed) -> None:
        raise RuntimeError("the listener fails")

    listeners.listen(VisitFreed, refuse)
    with pytest.raises(RuntimeError, match="the listener fails"):
        operations.cancel_booking(booking=booking, actor=staff, now=NOW)

    booking.refresh_from_db()
    assert booking.status == BookingStatus.REQUESTED
    assert [event.kind for event in booking.events.all()] == [EventKind.REQUESTED]
    assert Message.objects.count() == messages


def test_what_a_listener_raises_books_nothing(world: World) -> None:
    def refuse(fact: VisitChanged) -> None:
        raise RuntimeError("the listener fails")

    listeners.listen(VisitChanged, refuse)
    with pytest.raises(RuntimeError, match="the listener fails"):
        world.book()

    assert not Booking.objects.exists()


def test_a_listener_registered_twice_hears_once(world: World, ear: Ear) -> None:
    listeners.listen(VisitChanged, ear.hear_change)
    world.book()
    assert ear.kinds == [EventKind.REQUESTED]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_told_outside_a_transaction() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        listeners.tell(VisitChanged(booking=Booking(), kind=EventKind.EDITED, at=NOW))
