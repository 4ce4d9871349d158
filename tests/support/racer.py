"""A process that races: many threads, each on a connection of its own, that do what they are given when it is due.

`python -m tests.support.racer` takes an `Order` after the other on its standard input and gives `Results` back. Several
of them race against each other (`Racers`), so that no single interpreter's lock decides how long an attempt takes.
"""

from __future__ import annotations

import copy
import os
import pickle
import random
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import IO, TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import django

if __name__ == "__main__":
    django.setup()

from django.db import IntegrityError, OperationalError, connection, connections, transaction

from bookings import exceptions
from bookings.domain import operations
from bookings.domain.operations.transaction import translated_errors
from bookings.models import Booking, Therapist
from tests.factories import NOW
from tests.support import ROOT

if TYPE_CHECKING:
    from bookings.domain.operations import Submission

Act = Literal["booking", "floor"]
_CODES = {"40P01": "deadlock", "55P03": "lock timeout", "40001": "serialisation failure"}


@dataclass
class Order:
    """`due` seconds after the start for each submission, or None: as soon as a connection is free."""

    act: Act
    threads: int
    submissions: list[Submission]
    due: list[float] | None = None


@dataclass
class Results:
    """What the attempts came to, and how long each took in seconds: from when it was due, else from its begin."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    elapsed: float = 0.0


def outcome(error: Exception) -> str:
    """What an exception says, looking behind 'that time has just gone' for the database's own words."""
    cause = error.__cause__
    if isinstance(cause, OperationalError):
        return _CODES.get(getattr(cause.__cause__, "pgcode", ""), "database busy")
    if isinstance(cause, IntegrityError):
        return "stopped by the constraint"
    if isinstance(error, exceptions.SlotTaken | exceptions.SlotNotOffered):
        return "refused"
    return f"error: {type(error).__name__}"


def book(submission: Submission) -> None:
    """The way of every client."""
    operations.request_booking(submission=submission, now=NOW)


def lock_and_insert(template: Booking) -> Callable[[Submission], None]:
    """The floor under any booking: the lock, one look at what is taken, and one row. No engine, no messages."""

    def act(submission: Submission) -> None:
        starts_at = submission.starts_at
        shift = starts_at - template.starts_at
        with translated_errors(), transaction.atomic():
            candidates = Therapist.objects.select_for_update(no_key=True).order_by("pk")
            if submission.preference != "any":
                candidates = candidates.filter(slug=submission.preference.removeprefix("therapist:"))
            keys = [therapist.pk for therapist in candidates]
            row = copy.copy(template)
            row._state = copy.copy(template._state)
            row._state.adding = True
            row.pk = None
            row.reference = f"MX-{uuid.uuid4().hex[:6]}"
            row.submission_key = submission.key
            for name in ("starts_at", "ends_at", "blocked_from", "blocked_until"):
                setattr(row, name, getattr(template, name) + shift)
            taken = set(
                Booking.objects.occupying()
                .filter(
                    therapist__in=keys, blocked_from__lt=row.blocked_until, blocked_until__gt=row.blocked_from
                )
                .values_list("therapist", flat=True)
            )
            free = [key for key in keys if key not in taken]
            if not free:
                raise exceptions.SlotTaken
            row.therapist_id = free[0]
            row.save(force_insert=True)

    return act


def work_through(order: Order, act: Callable[[Submission], Any], start: Callable[[], float]) -> Results:
    """Does the order with as many threads as it asks for. `start` is called by each when its connection is open, and
    returns when all may begin: with that moment of the monotonic clock."""
    waiting: SimpleQueue[tuple[float | None, Submission]] = SimpleQueue()
    for place, submission in enumerate(order.submissions):
        waiting.put((order.due[place] if order.due else None, submission))
    results = Results()
    lock = threading.Lock()

    def work() -> None:
        try:
            connection.ensure_connection()
            beginning = start()
            while True:
                due, submission = waiting.get_nowait()
                began = time.monotonic()
                if due is not None:
                    time.sleep(max(0.0, beginning + due - began))
                    began = beginning + due
                try:
                    act(submission)
                    came_to = "booked"
                except Exception as error:
                    came_to = outcome(error)
                with lock:
                    now = time.monotonic()
                    results.counts[came_to] += 1
                    results.seconds.append(now - began)
                    results.elapsed = max(results.elapsed, now - beginning)
        except Empty:
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(order.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=3600)
    return results


