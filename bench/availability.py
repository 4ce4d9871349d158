"""What a day's times and sixty days of times cost with many visits stored, beside a floor in the same rounds.

Run from the repository: python -m bench.availability [--sizes 0,1000,10000,50000,500000] [--rounds 25]

The floor is what nobody can do without: one range query by therapist and time through the ORM, and one sorted
sweep over its rows; no place, no drive, no set-up, no daily limit, no time off. All is measured in one process,
in interleaved rounds, on a PostgreSQL that is started for it; times are medians in milliseconds, and the quickest
round beside them, which says more where the machine has other work. Figures go to bench/results/availability.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.world import FIRST_DAY, NOW, QUIET_DAY, Business, Calendar, found_business, own_postgres

if TYPE_CHECKING:
    from bookings.domain.visit_request import VisitRequest
    from bookings.models import Therapist

RESULTS = Path(__file__).parent / "results" / "availability.json"
DAYS = 60
FEW, MANY = 4, 65
#: Phases of a course of twelve visits over eight weeks: from day, to day, visits, days apart.
COURSE = ((3, 7, 3, 1), (8, 14, 3, 2), (15, 28, 4, 2), (29, 55, 2, 4))
#: A day with two visits of each therapist.
ONE_DAY = FIRST_DAY + timedelta(days=8)


@dataclass(frozen=True)
class Measured:
    """One task: what it costs, and how many queries it takes."""

    milliseconds: float
    quickest: float
    queries: int
    found: int


def floor(therapists: Sequence[Therapist], first_day: date, last_day: date) -> int:
    """The bare query and the bare sweep; returns how many starts leave room for an hour and twice ten minutes."""
    from bookings.models import Booking
    from massagerx.lib.localtime import day_bounds

    begin, end = day_bounds(first_day)[0], day_bounds(last_day)[1]
    rows = (
        Booking.objects.filter(therapist__in=therapists)
        .occupying()
        .between(begin, end)
        .order_by("therapist_id", "blocked_from")
        .values_list("therapist_id", "blocked_from", "blocked_until")
    )
    taken: dict[int, list[tuple[datetime, datetime]]] = {therapist.pk: [] for therapist in therapists}
    for therapist_id, blocked_from, blocked_until in rows:
        taken[therapist_id].append((blocked_from, blocked_until))
    days = [first_day + timedelta(days=number) for number in range((last_day - first_day).days + 1)]
    mornings = [day_bounds(day)[0] + timedelta(hours=9) for day in days if day.weekday() != 6]
    working_day, session = timedelta(hours=9), timedelta(minutes=80)
    quarter = timedelta(minutes=15)
    found = 0
    for blocks in taken.values():
        block = 0
        for morning in mornings:
            free_from, evening = morning, morning + working_day
            while block < len(blocks) and blocks[block][0] < evening:
                blocked_from, blocked_until = blocks[block]
                block += 1
                if blocked_from - free_from >= session:
                    found += (blocked_from - free_from - session) // quarter + 1
                free_from = max(free_from, blocked_until)
            if evening - free_from >= session:
                found += (evening - free_from - session) // quarter + 1
    return found


def ours(business: Business, visit_request: VisitRequest, first_day: date, last_day: date) -> int:
    """The times as the booking pages ask for them."""
    from bookings.domain import scheduling

    offer = scheduling.find_times_between(
        visit_request=visit_request,
        first_day=first_day,
        last_day=last_day,
        rules=business.rules,
        now=NOW,
    )
    return sum(len(starts) for starts in offer.by_day.values())


def measure(
    tasks: dict[str, Callable[[], int]], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, Measured]:
    """The tasks by turns, `rounds` times, after one round that warms up and counts the queries."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    queries, found = {}, {}
    for name, task in tasks.items():
        task()
        with CaptureQueriesContext(connection) as captured:
            found[name] = task()
        queries[name] = len(captured)
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            started = clock()
            task()
            taken[name].append((clock() - started) * 1000)
    return {
        name: Measured(statistics.median(taken[name]), min(taken[name]), queries[name], found[name])
        for name in tasks
    }


def tasks_at(business: Business) -> dict[str, Callable[[], int]]:
    """What is measured at each number of stored visits."""
    from bookings.courses.planner import Phase, targets
    from bookings.courses.planning import Asked, plan_course, rules_of_client, wishes_of

    phases = tuple(Phase(*phase) for phase in COURSE)
    everyone, one = business.therapists, business.therapists[:1]
    # The client's choices, looked up beforehand: that costs the same whatever is stored.
    any_of_them, the_one = business.visit_request(everyone), business.visit_request(one)
    last = FIRST_DAY + timedelta(days=DAYS - 1)
    rules = rules_of_client(business.rules, phases)

    def course() -> int:
        """Twelve visits over eight weeks, with who comes read anew; how many have a place."""
        wanted = targets(phases, day_zero=FIRST_DAY, not_before=FIRST_DAY)
        wishes = wishes_of(weekdays=[], minute=10 * 60, same="preferred")
        visits = plan_course(
            Asked(targets=wanted, wishes=wishes), [any_of_them] * len(wanted), rules=rules, now=NOW
        )
        return sum(visit.time is not None for visit in visits)

    return {
        "floor, day": lambda: floor(one, ONE_DAY, ONE_DAY),
        "day": lambda: ours(business, the_one, ONE_DAY, ONE_DAY),
        "floor, 60 days": lambda: floor(everyone, FIRST_DAY, last),
        "60 days": lambda: ours(business, any_of_them, FIRST_DAY, last),
        "course": course,
    }


