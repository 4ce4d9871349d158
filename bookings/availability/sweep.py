"""The sweep itself: from one therapist's values to the starts that can be kept on one day, or to the rule that
one start breaks.

Everything here is whole minutes since 1970-01-01T00:00 UTC. The rules are told in `slots`; this module is
their quick form, and each stands here once: what the sweep passes over and what `DayPlanner.decide` refuses is one
look. Blocks that start or end within a minute take all of it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from typing import NamedTuple

from .drives import Drives, Leg, Spot, Traffic
from .intervals import contains
from .local_days import LocalDay, minute_ceil, minute_floor
from .travel import FreeDays, Offsets
from .types import Job, Refusal, RefusalReason, SchedulingRules, Side, Therapist
from .working_hours import Shift, WorkingHours

# A minute that never comes, and one that never was.
_NEVER = 10**9
_LONG_AGO = -1


class Block(NamedTuple):
    """Time taken at a numbered place, from set-up to pack-down."""

    start: int
    end: int
    place: Spot
    treatment_minutes: int


# A start that can be kept: its minute, the therapist's key, and the minutes of driving that it adds. Starts of several
# therapists sort by time, then by therapist. Plain, because a month has thousands.
Start = tuple[int, int, int]


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


class Opening(NamedTuple):
    """The minutes from `start` to `end` of one stretch of work and one gap, and what the drives leave of them.

    A block may begin at `arrives_from` and at `home_from` at the earliest, and end at `leaves_until` and at
    `home_until` at the latest: after the drive from the visit before, and from home on a shift's first visit; before
    the drive to the visit after, and to home on its last. One that begins before `rested_from`, or ends after
    `rested_until`, has no break there.
    """

    start: int
    end: int
    shift: Shift
    gap: Gap
    # The neighbours on the same shift; None is home.
    came_from: Block | None
    goes_to: Block | None
    arrives_from: int
    home_from: int
    leaves_until: int
    home_until: int
    rested_from: int
    rested_until: int
    drive_here: int
    onward: Leg
    # What is driven across it without the job.
    drive_without: int


class DayPlanner:
    """One therapist's values, made ready for asking day by day about one job."""

    __slots__ = (
        "_at_home", "_blocks", "_free_day", "_latest_ends", "_starts", "_usual_days",
        "blocked_minutes", "break_after", "break_minutes", "drives", "from_home", "home", "hours", "job", "place",
        "reach", "therapist", "to_home",
    )  # fmt: skip

    def __init__(self, therapist: Therapist, job: Job, rules: SchedulingRules, drives: Drives) -> None:
        self.therapist = therapist
        self.job = job
        self.blocked_minutes = job.blocked_minutes
        self.drives = drives
        self.hours = WorkingHours(therapist, rules, job.place.zone)
        self.home = drives.place_id(therapist.home)
        self.place = drives.place_id(job.place)
        self.from_home = drives.leg(self.home, self.place)
        self.to_home = drives.leg(self.place, self.home)
        # No drive takes longer than a day.
        self.reach = 24 * 60 if therapist.reach_minutes is None else therapist.reach_minutes
        self._at_home: dict[tuple[int, int, int], tuple[Sequence[int], int, int]] = {}
        at_home = self.home[1] is not None and self.home[1] == self.place[1]
        ways = self.home[0], self.place[0], at_home
        # The starts of weekdays without visits, on their usual hours, by weekday and granularity.
        self._usual_days: dict[tuple[int, int] | None, Offsets] = {}
        self._free_day = *ways, self.reach, job.setup_minutes, job.blocked_minutes
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
        self._latest_ends = list(accumulate([block.end for block in self._blocks], max))

    def blocks_on(self, day: LocalDay) -> list[Block]:
        """The blocks with a minute on `day`, by start."""
        first = bisect_right(self._latest_ends, day.start)
        last = bisect_left(self._starts, day.end)
        return [block for block in self._blocks[first:last] if block.end > day.start]

    def count_between(self, start: int, end: int) -> int:
        """How many visits and holds begin in the minutes from `start` up to `end`."""
        return bisect_left(self._starts, end) - bisect_left(self._starts, start)

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
        if by < before.end:
            return False
        return traffic.arrival(self.drives.leg(before.place, after.place), before.end, by) is not None

    def starts_on(self, day: LocalDay, earliest: int, granularity: int) -> Iterable[Start]:
        """The starts that can be kept on `day`, from `earliest`, ascending."""
        shifts = self.hours.shifts_on(day)
        if not shifts:
            return ()
        blocks = self.blocks_on(day)
        if not self.within_daily_limits(blocks):
            return ()
        return chain.from_iterable(
            self._starts_in(opening, day, earliest, granularity)
            for opening in self._openings(day, shifts, blocks)
        )

    def offsets_on(self, day: LocalDay, earliest: int, granularity: int) -> Offsets:
        """The starts that can be kept on `day`, from `earliest`. Days without visits are alike where weekday and hours
        are, so they are worked out once, and have the same list."""
        known = self.drives.free_days
        first = bisect_right(self._latest_ends, day.start)
        has_blocks = first < bisect_left(self._starts, day.end, first)
        if known is None or not day.is_plain or has_blocks:
            return self._offsets_on(day, earliest, granularity)
        usual = (day.weekday, granularity) if self.hours.are_usual(day) else None
        offsets = self._usual_days.get(usual)
        if offsets is None:
            offsets = self._free_offsets(day, granularity, known)
            if usual is not None:
                self._usual_days[usual] = offsets
        since = earliest - day.start
        return offsets if since <= 0 else [start for start in offsets if start[0] >= since]

    def _free_offsets(self, day: LocalDay, granularity: int, known: FreeDays) -> Offsets:
        """All the starts of a `day` without visits."""
        if not self.within_daily_limits([]):
            return []
        day_start = day.start
        hours = tuple(
            (start - day_start, end - day_start, shift.start - day_start, shift.end - day_start)
            for shift in self.hours.shifts_on(day)
            for start, end in self.hours.stretches_on(day, shift)
        )
        # All that a day without visits depends on: without work before or after there is no break to lack.
        key = (*self._free_day, day.weekday, granularity, hours)
        offsets = known.get(key)
        if offsets is None:
            offsets = self._offsets_on(day, day_start, granularity)
            known.keep(key, offsets)
        return offsets

    def _offsets_on(self, day: LocalDay, earliest: int, granularity: int) -> Offsets:
        day_start = day.start
        return [
            (minute - day_start, added)
            for minute, _therapist, added in self.starts_on(day, earliest, granularity)
        ]

    def decide(self, day: LocalDay, minute: int, granularity: int) -> Start | Refusal:
        """The start at `minute` on `day`, or the first rule that it breaks. Notice and horizon are the caller's."""
        start = minute - self.job.setup_minutes
        end = start + self.blocked_minutes
        if not any(minute in minutes for minutes in day.grid(minute, minute, granularity)):
            return Refusal(RefusalReason.OFF_GRID)
        shifts, blocks = self.hours.shifts_on(day), self.blocks_on(day)
        for opening in self._openings(day, shifts, blocks):
            if opening.start <= start and end <= opening.end:
                traffic = self.drives.traffic(day)
                is_full = not self.within_daily_limits(blocks)
                added = self._judge(opening, start, end, traffic, is_full=is_full)
                if isinstance(added, int):
                    return minute, self.therapist.id, added
                if added.reason is RefusalReason.OUTSIDE_HOURS and self._is_cut(opening.shift, day):
                    return Refusal(RefusalReason.TIME_OFF)
                return added
        return Refusal(self._why_no_opening(day, shifts, start, end))

    def _why_no_opening(self, day: LocalDay, shifts: Sequence[Shift], start: int, end: int) -> RefusalReason:
        """What keeps the block from `start` to `end` out of every opening: the first of what they are cut from."""
        nobody_works = self.hours.why_no_work(day)
        if nobody_works is not None:
            return nobody_works
        if not contains(self.hours.hours_on(day), (start, end)):
            return RefusalReason.OUTSIDE_HOURS
        if not any(contains(shift.stretches, (start, end)) for shift in shifts):
            return RefusalReason.TIME_OFF
        if not any(contains(self.hours.stretches_on(day, shift), (start, end)) for shift in shifts):
            return RefusalReason.OTHER_ZONE
        return RefusalReason.TAKEN

    def _is_cut(self, shift: Shift, day: LocalDay) -> bool:
        """Whether time off, and not the hours, is what `shift` begins after or ends before."""
        hours = self.hours.hours_on(day)
        return (shift.start, shift.end) != (hours[0][0], hours[-1][1])

    def _openings(self, day: LocalDay, shifts: Sequence[Shift], blocks: list[Block]) -> Iterator[Opening]:
        """Where, between the stretches of `shifts` and the `blocks` of `day`, there is room for the job's block."""
        traffic = self.drives.traffic(day)
        gaps = self.gaps(day, blocks, traffic)
        blocked_minutes = self.blocked_minutes
        for shift in shifts:
            for stretch_start, stretch_end in self.hours.stretches_on(day, shift):
                for gap in gaps:
                    start = stretch_start if stretch_start > gap.start else gap.start
                    end = stretch_end if stretch_end < gap.end else gap.end
                    if end - start >= blocked_minutes:
                        yield self._opening(start, end, shift, gap, traffic)

    def _opening(self, start: int, end: int, shift: Shift, gap: Gap, traffic: Traffic) -> Opening:
        before, after = gap.before, gap.after
        came_from = None if before is None or before.end <= shift.start else before
        goes_to = None if after is None or after.start >= shift.end else after
        # What the ways allow is the same for every block between `start` and `end`.
        latest_start, earliest_end = end - self.blocked_minutes, start + self.blocked_minutes
        arrives_from, leaves_until = start, end
        drive_here, onward = 0, self.to_home
        if before is not None:
            here = self.drives.leg(before.place, self.place)
            at_once = here.by_band[traffic.bands[before.end - traffic.start]]
            arrival = None if at_once is None else traffic.arrival(here, before.end, latest_start)
            arrives_from, drive_here = _NEVER if arrival is None else arrival, at_once or 0
        if after is not None:
            onward = self.drives.leg(self.place, after.place)
            departure = traffic.departure(onward, earliest_end, after.start)
            leaves_until = _LONG_AGO if departure is None else departure
        home_from, home_until = start, end
        if came_from is None or goes_to is None:
            from_home, until_home = self._home_bounds(shift, traffic)
            home_from = from_home if came_from is None else start
            home_until = until_home if goes_to is None else end
        rested_from, rested_until = start, end
        work = self.job.treatment_minutes + gap.work_before + gap.work_after
        if self.break_after is not None and self.break_after < work:
            rested_from = start if before is None else arrives_from + self.break_minutes
            if after is not None:
                by = after.start - self.break_minutes
                departure = traffic.departure(onward, earliest_end, by)
                rested_until = _LONG_AGO if departure is None else departure
        return Opening(
            start, end, shift, gap, came_from, goes_to, arrives_from, home_from, leaves_until, home_until,
            rested_from, rested_until, drive_here, onward, self._drive_without_visit(came_from, goes_to, traffic),
        )  # fmt: skip

    def _home_bounds(self, shift: Shift, traffic: Traffic) -> tuple[int, int]:
        """When the therapist can be here at the earliest, and has to leave at the latest, to begin and end `shift` at
        home. Alike on all days with the same traffic and hours, so it is worked out once for them."""
        day_start = traffic.start
        key = id(traffic.bands), shift.start - day_start, shift.end - day_start
        known = self._at_home.get(key)
        if known is None:
            arrival = traffic.arrival(self.from_home, shift.start, shift.end)
            departure = traffic.departure(self.to_home, shift.start, shift.end)
            # With the bands themselves, so that no others can come to have their id.
            known = (
                traffic.bands,
                (_NEVER if arrival is None else arrival) - day_start,
                (_LONG_AGO if departure is None else departure) - day_start,
            )
            self._at_home[key] = known
        _bands, earliest, latest = known
        return earliest + day_start, latest + day_start

    def _starts_in(self, opening: Opening, day: LocalDay, earliest: int, granularity: int) -> Iterator[Start]:
        """The starts whose whole block is in `opening`."""
        traffic, therapist_id = self.drives.traffic(day), self.therapist.id
        setup_minutes, blocked_minutes = self.job.setup_minutes, self.blocked_minutes
        # Here begins and ends what `_judge` says of the ways; outside of it there is nothing to ask.
        first = max(opening.start, opening.arrives_from, opening.home_from) + setup_minutes
        last = min(opening.end, opening.leaves_until, opening.home_until) - blocked_minutes + setup_minutes
        for minutes in day.grid(max(first, earliest), last, granularity):
            for minute in minutes:
                start = minute - setup_minutes
                added = self._judge(opening, start, start + blocked_minutes, traffic)
                if isinstance(added, int):
                    yield minute, therapist_id, added

    def _judge(
        self, opening: Opening, start: int, end: int, traffic: Traffic, *, is_full: bool = False
    ) -> int | Refusal:
        """By how many minutes the therapist's driving grows with a block from `start` to `end`, inside of `opening`; or
        the first rule that it breaks."""
        from_home = self.from_home.by_band[traffic.bands[start - traffic.start]]
        end_band = traffic.bands[end - traffic.start]
        to_home, onward = self.to_home.by_band[end_band], opening.onward.by_band[end_band]
        if from_home is None or to_home is None:
            return Refusal(RefusalReason.UNKNOWN_PLACE)
        if from_home > self.reach:
            return Refusal(RefusalReason.REACH)
        if is_full:
            return Refusal(RefusalReason.DAILY_LIMIT)
        if start < opening.arrives_from:
            return Refusal(RefusalReason.DRIVE, Side.BEFORE)
        if end > opening.leaves_until or onward is None:
            return Refusal(RefusalReason.DRIVE, Side.AFTER)
        if start < opening.home_from or end > opening.home_until:
            return Refusal(RefusalReason.OUTSIDE_HOURS)
        if (start < opening.rested_from or end > opening.rested_until) and self._lacks_break(
            opening, start, end
        ):
            return Refusal(RefusalReason.BREAK)
        here = from_home if opening.came_from is None else opening.drive_here
        return here + (to_home if opening.goes_to is None else onward) - opening.drive_without

    def _lacks_break(self, opening: Opening, start: int, end: int) -> bool:
        if self.break_after is None:
            return False
        alone = work = self.job.treatment_minutes
        if start < opening.rested_from:
            work += opening.gap.work_before
        if end > opening.rested_until:
            work += opening.gap.work_after
        return self.break_after < work != alone

    def _drive_without_visit(self, before: Block | None, after: Block | None, traffic: Traffic) -> int:
        """The minutes that are driven from one visit to the next (None is home) without the job; unknown is none."""
        if before is not None:
            leg = self.drives.leg(before.place, self.home if after is None else after.place)
            return leg.by_band[traffic.bands[before.end - traffic.start]] or 0
        if after is None:
            return 0
        return (
            self.drives.leg(self.home, after.place).by_band[traffic.bands[after.start - traffic.start]] or 0
        )
