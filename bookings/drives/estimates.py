"""All that is known of a drive made into its answers for the week: model, server, the owner's corrections and fixes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from .corrections import Band, Fixed, Scale, scaled
from .model import CARE, TERMINAL_MINUTES, Site, Way, bounds, is_drivable, road_minutes, way_between
from .traffic import Profile
from .week import Answers, FixedSteps, HalfHours, answers

# The lower end of the spread that people are told, as a percentile.
QUICK = 20
# A server that is so many times off the model, either way, is marked and not believed.
SERVER_TIMES_OFF = 3.0


@dataclass(frozen=True)
class Basis:
    """What the owner has set and said. `care` is a percentile, `terminal` in minutes."""

    terminal: int = TERMINAL_MINUTES
    care: int = CARE
    scales: tuple[Scale, ...] = ()
    fixed: tuple[Fixed, ...] = ()
    #: Minutes on an empty road that a routing server tells, by ZIP codes.
    server: Mapping[tuple[str, str], float] = field(default_factory=dict)

    @cached_property
    def _scales_by_zones(self) -> dict[tuple[str, str], list[Scale]]:
        found: dict[tuple[str, str], list[Scale]] = defaultdict(list)
        for scale in self.scales:
            found[scale.origin_zone, scale.destination_zone].append(scale)
        return found

    @cached_property
    def _fixed_by_pair(self) -> dict[tuple[str, str], list[Fixed]]:
        found: dict[tuple[str, str], list[Fixed]] = defaultdict(list)
        for fixed in self.fixed:
            found[fixed.origin, fixed.destination].append(fixed)
        return found

    def fixed_steps(self, origin: str, destination: str) -> FixedSteps:
        """The exact figures of a pair, the longest band first, so that the shortest has the last word."""
        found = self._fixed_by_pair.get((origin, destination), [])
        return [
            (profile, fixed.band.start, fixed.band.end, fixed.minutes)
            for fixed in sorted(found, key=lambda fixed: fixed.band.start - fixed.band.end)
            for profile in fixed.band.profiles
        ]

    def way(self, origin: Site, destination: Site) -> Way:
        """The way between two sites, at the server's pace where there is a figure that can be believed."""
        way = way_between(origin, destination)
        minutes = self.server.get((origin.zip_code, destination.zip_code))
        if minutes is None or server_is_doubtful(minutes, way):
            return way
        return way.at_server_pace(minutes)

    def half_hours(self, origin: Site, destination: Site, *, care: int | None = None) -> HalfHours | None:
        """Whole minutes, rounded up, door to door for each half hour of the week, before what is fixed; None for what
        is too far to be driven."""
        way = self.way(origin, destination)
        if not is_drivable(way.straight_miles, self.terminal):
            return None
        scales = self._scales_by_zones.get((origin.zone, destination.zone))
        least, most = bounds(way.straight_miles, self.terminal)
        found: dict[Profile, tuple[int, ...]] = {}
        for profile in Profile:
            minutes = road_minutes(way, profile, self.care if care is None else care)
            if scales:
                minutes = scaled(minutes, way, profile, scales)
            found[profile] = tuple(
                [math.ceil(min(most, max(least, self.terminal + road)) - 1e-6) for road in minutes]
            )
        return found

    def answers(self, origin: Site, destination: Site, *, care: int | None = None) -> Answers:
        """Whole minutes for each five minutes of the week (see `week`). Raises ValueError for what is too far."""
        half_hours = self.half_hours(origin, destination, care=care)
        if half_hours is None:
            raise ValueError("That is too far to be driven.")
        return answers(half_hours, self.fixed_steps(origin.zip_code, destination.zip_code))

    def as_json(self) -> dict[str, Any]:
        """All but the server's figures, as what `from_json` reads."""
        return {
            "terminal": self.terminal,
            "care": self.care,
            "scales": [asdict(scale) for scale in self.scales],
            "fixed": [asdict(fixed) for fixed in self.fixed],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Basis:
        """The basis that `as_json` told."""
        return cls(
            terminal=stored["terminal"],
            care=stored["care"],
            scales=tuple(Scale(**{**row, "band": Band(**row["band"])}) for row in stored["scales"]),
            fixed=tuple(Fixed(**{**row, "band": Band(**row["band"])}) for row in stored["fixed"]),
        )


def server_is_doubtful(minutes: float, way: Way) -> bool:
    """Whether a server's figure for an empty road is too far from the model's to be believed."""
    return not way.empty_minutes / SERVER_TIMES_OFF <= minutes <= way.empty_minutes * SERVER_TIMES_OFF
