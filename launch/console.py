"""Output to the terminal, and handling of signals."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Problem(Exception):
    """An error that a person has to fix. Its text is one sentence that says how."""


class Stopped(Exception):
    """Raised after Ctrl-C, SIGTERM or SIGHUP."""


def say(text: str = "") -> None:
    """Write one line at once, even when the output is a pipe."""
    print(text, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announce something that takes a while; afterwards, say how many seconds it took."""
    started = time.monotonic()
    print(f"  {text} …", end="", flush=True)
    try:
        yield
    except BaseException:
        print(flush=True)
        raise
    print(f" {time.monotonic() - started:.1f} s", flush=True)


class Signals:
    """Notes Ctrl-C, SIGTERM and SIGHUP, and raises only where `check` is called.

    Whatever waits calls `check` between its naps, so a signal never falls between starting a child process and
    registering it.
    """

    def __init__(self) -> None:
        self.received: list[int] = []

    def listen(self) -> None:
        """Take over the three signals. Only the main thread may call this."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received.append(number)

    def check(self) -> None:
        """Raise `Stopped` when a signal has come."""
        if self.received:
            raise Stopped(signal.Signals(self.received[0]).name)

    def nap(self, seconds: float = 0.05) -> None:
        """Sleep for `seconds`, then `check`."""
        time.sleep(seconds)
        self.check()

    @property
    def impatient(self) -> bool:
        """Whether somebody asked more than once."""
        return len(self.received) > 1


def complain(problem: Exception) -> None:
    """Write a problem's sentence to the error output."""
    print(f"\n{problem}", file=sys.stderr, flush=True)
