"""What drives really took, against what was planned: by how much the plan for two zones in a band is off.

A drive says how many times longer than its plan it was on the road, so that long and short ones can be laid together.
Of these ratios the owner's percentile is taken and drawn towards 1: few drives say little. A lunch on the way, a press
forgotten or one made too early are no drives, and don't count. Figures are minutes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

# So many drives count as much as the model does.
MODEL_COUNTS_AS = 12
LEAST_DRIVES = 8
# A suggestion is worth a person's time from here on.
LEAST_CHANGE, LEAST_MINUTES = 0.08, 3
# A drive beyond these times its plan is none, nor one so far from the others (in spreads).
SHORTEST_TIMES, LONGEST_TIMES = 1 / 3, 3.0
FAR_OFF = 4.0
# Ratios this close together are alike, whatever their spread: presses are whole minutes.
LEAST_SPREAD = 0.08


@dataclass(frozen=True, slots=True)
class Drive:
    """One drive: what would be planned for it now, and what it took, door to door."""

    planned: float
    took: float


@dataclass(frozen=True, slots=True)
class Lesson:
    """What drives say. `factor` is what the plan's minutes on the road are to be multiplied by.

    `planned` and `took` are of a middling drive: its plan, and what the owner's share of drives took at most; `use` is
    what to plan with. `drives` were counted and `left_out` not.
    """

    drives: int
    left_out: int
    planned: int
    took: int
    use: int
    factor: float

    @property
    def is_longer(self) -> bool:
        """Whether drives take longer than planned."""
        return self.factor > 1


def lesson(drives: Iterable[Drive], *, care: int, terminal: float) -> Lesson | None:
    """What `drives` of one pair of zones in one band say against a plan made at the percentile `care`; None when they
    are too few, or when the plan is good enough."""
    every = [drive for drive in drives if drive.planned > terminal]
    ratios = [_ratio(drive, terminal) for drive in every]
    kept = _without_strangers(ratios)
    if len(kept) < LEAST_DRIVES:
        return None
    high = quantile(kept, care / 100)
    factor = math.exp(len(kept) * math.log(high) / (len(kept) + MODEL_COUNTS_AS))
    planned = median(drive.planned for drive in every)
    road = planned - terminal
    found = Lesson(
        drives=len(kept),
        left_out=len(ratios) - len(kept),
        planned=round(planned),
        took=round(terminal + road * high),
        use=round(terminal + road * factor),
        factor=factor,
    )
    is_worth_it = abs(factor - 1) >= LEAST_CHANGE and abs(found.use - found.planned) >= LEAST_MINUTES
    return found if is_worth_it else None


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of `values`, in any order, don't exceed; between two of them on a straight line."""
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def _ratio(drive: Drive, terminal: float) -> float:
    return max(0.0, drive.took - terminal) / (drive.planned - terminal)


def _without_strangers(ratios: Sequence[float]) -> list[float]:
    """The ratios of drives: none beyond what a drive can be, and none far from all others on a logarithmic scale."""
    likely = [ratio for ratio in ratios if SHORTEST_TIMES <= ratio <= LONGEST_TIMES]
    if not likely:
        return []
    middle = median(math.log(ratio) for ratio in likely)
    # 1.4826 times the median distance is the standard deviation, where distances are normal.
    spread = 1.4826 * median(abs(math.log(ratio) - middle) for ratio in likely)
    reach = FAR_OFF * max(LEAST_SPREAD, spread)
    return [ratio for ratio in likely if abs(math.log(ratio) - middle) <= reach]
