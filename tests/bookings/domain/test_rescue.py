"""The plan for the visits of a therapist who is out, held against a brute force."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.domain import operations, scheduling
from bookings.domain.operations import Act, NewTime
from bookings.domain.scheduling import Rescue
from bookings.models import Booking, BookingRules, Therapist
from tests.factories import DAY, NOW, World, at

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]
ALL_DAY = at(0), at(0, day=DAY + timedelta(days=1))


def booked(world: World, who: Therapist, hour: int, number: int, **changes: Any) -> Booking:
    booking = world.book(
        starts_at=at(hour, day=changes.pop("day", DAY)),
        preference=f"therapist:{who.slug}",
        email=f"c{number}@example.com",
        phone=f"+1213555{1000 + number}",
        street=f"{number} Sample Street",
        **changes,
    )
    return operations.confirm_booking(booking=booking, actor=None, now=NOW)


def plan(world: World) -> list[Rescue]:
    visits = Booking.objects.filter(therapist=world.therapist).select_related(
        "client", "service", "option", "area__zone", "therapist"
    )
    return scheduling.plan_rescue(
        bookings=list(visits.order_by("starts_at")), span=ALL_DAY, rules=BookingRules.load(), now=NOW
    )


def test_eight_visits_and_five_therapists_take_six_queries(world: World) -> None:
    for number in range(4):
        world.add_therapist(f"Sample Number {number}")
    Therapist.objects.update(break_after_minutes=None)
    for number, hour in enumerate((10, 12, 14, 16)):
        booked(world, world.therapist, hour, number)
        booked(world, world.therapist, hour, number + 4, day=DAY + timedelta(days=1))
    visits = list(
        Booking.objects.select_related("client", "service", "option", "area__zone", "therapist").order_by(
            "starts_at"
        )
    )
    rules = BookingRules.load()
    with CaptureQueriesContext(connection) as captured:
        plans = scheduling.plan_rescue(
            bookings=visits, span=(ALL_DAY[0], at(0, day=DAY + timedelta(days=2))), rules=rules, now=NOW
        )
    assert len(plans) == 8
    assert all(row.keeps_time for row in plans)
    assert len(captured) == 6


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_as_many_keep_their_time_as_a_brute_force_finds(limit: int, world: World) -> None:
    """With days that are nearly full, so that who takes one visit can't take another."""
    others = [world.add_therapist(f"Sample Number {number}") for number in range(2)]
    Therapist.objects.filter(pk__in=[row.pk for row in others]).update(max_visits_per_day=limit + 1)
    booked(world, others[0], 10, 90)
    booked(world, others[1], 14, 91)
    for number, hour in enumerate((10, 12, 14, 16)):
        booked(world, world.therapist, hour, number)

    best = 0
    visits = list(Booking.objects.filter(therapist=world.therapist).order_by("starts_at"))
    for choice in product([None, *others], repeat=len(visits)):
        loads = {row.pk: 1 for row in others}
        possible = True
        for visit, who in zip(visits, choice, strict=True):
            if who is None:
                continue
            loads[who.pk] += 1
            busy = at(10) if who == others[0] else at(14)
            possible &= visit.starts_at != busy
        if possible and all(load <= limit + 1 for load in loads.values()):
            best = max(best, sum(who is not None for who in choice))
    found = plan(world)
    assert sum(row.keeps_time for row in found) == best
    # What was planned can be done, all of it, one after the other in any order.
    for row in reversed(found):
        if row.chosen is not None:
            operations.move_booking(
                booking=row.booking,
                to=NewTime(row.chosen.starts_at, preference=f"therapist:{row.chosen.therapist.slug}"),
                act=Act(NOW),
            )


def test_who_has_no_time_beside_them_gets_the_nearest(world: World) -> None:
    other = world.add_therapist()
    booked(world, other, 10, 90)
    visit = booked(world, world.therapist, 10, 1)
    (row,) = plan(world)
    assert row.chosen is not None
    assert row.chosen.therapist == other
    assert not row.keeps_time
    shift = abs(row.chosen.starts_at - visit.starts_at)
    assert all(shift <= abs(way.starts_at - visit.starts_at) for way in row.others)
    assert row.chosen.starts_at.date() == visit.starts_at.date()


def test_two_visits_at_one_time_dont_both_go_to_the_same_therapist(world: World) -> None:
    """Of two therapists who are out: each counts what the plan gives to the other as taken."""
    other = world.add_therapist()
    third = world.add_therapist("Sample Three")
    first = booked(world, world.therapist, 10, 1)
    second = booked(world, third, 10, 2)
    visits = list(
        Booking.objects.filter(pk__in=[first.pk, second.pk]).select_related(
            "client", "service", "option", "area__zone", "therapist"
        )
    )
    plans = scheduling.plan_rescue(bookings=visits, span=ALL_DAY, rules=BookingRules.load(), now=NOW)
    assert [row.chosen.therapist for row in plans if row.keeps_time and row.chosen] == [other]
    assert sum(row.keeps_time for row in plans) == 1
