"""Working hours that name zones: on some days a therapist stays in one part of the city."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from bookings.domain import scheduling
from bookings.domain.area_check import check_area
from bookings.domain.stranding import stranded_by
from bookings.domain.visit_request import load_treatment, load_visit_request
from bookings.exceptions import SlotNotOffered
from bookings.models import ExtraHours, ServiceArea, WorkingHours
from massagerx.lib.localtime import local
from tests.bookings.views.flow import Flow
from tests.factories import DAY, NOW, World, at, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]


@pytest.fixture
def world() -> World:
    """On the weekday of `DAY` the therapist stays in the far zone."""
    world = make_world()
    row = WorkingHours.objects.get(weekday=DAY.weekday())
    row.zones.add(world.far_zone)
    return world


def starts(world: World, area: ServiceArea) -> tuple[Any, ...]:
    treatment = load_treatment(service_slug=world.service.slug, option_id=world.option.pk)
    wish = load_visit_request(treatment=treatment, area=area, preference="any", today=NOW.date())
    offer = scheduling.find_times_between(
        visit_request=wish, first_day=DAY, last_day=DAY, rules=world.rules, now=NOW
    )
    return offer.by_day.get(DAY, ())


def test_visits_are_offered_only_in_these_zones(world: World, count_queries: Callable[..., Any]) -> None:
    assert starts(world, world.area) == ()
    assert starts(world, world.far_area)
    with count_queries() as few:
        starts(world, world.far_area)
    WorkingHours.objects.get(weekday=DAY.weekday()).zones.add(world.zone)
    with count_queries() as many:
        assert starts(world, world.area)
    assert len(few) == len(many)


def test_the_lock_refuses_a_visit_elsewhere(world: World) -> None:
    with pytest.raises(SlotNotOffered) as refused:
        world.book(starts_at=at(12))
    assert refused.value.reason == "other_zone"
    assert world.book(starts_at=at(12), zip_code="91364", total_cents=16_000)


def test_extra_hours_name_zones_too(world: World) -> None:
    extra = ExtraHours.objects.create(therapist=world.therapist, date=DAY, starts_at="10:00", ends_at="14:00")
    assert {local(start.starts_at).hour for start in starts(world, world.area)} <= {10, 11, 12}
    assert starts(world, world.area)
    extra.zones.add(world.far_zone)
    assert starts(world, world.area) == ()


def test_a_change_of_zones_strands_visits_elsewhere(world: World) -> None:
    row = WorkingHours.objects.get(weekday=DAY.weekday())
    row.zones.clear()
    booking = world.book(starts_at=at(12))
    assert stranded_by(therapist_ids=None, now=NOW) == []
    row.zones.add(world.far_zone)
    (stranded,) = stranded_by(therapist_ids=None, now=NOW)
    assert (stranded.booking, stranded.reason) == (booking, "other_zone")


def test_the_area_check_knows_the_days(world: World) -> None:
    for row in WorkingHours.objects.exclude(weekday=(DAY + timedelta(days=1)).weekday()):
        row.zones.add(world.far_zone)
    answer = check_area(zip_code=world.area.zip_code, service_slug=world.service.slug, now=NOW)
    assert answer.starts_at is not None
    assert local(answer.starts_at).weekday() == (DAY + timedelta(days=1)).weekday()


def test_the_calendar_says_where_we_are(world: World) -> None:
    flow = Flow(Client(), world)
    flow.until("when")
    page = flow.client.get(f"/book/when/?day={DAY}").content.decode()
    assert "On this day we&#x27;re in Valley." in page
