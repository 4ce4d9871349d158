"""The answer to a ZIP code: yes or no, the next time that can really be booked, and what it costs."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.test import Client

from bookings.domain.area_check import check_area
from bookings.domain.queries import visited_zones
from bookings.domain.reach import lowest_travel_cents
from bookings.exceptions import OutsideArea
from bookings.forms import ZipForm
from bookings.models import Closure, ServiceArea, Therapist, Zone
from massagerx.lib.localtime import local
from services.models import Service, ServiceOption
from tests.factories import DAY, NOW, World, at, fix_drives


def test_next_time_is_one_that_can_be_booked(world: World) -> None:
    answer = check_area(zip_code="90026", service_slug="", now=NOW)
    assert answer.starts_at is not None
    assert answer.starts_at > NOW
    booked = world.book(starts_at=answer.starts_at, total_cents=answer.quote.total_cents)
    assert booked.starts_at == answer.starts_at
    later = check_area(zip_code="90026", service_slug="", now=NOW).starts_at
    assert later is not None
    assert later >= booked.ends_at


def test_no_time_is_named_that_comes_too_soon_for_an_answer(world: World) -> None:
    """What the press on it would be refused for."""
    answer = check_area(zip_code="90026", service_slug="", now=at(22, day=DAY - timedelta(days=1)))
    assert answer.starts_at == at(13)
    assert answer.therapist == world.therapist


def close_days(number: int) -> None:
    """Nobody works on the first `number` days from today."""
    Closure.objects.bulk_create(
        Closure(date=NOW.date() + timedelta(days=day), name="Closed") for day in range(number)
    )


def test_price_holds_the_drive_and_the_evening(world: World) -> None:
    near = check_area(zip_code="90026", service_slug="", now=NOW)
    assert near.quote is not None
    assert near.quote.total_cents == 14_000
    world.therapist.working_hours.all().delete()
    world.therapist.extra_hours.create(date=DAY, starts_at=time(17), ends_at=time(20))
    evening = check_area(zip_code="90026", service_slug="", now=NOW)
    assert evening.quote is not None
    assert evening.quote.total_cents == 16_500


def test_chosen_service_and_its_shortest_length_are_answered_for(world: World) -> None:
    other = Service.objects.create(
        category=world.service.category,
        name="Other",
        slug="other",
        summary=".",
        description="<p>.</p>",
        position=9,
    )
    for minutes, cents in ((120, 30_000), (45, 9_000)):
        ServiceOption.objects.create(service=other, minutes=minutes, price_cents=cents)
    world.therapist.services.add(other)
    answer = check_area(zip_code="91364", service_slug="other", now=NOW)
    assert answer.treatment is not None
    assert (answer.treatment.service, answer.treatment.minutes) == (other, 45)
    assert answer.quote is not None
    assert answer.quote.total_cents == 13_000
    for unknown in ("", "no-such-service"):
        first = check_area(zip_code="91364", service_slug=unknown, now=NOW).treatment
        assert first is not None
        assert (first.service, first.option) == (world.service, world.option)


def test_time_beyond_the_first_look_is_found(world: World) -> None:
    close_days(20)
    answer = check_area(zip_code="90026", service_slug="", now=NOW)
    assert answer.starts_at is not None
    assert answer.starts_at >= at(0, day=date(2026, 12, 22))


@pytest.mark.parametrize("ahead", [0, 1, 13, 14, 15, 16, 59, 60])
def test_the_one_free_day_is_found_wherever_it_is(ahead: int, world: World) -> None:
    """Today, the last day of the horizon, and the days on either side of the first look's end."""
    today = date(2026, 12, 2)
    world.therapist.working_hours.all().delete()
    world.therapist.extra_hours.create(
        date=today + timedelta(days=ahead), starts_at=time(9), ends_at=time(23)
    )
    answer = check_area(zip_code="90026", service_slug="", now=NOW)
    assert answer.starts_at is not None
    assert local(answer.starts_at).date() == today + timedelta(days=ahead)


def test_a_day_beyond_the_horizon_is_no_answer(world: World) -> None:
    world.therapist.working_hours.all().delete()
    world.therapist.extra_hours.create(
        date=date(2026, 12, 2) + timedelta(days=61), starts_at=time(9), ends_at=time(23)
    )
    assert check_area(zip_code="90026", service_slug="", now=NOW).starts_at is None


def test_a_service_that_nobody_does_is_not_answered_for(world: World) -> None:
    alone = Service.objects.create(
        category=world.service.category,
        name="Nobody’s",
        slug="nobodys",
        summary=".",
        description="<p>.</p>",
        position=0,
    )
    ServiceOption.objects.create(service=alone, minutes=15, price_cents=1_000)
    Service.objects.filter(pk=world.service.pk).update(position=5)
    for slug in ("nobodys", ""):
        treatment = check_area(zip_code="90026", service_slug=slug, now=NOW).treatment
        assert treatment is not None
        assert treatment.service == world.service


