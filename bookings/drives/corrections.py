"""The owner's word on drives, as the model takes it: a typical time between two zones corrects, an exact one fixes.

A typical time says how far the model is off for a middling pair of the two zones. Pairs that lie nearer than that are
scaled less, pairs further apart more. So the word never makes all pairs of two zones alike. Times of day are minutes
of the local wall clock, `end` not included.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from .model import Way, road_minutes
from .traffic import KNOT_MINUTES, KNOTS_PER_DAY, Profile

# A word that says more than this is either a slip, or means single pairs, which can be fixed.
MOST_RATIO = 2.0
# The furthest pair takes up this power of the ratio; nearer ones take up as much of it as they are long.
MOST_POWER = 1.4

WEEKDAYS = (Profile.WEEKDAY,)
WEEKEND = (Profile.SATURDAY, Profile.SUNDAY)


@dataclass(frozen=True, slots=True)
class Band:
    """Hours on weekdays, or on the weekend."""

    weekend: bool
    start: int
    end: int

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """The kinds of day on which these hours are."""
        return WEEKEND if self.weekend else WEEKDAYS

    @property
    def knots(self) -> range:
        """The half hours in the band."""
        return range(-(-self.start // KNOT_MINUTES), min(KNOTS_PER_DAY, -(-self.end // KNOT_MINUTES)))


@dataclass(frozen=True, slots=True)
class Scale:
    """How far the model is off in a band for a pair of zones (their keys), whose middling pair takes
    `reference_minutes` on the road."""

    origin_zone: str
    destination_zone: str
    band: Band
    ratio: float
    reference_minutes: float

    def factor(self, way: Way) -> float:
        """How many times longer a way of these zones takes than the model says."""
        power = min(MOST_POWER, typical_road_minutes(way, self.band) / self.reference_minutes)
        return min(MOST_RATIO, max(1 / MOST_RATIO, self.ratio**power))


@dataclass(frozen=True, slots=True)
class Fixed:
    """The exact minutes of one pair of ZIP codes in a band, one direction."""

    origin: str
    destination: str
    band: Band
    minutes: int


def typical_road_minutes(way: Way, band: Band) -> float:
    """What half of all drives in the band take at most, on the road alone."""
    return fmean(
        road_minutes(way, profile, care=50)[knot] for profile in band.profiles for knot in band.knots
    )


def scale_for(
    zones: tuple[str, str], band: Band, minutes: float, *, ways: Sequence[Way], terminal: float
) -> Scale | None:
    """What the owner's `minutes`, door to door, mean for the `ways` from the first of two zones to the other; None
    without any way."""
    if not ways:
        return None
    reference = median(typical_road_minutes(way, band) for way in ways)
    ratio = max(1.0, minutes - terminal) / reference
    return Scale(*zones, band, min(MOST_RATIO, max(1 / MOST_RATIO, ratio)), reference)


def scaled(road: Sequence[float], way: Way, profile: Profile, scales: Iterable[Scale]) -> list[float]:
    """Minutes on the road for each half hour as `scales` correct them; where bands overlap the shorter one speaks,
    since an exception was made for it."""
    minutes = list(road)
    for scale in sorted(scales, key=lambda scale: scale.band.start - scale.band.end):
        if profile in scale.band.profiles:
            factor = scale.factor(way)
            for knot in scale.band.knots:
                minutes[knot] = road[knot] * factor
    return minutes
