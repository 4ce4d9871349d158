"""The week's traffic in Los Angeles: how many times longer than on empty roads a mile takes, by half hour.

Freeways: the mean travel-time index by kind of day and hour over 207 loop detectors of Los Angeles County, and how far
its 80th percentile lies above its median, in `data/freeway_travel_time_index.csv` (`docs/drives.md` says where it is
from). Streets: our own shape, flatter than the freeways' and busier at midday. Hours are local wall time.
"""

import csv
import math
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

KNOTS_PER_DAY = 48
KNOT_MINUTES = 30
Z80 = NormalDist().inv_cdf(0.8)

# The figures are of 2012: peaks are longer today.
PEAKS_SINCE = 1.15
# How much of the spread across places is left along a whole way: a bad mile is made up for by a good one.
SPREAD_ALONG_A_WAY = 0.45
LEAST_SPREAD, MOST_SPREAD = 0.08, 0.25
# The standard deviation of the logarithm of what a mile of street takes.
STREET_SPREAD = 0.1


class Profile(StrEnum):
    """Days whose traffic is alike."""

    WEEKDAY = "weekday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


# By weekday from Monday.
PROFILES = (Profile.WEEKDAY,) * 5 + (Profile.SATURDAY, Profile.SUNDAY)

# Times longer than on an empty street, hour by hour from midnight.
_STREETS = {
    Profile.WEEKDAY: (
        1.00, 1.00, 1.00, 1.00, 1.00, 1.03, 1.17, 1.49, 1.70, 1.53, 1.39, 1.42,
        1.48, 1.48, 1.50, 1.64, 1.77, 1.91, 1.84, 1.56, 1.34, 1.20, 1.11, 1.04,
    ),
    Profile.SATURDAY: (
        1.04, 1.03, 1.00, 1.00, 1.00, 1.00, 1.00, 1.04, 1.11, 1.21, 1.31, 1.42,
        1.48, 1.48, 1.45, 1.45, 1.45, 1.48, 1.50, 1.42, 1.31, 1.22, 1.17, 1.10,
    ),
    Profile.SUNDAY: (
        1.04, 1.03, 1.00, 1.00, 1.00, 1.00, 1.00, 1.00, 1.06, 1.14, 1.22, 1.34,
        1.39, 1.39, 1.36, 1.34, 1.34, 1.34, 1.34, 1.28, 1.20, 1.11, 1.06, 1.03,
    ),
}  # fmt: skip


class Week(NamedTuple):
    """One kind of day, a figure for each half hour from midnight.

    `freeway` and `street` are times an empty road; `freeway_spread` is the standard deviation of the logarithm of a
    freeway's figure; `towards_work` says how far into the peak towards work (1) or away from it (-1) the moment is.
    """

    freeway: tuple[float, ...]
    freeway_spread: tuple[float, ...]
    street: tuple[float, ...]
    towards_work: tuple[float, ...]


def _half_hours(hours: Sequence[float], midnight: float) -> tuple[float, ...]:
    """An hour's mean stands in its middle; between two middles a straight line. All days meet at midnight."""
    knots: list[float] = []
    for hour in range(24):
        knots += [(hours[hour - 1] + hours[hour]) / 2, hours[hour]]
    return (midnight, *knots[1:])


def _peaks(knot: int) -> float:
    hour = knot / 2
    return max(0.0, 1 - abs(hour - 8) / 2.5) - max(0.0, 1 - abs(hour - 17.25) / 3)


def _read() -> dict[Profile, Week]:
    path = Path(__file__).parent / "data" / "freeway_travel_time_index.csv"
    means: dict[str, list[float]] = {}
    spreads: dict[str, list[float]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            means.setdefault(row["day"], []).append(1 + PEAKS_SINCE * (float(row["mean"]) - 1))
            spread = SPREAD_ALONG_A_WAY * math.log(float(row["p80"]) / float(row["p50"])) / Z80
            spreads.setdefault(row["day"], []).append(min(MOST_SPREAD, max(LEAST_SPREAD, spread)))
    midnight = sum((means[day][0] + means[day][23]) / 2 for day in Profile) / len(Profile)
    return {
        day: Week(
            freeway=_half_hours(means[day], midnight),
            freeway_spread=_half_hours(spreads[day], LEAST_SPREAD),
            street=_half_hours(_STREETS[day], 1.02),
            towards_work=tuple(
                _peaks(knot) if day == Profile.WEEKDAY else 0.0 for knot in range(KNOTS_PER_DAY)
            ),
        )
        for day in Profile
    }


WEEK = _read()
