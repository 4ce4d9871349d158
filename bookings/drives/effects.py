"""What a word of the owner's would do to single drives, before it is saved."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .corrections import Band
from .models import DriveCorrection
from .rows import Known
from .week import HalfHours, answers, step_number

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Effect:
    """One pair in the middle of the band: minutes that are planned without the word, and with it."""

    origin: str
    destination: str
    miles: float
    before: int
    after: int


def effects_of(known: Known, row: DriveCorrection) -> list[Effect]:
    """The five nearest and the five farthest pairs of the correction's zones, by distance. `row` needs not be saved;
    what is `known` may hold it, or an earlier state of it."""
    others = tuple(other for other in known.corrections if other.pk != row.pk)
    before = replace(known, corrections=others).basis()
    after = replace(known, corrections=(*others, row)).basis()
    ways = sorted(known.ways(row.origin_id, row.destination_id), key=lambda found: found[1].straight_miles)
    shown = ways if len(ways) <= 2 * SHOWN else [*ways[:SHOWN], *ways[-SHOWN:]]
    found = []
    for (origin, destination), way in shown:
        minutes = [_minutes(basis.half_hours(origin, destination), row.band) for basis in (before, after)]
        if minutes[0] is not None and minutes[1] is not None:
            found.append(
                Effect(origin.zip_code, destination.zip_code, way.straight_miles, minutes[0], minutes[1])
            )
    return found


def _minutes(half_hours: HalfHours | None, band: Band) -> int | None:
    if half_hours is None:
        return None
    return answers(half_hours)[step_number(band.profiles[0], (band.start + band.end) // 2)]
