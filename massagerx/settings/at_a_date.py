"""Tests of the whole site at another date: the local settings, in processes whose clock is ahead of the real one by the
seconds in MASSAGERX_CLOCK_AHEAD. Needs the development requirements."""

import time
from datetime import UTC, datetime

import time_machine

from .local import *
from .local import env

time_machine.travel(
    datetime.fromtimestamp(time.time() + env.float("MASSAGERX_CLOCK_AHEAD"), tz=UTC), tick=True
).start()
