"""Why one start can't be had: the rules of `slots` one after another, for a start that the sweep has turned down."""

from .intervals import contains
from .local_days import LocalDay
from .sweep import Diary, Hole
from .types import Policy, Refusal, RefusalReason, Side
from .working_hours import Tour


def why_not(diary: Diary, day: LocalDay, minute: int, policy: Policy) -> Refusal:
    """The first rule that a session of the diary's job, starting at `minute` on `day`, breaks.

    Notice and horizon are the caller's to check. `minute` is in minutes since 1970-01-01T00:00 UTC.
    """
    job = diary.job
    start = minute - job.setup_minutes
    end = start + job.blocked_minutes
    if not any(minute in minutes for minutes in day.grid(minute, minute, policy.granularity_minutes)):
        return Refusal(RefusalReason.OFF_GRID)
    if day.date in policy.closures:
        return Refusal(RefusalReason.CLOSED)
    hours = diary.hours.hours_on(day)
    if not contains(hours, (start, end)):
        return Refusal(RefusalReason.OUTSIDE_HOURS)
    tour = next((tour for tour in diary.hours.tours_on(day) if contains(tour.stretches, (start, end))), None)
    if tour is None:
        return Refusal(RefusalReason.TIME_OFF)

    blocks = diary.blocks_on(day)
    traffic = diary.drives.traffic(day)
    hole = next(
        (hole for hole in diary.holes(day, blocks, traffic) if hole.start <= start and end <= hole.end), None
    )
    if hole is None:
        return Refusal(RefusalReason.TAKEN)

    from_home = diary.drives.leg(diary.home, diary.place)[traffic.bands[start - day.start]]
    to_home = diary.drives.leg(diary.place, diary.home)[traffic.bands[end - day.start]]
    if from_home is None or to_home is None:
        return Refusal(RefusalReason.UNKNOWN_PLACE)
    reach = diary.therapist.reach_minutes
    if reach is not None and from_home > reach:
        return Refusal(RefusalReason.REACH)
    if not diary.within_daily_limits(blocks):
        return Refusal(RefusalReason.DAILY_LIMIT)
    late_for = _missed_neighbour(diary, day, start, end, hole)
    if late_for is not None:
        return Refusal(RefusalReason.DRIVE, late_for)
    if _away_too_long(diary, day, start, end, hole, tour):
        at_edge_of_hours = (tour.start, tour.end) == (hours[0][0], hours[-1][1])
        return Refusal(RefusalReason.OUTSIDE_HOURS if at_edge_of_hours else RefusalReason.TIME_OFF)
    return Refusal(RefusalReason.BREAK)


def _missed_neighbour(diary: Diary, day: LocalDay, start: int, end: int, hole: Hole) -> Side | None:
    traffic = diary.drives.traffic(day)
    if hole.before is not None:
        leg = diary.drives.leg(hole.before.place, diary.place)
        known = leg[traffic.bands[hole.before.end - day.start]] is not None
        if not known or traffic.arrival(leg, hole.before.end, start) is None:
            return Side.BEFORE
    if hole.after is not None:
        leg = diary.drives.leg(diary.place, hole.after.place)
        known = leg[traffic.bands[end - day.start]] is not None
        if not known or traffic.arrival(leg, end, hole.after.start) is None:
            return Side.AFTER
    return None


def _away_too_long(diary: Diary, day: LocalDay, start: int, end: int, hole: Hole, tour: Tour) -> bool:
    """Whether the first drive of the tour would begin before its hours, or the last one end after them."""
    traffic = diary.drives.traffic(day)
    if hole.before is None or hole.before.end <= tour.start:
        if traffic.arrival(diary.drives.leg(diary.home, diary.place), tour.start, start) is None:
            return True
    if hole.after is None or hole.after.start >= tour.end:
        return traffic.arrival(diary.drives.leg(diary.place, diary.home), end, tour.end) is None
    return False
