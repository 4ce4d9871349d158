"""Minutes from one ZIP code to another by distance, moment of the week, and how careful one wants to be.

    minutes = terminal + streets × traffic on streets + freeway × traffic on freeways

Terminal minutes are for the way to the car, parking and the door. Short ways are streets, long ones more and more
freeway; a routing server's figure for an empty road takes the place of the two when there is one. `care` is a
percentile: of a hundred such drives that many take no longer. Distances are statute miles, speeds miles an hour.
`docs/drives.md` says where the figures are from and what they were held against.
"""

import math
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import NormalDist

from .traffic import STREET_SPREAD, WEEK, Profile

EARTH_RADIUS_MILES = 3958.8
Point = tuple[float, float]

# A way is 1.15 times the straight line, and up to 0.4 miles more for the blocks at both ends.
WINDING, BLOCKS_MILES = 1.15, 0.4
# Miles of streets on a way without end, and the share of streets on each further mile.
STREET_MILES, STREET_SHARE = 4.7, 0.03
STREET_MPH, FREEWAY_MPH = 27.0, 65.0
# Nobody plans with more than this, door to door on the straight line.
FLOOR_MPH = 45.0
# Between near neighbours no traffic is worse than another street.
NEAR_MILES, NEAR_MOST_MINUTES = 2.0, 25.0
LONGEST_MINUTES = 300.0
TERMINAL_MINUTES = 4
CARE = 80
# How far doors lie from the centroid, for a ZIP code whose size isn't known.
RADIUS_MILES = 0.7

# Where Los Angeles works: the belt of the Westside, and Downtown. Each with its pull and how far it reaches. In the
# morning roads towards them are the slow ones, in the evening those away from them; near them streets are full all day.
_HUBS = (((34.050, -118.440), 1.0, 7.0), ((34.050, -118.255), 0.6, 5.0))
PEAK_TILT = 0.3
BUSY_STREETS = 0.35


@dataclass(frozen=True, slots=True)
class Site:
    """A ZIP code as the model sees it: degrees, and how far its doors lie from the centroid, in miles."""

    latitude: float
    longitude: float
    radius_miles: float = RADIUS_MILES
    zip_code: str = field(default="", compare=False)
    zone: str = field(default="", compare=False)

    @property
    def point(self) -> Point:
        """Latitude and longitude."""
        return self.latitude, self.longitude


@dataclass(frozen=True, slots=True)
class Way:
    """All that the model knows of a pair, one direction.

    `straight_miles` is between centroids; minutes on streets and freeways are those of empty roads; `towards_work` is
    positive where the way leads to where the city works; `busy` is how full the streets at its ends are.
    """

    straight_miles: float
    street_minutes: float
    freeway_minutes: float
    towards_work: float
    busy: float

    @property
    def empty_minutes(self) -> float:
        """Minutes on empty roads."""
        return self.street_minutes + self.freeway_minutes

    def at_server_pace(self, minutes: float) -> "Way":
        """The same way if an empty road takes `minutes`, as a routing server says."""
        pace = minutes / self.empty_minutes
        return Way(
            self.straight_miles,
            self.street_minutes * pace,
            self.freeway_minutes * pace,
            self.towards_work,
            self.busy,
        )


def miles_between(origin: Point, destination: Point) -> float:
    """The great-circle distance between two points given in degrees (haversine formula)."""
    phi, other_phi = math.radians(origin[0]), math.radians(destination[0])
    half_lambda = math.radians(destination[1] - origin[1]) / 2
    chord = (
        math.sin((other_phi - phi) / 2) ** 2
        + math.cos(phi) * math.cos(other_phi) * math.sin(half_lambda) ** 2
    )
    return 2 * EARTH_RADIUS_MILES * math.asin(min(1.0, math.sqrt(chord)))


@lru_cache(maxsize=4096)
def _pull(point: Point) -> float:
    return max(weight * math.exp(-((miles_between(point, hub) / reach) ** 2)) for hub, weight, reach in _HUBS)


def empty_road_minutes(miles: float) -> tuple[float, float]:
    """Minutes on streets and on freeways between two doors that are `miles` apart; both grow with the distance."""
    road = WINDING * miles + BLOCKS_MILES * (1 - math.exp(-miles / 2))
    streets = STREET_SHARE * road + (1 - STREET_SHARE) * STREET_MILES * (1 - math.exp(-road / STREET_MILES))
    return streets / STREET_MPH * 60, (road - streets) / FREEWAY_MPH * 60


def way_between(origin: Site, destination: Site) -> Way:
    """The way from a door somewhere in one ZIP code to a door somewhere in another, or in the same.

    Doors are spread over discs around the centroids: the mean square of their distance is the centroids' squared and
    half of both radii squared. So within one ZIP code the way is as long as the ZIP code is large.
    """
    straight = miles_between(origin.point, destination.point)
    spread = (origin.radius_miles**2 + destination.radius_miles**2) / 2
    streets, freeway = empty_road_minutes(math.sqrt(straight**2 + spread))
    start, goal = _pull(origin.point), _pull(destination.point)
    return Way(straight, streets, freeway, goal - start, (start + goal) / 2)


def is_drivable(straight_miles: float, terminal: float) -> bool:
    """Whether it can be driven at all within what is ever planned."""
    return terminal + straight_miles / FLOOR_MPH * 60 <= LONGEST_MINUTES


def bounds(straight_miles: float, terminal: float) -> tuple[float, float]:
    """What no drive of that distance, if it `is_drivable`, is planned under, and over."""
    most = max(NEAR_MOST_MINUTES, terminal) if straight_miles <= NEAR_MILES else LONGEST_MINUTES
    return min(most, terminal + straight_miles / FLOOR_MPH * 60), most


@lru_cache(maxsize=64)
def _paces(profile: Profile, care: int) -> tuple[tuple[float, float, float, float], ...]:
    """For each half hour: times an empty street and what the peak's direction adds to it, and the same of a freeway."""
    week, z = WEEK[profile], NormalDist().inv_cdf(care / 100)
    on_streets = math.exp(z * STREET_SPREAD)
    return tuple(
        (
            street * on_streets,
            (street - 1) * towards * on_streets,
            freeway * math.exp(z * spread),
            (freeway - 1) * towards * math.exp(z * spread),
        )
        for freeway, spread, street, towards in zip(*week, strict=True)
    )


def road_minutes(way: Way, profile: Profile, care: int = CARE) -> list[float]:
    """Minutes on the road, without terminal or bounds, for each half hour of the day from midnight.

    Raises ValueError unless `care` is between 1 and 99.
    """
    if not 1 <= care <= 99:
        raise ValueError("How careful is a percentile between 1 and 99.")
    streets = way.street_minutes * (1 + BUSY_STREETS * way.busy)
    freeway, tilt = way.freeway_minutes, PEAK_TILT * way.towards_work
    return [
        streets * (street + tilt * street_peak) + freeway * (pace + tilt * peak)
        for street, street_peak, pace, peak in _paces(profile, care)
    ]