def main() -> None:
    """Print the figures and write them down."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", default="0,1000,10000,50000,500000")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument(
        "--processor", action="store_true", help="time this process's work alone, on both sides"
    )
    parser.add_argument("--profile", action="store_true", help="show where 60 days spend their time")
    options = parser.parse_args()
    sizes = sorted({int(size) for size in options.sizes.split(",")})
    if options.rounds < 1 or min(sizes) < 0:
        parser.error("at least one round, and no size below 0")

    clock = time.process_time if options.processor else time.perf_counter
    report: dict[str, Any] = {"rounds": options.rounds, "sizes": {}}
    with own_postgres():
        business = found_business()
        calendar = Calendar(business)
        print(
            f"{'stored':>8} {'what':<8} {'queries':>7} {'ms':>8} {'floor':>8} {'ratio':>6} {'to 1k':>6} "
            f"{'quickest':>8} {'floor':>8} {'ratio':>6}"
        )
        base: dict[str, float] = {}
        for size in sizes:
            calendar.grow_to(size)
            measured = measure(tasks_at(business), options.rounds, clock)
            report["sizes"][str(size)] = {}
            for name, of in (("day", "day"), ("60 days", "60 days"), ("course", "60 days")):
                here, least = measured[name], measured[f"floor, {of}"]
                if size == 1000:
                    base[name] = here.quickest
                growth = here.quickest / base[name] if name in base else None
                ratio = here.milliseconds / least.milliseconds
                quickest = here.quickest / least.quickest
                report["sizes"][str(size)][name] = {
                    "queries": here.queries,
                    "ms": round(here.milliseconds, 2),
                    "floor_ms": round(least.milliseconds, 2),
                    "ratio_to_floor": round(ratio, 2),
                    "quickest_ms": round(here.quickest, 2),
                    "quickest_floor_ms": round(least.quickest, 2),
                    "quickest_ratio": round(quickest, 2),
                    "growth_from_1000": None if growth is None else round(growth, 2),
                }
                print(
                    f"{calendar.stored:8} {name:<8} {here.queries:7} {here.milliseconds:8.2f} "
                    f"{least.milliseconds:8.2f} {ratio:6.2f} {'-' if growth is None else f'{growth:.2f}':>6} "
                    f"{here.quickest:8.2f} {least.quickest:8.2f} {quickest:6.2f}"
                )
        few, many = QUIET_DAY, QUIET_DAY + timedelta(days=7)
        calendar.fill_morning(few, FEW)
        calendar.fill_morning(many, MANY)
        one = business.therapists[:1]
        the_one = business.visit_request(one)
        days = measure(
            {
                "few": lambda: ours(business, the_one, few, few),
                "many": lambda: ours(business, the_one, many, many),
                "floor, few": lambda: floor(one, few, few),
                "floor, many": lambda: floor(one, many, many),
            },
            options.rounds * 2,
            clock,
        )
        if days["few"].queries != days["many"].queries:
            raise SystemExit("The number of queries depends on the number of visits.")
        ratio = days["many"].milliseconds / days["few"].milliseconds
        floor_ratio = days["floor, many"].milliseconds / days["floor, few"].milliseconds
        report["full_day"] = {
            f"ms_with_{FEW}": round(days["few"].milliseconds, 2),
            f"ms_with_{MANY}": round(days["many"].milliseconds, 2),
            "ratio": round(ratio, 2),
            "floor_ratio": round(floor_ratio, 2),
        }
        print(
            f"a day with {MANY} visits: {days['many'].milliseconds:.2f} ms, with {FEW}: "
            f"{days['few'].milliseconds:.2f} ms, ratio {ratio:.2f} (floor {floor_ratio:.2f}); "
            f"{days['many'].found} and {days['few'].found} times found"
        )
        if options.profile:
            _profile(tasks_at(business)["60 days"])
            _profile(tasks_at(business)["day"])
    if not options.processor:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(report, indent=1) + "\n")


def _profile(task: Callable[[], int]) -> None:
    import cProfile
    import pstats

    profile = cProfile.Profile()
    for _ in range(10):
        profile.runcall(task)
    pstats.Stats(profile).sort_stats("tottime").print_stats(28)


if __name__ == "__main__":
    main()
