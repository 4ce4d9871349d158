"""Forty-eight at once for the times of two people side by side, and `kill -9` in the midst: both or none."""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from bookings.domain.operations import Act, Sender, cancel_together, move_together
from bookings.models import Booking, BookingEvent, Message, ScreeningRecord
from tests.factories import NOW, World, at, make_world
from tests.support.killed import killed_in_the_midst

from .test_races import asking, at_once
from .test_side_by_side import book_two, moves

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.integrity]

PRESSES = 48
ONE, TWO = "sample-therapist-one", "sample-therapist-two"
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a second process")


@pytest.fixture
def world(transactional_db: None) -> World:
    world = make_world()
    world.add_therapist()
    return world


@pytest.fixture
def staff(world: World) -> User:
    return User.objects.create_user("desk")


def pair(
    world: World, number: int, staff: User, key: uuid.UUID | None = None, **changes: Any
) -> Callable[[], list[Booking]]:
    """The press of a family: every other one asks for the two therapists in the opposite order."""
    first, second = (ONE, TWO) if number % 2 else (TWO, ONE)
    family = {
        "email": f"family{number}@example.com",
        "phone": f"+1213555{number:04}",
        "street": f"{number} Family Street",
        **changes,
    }
    return lambda: book_two(
        world,
        sender=Sender(actor=staff),
        first={**family, "therapist": first},
        other={"therapist": second},
        key=key,
    )


def require_whole_pairs() -> int:
    """How many pairs stand, each whole; nobody is booked twice."""
    rows = Booking.objects.occupying().exclude(together=None).order_by("together", "pk")
    stands = {
        key: {(visit.starts_at, visit.therapist.slug) for visit in visits}
        for key, visits in itertools.groupby(rows.select_related("therapist"), lambda visit: visit.together)
    }
    assert all(
        len({start for start, _slug in both}) == 1 and {slug for _start, slug in both} == {ONE, TWO}
        for both in stands.values()
    )
    blocks = Booking.objects.occupying().order_by("therapist", "blocked_from")
    for before, after in itertools.pairwise(blocks):
        assert before.therapist_id != after.therapist_id or before.blocked_until <= after.blocked_from
    return len(stands)


def test_one_time_wanted_by_many_pairs_goes_to_exactly_one(world: World, staff: User) -> None:
    results = at_once([pair(world, number, staff) for number in range(100, 100 + PRESSES)])

    assert results == {"done": 1, "SlotTaken": PRESSES - 1}
    assert require_whole_pairs() == 1
    assert Booking.objects.count() == 2
    assert Message.objects.filter(kind="together").count() == 1


def test_pairs_and_single_visits_at_once_leave_no_half_pair(world: World, staff: User) -> None:
    pairs = [pair(world, number, staff) for number in range(100, 100 + PRESSES // 2)]
    singles = [
        asking(world, 500 + number, therapist=ONE if number % 2 else TWO, street=f"{number} Single Street")
        for number in range(PRESSES // 2)
    ]

    results = at_once([press for both in zip(pairs, singles, strict=True) for press in both])

    assert set(results) == {"done", "SlotTaken"}
    stand = require_whole_pairs()
    alone = Booking.objects.filter(together=None).count()
    # Two therapists, one start: a pair, or somebody alone with one or with each of them.
    assert (stand, alone) in {(1, 0), (0, 1), (0, 2)}
    assert results["done"] == stand + alone


def test_one_press_sent_many_times_is_one_pair(world: World, staff: User) -> None:
    results = at_once([pair(world, 100, staff, key=uuid.uuid4())] * PRESSES)

    assert results == {"done": PRESSES}
    assert (require_whole_pairs(), Booking.objects.count()) == (1, 2)
    assert Message.objects.filter(kind="together").count() == 1


def test_pairs_that_move_to_one_time_at_once(world: World, staff: User) -> None:
    """Forty-eight moves of three pairs to where one can be."""
    starts = [at(10), at(12), at(14)]
    stand = [pair(world, 100 + place, staff, starts_at=start)() for place, start in enumerate(starts)]
    act = Act(NOW, staff)

    def moving(number: int) -> Callable[[], Any]:
        both = [Booking.objects.get(pk=visit.pk) for visit in stand[number % 3]]
        slugs = (ONE, TWO) if number % 2 else (TWO, ONE)
        wanted = moves(both, at(16), slugs)
        wanted = wanted if number % 4 < 2 else wanted[::-1]
        return lambda: move_together(moves=wanted, rules=world.rules, act=act)

    results = at_once([moving(number) for number in range(PRESSES)])

    assert results["done"] >= 1
    assert set(results) <= {"done", "SlotTaken", "ChangedMeanwhile"}
    assert require_whole_pairs() == 3
    there = Booking.objects.filter(starts_at=at(16)).order_by("pk").values_list("together", flat=True)
    assert len(there) == 2
    assert len(set(there)) == 1


@needs_fork
@pytest.mark.parametrize("at_fact", [1, 2, 3, 4])
def test_killed_in_the_midst_no_half_pair_is_booked(world: World, staff: User, at_fact: int) -> None:
    press = pair(world, 100, staff)

    killed_in_the_midst(press, at_fact=at_fact)

    for model in (Booking, BookingEvent, Message, ScreeningRecord):
        assert not model._default_manager.exists(), model
    # The same press again finds nothing in its way.
    assert len(press()) == 2


@needs_fork
@pytest.mark.parametrize("at_fact", [1, 2])
@pytest.mark.parametrize("deed", ["move", "cancel"])
def test_killed_in_the_midst_of_a_change_both_stand_as_before(
    world: World, staff: User, deed: str, at_fact: int
) -> None:
    both = pair(world, 100, staff)()
    act = Act(NOW, staff)
    before = list(Booking.objects.order_by("pk").values())
    told = list(Message.objects.order_by("pk").values())

    def move() -> None:
        move_together(moves=moves(both, at(14), (TWO, ONE)), rules=world.rules, act=act)

    def cancel() -> None:
        assert both[0].together is not None
        cancel_together(together=both[0].together, act=act)

    killed_in_the_midst(move if deed == "move" else cancel, at_fact=at_fact)

    assert list(Booking.objects.order_by("pk").values()) == before
    assert list(Message.objects.order_by("pk").values()) == told
    assert require_whole_pairs() == 1
