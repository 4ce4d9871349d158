"""A visitor tells of stairs after having chosen a time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
import time_machine

from bookings.models import Booking, Hold
from tests.bookings.views.flow import Flow
from tests.factories import DAY, NOW, World, at

pytestmark = pytest.mark.django_db


def shown(flow: Flow) -> set[str]:
    page = flow.client.get(f"/book/when/?day={DAY}").content.decode()
    times = page.partition('id="times"')[2]
    return {found.split()[0] for found in re.findall(r'name="starts_at" value="([^"]+)"', times)}


@pytest.fixture
def steep(world: World) -> World:
    world.rules.stairs_minutes = 40
    world.rules.save()
    return world


def tight_start(flow: Flow) -> datetime:
    """The first start of the day for the ground floor: with long stairs the drive from home doesn't fit."""
    return datetime.fromisoformat(min(shown(flow)))


def test_stairs_lengthen_the_hold_and_the_visit(flow: Flow) -> None:
    flow.until("details")
    assert Hold.objects.get().blocked_from == at(9, 50)
    assert flow.details(access_type="stairs").headers["Location"] == "/book/review/"
    assert Hold.objects.get().blocked_from == at(9, 45)
    flow.review()
    assert Booking.objects.get().blocked_until == at(11, 15)


def test_stairs_told_twice_take_the_hold_once(flow: Flow) -> None:
    flow.until("details").details(access_type="stairs")
    with time_machine.travel(NOW + timedelta(minutes=2), tick=False):
        flow.details(access_type="stairs")
        flow.details(access_type="elevator")
    hold = Hold.objects.get()
    assert (hold.held_since, hold.expires_at) == (NOW, NOW + timedelta(minutes=12))


def test_time_too_tight_for_the_stairs_leads_to_times_that_count_them(flow: Flow, steep: World) -> None:
    flow.until("when")
    before = shown(flow)
    start = tight_start(flow)
    flow.when(starts_at=start.isoformat())
    flow.health()

    assert flow.details(access_type="stairs").headers["Location"] == "/book/when/"

    assert not Hold.objects.exists()
    page = re.sub(r"\s+", " ", flow.client.get(f"/book/when/?day={DAY}").content.decode())
    assert "Stairs or an elevator take us a few minutes more" in page
    after = shown(flow)
    assert after < before
    assert start.isoformat() not in after
    # A time from a page that was open before is refused as well.
    assert flow.when(starts_at=start.isoformat()).status_code == 409
    flow.when(starts_at=at(14).isoformat())
    page = flow.client.get("/book/details/").content.decode()
    assert 'value="12 Sample Street"' in page
    assert flow.details(access_type="stairs").headers["Location"] == "/book/review/"


def test_time_that_others_took_is_not_blamed_on_the_stairs(flow: Flow, steep: World) -> None:
    flow.until("details")
    with time_machine.travel(NOW + timedelta(minutes=30), tick=False):
        steep.book(now=NOW + timedelta(minutes=30), email="faster@example.com", phone="+12135550111")
        assert flow.details(access_type="stairs").headers["Location"] == "/book/when/"
        page = flow.client.get("/book/when/").content.decode()
    assert "just gone" in page
    assert "Stairs or an elevator" not in page


def test_back_to_the_ground_floor_gives_the_minutes_back(flow: Flow) -> None:
    flow.until("details").details(access_type="stairs")
    flow.details(access_type="ground")
    assert Hold.objects.get().blocked_from == at(9, 50)
