"""Who looked at health answers: the owner's list."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bookings.models import Booking, HealthAccess
from tests.factories import NOW, World

from .conftest import staff_user


@pytest.fixture
def booking(world: World) -> Booking:
    booking = world.book()
    for name, days in (("ana", 0), ("ana", 1), ("bo", 9)):
        user = User.objects.filter(username=name).first() or staff_user(name)
        at = NOW - timedelta(days=days)
        HealthAccess.objects.create(booking=booking, user=user, at=at, reason=f"{name} {days}")
    return booking


def reasons(client: Client, **query: str | int) -> list[str]:
    response = client.get(reverse("admin:bookings_healthaccess_changelist"), query)
    assert response.status_code == 200
    return [access.reason for access in response.context["cl"].result_list]


def test_it_lists_every_look_newest_first(owner: Client, booking: Booking) -> None:
    assert reasons(owner) == ["ana 0", "ana 1", "bo 9"]
    text = owner.get(reverse("admin:bookings_healthaccess_changelist")).content.decode()
    assert reverse("admin:bookings_booking_change", args=[booking.pk]) in text


@pytest.mark.parametrize(
    ("day", "found"),
    [
        ("today", ["ana 0"]),
        ("yesterday", ["ana 1"]),
        ("week", ["ana 0", "ana 1"]),
        ("month", ["ana 0", "ana 1", "bo 9"]),
        ("nonsense", ["ana 0", "ana 1", "bo 9"]),
    ],
)
def test_it_is_narrowed_to_days(owner: Client, booking: Booking, day: str, found: list[str]) -> None:
    assert reasons(owner, day=day) == found


def test_it_is_narrowed_to_a_person(owner: Client, booking: Booking) -> None:
    bo = User.objects.get(username="bo")
    assert reasons(owner, person=bo.pk) == ["bo 9"]
    assert reasons(owner, person="9" * 30) == ["ana 0", "ana 1", "bo 9"]
    assert reasons(owner, person="x") == ["ana 0", "ana 1", "bo 9"]


def test_nobody_changes_or_removes_a_look(owner: Client, booking: Booking) -> None:
    access = HealthAccess.objects.earliest("pk")
    for part in ("change", "delete"):
        address = reverse(f"admin:bookings_healthaccess_{part}", args=[access.pk])
        assert owner.post(address, {"post": "yes", "reason": "-"}).status_code == 403
    listing = reverse("admin:bookings_healthaccess_changelist")
    owner.post(listing, {"action": "delete_selected", "_selected_action": [access.pk], "post": "yes"})
    assert HealthAccess.objects.count() == 3


def test_queries_do_not_grow(owner: Client, booking: Booking, count_queries: Any) -> None:
    reasons(owner)
    with count_queries() as few:
        reasons(owner)
    user = User.objects.get(username="ana")
    HealthAccess.objects.bulk_create(
        HealthAccess(booking=booking, user=user, at=NOW, reason="-") for _look in range(30)
    )
    with count_queries() as many:
        assert len(reasons(owner)) == 33
    assert len(many) == len(few) <= 12
