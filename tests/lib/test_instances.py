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


def new_of(model: type[Model], **given: Any) -> list[dict[str, Any]]:
    """What a new instance holds as we make it, and as Django does."""
    ours, theirs = model(**given), model.__new__(model)
    Model.__init__(theirs, **given)
    return [columns(ours), columns(theirs)]


MADE_ANEW = {"submission_key", "reference"}  # by what makes another one each time
NEW: dict[str, Any] = {
    "of many columns, with others": lambda visit: (
        Booking,
        {
            "client": visit.client,
            "therapist_id": visit.therapist_id,
            "street": "1 Sample St",
            "together": None,
        },
    ),
    "with a telephone number": lambda visit: (Client, {"name": "Sample", "phone": "213-555-0123"}),
    "without it": lambda visit: (Client, {"name": "Sample"}),
    "with one that isn't written": lambda visit: (Booking, {"client": Client(name="Sample")}),
    "with none": lambda visit: (Booking, {"client": None}),
    "by its key": lambda visit: (Booking, {"pk": 7, "street": "1 Sample St"}),
    "of nothing": lambda visit: (Booking, {}),
}


@pytest.mark.parametrize("given", NEW.values(), ids=NEW)
def test_new_instances_are_as_django_makes_them(world: World, given: Any) -> None:
    visit = Booking.objects.select_related("client").get()
    model, values = given(visit)
    ours, theirs = (
        {name: value for name, value in held.items() if name not in MADE_ANEW}
        for held in new_of(model, **values)
    )
    assert ours == theirs


def test_a_new_instance_of_one_to_one_is_found_from_either_side(world: World) -> None:
    visit = Booking.objects.get()
    notes = AccessNotes(booking=visit, notes="Ring twice")
    assert (notes.booking, notes.pk, visit.access) == (visit, visit.pk, notes)


def test_what_is_made_anew_is_another_each_time() -> None:
    first, second = Booking(), Booking()
    assert first.reference != second.reference
    assert Booking(reference="MX-AAAAAA").reference == "MX-AAAAAA"


def test_a_new_instance_takes_no_unknown_name_and_no_other_model() -> None:
    with pytest.raises(TypeError, match="unexpected keyword"):
        Booking(adress="1 Sample St")  # type: ignore[misc]
    with pytest.raises(ValueError, match="must be a"):
        Booking(client=Service())  # type: ignore[misc]
