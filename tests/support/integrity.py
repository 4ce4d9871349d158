"""What the proofs of docs/integrity.md share: their two sizes, and the figures they write down."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

from tests.support import OUTPUT

#: Set INTEGRITY_FULL=1 for the sizes that take minutes.
FULL = os.environ.get("INTEGRITY_FULL") == "1"


def size(small: int, full: int) -> int:
    """How many of something this run does."""
    return full if FULL else small


def write_down(proof: str, **figures: object) -> None:
    """Prints the figures of one proof, and keeps them as a line of var/test-output/integrity.jsonl.

    A figure named `database` is the address of what the proof ran on; else it is the tests' own.
    """
    database = str(figures.pop("database", os.environ.get("DATABASE_URL", "sqlite")))
    line = json.dumps(
        {
            "proof": proof,
            "size": "full" if FULL else "ci",
            "database": "postgresql" if database.startswith("postgres") else "sqlite",
            "load": round(os.getloadavg()[0], 1),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            **figures,
        }
    )
    print(f"\n{line}")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    with (OUTPUT / "integrity.jsonl").open("a") as file:
        file.write(f"{line}\n")


def percentile(values: list[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values don't exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
