"""The rows of drives: made whenever something has changed, read in one query, the same for all who read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import time, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from bookings import availability
from bookings.domain import scheduling
from bookings.domain.visit_request import load_treatment, load_visit_request
from bookings.drives import rows, table
from bookings.drives.estimates import Basis
from bookings.drives.models import (
    Days,
    DriveCorrection,
    DriveEdition,
    DriveEstimate,
    DriveRules,
    FixedDrive,
    RoadTime,
)
from bookings.drives.table import read_drives
from bookings.models import ServiceArea, Zone
from tests.factories import DAY, NOW, World, at, fix_drives, make_world
from tests.support.routing import RoutingServer, saying

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]

RUSH = at(17)


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def server(settings: Settings) -> Iterator[RoutingServer]:
    with RoutingServer() as running:
        settings.ROUTING_URL, settings.ROUTING_TIMEOUT = running.url, 5.0
        yield running


def minutes(origin: ServiceArea, destination: ServiceArea, when: Any = RUSH) -> int | None:
    return read_drives()(scheduling.place_of(origin), scheduling.place_of(destination), when)


def test_rows_hold_every_pair_and_kind_of_day(world: World) -> None:
    assert rows.refresh(now=NOW)

    assert DriveEdition.objects.count() == 1
    assert DriveEstimate.objects.count() == 2 * 2 * 3
    row = DriveEstimate.objects.get(origin="90026", destination="91364", profile="weekday")
    careful, quick = ([int(part) for part in text.split()] for text in (row.careful, row.quick))
    assert len(careful) == len(quick) == 48
    assert all(a < b for a, b in zip(quick, careful, strict=True))


def test_what_is_read_is_what_the_rows_say(world: World) -> None:
    estimated = minutes(world.far_area, world.area)
    rows.refresh(now=NOW)
    assert minutes(world.far_area, world.area) == estimated

    told = " ".join(["77"] * 48)
    DriveEstimate.objects.filter(profile="weekday").update(careful=told)
    table._last = None
    assert minutes(world.far_area, world.area) == 77


def test_nothing_is_made_until_something_changes(world: World) -> None:
    rows.refresh(now=NOW)
    edition = DriveEdition.objects.get()
    assert not rows.refresh(now=NOW + timedelta(days=1))
    assert DriveEdition.objects.get() == edition

    DriveRules().save()
    changes: list[Callable[[], Any]] = [
        lambda: DriveRules.objects.update(care_percent=90),
        lambda: DriveRules.objects.update(terminal_minutes=9),
        lambda: DriveCorrection.objects.create(
            origin=world.zone, destination=world.far_zone, starts_at=time(16), ends_at=time(19), minutes=90
        ),
        lambda: DriveCorrection.objects.update(minutes=80),
        lambda: FixedDrive.objects.create(origin=world.area, destination=world.far_area, minutes=50),
        lambda: ServiceArea.objects.filter(pk=world.area.pk).update(latitude=34.08),
        lambda: ServiceArea.objects.filter(pk=world.area.pk).update(zone=world.far_zone),
        lambda: ServiceArea.objects.create(
            zip_code="90291", zone=world.zone, latitude=33.9938, longitude=-118.4635
        ),
        lambda: FixedDrive.objects.all().delete(),
    ]
    for change in changes:
        change()
        assert rows.refresh(now=NOW)
        assert not rows.refresh(now=NOW)
    assert DriveEdition.objects.count() == 1
    assert DriveEstimate.objects.count() == 3 * 3 * 3


def test_reading_is_one_query_with_rows_and_without(world: World, count_queries: Callable[..., Any]) -> None:
    for _ in range(2):
        with count_queries() as taken:
            minutes(world.area, world.far_area)
        assert len(taken) == 1
        rows.refresh(now=NOW)
    with count_queries() as taken:
        table_before = read_drives()
    assert len(taken) == 1
    with count_queries() as taken:
        assert read_drives() is table_before
    assert len(taken) == 1


def test_times_take_three_queries_and_share_the_rows_with_the_lock(
    world: World, count_queries: Callable[..., Any]
) -> None:
    rows.refresh(now=NOW)
    treatment = load_treatment(service_slug=world.service.slug, option_id=world.option.pk)
    wish = load_visit_request(treatment=treatment, area=world.area, preference="any", today=NOW.date())
    for _ in range(2):
        with count_queries() as taken:
            offer = scheduling.find_times_between(
                visit_request=wish, first_day=DAY, last_day=DAY, rules=world.rules, now=NOW
            )
        assert len(taken) == 3
        assert offer.by_day


def test_a_place_added_a_second_ago_is_estimated_until_its_rows_are_there(world: World) -> None:
    rows.refresh(now=NOW)
    DriveRules(care_percent=95).save()
    rows.refresh(now=NOW)
    venice = ServiceArea.objects.create(
        zip_code="90291", zone=world.zone, latitude=33.9938, longitude=-118.4635
    )
    estimated = minutes(venice, world.area)
    plain = table.DriveTable(Basis(), zone="America/Los_Angeles")
    relaxed = plain(scheduling.place_of(venice), scheduling.place_of(world.area), RUSH)
    assert estimated is not None
    assert relaxed is not None
    # On the owner's rules, which the edition keeps.
    assert estimated > relaxed

    rows.refresh(now=NOW)
    made = minutes(venice, world.area)
    assert made is not None
    assert abs(made - estimated) <= 5


def test_a_pair_that_nobody_knows_is_unknown(world: World) -> None:
    nowhere = ServiceArea(zip_code="00000", zone=world.zone)
    for _ in range(2):
        assert minutes(nowhere, world.area) is None
        assert minutes(world.area, nowhere) is None
        rows.refresh(now=NOW)


def test_what_is_too_far_to_be_driven_is_unknown(world: World) -> None:
    far = ServiceArea.objects.create(zip_code="95531", zone=world.zone, latitude=41.7, longitude=-124.1)
    for _ in range(2):
        assert minutes(far, world.area) is None
        rows.refresh(now=NOW)
    assert not DriveEstimate.objects.filter(origin="95531", destination="90026").exists()


def test_the_owner_may_know_what_no_map_does(world: World) -> None:
    nowhere = ServiceArea.objects.create(zip_code="00000", zone=world.zone)
    fix_drives((nowhere, world.area, 33), start=time(9), end=time(18))

    assert minutes(nowhere, world.area) == 33
    assert minutes(nowhere, world.area, at(18)) is None
    assert minutes(world.area, nowhere) is None


def test_a_fixed_pair_is_exact_and_goes_both_ways_unless_said(world: World) -> None:
    FixedDrive.objects.create(origin=world.area, destination=world.far_area, minutes=51)
    rows.refresh(now=NOW)
    assert (minutes(world.area, world.far_area), minutes(world.far_area, world.area)) == (51, 51)

    FixedDrive.objects.create(origin=world.far_area, destination=world.area, minutes=62, both_ways=False)
    rows.refresh(now=NOW)
    assert (minutes(world.area, world.far_area), minutes(world.far_area, world.area)) == (51, 62)


def test_a_word_on_two_zones_goes_both_ways_until_the_other_has_its_own(world: World) -> None:
    before = minutes(world.area, world.far_area), minutes(world.far_area, world.area)
    assert before[0] is not None
    word = {"days": Days.WEEKDAYS, "starts_at": time(16), "ends_at": time(19)}
    DriveCorrection.objects.create(origin=world.zone, destination=world.far_zone, minutes=140, **word)
    rows.refresh(now=NOW)
    after = minutes(world.area, world.far_area), minutes(world.far_area, world.area)
    assert all(a is not None and b is not None and b > a + 10 for a, b in zip(before, after, strict=True))

    DriveCorrection.objects.create(
        origin=world.far_zone, destination=world.zone, minutes=round(before[0] * 0.6), **word
    )
    rows.refresh(now=NOW)
    assert minutes(world.area, world.far_area) == after[0]
    back = minutes(world.far_area, world.area)
    assert back is not None
    assert before[1] is not None
    assert back < before[1]


def test_what_a_change_would_come_to_is_asked_without_rows(world: World) -> None:
    rows.refresh(now=NOW)
    places = scheduling.place_of(world.area), scheduling.place_of(world.far_area)
    assert rows.drives_as_known()(*places, RUSH) == read_drives()(*places, RUSH)

    DriveRules(terminal_minutes=19).save()
    then = rows.drives_as_known()(*places, RUSH)
    now = read_drives()(*places, RUSH)
    assert then is not None
    assert now is not None
    assert then == now + 15


def test_the_spread_lies_below_what_is_planned(world: World) -> None:
    places = scheduling.place_of(world.area), scheduling.place_of(world.far_area)
    for _ in range(2):
        quick, planned = read_drives().quick(*places, RUSH), read_drives()(*places, RUSH)
        assert quick is not None
        assert planned is not None
        assert planned * 0.5 < quick < planned
        rows.refresh(now=NOW)


def test_one_address_is_no_drive(world: World) -> None:
    door = availability.Place("90026", "1", 34.0766, -118.2646, address_key="door")
    assert read_drives()(door, door, RUSH) == 0
    assert read_drives().quick(door, door, RUSH) == 0


# The routing server ------------------------------------------------------------------------------------------------


def test_the_server_is_asked_once_a_week_in_one_call(world: World, server: RoutingServer) -> None:
    rows.refresh(now=NOW)
    assert len(server.requests) == 1
    assert RoadTime.objects.count() == 4

    rows.refresh(now=NOW + timedelta(days=6))
    assert len(server.requests) == 1
    rows.refresh(now=NOW + timedelta(days=8))
    assert len(server.requests) == 2


def test_a_new_or_moved_place_and_another_server_are_asked_at_once(
    world: World, server: RoutingServer, settings: Settings
) -> None:
    rows.refresh(now=NOW)
    ServiceArea.objects.filter(pk=world.area.pk).update(latitude=34.08)
    rows.refresh(now=NOW)
    ServiceArea.objects.create(zip_code="90291", zone=world.zone, latitude=33.9938, longitude=-118.4635)
    rows.refresh(now=NOW)
    assert len(server.requests) == 3
    assert RoadTime.objects.count() == 9

    settings.ROUTING_URL = f"{server.url}/other"
    rows.refresh(now=NOW)
    assert server.requests[3].startswith("/other/")


def test_what_the_server_says_sets_the_pace(world: World, server: RoutingServer) -> None:
    estimated = minutes(world.far_area, world.area)
    server.mph = 25.0
    rows.refresh(now=NOW)
    slow = minutes(world.far_area, world.area)
    server.mph = 50.0
    rows.refresh(now=NOW + timedelta(days=8))
    quick = minutes(world.far_area, world.area)

    assert estimated is not None
    assert slow is not None
    assert quick is not None
    assert quick < estimated < slow


@pytest.mark.parametrize("mph", [500.0, 5.0])
def test_a_figure_three_times_off_is_marked_and_not_used(
    mph: float, world: World, server: RoutingServer
) -> None:
    estimated = minutes(world.far_area, world.area)
    server.mph = mph
    rows.refresh(now=NOW)

    assert RoadTime.objects.filter(is_doubtful=True).count() == 2
    assert minutes(world.far_area, world.area) == estimated


def test_a_server_that_goes_away_leaves_what_it_told(world: World, server: RoutingServer) -> None:
    server.mph = 25.0
    rows.refresh(now=NOW)
    told = minutes(world.far_area, world.area)
    server.behavior = saying("", 500)
    assert not rows.refresh(now=NOW + timedelta(days=30))

    assert minutes(world.far_area, world.area) == told


def test_without_a_server_what_one_told_before_is_not_used(
    world: World, server: RoutingServer, settings: Settings
) -> None:
    estimated = minutes(world.far_area, world.area)
    server.mph = 25.0
    rows.refresh(now=NOW)
    assert minutes(world.far_area, world.area) != estimated
    settings.ROUTING_URL = ""
    rows.refresh(now=NOW)

    assert minutes(world.far_area, world.area) == estimated


def test_many_places_are_asked_in_blocks_that_the_server_takes(world: World, server: RoutingServer) -> None:
    zone = Zone.objects.create(name="Grid")
    ServiceArea.objects.bulk_create(
        ServiceArea(
            zip_code=f"{80000 + number}",
            city="-",
            zone=zone,
            latitude=34 + number % 8 * 0.02,
            longitude=-118.5 + number // 8 * 0.02,
        )
        for number in range(58)
    )
    assert rows.ask_server(now=NOW) == 60 * 60
    assert len(server.requests) == 4
    assert all(
        request.count(";") + 1 - request.split("?")[1].count(";") <= 101 for request in server.requests
    )


def test_no_request_ever_asks_the_server(world: World, server: RoutingServer) -> None:
    minutes(world.area, world.far_area)
    world.book()
    rows.drives_as_known()

    assert server.requests == []
