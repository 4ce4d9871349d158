"""The rules of availability once more, written to be read, not to be quick.

An independent checker: it shares nothing with the engine but the values that go in. It walks minute by minute through
local days as a wall clock shows them, and asks of every drive whether any minute to leave would do.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bookings.availability import Conditions, DriveTime, Job, Place, SchedulingRules, Therapist

MINUTE = timedelta(minutes=1)
Drive = Callable[[Place, Place, datetime], int | None]


@dataclass(frozen=True)
class Taken:
    """A visit, with whole minutes around it."""

    start: datetime
    end: datetime
    place: Place
    treatment_minutes: int


def offered(
    *,
    therapists: Iterable[Therapist],
    job: Job,
    first_day: date,
    last_day: date,
    conditions: Conditions,
) -> list[tuple[datetime, int, int]]:
    """(start in UTC, therapist id, added drive minutes) of every time that can be kept, sorted."""
    rules, drive_time, now = conditions
    drive = remembered(drive_time)
    found = []
    today = now.astimezone(rules.tz).date()
    day = max(first_day, today)
    while day <= min(last_day, today + timedelta(days=rules.horizon_days)):
        minutes = minutes_of(day, rules)
        for therapist in therapists:
            if therapist.id in job.never:
                continue
            checker = Checker(therapist, job, day, minutes, rules, drive, now)
            for start in minutes:
                if checker.feasible(start):
                    found.append((start, therapist.id, checker.added(start)))
        day += timedelta(days=1)
    return sorted(found)


def remembered(drive_time: DriveTime) -> Drive:
    """Asks each drive once a minute, rounds up, and knows that one address is no drive away."""
    known: dict[tuple[Place, Place, datetime], int | None] = {}

    def drive(origin: Place, destination: Place, at: datetime) -> int | None:
        if origin.address_key is not None and origin.address_key == destination.address_key:
            return 0
        key = (origin, destination, at)
        if key not in known:
            minutes = drive_time(origin, destination, at)
            known[key] = None if minutes is None else math.ceil(minutes)
        return known[key]

    return drive


def minutes_of(day: date, rules: SchedulingRules) -> list[datetime]:
    """Every minute (UTC) at which a calendar in the zone shows `day`."""
    minute = datetime.combine(day, time(0), rules.tz).astimezone(UTC) - timedelta(hours=2)
    found = []
    for _ in range(28 * 60):
        if minute.astimezone(rules.tz).date() == day:
            found.append(minute)
        minute += MINUTE
    return found


class Checker:
    """One therapist, one day, one job."""

    def __init__(
        self,
        therapist: Therapist,
        job: Job,
        day: date,
        minutes: list[datetime],
        rules: SchedulingRules,
        drive: Drive,
        now: datetime,
    ) -> None:
        self.therapist, self.job, self.rules, self.drive, self.now = therapist, job, rules, drive, now
        self.day = day
        self.minutes = frozenset(minutes)
        self.hours = [
            hours
            for hours in therapist.weekly_hours
            if hours.weekday == day.weekday()
            and (hours.valid_from is None or hours.valid_from <= day)
            and (hours.valid_until is None or hours.valid_until >= day)
        ] + [hours for hours in therapist.extra_hours if hours.date == day]
        if not self.is_bookable():
            self.hours = []
        self.off = {minute for minute in self.minutes if self.in_time_off(minute)}
        self.working = {minute for minute in self.minutes if self.in_hours(minute)} - self.off
        everywhere = self.hours
        self.hours = [hours for hours in everywhere if hours.zones is None or job.place.zone in hours.zones]
        self.working_here = {minute for minute in self.working if self.in_hours(minute)}
        self.hours = everywhere
        self.shifts: dict[datetime, tuple[datetime, datetime]] = {}
        day_start, day_end = minutes[0], minutes[-1] + MINUTE
        self.visits = sorted(
            (
                Taken(
                    taken.blocked.start.replace(second=0, microsecond=0),
                    -((EPOCH - taken.blocked.end) // MINUTE) * MINUTE + EPOCH,
                    taken.place,
                    taken.treatment_minutes,
                )
                for taken in therapist.existing
                if taken.blocked.start < day_end and taken.blocked.end > day_start
            ),
            key=lambda visit: visit.start,
        )

    def is_bookable(self) -> bool:
        """Whether the therapist may be given a visit on that day at all."""
        return self.therapist.bookable_until is None or self.day <= self.therapist.bookable_until

    def in_hours(self, minute: datetime) -> bool:
        """Whether the wall clock shows a time in somebody's working hours."""
        if self.day in self.rules.closures:
            return False
        wall = minute.astimezone(self.rules.tz).time()
        return any(hours.start <= wall and (wall < hours.end or hours.end == time(0)) for hours in self.hours)

    def in_time_off(self, minute: datetime) -> bool:
        """Whether a part of the minute is time off."""
        return any(off.start < minute + MINUTE and off.end > minute for off in self.therapist.time_off)

    def block(self, start: datetime) -> tuple[datetime, datetime]:
        """From set-up to pack-down."""
        return (
            start - self.job.setup_minutes * MINUTE,
            start + (self.job.treatment_minutes + self.job.packdown_minutes) * MINUTE,
        )

    def shift(self, start: datetime) -> tuple[datetime, datetime]:
        """When the therapist may leave home, and has to be back: as far as one gets without meeting time off."""
        if start in self.shifts:
            return self.shifts[start]
        leave = back = minute = start
        while minute in self.minutes and minute not in self.off:
            leave = minute if minute in self.working else leave
            minute -= MINUTE
        minute = start
        while minute in self.minutes and minute not in self.off:
            back = minute if minute in self.working else back
            minute += MINUTE
        if start in self.working:  # so walking from any working minute in between ends at the same two
            minute = leave
            while minute <= back:
                if minute in self.working:
                    self.shifts[minute] = leave, back + MINUTE
                minute += MINUTE
        return leave, back + MINUTE

    def neighbours(self, start: datetime) -> tuple[Taken | None, Taken | None]:
        """The visit before and the visit after on that day."""
        begins, ends = self.block(start)
        before = [visit for visit in self.visits if visit.end <= begins]
        after = [visit for visit in self.visits if visit.start >= ends]
        return (before[-1] if before else None), (after[0] if after else None)

    def can_drive(self, origin: Place, destination: Place, free: datetime, by: datetime) -> bool:
        """Whether there is a minute to leave, after being free, that arrives in time."""
        leaving = free
        while leaving <= by:
            minutes = self.drive(origin, destination, leaving)
            if minutes is not None and leaving + minutes * MINUTE <= by:
                return True
            leaving += MINUTE
        return False

    def feasible(self, start: datetime) -> bool:
        """Whether all rules allow a treatment that starts then."""
        therapist, job, rules = self.therapist, self.job, self.rules
        here, home = job.place, therapist.home
        begins, ends = self.block(start)

        wall = start.astimezone(rules.tz)
        if (wall.hour * 60 + wall.minute) % rules.granularity_minutes != 0:
            return False
        if start < self.now + rules.minimum_notice:
            return False
        minute = begins
        while minute < ends:
            if minute not in self.working_here:
                return False
            minute += MINUTE
        if any(visit.start < ends and begins < visit.end for visit in self.visits):
            return False

        from_home, to_home = self.drive(home, here, begins), self.drive(here, home, ends)
        if from_home is None or to_home is None:
            return False
        if therapist.reach_minutes is not None and from_home > therapist.reach_minutes:
            return False

        leave, back = self.shift(start)
        before, after = self.neighbours(start)
        if before is not None:
            if self.drive(before.place, here, before.end) is None:
                return False
            if not self.can_drive(before.place, here, before.end, begins):
                return False
        if after is not None:
            if self.drive(here, after.place, ends) is None:
                return False
            if not self.can_drive(here, after.place, ends, after.start):
                return False
        if before is None or before.end <= leave:
            if not self.can_drive(home, here, leave, begins):
                return False
        if after is None or after.start >= back:
            if not self.can_drive(here, home, ends, back):
                return False

        if therapist.max_visits_per_day is not None and len(self.visits) >= therapist.max_visits_per_day:
            return False
        if therapist.max_work_minutes_per_day is not None:
            work = sum(visit.treatment_minutes for visit in self.visits)
            if work + job.treatment_minutes > therapist.max_work_minutes_per_day:
                return False
        return self.rested(start)

    def rested(self, start: datetime) -> bool:
        """Whether the treatment is not part of too much work without a break."""
        pause, most = self.therapist.break_minutes, self.therapist.break_after_minutes
        if not pause or most is None:
            return True
        new = Taken(*self.block(start), self.job.place, self.job.treatment_minutes)
        runs: list[list[Taken]] = []
        for visit in sorted([*self.visits, new], key=lambda visit: visit.start):
            last = runs[-1][-1] if runs else None
            if last and not self.can_drive(last.place, visit.place, last.end, visit.start - pause * MINUTE):
                runs[-1].append(visit)
            else:
                runs.append([visit])
        run = next(run for run in runs if new in run)
        return len(run) == 1 or sum(visit.treatment_minutes for visit in run) <= most

    def added(self, start: datetime) -> int:
        """How many minutes the day's driving grows."""
        here, home = self.job.place, self.therapist.home
        begins, ends = self.block(start)
        leave, back = self.shift(start)
        before, after = self.neighbours(start)
        before = before if before is not None and before.end > leave else None
        after = after if after is not None and after.start < back else None

        def minutes(origin: Place, destination: Place, at: datetime) -> int:
            return self.drive(origin, destination, at) or 0

        added = minutes(before.place, here, before.end) if before else minutes(home, here, begins)
        added += minutes(here, after.place, ends) if after else minutes(here, home, ends)
        if before and after:
            return added - minutes(before.place, after.place, before.end)
        if before:
            return added - minutes(before.place, home, before.end)
        if after:
            return added - minutes(home, after.place, after.start)
        return added


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
