"""How much quicker the availability sweep is than its brute-force oracle, on the same input, with the same
output.

Run from the repository: python -m bench.availability_sweep [--days 60] [--therapists 5] [--visits 500]
[--rounds 5]

Times are medians of interleaved rounds, in milliseconds of processor time; the goal is a ratio of 50 or more.
The oracle is slow, so that it runs on a part of the days (--oracle-days) and is scaled up; the engine is also
timed on that part, and both have to give the same slots there. Drives are those of speeds by the hour,
between places that are all different.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_time
from typing import Any
from zoneinfo import ZoneInfo

from bookings.availability import (
    Conditions,
    Interval,
    Job,
    Occupied,
    Place,
    SchedulingRules,
    Therapist,
    WeeklyHours,
    offer_slots,
    open_days,
)
from tests.bookings.availability import oracle
from tests.support.drive_times import OfflineEstimate

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
FIRST_DAY = date(2026, 10, 1)  # 60 days from here hold the end of daylight time
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Input:
    """A business: what `offer_slots` takes, but for the last day."""

    therapists: tuple[Therapist, ...]
    job: Job
    rules: SchedulingRules
    now: datetime

    def arguments(self, days: int) -> dict[str, Any]:
        """For a month, or a day, with drive times that nobody has asked for yet."""
        return {
            "therapists": self.therapists,
            "job": self.job,
            "first_day": FIRST_DAY,
            "last_day": FIRST_DAY + timedelta(days=days - 1),
            "conditions": Conditions(self.rules, OfflineEstimate(LOS_ANGELES), self.now),
        }


def make_input(*, days: int, therapists: int, visits: int, seed: int) -> Input:
    """Monday to Saturday, 9 to 18, quarter-hour starts, and `visits` visits over all days and therapists."""
    dice = random.Random(seed)

    def place() -> Place:
        return Place("90001", None, 33.95 + dice.random() * 0.2, -118.45 + dice.random() * 0.3)

    taken: list[list[Occupied]] = [[] for _ in range(therapists)]
    working_days = [day for day in range(days) if (FIRST_DAY + timedelta(days=day)).weekday() != 6]
    times = [
        (number, day, hour)
        for number in range(therapists)
        for day in working_days
        for hour in (9, 11, 14, 16)
    ]
    for number, day, hour in dice.sample(times, min(visits, len(times))):
        local = datetime.combine(FIRST_DAY + timedelta(days=day), wall_time(hour), LOS_ANGELES)
        start = local.astimezone(UTC) + dice.choice([0, 15, 30]) * MINUTE
        taken[number].append(Occupied(Interval(start, start + 90 * MINUTE), place(), 60))
    return Input(
        therapists=tuple(
            Therapist(
                id=number,
                home=place(),
                weekly_hours=tuple(WeeklyHours(weekday, wall_time(9), wall_time(18)) for weekday in range(6)),
                existing=tuple(taken[number]),
                max_visits_per_day=6,
                reach_minutes=60,
                break_minutes=30,
                break_after_minutes=300,
            )
            for number in range(therapists)
        ),
        job=Job(place(), treatment_minutes=60, setup_minutes=15, packdown_minutes=15),
        rules=SchedulingRules(LOS_ANGELES, timedelta(hours=4), days, 15),
        now=datetime(2026, 9, 30, 19, tzinfo=UTC),
    )


def milliseconds(run: Callable[[], object]) -> float:
    """The processor time of one run, which other processes on the machine disturb least."""
    started = time.process_time()
    run()
    return (time.process_time() - started) * 1000


def main() -> None:
    """Print the medians and the ratio. Exits with an error when the outputs differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--therapists", type=int, default=5)
    parser.add_argument("--visits", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--oracle-days", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if min(options.days, options.therapists, options.rounds, options.oracle_days) < 1:
        parser.error("days, therapists and rounds are at least 1")

    business = make_input(
        days=options.days, therapists=options.therapists, visits=options.visits, seed=options.seed
    )
    part = business.arguments(min(options.oracle_days, options.days))
    engine_part = [
        (slot.starts_at, slot.therapist_id, slot.added_drive_minutes) for slot in offer_slots(**part)
    ]
    if engine_part != oracle.offered(**part):
        raise SystemExit("The engine and the oracle differ.")

    whole, month, few, brute = [], [], [], []
    for _ in range(options.rounds):
        # The slots, then the days only; each time with nothing remembered.
        whole.append(milliseconds(lambda: offer_slots(**business.arguments(options.days))))
        month.append(milliseconds(lambda: open_days(**business.arguments(options.days))))
        few.append(milliseconds(lambda: offer_slots(**business.arguments(options.oracle_days))))
        brute.append(milliseconds(lambda: oracle.offered(**business.arguments(options.oracle_days))))
    slots = len(offer_slots(**business.arguments(options.days)))
    scaled = statistics.median(brute) * options.days / options.oracle_days

    print(
        f"{options.days} days, {options.therapists} therapists, {options.visits} visits, {slots} slots offered"
    )
    print(f"all slots                    {statistics.median(whole):10.1f} ms")
    print(f"open days only               {statistics.median(month):10.1f} ms")
    print(f"oracle, {options.oracle_days} days scaled       {scaled:12.1f} ms")
    print(
        f"ratio on the same {options.oracle_days} days     {statistics.median(brute) / statistics.median(few):10.0f} ×"
    )
    print(f"ratio on all days, scaled    {scaled / statistics.median(whole):10.0f} ×")


if __name__ == "__main__":
    main()
