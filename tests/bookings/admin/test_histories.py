"""The history page of the admin: who changed what, from what to what, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from bookings.models import AccessNotes, ClinicianNote, ScreeningRecord
from massagerx.lib.encryption import EncryptedField
from massagerx.lib.histories import histories
from services.models import AddOn, ServiceOption
from tests.factories import NOW, World

Clock = time_machine.Traveller


@pytest.fixture
def clock() -> Iterator[Clock]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def changes(client: Client, row: Any) -> list[Any]:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_history"
    response = client.get(reverse(name, args=[row.pk]))
    assert response.status_code == 200
    shown = response.context["changes"]
    for value in (value for change in shown for value in change.values):
        assert value.label in response.content.decode()
    return list(shown)


@pytest.mark.integrity
def test_a_price_shows_who_when_before_and_now(owner: Client, world: World, clock: Clock) -> None:
    clock.shift(timedelta(minutes=5))
    address = reverse("admin:services_addon_change", args=[world.add_on.pk])
    data = {
        "name": world.add_on.name, "minutes": 15, "price_cents": "30.50", "services": [world.service.pk],
        "is_active": "on", "position": 0,
    }  # fmt: skip
    assert owner.post(address, data).status_code == 302
    latest, added = changes(owner, world.add_on)
    assert (latest.who, latest.at, latest.kind) == ("owner", NOW + timedelta(minutes=5), "changed")
    assert [(value.label, value.before, value.after) for value in latest.values] == [
        ("Price", "$25.00", "$30.50")
    ]
    assert (added.kind, added.who) == ("added", "")


def test_a_save_that_changes_nothing_is_no_change(owner: Client, world: World) -> None:
    world.add_on.save()
    assert [change.kind for change in changes(owner, world.add_on)] == ["added"]


def test_lengths_are_part_of_their_service_also_when_removed(
    owner: Client, world: World, clock: Clock
) -> None:
    clock.shift(1)
    world.option.price_cents = 13_000
    world.option.save()
    clock.shift(1)
    world.longer.delete()
    removed, dearer, *_added = changes(owner, world.service)
    assert (removed.kind, removed.part) == ("removed", "Length and price, 90 minutes")
    assert dearer.part == "Length and price, 60 minutes"
    assert [(value.before, value.after) for value in dearer.values] == [("$120.00", "$130.00")]
    other = AddOn.objects.create(name="Other", price_cents=0)
    assert [change.kind for change in changes(owner, other)] == ["added"]


def test_rows_that_are_pointed_to_are_named(owner: Client, world: World, clock: Clock) -> None:
    clock.shift(1)
    world.therapist.home_zip = world.far_area
    world.therapist.is_active = False
    world.therapist.save()
    values = {value.label: (value.before, value.after) for value in changes(owner, world.therapist)[0].values}
    assert values == {
        "Home base ZIP code": (str(world.area), str(world.far_area)),
        "Active": ("Yes", "No"),
    }


def test_of_long_texts_the_lines_that_differ_show(owner: Client, world: World, clock: Clock) -> None:
    lines = [f"<p>Line {number} says something that nobody changes.</p>" for number in range(9)]
    world.service.description = "".join(lines)
    world.service.save()
    clock.shift(1)
    lines[4] = "<p>A new line & nothing else.</p>"
    world.service.description = "".join(lines)
    world.service.save()
    (value,) = changes(owner, world.service)[0].values
    assert value.before == "<p>Line 4 says something that nobody changes.</p>"
    assert value.after == "<p>A new line &amp; nothing else.</p>"


def test_rules_and_versions_have_a_history(owner: Client, world: World, clock: Clock) -> None:
    clock.shift(1)
    world.rules.minimum_notice_minutes = 300
    world.rules.save()
    world.zone.travel_fee_cents = 2_500
    world.zone.save()
    world.screening.approved_by = "A. Therapist"
    world.screening.save()
    assert [(v.label, v.before, v.after) for v in changes(owner, world.rules)[0].values] == [
        ("Minimum notice, minutes", "240", "300")
    ]
    assert changes(owner, world.zone)[0].values[0].after == "$25.00"
    assert changes(owner, world.screening)[0].values[0].after == "A. Therapist"


def test_it_costs_the_same_for_many_changes(
    owner: Client, world: World, clock: Clock, count_queries: Any
) -> None:
    def change(cents: int) -> None:
        clock.shift(1)
        ServiceOption.objects.get(pk=world.option.pk).save()
        world.option.price_cents = cents
        world.option.save()

    change(10_000)
    changes(owner, world.service)
    with count_queries() as few:
        changes(owner, world.service)
    for number in range(30):
        change(11_000 + number)
    with count_queries() as many:
        assert len(changes(owner, world.service)) > 30
    assert len(many) == len(few) <= 12


def test_nothing_encrypted_has_a_history() -> None:
    kept = histories()
    assert kept
    for model in kept:
        assert not [field for field in model._meta.get_fields() if isinstance(field, EncryptedField)]
    for private in (AccessNotes, ClinicianNote, ScreeningRecord):
        assert not hasattr(private, "history")
