"""Minutes for stairs and an elevator, before and after a visit."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bookings import exceptions
from bookings.domain import intake, operations, scheduling
from bookings.domain.selection import load_selection, load_session
from bookings.models import Hold
from tests.factories import DAY, NOW, World, at

pytestmark = pytest.mark.django_db


def starts(world: World, entry: str) -> set[datetime]:
    session = load_session(service_slug=world.service.slug, option_id=world.option.pk)
    offer = scheduling.find_times_between(
        selection=load_selection(session=session, area=world.area, preference="any", today=NOW.date()),
        first_day=DAY,
        last_day=DAY,
        policy=world.policy,
        now=NOW,
        entry=entry,
    )
    return {start.starts_at for start in offer.by_day.get(DAY, ())}


@pytest.mark.parametrize(("entry", "minutes"), [("ground", 10), ("stairs", 15), ("elevator", 13)])
def test_way_to_the_door_is_added_before_and_after(entry: str, minutes: int, world: World) -> None:
    booking = world.book(entry=entry)
    assert booking.blocked_from == at(10) - timedelta(minutes=minutes)
    assert booking.blocked_until == at(11) + timedelta(minutes=minutes)


def test_owner_decides_how_many_minutes(world: World) -> None:
    world.policy.stairs_minutes = 20
    world.policy.save()
    booking = world.book(entry="stairs")
    assert booking.blocked_from == at(9, 30)


@pytest.mark.integrity
def test_time_that_is_too_tight_for_the_stairs_is_neither_offered_nor_booked(world: World) -> None:
    world.policy.stairs_minutes = 40
    world.policy.save()
    tight = starts(world, "ground") - starts(world, "stairs")
    assert tight
    assert starts(world, "stairs") < starts(world, "ground")
    start = min(tight)
    with pytest.raises(exceptions.SlotNotOffered):
        world.book(starts_at=start, entry="stairs")
    assert world.book(starts_at=start, entry="ground")


def test_hold_taken_again_with_other_minutes_ends_when_the_first_would_have(world: World) -> None:
    session = load_session(service_slug=world.service.slug, option_id=world.option.pk)
    selection = load_selection(session=session, area=world.area, preference="any", today=NOW.date())
    draft = intake.load_draft(None, now=NOW)
    intake.save_draft(draft, {}, now=NOW)

    def hold(entry: str, now: datetime, instead_of: Hold | None) -> Hold:
        taken = operations.hold_time(
            draft=draft, selection=selection, starts_at=at(10), policy=world.policy, source="a", now=now,
            entry=entry, instead_of=instead_of,
        )  # fmt: skip
        assert taken is not None
        return taken

    first = hold("ground", NOW, None)
    again = hold("stairs", NOW + timedelta(minutes=3), first)
    assert again.expires_at == NOW + timedelta(minutes=10)
    assert again.blocked_from == at(9, 45)
    assert operations.hold_fits(again, selection=selection, policy=world.policy, entry="stairs")
    assert not operations.hold_fits(again, selection=selection, policy=world.policy, entry="elevator")
