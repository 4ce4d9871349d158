"""The starts at which two can come: found by the sweep, and by asking of every pair of therapists at every start."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.availability import OfferedStart, Slot, offer_pairs, offer_slots
from tests.bookings.availability.strategies import UNHURRIED, World, worlds

# How many are not preferred, driving added, and the ids of both.
Pair = tuple[int, int, int, int]


def by_brute_force(world: World, first: set[int], second: set[int]) -> dict[date, dict[datetime, Pair]]:
    """By day and start the least (not preferred, driving added) of two who can come, with the lowest ids."""
    best: dict[date, dict[datetime, Pair]] = {}
    at_start: dict[datetime, list[Slot]] = defaultdict(list)
    for slot in offer_slots(**world.arguments()):
        at_start[slot.starts_at].append(slot)
    for one, other in (pair for slots in at_start.values() for pair in permutations(slots, 2)):
        if one.therapist_id not in first or other.therapist_id not in second:
            continue
        preferred = world.job.preferred
        key = (
            (one.therapist_id not in preferred) + (other.therapist_id not in preferred),
            one.added_drive_minutes + other.added_drive_minutes,
            one.therapist_id,
            other.therapist_id,
        )
        day = best.setdefault(one.starts_at.astimezone(world.rules.tz).date(), {})
        day[one.starts_at] = min(day.get(one.starts_at, key), key)
    return best


@settings(UNHURRIED, max_examples=60)
@given(worlds(), st.sets(st.integers(0, 6)), st.sets(st.integers(0, 6)))
def test_pairs_are_the_best_of_all(world: World, left_out: set[int], not_second: set[int]) -> None:
    ids = [therapist.id for therapist in world.therapists]
    first = {key for number, key in enumerate(ids) if number not in left_out}
    second = {key for number, key in enumerate(ids) if number not in not_second}

    found = offer_pairs(**world.arguments(), first=first, second=second)

    expected = by_brute_force(world, first, second)
    assert found.keys() == expected.keys()
    for day, starts in found.items():
        assert all(isinstance(start, OfferedStart) for start in starts)
        assert [start.starts_at for start in starts] == sorted(expected[day])
        for start in starts:
            assert (start.therapist_id, start.second_id) == expected[day][start.starts_at][2:]
