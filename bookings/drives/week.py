"""From minutes at each half hour to the whole minutes of a whole week, in steps of five minutes.

Leaving later never arrives earlier: from one step to the next a drive grows shorter by a minute at most, and where
traffic eases faster than that, the longer figure holds on. All minutes are of the local wall clock.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain

from .traffic import KNOT_MINUTES, Profile

STEP_MINUTES = 5
STEPS_PER_DAY = 24 * 60 // STEP_MINUTES
_PER_KNOT = KNOT_MINUTES // STEP_MINUTES

# Profiles have numbers here, and these follow the day of each.
_ORDER = tuple(Profile)
_NEXT_DAYS = ((0, 1), (2,), (0,))
# Whole minutes by step: those of weekdays, Saturdays and Sundays one after another.
Answers = tuple[int, ...]
# Whole minutes at each half hour, by kind of day.
HalfHours = Mapping[Profile, Sequence[int]]
# The same where nobody may know: None then.
Minutes = Sequence[int | None]
# Exact minutes from one minute of the day to another, on one kind of day.
FixedSteps = Sequence[tuple[Profile, int, int, int]]


def step_number(profile: Profile, wall_minute: int) -> int:
    """Where `answers` holds the drive of who leaves at that minute of the day."""
    return _ORDER.index(profile) * STEPS_PER_DAY + wall_minute // STEP_MINUTES


def answers(half_hours: HalfHours, fixed: FixedSteps = ()) -> Answers:
    """Whole minutes for each five minutes of the week, rounded up; straight lines between the half hours.

    What is `fixed` stays exactly so, the last one speaking; before it a drive may be longer than waiting for it.
    """
    days = [_steps(half_hours, number) for number in range(len(_ORDER))]
    exact: list[set[int]] = [set() for _ in _ORDER]
    for profile, start, end, minutes in fixed:
        for step in range(start // STEP_MINUTES, -(-end // STEP_MINUTES)):
            days[_ORDER.index(profile)][step] = minutes
            exact[_ORDER.index(profile)].add(step)
    # What one midnight carries over may reach the next one, so until nothing is carried any more.
    carried = True
    while carried:
        carried = False
        for number, following in enumerate(_NEXT_DAYS):
            last = _hold_on(days[number], exact[number])
            for day in following:
                if days[day][0] < last - 1 and 0 not in exact[day]:
                    days[day][0] = last - 1
                    carried = True
    return tuple(chain.from_iterable(days))


def only_fixed(fixed: FixedSteps) -> tuple[int | None, ...] | None:
    """The week of a drive of which only some hours are known, exactly; None without any."""
    if not fixed:
        return None
    steps: list[int | None] = [None] * (len(_ORDER) * STEPS_PER_DAY)
    for profile, start, end, minutes in fixed:
        first = step_number(profile, start)
        steps[first : first + (end - start) // STEP_MINUTES] = [minutes] * ((end - start) // STEP_MINUTES)
    return tuple(steps)


def _hold_on(steps: list[int], exact: set[int]) -> int:
    """Lets no step be more than a minute shorter than the one before, but for the `exact` ones; returns the last."""
    least = 0
    for step, minutes in enumerate(steps):
        if minutes < least and step not in exact:
            minutes = steps[step] = least
        least = minutes - 1
    return steps[-1]


def _steps(half_hours: HalfHours, number: int) -> list[int]:
    knots = half_hours[_ORDER[number]]
    # A day ends where the following one begins; of two, where the longer drive is.
    end = max(half_hours[_ORDER[day]][0] for day in _NEXT_DAYS[number])
    return list(chain.from_iterable(map(_between, knots, (*knots[1:], end))))


@lru_cache(maxsize=65536)
def _between(here: int, there: int) -> tuple[int, ...]:
    """The steps of one half hour. Of each five minutes the longer end: a step must not promise what its last minute
    doesn't keep."""
    pace, first = (there - here) / _PER_KNOT, 1 if there > here else 0
    return tuple(math.ceil(here + pace * step - 1e-6) for step in range(first, first + _PER_KNOT))