def arrivals(number: int, *, a_second: float) -> list[float]:
    """When so many attempts come, in seconds, at random and so many a second on the average."""
    chance = random.Random(11)
    times, at = [], 0.0
    for _ in range(number):
        at += chance.expovariate(a_second)
        times.append(at)
    return times


class Racers:
    """Processes that race against the database that this one is connected to. To be closed after use.

    `environment` adds to what they see; `connections` is how many all of them open together.
    """

    def __init__(self, *, processes: int, connections: int, environment: dict[str, str]) -> None:
        self.threads = connections // processes
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.support.racer"],
                cwd=ROOT,
                env={**os.environ, "DATABASE_URL": database_address(), **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            for _ in range(processes)
        ]

    def race(
        self, submissions: list[Submission], *, act: Act = "booking", a_second: float | None = None
    ) -> Results:
        """All of them together; `a_second` paces them, without it they go as fast as they can."""
        due = arrivals(len(submissions), a_second=a_second) if a_second else None
        every = len(self.processes)
        for place, (into, _out) in enumerate(self._pipes()):
            mine = submissions[place::every]
            pickle.dump(Order(act, self.threads, mine, due[place::every] if due else None), into)
            into.flush()
        for _into, out in self._pipes():
            assert out.readline() == b"ready\n", "a racer died; the captured output says of what"
        beginning = f"{time.monotonic() + 0.2}\n".encode()
        for into, _out in self._pipes():
            into.write(beginning)
            into.flush()
        total = Results()
        for _into, out in self._pipes():
            part: Results = pickle.load(out)
            total.counts += part.counts
            total.seconds += part.seconds
            total.elapsed = max(total.elapsed, part.elapsed)
        return total

    def _pipes(self) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        for process in self.processes:
            assert process.stdin is not None
            assert process.stdout is not None
            yield process.stdin, process.stdout

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()


def database_address() -> str:
    """The address of the database of this process's connection, which in tests is not the one in the environment."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    login = f"{quote(given['USER'], safe='')}:{quote(given['PASSWORD'], safe='')}"
    return f"postgres://{login}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


def main() -> None:
    """Does one order after the other until nobody is left to give them."""
    while True:
        try:
            order: Order = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        act = book if order.act == "booking" else lock_and_insert(Booking.objects.earliest("pk"))
        connections.close_all()
        _tell(_when_told(order, act))


def _tell(results: Results) -> None:
    pickle.dump(results, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _when_told(order: Order, act: Callable[[Submission], Any]) -> Results:
    """Says `ready` when all connections are open, and begins at the moment that is answered."""
    told = threading.Event()
    beginning: list[float] = []
    all_open = threading.Barrier(order.threads + 1)

    def start() -> float:
        all_open.wait(timeout=120)
        told.wait(timeout=120)
        time.sleep(max(0.0, beginning[0] - time.monotonic()))
        return beginning[0]

    def listen() -> None:
        all_open.wait(timeout=120)
        sys.stdout.buffer.write(b"ready\n")
        sys.stdout.buffer.flush()
        beginning.append(float(sys.stdin.buffer.readline()))
        told.set()

    listener = threading.Thread(target=listen)
    listener.start()
    results = work_through(order, act, start)
    listener.join()
    return results


if __name__ == "__main__":
    # Under its importable name, so that what is pickled here is known there.
    from tests.support import racer

    racer.main()
