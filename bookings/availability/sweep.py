"""The sweep itself: from one therapist's values to the starts that can be kept on one day.

Everything here is whole minutes since 1970-01-01T00:00 UTC. The rules are told in `slots`; this module is
their quick form. Blocks that start or end within a minute take all of it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple

from .drives import Drives, Spot, Traffic
from .local_days import LocalDay, minute_ceil, minute_floor
from .types import Job, SchedulingRules, Therapist
from .working_hours import Shift, WorkingHours


class Block(NamedTuple):
    """Time taken at a numbered place, from set-up to pack-down."""

    start: int
    end: int
    place: Spot
    treatment_minutes: int


class Start(NamedTuple):
    """A start that can be kept. Starts of several therapists sort by time, then by therapist."""

    minute: int
    therapist_id: int
    added_drive_minutes: int


@dataclass(slots=True)
class Gap:
    """Untaken time of a day between two neighbours, or none where the day begins or ends.

    `work_before` and `work_after` are the treatment minutes done without a break up to the one neighbour, and
    from the other.
    """

    start: int
    end: int
    before: Block | None = None
    after: Block | None = None
    work_before: int = 0
    work_after: int = 0


class DayPlanner:
    """One therapist's values, made ready for asking day by day about one job."""

    __slots__ = (
        "_blocks", "_latest_ends", "_starts",
        "break_after", "break_minutes", "drives", "from_home", "home", "hours", "job", "place", "therapist", "to_home",
    )  # fmt: skip

    def __init__(self, therapist: Therapist, job: Job, rules: SchedulingRules, drives: Drives) -> None:
        self.therapist = therapist
        self.job = job
        self.drives = drives
        self.hours = WorkingHours(therapist, rules)
        self.home = drives.place_id(therapist.home)
        self.place = drives.place_id(job.place)
        self.from_home = drives.leg(self.home, self.place)
        self.to_home = drives.leg(self.place, self.home)
        self.break_minutes = therapist.break_minutes or 0
        # No break asked for is a break never due.
        self.break_after = therapist.break_after_minutes if self.break_minutes else None
        self._blocks = sorted(
            Block(
                minute_floor(taken.blocked.start),
                minute_ceil(taken.blocked.end),
                drives.place_id(taken.place),
                taken.treatment_minutes,
            )
            for taken in therapist.existing
        )
        self._starts = [block.start for block in self._blocks]
        self._latest_ends = list(accumulate((block.end for block in self._blocks), max))

    def blocks_on(self, day: LocalDay) -> list[Block]:
        """The blocks with a minute on `day`, by start."""
        first = bisect_right(self._latest_ends, day.start)
        last = bisect_left(self._starts, day.end)
        return [block for block in self._blocks[first:last] if block.end > day.start]

    def within_daily_limits(self, blocks: list[Block]) -> bool:
        """Whether the job can be added to a day that has `blocks`."""
        most_visits = self.therapist.max_visits_per_day
        most_work = self.therapist.max_work_minutes_per_day
        if most_visits is not None and len(blocks) + 1 > most_visits:
            return False
        if most_work is None:
            return True
        return sum(block.treatment_minutes for block in blocks) + self.job.treatment_minutes <= most_work

    def gaps(self, day: LocalDay, blocks: list[Block], traffic: Traffic) -> list[Gap]:
        """What `blocks` leave untaken of `day`, in order."""
        if not blocks:
            return [Gap(day.start, day.end)]
        done, ahead = self._work_around(blocks, traffic)
        gap = Gap(day.start, day.end)
        gaps = []
        for index, block in enumerate(blocks):
            if block.start > gap.start:
                gap.end, gap.after, gap.work_after = block.start, block, ahead[index]
                gaps.append(gap)
                gap = Gap(gap.start, day.end)
            if block.end > gap.start:
                gap.start, gap.before, gap.work_before = block.end, block, done[index]
        if gap.start < day.end:
            gaps.append(gap)
        return gaps

    def _work_around(self, blocks: list[Block], traffic: Traffic) -> tuple[list[int], list[int]]:
        """For each block the treatment minutes without a break up to its end, and from its start on."""
        work = [block.treatment_minutes for block in blocks]
        if self.break_after is None or sum(work) + self.job.treatment_minutes <= self.break_after:
            return work, work  # with or without a break, the day is never too long for one
        rested = [False] + [self.rests(before, after, traffic) for before, after in pairwise(blocks)]
        done, ahead = work.copy(), work.copy()
        for index in range(1, len(blocks)):
            if not rested[index]:
                done[index] += done[index - 1]
        for index in range(len(blocks) - 1, 0, -1):
            if not rested[index]:
                ahead[index - 1] += ahead[index]
        return done, ahead

    def rests(self, before: Block, after: Block, traffic: Traffic) -> bool:
        """Whether the drive between two blocks leaves a break."""
        by = after.start - self.break_minutes
        leg = self.drives.leg(before.place, after.place)
        return before.end <= by and traffic.arrival(leg, before.end, by) is not None

    def starts_on(self, day: LocalDay, earliest: int, granularity: int) -> Iterator[Start]:
        """The starts that can be kept on `day`, from `earliest`, ascending."""
        shifts = self.hours.shifts_on(day)
        if not shifts:
            return
        blocks = self.blocks_on(day)
        if not self.within_daily_limits(blocks):
            return
        traffic = self.drives.traffic(day)
        blocked_minutes = self.job.blocked_minutes
        gaps = self.gaps(day, blocks, traffic)
        for shift in shifts:
            for stretch_start, stretch_end in shift.stretches:
                for gap in gaps:
                    start = max(stretch_start, gap.start)
                    end = min(stretch_end, gap.end)
                    if end - start >= blocked_minutes:
                        yield from self._starts_in(
                            start, end, shift, gap, day, traffic, earliest, granularity
                        )

    def _starts_in(
        self, start: int, end: int, shift: Shift, gap: Gap, day: LocalDay, traffic: Traffic,
        earliest: int, granularity: int,
    ) -> Iterator[Start]:  # fmt: skip
        """The starts whose whole block is between `start` and `end`, which are inside one stretch and one gap."""
        job, drives, therapist_id = self.job, self.drives, self.therapist.id
        setup_minutes, rest_minutes = job.setup_minutes, job.treatment_minutes + job.packdown_minutes
        day_start, bands, _ = traffic
        latest = end - rest_minutes
        from_home, to_home = self.from_home, self.to_home

        # What the way here allows is the same for every start in the gap.
        before, after = gap.before, gap.after
        first_of_shift = before is None or before.end <= shift.start
        last_of_shift = after is None or after.start >= shift.end
        drive_here = 0
        rested_from = start
        if before is not None:
            here = drives.leg(before.place, self.place)
            drive_at_once = here[bands[before.end - day_start]]
            if drive_at_once is None:
                return
            arrival = traffic.arrival(here, before.end, latest - setup_minutes)
            if arrival is None:
                return
            drive_here = drive_at_once
            rested_from = arrival + self.break_minutes
            start = max(start, arrival)
        if first_of_shift:
            arrival = traffic.arrival(from_home, shift.start, latest - setup_minutes)
            if arrival is None:
                return
            start = max(start, arrival)
        onward = to_home if after is None else drives.leg(self.place, after.place)
        drive_onward = 0
        if after is not None:
            # If even the earliest start leaves no time for the drive on, none does.
            earliest_end = start + job.blocked_minutes
            at_once = onward[bands[earliest_end - day_start]]
            if at_once is None or earliest_end + at_once > after.start:
                if traffic.arrival(onward, earliest_end, after.start) is None:
                    return
        drive_without: int | None = None

        reach = self.therapist.reach_minutes
        longest = 24 * 60 if reach is None else reach
        break_after = self.break_after
        for minutes in day.grid(max(start + setup_minutes, earliest), latest, granularity):
            for minute in minutes:
                blocked_from, blocked_until = minute - setup_minutes, minute + rest_minutes
                band = bands[blocked_until - day_start]
                home_here, here_home = from_home[bands[blocked_from - day_start]], to_home[band]
                if home_here is None or here_home is None or home_here > longest:
                    continue
                if last_of_shift and blocked_until + here_home > shift.end:
                    # Who leaves later is never home earlier: if this start is too late, so are all after it.
                    if traffic.arrival(to_home, blocked_until, shift.end) is None:
                        return
                if after is not None:
                    known = onward[band]
                    if known is None:
                        continue
                    drive_onward = known
                    if blocked_until + drive_onward > after.start:
                        if traffic.arrival(onward, blocked_until, after.start) is None:
                            return
                if break_after is not None:
                    work = job.treatment_minutes
                    if blocked_from < rested_from:
                        work += gap.work_before
                    if after is not None:
                        by = after.start - self.break_minutes
                        if traffic.arrival(onward, blocked_until, by) is None:
                            work += gap.work_after
                    if work > break_after and work > job.treatment_minutes:
                        continue
                if drive_without is None:
                    drive_without = self._drive_without_visit(gap, first_of_shift, last_of_shift, traffic)
                added = (
                    (home_here if first_of_shift else drive_here)
                    + (here_home if last_of_shift else drive_onward)
                    - drive_without
                )
                yield Start(minute, therapist_id, added)

    def _drive_without_visit(
        self, gap: Gap, first_of_shift: bool, last_of_shift: bool, traffic: Traffic
    ) -> int:
        """The minutes that the therapist drives across the gap anyway, without the job. Unknown counts as none."""
        if first_of_shift and last_of_shift:
            return 0
        if first_of_shift:
            origin, at = self.home, None
        else:
            assert gap.before is not None
            origin, at = gap.before.place, gap.before.end
        if last_of_shift:
            destination = self.home
        else:
            assert gap.after is not None
            destination = gap.after.place
            at = gap.after.start if at is None else at
        assert at is not None
        return self.drives.leg(origin, destination)[traffic.bands[at - traffic.start]] or 0
