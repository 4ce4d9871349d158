"""The site under a steady load for some minutes: pages and whole presses at a fixed rate, whatever it answers.

Run from the repository: python -m bench.load [--minutes 10] [--pages 200] [--presses 30]

One web server runs as `run.py` starts it (gunicorn, 2 processes of 4 threads), with a PostgreSQL and a broker of its
own. Pages are those that the site keeps for a minute, by turns; a press is the last step of a booking by a visitor with
a session and a draft of its own, for a time that is free. Each request has its moment, and its time counts from then:
a site that answers slowly is not asked less. Five times a second a bare view of another server is asked for, which
tells what the machine makes of any request meanwhile. Visits are taken away some seconds after they were booked, so
that there is always room. Prints each minute's figures and each web process's memory; exits with an error when an
answer is none that a site gives, when visits overlap, or when one that was promised is not stored. Figures go to
bench/results/load.json.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import statistics
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.booking import overlaps
from bench.over_http import Request, Visitors, free_times, send, shared_by_servers, web_server
from launch.processes import Supervisor

RESULTS = Path(__file__).parent / "results" / "load.json"
FLOOR_A_SECOND = 5
SENDERS = 64
#: A visit is taken away when it is this old; a time is asked for again after half a minute.
ROOM_AFTER = timedelta(seconds=8)
#: How visits are told that were booked here, and what warms each web process up.
PRESSED, WARM = {"client__email__startswith": "press"}, 20


@dataclass(frozen=True)
class Planned:
    """One request and its moment, in seconds since the start."""

    due: float
    kind: str
    port: int
    request: Request


@dataclass
class Load:
    """Sends what is planned, and keeps what came of it."""

    planned: Iterator[Planned]
    started: float = 0.0
    #: Milliseconds since their moments, by minute and kind.
    taken: dict[tuple[int, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    answers: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Returns when the last is answered."""
        self.started = time.perf_counter()
        senders = [threading.Thread(target=self._send_all) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()

    def _send_all(self) -> None:
        while True:
            with self._lock:
                one = next(self.planned, None)
            if one is None:
                return
            due = self.started + one.due
            time.sleep(max(0.0, due - time.perf_counter()))
            try:
                status, location, _ = send(one.port, one.request)
                answer = _in_words(one.kind, status, location)
            except OSError as error:
                answer = type(error).__name__
            milliseconds = (time.perf_counter() - due) * 1000
            with self._lock:
                self.taken[int(one.due // 60), one.kind].append(milliseconds)
                self.answers[f"{one.kind}: {answer}"] += 1

    def figures(self, minute: int | None = None) -> dict[str, dict[str, float]]:
        """How many, and p50, p95 and p99 in milliseconds, by kind; of one minute or of all."""
        by_kind: dict[str, list[float]] = defaultdict(list)
        with self._lock:
            for (of_minute, kind), values in self.taken.items():
                if minute in (None, of_minute):
                    by_kind[kind] += values
        return {kind: _percentiles(values) for kind, values in sorted(by_kind.items())}


def _in_words(kind: str, status: int, location: str) -> str:
    if kind != "press":
        return str(status)
    if status == 302 and location.endswith("/done/"):
        return "booked"
    return "taken" if status == 409 or location.endswith("/when/") else f"{status} {location}"


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100) if len(values) > 1 else [*values] * 99
    return {"count": len(values), **{f"p{cut}_ms": round(cuts[cut - 1], 1) for cut in (50, 95, 99)}}


def _again_and_again(requests: Sequence[Request]) -> Iterator[Request]:
    while True:
        yield from requests


def plan(
    seconds: float, rates: dict[str, float], requests: dict[str, Iterator[tuple[int, Request]]]
) -> Iterator[Planned]:
    """Requests of each kind at their own even rate, in the order of their moments."""

    def of_kind(kind: str, rate: float) -> Iterator[Planned]:
        for number in range(int(seconds * rate)):
            yield Planned(number / rate, kind, *next(requests[kind]))

    return heapq.merge(*(of_kind(*one) for one in rates.items() if one[1]), key=lambda one: one.due)


def kept_pages(visitors: Visitors) -> list[Request]:
    """Pages that the site keeps for a minute."""
    service = visitors.business.service.get_absolute_url()
    return [
        Request("GET", path, {}) for path in ("/", service, "/services/", "/therapists/", "/blog/", "/faq/")
    ]


def presses(visitors: Visitors, count: int) -> list[Request]:
    """So many visitors' last presses, one time after another, from the first again when all have been asked for."""
    places = [(therapist, start) for start in free_times() for therapist in visitors.business.therapists]
    return [visitors.ours(*places[number % len(places)]) for number in range(count)]


class Room:
    """Takes visits away that were booked some seconds ago, with all that was written for them."""

    def __init__(self) -> None:
        self.taken_away = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Room:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def booked(self) -> int:
        """How many were booked, counted in the database."""
        from bookings.models import Booking

        return self.taken_away + Booking.objects.filter(**PRESSED).count()

    def _run(self) -> None:
        from django.db import connection

        while not self._over.wait(timeout=3):
            self._make()
        connection.close()

    def _make(self) -> None:
        from bookings.models import Booking, Client, Message, ScreeningRecord

        old = Booking.objects.filter(**PRESSED, created_at__lt=datetime.now(UTC) - ROOM_AFTER)
        keys, clients = list(old.values_list("pk", flat=True)), list(old.values_list("client", flat=True))
        Message.objects.filter(booking__in=keys).delete()
        ScreeningRecord.objects.filter(booking__in=keys).delete()
        Booking.objects.filter(pk__in=keys).delete()
        Client.objects.filter(pk__in=clients).delete()
        self.taken_away += len(keys)


def memory(parent: int) -> dict[int, float]:
    """Resident megabytes of each web process below gunicorn's own."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    pages = {int(child): int(Path(f"/proc/{child}/statm").read_text().split()[1]) for child in children}
    return {child: round(number * os.sysconf("SC_PAGE_SIZE") / 1e6, 1) for child, number in pages.items()}


def watched(load: Load, parent: int) -> list[dict[str, Any]]:
    """Runs the load; each minute's figures and what each web process holds then, printed as they come."""
    minutes: list[dict[str, Any]] = []

    def note(minute: int) -> None:
        one = {"minute": minute, "memory_mb": memory(parent), "load_average": round(os.getloadavg()[0], 1)}
        minutes.append(one | load.figures(minute - 1))
        print(minutes[-1], flush=True)

    running = threading.Thread(target=load.run)
    note(0)
    running.start()
    for minute in range(1, 10_000):
        running.join(timeout=60)
        note(minute)
        if not running.is_alive():
            return minutes
    raise AssertionError


def main() -> None:
    """Print the figures and write them down."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--pages", type=float, default=200, help="a second")
    parser.add_argument("--presses", type=float, default=30, help="a second")
    options = parser.parse_args()
    seconds = options.minutes * 60

    supervisor = Supervisor()
    try:
        with shared_by_servers(supervisor) as visitors:
            print("making the visitors", flush=True)
            pressed = presses(visitors, int(seconds * options.presses))
            with (
                web_server(supervisor, "massagerx.settings.local") as site,
                web_server(supervisor, "bench.floor_settings") as floor,
                Room() as room,
            ):
                pages = kept_pages(visitors)
                for page in pages * WARM:
                    send(site, page)
                load = Load(
                    plan(
                        seconds,
                        {"floor": FLOOR_A_SECOND, "page": options.pages, "press": options.presses},
                        {
                            "floor": ((floor, page) for page in _again_and_again(pages[:1])),
                            "page": ((site, page) for page in _again_and_again(pages)),
                            "press": ((site, press) for press in pressed),
                        },
                    )
                )
                web = next(part for part in supervisor.parts if part.name == "massagerx.settings.local")
                minutes = watched(load, web.pid)
                overlapping, booked = overlaps(), room.booked()
    finally:
        supervisor.close()
    report = {"rates": vars(options), "minutes": minutes, "all": load.figures(), "answers": load.answers}
    print(json.dumps(report["all"], indent=1), dict(load.answers))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n")
    odd = set(load.answers) - {"floor: 200", "page: 200", "press: booked", "press: taken"}
    if odd or overlapping or booked != load.answers["press: booked"]:
        raise SystemExit(f"Odd answers: {odd}; overlaps: {overlapping}; stored: {booked}.")


if __name__ == "__main__":
    main()
