"""Minutes for stairs and an elevator, before and after a visit."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bookings import exceptions
from bookings.domain import intake, operations, scheduling
from bookings.domain.visit_request import load_treatment, load_visit_request
from bookings.models import Hold
from tests.factories import DAY, NOW, World, at

pytestmark = pytest.mark.django_db


def starts(world: World, access_type: str) -> set[datetime]:
    treatment = load_treatment(service_slug=world.service.slug, option_id=world.option.pk)
    visit_request = load_visit_request(
        treatment=treatment, area=world.area, preference="any", today=NOW.date()
    )
    offer = scheduling.find_times_between(
        visit_request=replace(visit_request, access_type=access_type),
        first_day=DAY,
        last_day=DAY,
        rules=world.rules,
        now=NOW,
    )
    return {start.starts_at for start in offer.by_day.get(DAY, ())}


@pytest.mark.parametrize(("access_type", "minutes"), [("ground", 10), ("stairs", 15), ("elevator", 13)])
def test_access_type_is_added_before_and_after(access_type: str, minutes: int, world: World) -> None:
    booking = world.book(access_type=access_type)
    assert booking.blocked_from == at(10) - timedelta(minutes=minutes)
    assert booking.blocked_until == at(11) + timedelta(minutes=minutes)


def test_owner_decides_how_many_minutes(world: World) -> None:
    world.rules.stairs_minutes = 20
    world.rules.save()
    booking = world.book(access_type="stairs")
    assert booking.blocked_from == at(9, 30)


@pytest.mark.integrity
def test_time_that_is_too_tight_for_the_stairs_is_neither_offered_nor_booked(world: World) -> None:
    world.rules.stairs_minutes = 40
    world.rules.save()
    tight = starts(world, "ground") - starts(world, "stairs")
    assert tight
    assert starts(world, "stairs") < starts(world, "ground")
    start = min(tight)
    with pytest.raises(exceptions.SlotNotOffered):
        world.book(starts_at=start, access_type="stairs")
    assert world.book(starts_at=start, access_type="ground")


def test_hold_taken_again_with_other_minutes_counts_from_the_first_choice(world: World) -> None:
    treatment = load_treatment(service_slug=world.service.slug, option_id=world.option.pk)
    visit_request = load_visit_request(
        treatment=treatment, area=world.area, preference="any", today=NOW.date()
    )
    draft = intake.load_draft(None, now=NOW)
    intake.save_draft(draft, {}, now=NOW)

    def hold(access_type: str, now: datetime) -> Hold:
        taken = operations.hold_time(
            draft=draft,
            visit_request=replace(visit_request, access_type=access_type),
            starts_at=at(10),
            rules=world.rules,
            source="a",
            now=now,
        )
        assert taken is not None
        return taken

    hold("ground", NOW)
    again = hold("stairs", NOW + timedelta(minutes=3))
    assert (again.held_since, again.expires_at) == (NOW, NOW + timedelta(minutes=13))
    assert again.blocked_from == at(9, 45)
    for access_type, fits in (("stairs", True), ("elevator", False)):
        wish = operations.Wish(replace(visit_request, access_type=access_type), at(10))
        assert operations.holds_match([again], [wish], rules=world.rules) is fits
