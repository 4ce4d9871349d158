"""Another clock for a whole run of the tests: `MASSAGERX_CLOCK=2026-12-31T10:00 python3 run.py test …`, in Los Angeles.

Processes don't begin at one moment, so what they share is how far ahead of the real clock they are.
"""

import os
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import time_machine

WANTED = "MASSAGERX_CLOCK"
AHEAD = "MASSAGERX_CLOCK_AHEAD"
#: The settings of processes that tests start, while another clock is asked for.
SETTINGS = "massagerx.settings.at_a_date"


def is_asked_for() -> bool:
    """Whether this run has a clock of its own."""
    return bool(os.environ.get(WANTED))


def start() -> None:
    """Set the clock of this process, and tell those that it starts. Does nothing when no other clock is asked for."""
    if not is_asked_for():
        return
    if AHEAD not in os.environ:
        wanted = datetime.fromisoformat(os.environ[WANTED]).replace(tzinfo=ZoneInfo("America/Los_Angeles"))
        os.environ[AHEAD] = str(wanted.timestamp() - time.time())
    at = datetime.fromtimestamp(time.time() + float(os.environ[AHEAD]), tz=UTC)
    time_machine.travel(at, tick=True).start()