@pytest.mark.parametrize("nobody", ["therapist", "hours", "service"])
def test_yes_without_a_time_when_nobody_can_come(nobody: str, world: World) -> None:
    if nobody == "therapist":
        Therapist.objects.update(is_active=False)
    elif nobody == "hours":
        world.therapist.working_hours.all().delete()
    else:
        Service.objects.update(is_active=False)
    answer = check_area(zip_code="90026", service_slug="", now=NOW)
    assert answer.area == world.area
    assert answer.starts_at is None


def test_zip_that_is_not_served_is_outside(world: World) -> None:
    world.far_area.is_active = False
    world.far_area.save()
    for zip_code in ("92101", "91364"):
        with pytest.raises(OutsideArea):
            check_area(zip_code=zip_code, service_slug="", now=NOW)


def test_queries_do_not_grow_with_bookings(world: World, count_queries: Any) -> None:
    with count_queries() as few:
        check_area(zip_code="90026", service_slug="", now=NOW)
    for number in range(4):
        world.book(
            starts_at=at(10 + 2 * number), email=f"c{number}@example.com", phone=f"+1213555012{number}"
        )
    with count_queries() as many:
        check_area(zip_code="90026", service_slug="", now=NOW)
    assert len(many) == len(few) <= 8


def test_a_zone_in_which_nobody_works_is_not_promised(world: World, client: Client) -> None:
    zone = Zone.objects.create(name="Far away", position=9)
    ServiceArea.objects.create(
        zip_code="93535", city="Lancaster", zone=zone, latitude=34.69, longitude=-117.9
    )
    other = world.area.zone
    for hours in world.therapist.working_hours.all():
        hours.zones.add(other)
    assert check_area(zip_code="90026", service_slug="", now=NOW).starts_at is not None
    with pytest.raises(OutsideArea):
        check_area(zip_code="93535", service_slug="", now=NOW)
    assert [row.name for row in visited_zones(DAY)] == [other.name]
    assert b"Far away" not in client.get("/").content
    assert "drive to 93535 yet" in client.get("/?zip=93535").content.decode()
    assert client.get("/book/outside/?zip=93535").status_code == 200
    # Hours on one day are hours there.
    extra = world.therapist.extra_hours.create(date=DAY, starts_at=time(9), ends_at=time(17))
    extra.zones.add(zone)
    assert check_area(zip_code="93535", service_slug="", now=NOW).area.zone == zone
    extra.delete()
    # Of somebody who can't be booked they are none, and while nobody works at all it is a pause.
    Therapist.objects.update(is_active=False)
    assert zone in visited_zones(DAY)


@pytest.mark.parametrize(("drive", "is_near"), [(260, True), (261, False)])
def test_a_zip_code_that_is_too_far_for_a_day_is_not_promised(
    drive: int, is_near: bool, world: World, client: Client
) -> None:
    """From 9 to 19 there is time for 260 minutes of way, 80 of visit and 260 of way: the engine finds that start."""
    fix_drives((world.area, world.far_area, drive), (world.far_area, world.area, drive))
    shown = client.get("/?zip=91364").content.decode()
    assert ("drive to 91364 yet" in shown) is not is_near
    assert ("<span>Valley</span>" in shown) is is_near
    assert client.get("/book/outside/?zip=91364").status_code == (302 if is_near else 200)
    # Nor is the price of its drive.
    Zone.objects.filter(pk=world.far_area.zone_id).update(travel_fee_cents=0)
    assert lowest_travel_cents(DAY) == (0 if is_near else 2_000)
    assert ZipForm({"zip_code": "91364"}).area(today=DAY, by_staff=True) == world.far_area
    asked = ZipForm({"zip_code": "91364"}).area(today=DAY)
    if is_near:
        assert check_area(zip_code="91364", service_slug="", now=NOW).starts_at is not None
        assert asked == world.far_area
    else:
        assert asked is None
        with pytest.raises(OutsideArea):
            check_area(zip_code="91364", service_slug="", now=NOW)
    # Extra hours add up with those of their weekday.
    world.therapist.extra_hours.create(date=DAY, starts_at=time(7), ends_at=time(8))
    assert ZipForm({"zip_code": "91364"}).area(today=DAY) == world.far_area


def test_a_zip_code_beyond_everybodys_reach_is_not_promised(world: World) -> None:
    Therapist.objects.update(reach_minutes=10)
    fix_drives((world.area, world.far_area, 11))
    with pytest.raises(OutsideArea):
        check_area(zip_code="91364", service_slug="", now=NOW)
    assert ZipForm({"zip_code": "91364"}).area(today=DAY) is None
    near = world.add_therapist(home_zip=world.far_area)
    assert ZipForm({"zip_code": "91364"}).area(today=DAY) == world.far_area
    # Near enough, but with hours elsewhere alone.
    for hours in near.working_hours.all():
        hours.zones.add(world.zone)
    assert ZipForm({"zip_code": "91364"}).area(today=DAY) is None


def test_the_first_price_holds_the_least_drive_of_a_zone_that_is_visited(world: World) -> None:
    Zone.objects.update(travel_fee_cents=900)
    free = Zone.objects.create(name="Free")
    ServiceArea.objects.create(zip_code="93535", city="Lancaster", zone=free)
    assert lowest_travel_cents(DAY) == 0
    for hours in world.therapist.working_hours.all():
        hours.zones.add(world.area.zone)
    assert lowest_travel_cents(DAY) == 900
