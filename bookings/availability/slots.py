"""Which times can be kept: offered, checked, or refused with the reason.

The rules, all of them, in words:

1. A treatment starts on the grid (its local minutes since midnight divide by the granularity), no sooner than
   the minimum notice from now, and on a local day up to the horizon.
2. From the start of set-up to the end of pack-down it is one block, inside one stretch of the therapist's
   working hours (weekly and extra hours, without time off and closures), and overlaps nothing that is taken.
   Blocks that touch don't overlap. Hours that name zones hold only blocks in these.
3. The day is no later than the last one on which the therapist may be given a visit.
4. A shift is what a day holds between time off: it begins at home, where the therapist leaves when its first
   hours begin at the earliest, and ends at home, when its last hours end at the latest. So the first drive
   and the last one are inside working hours too.
5. From the visit before and to the visit after on that local day, on whatever shift, there is time for the
   drive. A drive starts at once, or later if traffic is lighter then: what counts is whether a moment to
   leave exists.
6. A drive that is unknown is refused: between home and the place, both ways, in the traffic around the visit;
   and to or from a neighbour when leaving at once.
7. The drive from home, in the traffic at the start of the block, is within the therapist's reach.
8. The day's visits and its treatment minutes stay within the therapist's daily limits. Whatever touches the
   local day counts for it.
9. Whom the job says is never sent to it has no time for it.
10. A break is a gap between two visits in which the drive leaves `break_minutes` or more. No more than
   `break_after_minutes` of treatment time lie between two breaks. A visit that is longer than that by itself
   may be had with a break on both sides.

`check_slot` grants exactly the times that `offer_slots` offers, and has a reason for all others, because it asks
the same sweep. Nothing here reads a clock: `now` is given. Everything that comes out is in UTC.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby, repeat
from typing import NamedTuple

from .drives import Drives
from .fit import good_fits
from .local_days import LocalDay, instant_at, local_date, local_day, minute_ceil, minute_floor
from .sweep import DayPlanner, Start
from .travel import Offsets
from .types import Conditions, Job, Refusal, RefusalReason, SchedulingRules, Slot, Therapist, as_utc
from .working_hours import week_of


def offer_slots(
    *,
    therapists: Iterable[Therapist],
    job: Job,
    first_day: date,
    last_day: date,
    conditions: Conditions,
) -> list[Slot]:
    """Every time that can be kept on the local days from `first_day` to `last_day`, both included.

    Sorted by start, then by therapist. Days that are past or beyond the horizon have none. Raises ValueError
    when `now` has no zone.
    """
    rules, _, now = conditions
    planners = _planners(therapists, job, conditions)
    earliest = _earliest(rules, now)
    granularity = rules.granularity_minutes
    instants = _Instants()
    slots: list[Slot] = []
    for day in _days(first_day, last_day, rules, now):
        starts: list[Start] = []
        for planner in planners:
            starts += planner.starts_on(day, earliest, granularity)
        if len(planners) > 1:
            starts.sort()
        slots += [_slot(start, job, instants) for start in starts]
    return slots


class OfferedStart(NamedTuple):
    """A start that somebody can keep: what a client is shown. `is_good_fit` as `fit.good_fits` says;
    `therapist_id` is who comes, as `fit.for_anyone` chooses; `second_id` who comes beside, where two are asked for."""

    starts_at: datetime
    is_good_fit: bool
    therapist_id: int
    second_id: int | None = None


def offer_starts(
    *,
    therapists: Iterable[Therapist],
    job: Job,
    first_day: date,
    last_day: date,
    conditions: Conditions,
) -> dict[date, tuple[OfferedStart, ...]]:
    """The starts of `offer_slots` by local day, ascending, each with the one who comes then. A day without starts is
    not in it. `existing` has to hold the whole weeks, as for `fit.for_anyone`.

    For calendars: a month for several therapists has thousands of slots, and the same few hundred starts.
    """
    rules, _, now = conditions
    planners = _planners(therapists, job, conditions)
    earliest = _earliest(rules, now)
    granularity = rules.granularity_minutes
    offered: dict[date, tuple[OfferedStart, ...]] = {}
    known: dict[tuple[object, ...], tuple[list[Offsets], _DayStarts]] = {}
    for (monday, sunday), days in groupby(
        _days(first_day, last_day, rules, now), lambda day: week_of(day.date)
    ):
        week = local_day(monday, rules.tz).start, local_day(sunday, rules.tz).end
        # Who goes first wins a tie: of two with as much to drive, the one with fewer visits that week.
        planners.sort(key=lambda planner: (planner.count_between(*week), planner.therapist.id))
        order = tuple(planner.therapist.id for planner in planners)
        for day in days:
            told = [planner.offsets_on(day, earliest, granularity) for planner in planners]
            # Of days that are alike each planner has told the same lists, which are kept, so that no others can come
            # to have their ids. Two who live next door share theirs: the order of the planners tells them apart.
            alike = order, *map(id, told)
            if alike not in known:
                known[alike] = told, _who_comes(planners, told, job)
            starts = known[alike][1]
            if starts.since:
                instants = map(instant_at(day.start).__add__, starts.since)
                columns = zip(instants, starts.is_good_fit, starts.who, repeat(None))
                # Less than half of what it takes to call each: a month has hundreds.
                offered[day.date] = tuple(map(tuple.__new__, repeat(OfferedStart), columns))
    return offered


class _DayStarts(NamedTuple):
    """The starts of one day in columns: since it began, whether each is a good fit, and the id of who comes."""

    since: list[timedelta]
    is_good_fit: list[bool]
    who: list[int]


def _who_comes(planners: Sequence[DayPlanner], told: Sequence[Offsets], job: Job) -> _DayStarts:
    """The starts of one day, of what the planners, in their order, have `told`."""
    least: dict[int, int] = {}
    who: dict[int, int] = {}
    wished: dict[int, int] = {}
    for planner, starts in zip(planners, told, strict=True):
        therapist_id = planner.therapist.id
        if therapist_id in job.preferred:
            for offset, _added in starts:
                wished.setdefault(offset, therapist_id)
        for offset, added in starts:
            if offset not in least or added < least[offset]:
                least[offset] = added
                who[offset] = therapist_id
    who |= wished
    good = good_fits(least)
    offsets = sorted(least)
    return _DayStarts(
        [timedelta(minutes=offset) for offset in offsets],
        [offset in good for offset in offsets],
        [who[offset] for offset in offsets],
    )


def offer_pairs(
    *,
    therapists: Iterable[Therapist],
    job: Job,
    first: Collection[int],
    second: Collection[int],
    first_day: date,
    last_day: date,
    conditions: Conditions,
) -> dict[date, tuple[OfferedStart, ...]]:
    """The starts at which two of the therapists can come to one place, each for a job like `job`: one of `first` and
    another of `second` (ids). By local day, ascending, each with the two of whom the job prefers most and whose days
    together grow least in driving; ties go to the lower ids. A day without starts is not in it."""
    slots = offer_slots(
        therapists=therapists, job=job, first_day=first_day, last_day=last_day, conditions=conditions
    )
    offered: dict[date, tuple[OfferedStart, ...]] = {}
    for day, of_day in groupby(slots, key=lambda slot: local_date(slot.starts_at, conditions.rules.tz)):
        pairs: dict[datetime, tuple[int, int, int]] = {}
        for starts_at, candidates in groupby(of_day, key=lambda slot: slot.starts_at):
            ranked = sorted(
                (slot.therapist_id not in job.preferred, slot.added_drive_minutes, slot.therapist_id)
                for slot in candidates
            )
            # Two of each will do: of the best there is at most one who is best for both.
            ones = [one for one in ranked if one[2] in first][:2]
            others = [other for other in ranked if other[2] in second][:2]
            both = [
                (one[0] + other[0], one[1] + other[1], one[2], other[2])
                for one in ones
                for other in others
                if one[2] != other[2]
            ]
            if both:
                pairs[starts_at] = min(both)[1:]
        if pairs:
            good = good_fits({starts_at: added for starts_at, (added, _one, _other) in pairs.items()})
            offered[day] = tuple(
                OfferedStart(starts_at, starts_at in good, one, other)
                for starts_at, (_added, one, other) in pairs.items()
            )
    return offered


def open_days(
    *,
    therapists: Iterable[Therapist],
    job: Job,
    first_day: date,
    last_day: date,
    conditions: Conditions,
) -> list[date]:
    """The days, of those that `offer_slots` would look at, on which it would offer anything; sorted.

    For a month at a glance: it stops at the first time that a day has.
    """
    rules, _, now = conditions
    planners = _planners(therapists, job, conditions)
    earliest = _earliest(rules, now)
    granularity = rules.granularity_minutes
    return [
        day.date
        for day in _days(first_day, last_day, rules, now)
        if any(True for planner in planners for _ in planner.starts_on(day, earliest, granularity))
    ]


def check_slot(
    *,
    therapist: Therapist,
    job: Job,
    starts_at: datetime,
    conditions: Conditions,
) -> Slot | Refusal:
    """The slot of `therapist` in which the treatment starts at `starts_at`, or why there is none.

    For the moments between seeing a time and having it: hold, submit, confirm, move. Raises ValueError when
    `starts_at` or `now` has no zone.
    """
    rules, drive_time, now = conditions
    starts_at = as_utc(starts_at)
    early_or_late = _outside_booking_window(starts_at, rules, now)
    if early_or_late is not None:
        return Refusal(early_or_late)
    minute = minute_floor(starts_at)
    if instant_at(minute) != starts_at:
        return Refusal(RefusalReason.OFF_GRID)
    if therapist.id in job.never:
        return Refusal(RefusalReason.NEVER_SENT)
    day = local_day(local_date(starts_at, rules.tz), rules.tz)
    planner = DayPlanner(therapist, job, rules, Drives(drive_time, rules.tz))
    outcome = planner.decide(day, minute, rules.granularity_minutes)
    return outcome if isinstance(outcome, Refusal) else _slot(outcome, job, _Instants())


def explain_day(
    *,
    therapists: Iterable[Therapist],
    job: Job,
    day: date,
    conditions: Conditions,
) -> RefusalReason | None:
    """Why the local `day` has no time, or None when it has one.

    The most common reason among the starts in working hours of all therapists; that a visit would run past
    the end of the hours is only the reason when there is no other. Raises ValueError when `now` has no zone.
    """
    rules, _, now = conditions
    today = local_date(as_utc(now), rules.tz)
    if day < today:
        return RefusalReason.NOTICE
    if (day - today).days > rules.horizon_days:
        return RefusalReason.HORIZON
    therapists = list(therapists)
    planners = _planners(therapists, job, conditions)
    if not planners:
        return RefusalReason.NEVER_SENT if therapists else RefusalReason.NO_THERAPIST
    frame = local_day(day, rules.tz)
    earliest = _earliest(rules, now)
    if any(
        True for planner in planners for _ in planner.starts_on(frame, earliest, rules.granularity_minutes)
    ):
        return None
    reasons = Counter(reason for planner in planners for reason in _reasons(planner, frame, earliest, rules))
    if not reasons:
        reasons.update(
            planner.hours.why_no_work(frame) or RefusalReason.OUTSIDE_HOURS for planner in planners
        )
    if len(reasons) > 1:
        del reasons[RefusalReason.OUTSIDE_HOURS]
    return max(RefusalReason, key=lambda reason: reasons[reason])


def _reasons(
    planner: DayPlanner, day: LocalDay, earliest: int, rules: SchedulingRules
) -> Iterator[RefusalReason]:
    """Why each start in the hours of a day without times is refused."""
    for minute in _starts_in_hours(planner, day, rules):
        if minute < earliest:
            yield RefusalReason.NOTICE
            continue
        outcome = planner.decide(day, minute, rules.granularity_minutes)
        if isinstance(outcome, Refusal):
            yield outcome.reason


def _planners(therapists: Iterable[Therapist], job: Job, conditions: Conditions) -> list[DayPlanner]:
    rules = conditions.rules
    drives = Drives(conditions.drive_time, rules.tz)
    return [
        DayPlanner(therapist, job, rules, drives) for therapist in therapists if therapist.id not in job.never
    ]


def _earliest(rules: SchedulingRules, now: datetime) -> int:
    return minute_ceil(as_utc(now) + rules.minimum_notice)


def _days(first_day: date, last_day: date, rules: SchedulingRules, now: datetime) -> Iterator[LocalDay]:
    zone = rules.tz
    today = local_date(as_utc(now), zone)
    first = max(first_day, local_date(instant_at(_earliest(rules, now)), zone))
    last = min(last_day, today + timedelta(days=rules.horizon_days))
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield local_day(date.fromordinal(ordinal), zone)


def _outside_booking_window(
    starts_at: datetime, rules: SchedulingRules, now: datetime
) -> RefusalReason | None:
    now = as_utc(now)
    if starts_at < now + rules.minimum_notice:
        return RefusalReason.NOTICE
    # First by the hour: the calendar's last instants have no local date in zones ahead of UTC.
    if starts_at - now > timedelta(days=rules.horizon_days + 2):
        return RefusalReason.HORIZON
    days_ahead = (local_date(starts_at, rules.tz) - local_date(now, rules.tz)).days
    return RefusalReason.HORIZON if days_ahead > rules.horizon_days else None


def _starts_in_hours(planner: DayPlanner, day: LocalDay, rules: SchedulingRules) -> Iterator[int]:
    for start, end in planner.hours.hours_on(day):
        for minutes in day.grid(start, end - 1, rules.granularity_minutes):
            yield from minutes


class _Instants(dict[int, datetime]):
    """Instants by minute. Making a datetime costs more than finding one, and therapists share theirs."""

    __slots__ = ()

    def __missing__(self, minute: int) -> datetime:
        instant = self[minute] = instant_at(minute)
        return instant


def _slot(start: Start, job: Job, instants: _Instants) -> Slot:
    minute, therapist_id, added_drive_minutes = start
    ends = minute + job.treatment_minutes
    return Slot(
        therapist_id,
        instants[minute],
        instants[ends],
        instants[minute - job.setup_minutes],
        instants[ends + job.packdown_minutes],
        added_drive_minutes,
    )
