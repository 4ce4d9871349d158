"""Why one start can't be had: the rules of `slots` one after another, for a start that the sweep has turned down."""

from .intervals import contains
from .local_days import LocalDay
from .sweep import DayPlanner, Gap
from .types import Refusal, RefusalReason, SchedulingRules, Side
from .working_hours import Shift


def why_not(planner: DayPlanner, day: LocalDay, minute: int, rules: SchedulingRules) -> Refusal:
    """The first rule that a treatment of the planner's job, starting at `minute` on `day`, breaks.

    Notice and horizon are the caller's to check. `minute` is in minutes since 1970-01-01T00:00 UTC.
    """
    job = planner.job
    start = minute - job.setup_minutes
    end = start + job.blocked_minutes
    if not any(minute in minutes for minutes in day.grid(minute, minute, rules.granularity_minutes)):
        return Refusal(RefusalReason.OFF_GRID)
    if day.date in rules.closures:
        return Refusal(RefusalReason.CLOSED)
    hours = planner.hours.hours_on(day)
    if not contains(hours, (start, end)):
        return Refusal(RefusalReason.OUTSIDE_HOURS)
    shift = next(
        (shift for shift in planner.hours.shifts_on(day) if contains(shift.stretches, (start, end))), None
    )
    if shift is None:
        return Refusal(RefusalReason.TIME_OFF)

    blocks = planner.blocks_on(day)
    traffic = planner.drives.traffic(day)
    gap = next(
        (gap for gap in planner.gaps(day, blocks, traffic) if gap.start <= start and end <= gap.end), None
    )
    if gap is None:
        return Refusal(RefusalReason.TAKEN)

    from_home = planner.drives.leg(planner.home, planner.place)[traffic.bands[start - day.start]]
    to_home = planner.drives.leg(planner.place, planner.home)[traffic.bands[end - day.start]]
    if from_home is None or to_home is None:
        return Refusal(RefusalReason.UNKNOWN_PLACE)
    reach = planner.therapist.reach_minutes
    if reach is not None and from_home > reach:
        return Refusal(RefusalReason.REACH)
    if not planner.within_daily_limits(blocks):
        return Refusal(RefusalReason.DAILY_LIMIT)
    late_for = _missed_neighbour(planner, day, start, end, gap)
    if late_for is not None:
        return Refusal(RefusalReason.DRIVE, late_for)
    if _away_too_long(planner, day, start, end, gap, shift):
        at_edge_of_hours = (shift.start, shift.end) == (hours[0][0], hours[-1][1])
        return Refusal(RefusalReason.OUTSIDE_HOURS if at_edge_of_hours else RefusalReason.TIME_OFF)
    return Refusal(RefusalReason.BREAK)


def _missed_neighbour(planner: DayPlanner, day: LocalDay, start: int, end: int, gap: Gap) -> Side | None:
    traffic = planner.drives.traffic(day)
    if gap.before is not None:
        leg = planner.drives.leg(gap.before.place, planner.place)
        known = leg[traffic.bands[gap.before.end - day.start]] is not None
        if not known or traffic.arrival(leg, gap.before.end, start) is None:
            return Side.BEFORE
    if gap.after is not None:
        leg = planner.drives.leg(planner.place, gap.after.place)
        known = leg[traffic.bands[end - day.start]] is not None
        if not known or traffic.arrival(leg, end, gap.after.start) is None:
            return Side.AFTER
    return None


def _away_too_long(planner: DayPlanner, day: LocalDay, start: int, end: int, gap: Gap, shift: Shift) -> bool:
    """Whether the first drive of the shift would begin before its hours, or the last one end after them."""
    traffic = planner.drives.traffic(day)
    if gap.before is None or gap.before.end <= shift.start:
        if traffic.arrival(planner.drives.leg(planner.home, planner.place), shift.start, start) is None:
            return True
    if gap.after is None or gap.after.start >= shift.end:
        return traffic.arrival(planner.drives.leg(planner.place, planner.home), end, shift.end) is None
    return False
