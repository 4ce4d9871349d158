"""Choosing among times that can be kept: which therapist for 'anyone', and which times go well with the day's
drives.

Added driving is what a visit puts between two neighbours (or home, at the ends of a shift):

    drive(before → here) + drive(here → after) - drive(before → after)

Drives from and to home are taken in the traffic around the visit, the others at the moment the therapist is
free. Minutes are whole; instants are UTC.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from itertools import groupby
from typing import TypeVar

from .local_days import local_date
from .types import SchedulingRules, Slot, Therapist
from .working_hours import week_of

K = TypeVar("K")

# A time is only called a good fit when it spares this much driving against the day's middling time.
GOOD_FIT_SAVES_MINUTES = 10
# Added driving is looked at in steps, so that the flag doesn't follow an address street by street.
GOOD_FIT_STEP_MINUTES = 5


def choose_therapist(
    candidates: Iterable[Slot],
    visits_that_week: Mapping[int, int],
    preferred: Collection[int] = (),
) -> Slot:
    """The slot, of several for one start, of a therapist of `preferred` (ids) if there is one, and of these whose
    therapist's day grows least in driving.

    Ties go to who has fewest visits that week (by therapist id; missing is none), then to the lower id.
    Raises ValueError when there is no candidate.
    """
    return min(
        candidates,
        key=lambda slot: (
            slot.therapist_id not in preferred,
            slot.added_drive_minutes,
            visits_that_week.get(slot.therapist_id, 0),
            slot.therapist_id,
        ),
    )


def visits_by_week(therapists: Iterable[Therapist], rules: SchedulingRules) -> dict[date, dict[int, int]]:
    """How many visits and holds each therapist has, by the Monday of their local week, then by therapist id."""
    counts: dict[date, dict[int, int]] = {}
    for therapist in therapists:
        mondays = Counter(
            week_of(local_date(taken.blocked.start, rules.tz))[0] for taken in therapist.existing
        )
        for monday, visits in mondays.items():
            counts.setdefault(monday, {})[therapist.id] = visits
    return counts


def for_anyone(
    slots: Iterable[Slot],
    *,
    therapists: Iterable[Therapist],
    rules: SchedulingRules,
    preferred: Collection[int] = (),
) -> list[Slot]:
    """One slot for each start, with the therapist that 'anyone' gets then; sorted by start.

    `slots` as `offer_slots` sorts them, `therapists` the same as there, with the whole weeks in `existing`.
    """
    visits = visits_by_week(therapists, rules)
    chosen = []
    for starts_at, candidates in groupby(slots, key=lambda slot: slot.starts_at):
        monday = week_of(local_date(starts_at, rules.tz))[0]
        chosen.append(choose_therapist(candidates, visits.get(monday, {}), preferred))
    return chosen


def good_fits(least: Mapping[K, int]) -> frozenset[K]:
    """The starts of one day to offer first, of all with the least driving that each adds for anybody.

    Those in the third that adds the least driving, provided they add `GOOD_FIT_SAVES_MINUTES` less than the day's
    median. Added minutes are first rounded up to `GOOD_FIT_STEP_MINUTES`. On a day whose times are much alike no time
    is a good fit: the flag says how times of one day compare for us, and nothing of how far, from where, or from whom.
    """
    if not least:
        return frozenset()
    stepped = {
        start: -(-added // GOOD_FIT_STEP_MINUTES) * GOOD_FIT_STEP_MINUTES for start, added in least.items()
    }
    ranked = sorted(stepped.values())
    third, median = ranked[(len(ranked) - 1) // 3], ranked[len(ranked) // 2]
    most = min(third, median - GOOD_FIT_SAVES_MINUTES)
    return frozenset(start for start, added in stepped.items() if added <= most)
