"""Instances that are made quickly: those that Django makes of the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db.models import Model, QuerySet
from django.db.models.signals import post_init

from bookings.models import AccessNotes, Booking, Client, Therapist
from massagerx.lib.compiled_query import CompiledQuery
from services.models import Service
from tests.factories import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    world = make_world()
    world.book()
    return world


def columns(instance: Model) -> dict[str, Any]:
    """What an instance holds, and what was selected with it."""
    state = instance._state
    with_it = {name: columns(row) for name, row in state.fields_cache.items() if isinstance(row, Model)}
    held = {name: value for name, value in vars(instance).items() if name != "_state"}
    return {**held, "database": state.db, "is new": state.adding, "with": with_it}


ROWS = {
    "of many columns, with others": lambda: Booking.objects.select_related("client", "therapist__home_zip"),
    "with a telephone number": lambda: Client.objects.all(),
    "with a picture": lambda: Therapist.objects.all(),
    "encrypted": lambda: AccessNotes.objects.all(),
    "with a column left out": lambda: Service.objects.defer("description"),
    "with only one": lambda: Booking.objects.only("reference"),
}


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_instances_are_as_django_makes_them(world: World, rows: Any) -> None:
    found: QuerySet[Any] = rows().order_by("pk")
    query: CompiledQuery[Any] = CompiledQuery(lambda _parameter: rows().order_by("pk"))
    expected = [columns(instance) for instance in found]
    assert expected
    assert [columns(instance) for instance in query.objects()] == expected


@pytest.fixture
def told() -> Iterator[list[Model]]:
    """The clients that somebody has been told of."""
    instances: list[Model] = []

    def note(instance: Model, **_more: Any) -> None:
        instances.append(instance)

    post_init.connect(note, sender=Client)
    yield instances
    post_init.disconnect(note, sender=Client)


def test_who_wants_to_know_of_each_instance_is_told(world: World, told: list[Model]) -> None:
    query: CompiledQuery[Any] = CompiledQuery(lambda _parameter: Booking.objects.select_related("client"))
    (booking,) = query.objects()
    assert told == [booking.client]
