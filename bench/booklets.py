"""How long a worker takes to make a thousand clients' booklets.

Run from the repository: python -m bench.booklets [--count 1000] [--processes 2]

As many processes as a deployed worker has drain the waiting rows together, each with a compiler of its own that it
warms with its first booklet; that is counted. Programs of eight weeks with five to eight of the sample's exercises,
each with other words. Beside the wall time stands the processor's time of one booklet, which other work on the machine
moves less. Figures go to bench/results/booklets.json.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import time
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.world import FIRST_DAY, NOW, Calendar, found_business, own_postgres

RESULTS = Path(__file__).parent / "results" / "booklets.json"
WEEKS = 8


def ask_for(count: int) -> None:
    """Stores so many programs at one visit, each with a booklet that is due."""
    from django.contrib.auth.models import User

    from bookings.models import Booking
    from bookings.program import sample
    from bookings.program.models import DESCRIBED, Exercise, Program, ProgramBooklet, ProgramExercise

    Calendar(found_business()).grow_to(1)
    sample.load(now=NOW)
    booking, staff = Booking.objects.earliest("pk"), User.objects.create_user("measured")
    library = list(Exercise.objects.order_by("pk"))
    programs = Program.objects.bulk_create(
        Program(
            booking=booking, name=f"For runner {number}", sport="running", weeks=WEEKS, made_by=staff, made_at=NOW,
            started_on=FIRST_DAY + timedelta(days=number % 60), submission_key=uuid4(),
        )
        for number in range(count)
    )  # fmt: skip
    ProgramExercise.objects.bulk_create(
        ProgramExercise(
            program=program, exercise=row, added_at=NOW, from_week=1 + number % 3, to_week=WEEKS,
            **{name: getattr(row, name) for name in DESCRIBED},
        )
        for number, program in enumerate(programs)
        for row in islice(library * 2, number % len(library), number % len(library) + 5 + number % 4)
    )  # fmt: skip
    ProgramBooklet.objects.bulk_create(
        ProgramBooklet(program=program, paper="us-letter", asked_at=NOW) for program in programs
    )


def drain() -> None:
    """Makes booklets until none is due, and prints the processor's seconds."""
    import django

    django.setup()
    from bookings.program import papers

    logging.disable(logging.INFO)
    while papers.make_due(clock=lambda: NOW):
        pass
    print(time.process_time())


def main() -> None:
    parser = argparse.ArgumentParser(description="A worker makes clients' booklets.")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--drain", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.drain:
        drain()
        return
    with own_postgres():
        from bookings.program.models import ProgramBooklet

        ask_for(options.count)
        command = [sys.executable, "-m", "bench.booklets", "--drain"]
        began = time.perf_counter()
        workers = [
            subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ.copy(), text=True)
            for _ in range(options.processes)
        ]
        processor = sum(float(worker.communicate()[0]) for worker in workers)
        wall = time.perf_counter() - began
        made = ProgramBooklet.objects.exclude(made_at=None).count()
        if made != options.count:
            raise SystemExit(f"{made} of {options.count} were made")
    report: dict[str, Any] = {
        "booklets": made,
        "processes": options.processes,
        "seconds": round(wall, 1),
        "processor_ms_each": round(processor / made * 1000, 1),
        "load_before": round(os.getloadavg()[1], 1),
    }
    RESULTS.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
