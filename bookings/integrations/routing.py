"""How long drives take on an empty road, as a routing server says (OSRM's HTTP interface).

The server is asked for what it is good at, the way through the streets. It knows no traffic: rush hours, floors and
the owner's own table are put on top by `domain.scheduling`, which falls back on the offline estimate for each leg
that is not known here. Figures are seconds in free-flowing traffic. Points are (latitude, longitude) in degrees; a
leg is a pair of points, one direction. Nothing but rounded points leaves the house: no name, no street, no time.

Two steps, so that nobody waits for a network while therapists are locked:

- `DriveSource.warm(legs)` looks legs up: in this process, then in the shared cache, then at the server, in a few
  calls that together take `ROUTING_TIMEOUT` seconds at most. Inside a database transaction it does nothing at all.
- `DriveSource.known(legs)` returns what this process knows. It never does input or output and never fails.

**A time shown and a time booked.** Display and submission each decide by what is known then, and the later decision,
under the lock, is the one that counts. A figure is renewed after a week. Until the renewal after that, the larger of
the old and the new one is used: a renewal can take a time away, never make one fit by an optimistic answer. When the
server is away, the old figure stays in use for a month; after that, or when both caches are lost, the estimate
speaks. So a change between display and submission either leaves the decision as it was, or fails closed: the client
reads that the time has just gone, and picks another.

**What is believed.** Only status 200, `code` Ok, the right shape, and seconds between 0 and five hours, in at most a
megabyte of JSON. Anything else (redirects too, which are not followed) discards the whole answer and counts as a
failure; after three in a row the server is left alone for a minute, then tried by one request. A leg without a
route, or quicker than the straight line at 80 miles an hour, is left to the estimate and asked again after an hour.

Interface: https://project-osrm.org/docs/v5.24.0/api/ (route and table services).
"""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import logging
import math
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.db import transaction

Point = tuple[float, float]
Leg = tuple[Point, Point]

# About eleven metres: one cache entry for what is one place.
_DECIMALS = 4
_MAX_SECONDS = 300 * 60
_MAX_MPH = 80
_EARTH_RADIUS_MILES = 3958.8
_MAX_BODY = 1024 * 1024
# What osrm-routed accepts by default (--max-table-size).
TABLE_POINTS = 100
# For one look-up, however many legs it wants; what is left comes with the next.
MAX_CALLS = 4

_DAY = 24 * 60 * 60
_RENEW_SECONDS = 7 * _DAY
_RENEW_UNANSWERED_SECONDS = 60 * 60
_KEEP_SECONDS = 30 * _DAY
_MOST_LEGS = 20_000

_FAILURES = 3
_PAUSE_SECONDS = 60.0

logger = logging.getLogger(__name__)


class Unusable(Exception):
    """The server did not answer, or not with something that can be believed."""


class Breaker:
    """Lets calls through until `failures` in a row have failed, then none for `pause` seconds, then one at a time.

    For the threads of one process. `clock` returns seconds that only grow.
    """

    def __init__(self, failures: int, pause: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._failures = failures
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._closed_until = 0.0

    def allows(self) -> bool:
        """Whether to call now. Whoever is told yes reports `succeeded` or `failed`."""
        with self._lock:
            if self._failed < self._failures:
                return True
            now = self._clock()
            if now < self._closed_until:
                return False
            # This one tries; the others stay off until it has reported, or for another pause if it never does.
            self._closed_until = now + self._pause
            return True

    def succeeded(self) -> None:
        """Resets the count of failures."""
        with self._lock:
            self._failed = 0

    def failed(self) -> bool:
        """Returns whether calls are off now."""
        with self._lock:
            self._failed += 1
            self._closed_until = self._clock() + self._pause
            return self._failed >= self._failures


class _Figure(NamedTuple):
    """What is known of a leg: the newest answer and the one before it, each None for no usable answer, and when the
    newest came (seconds since 1970)."""

    seconds: float | None
    before: float | None
    at: float

    @property
    def used(self) -> float | None:
        return max((figure for figure in (self.seconds, self.before) if figure is not None), default=None)

    def is_kept(self, now: float) -> bool:
        return now - self.at < _KEEP_SECONDS

    def is_due(self, now: float) -> bool:
        """Whether it is time to ask again; also when the clock was set back."""
        limit = _RENEW_UNANSWERED_SECONDS if self.seconds is None else _RENEW_SECONDS
        return not 0 <= now - self.at < limit


class DriveSource:
    """One routing server with what is remembered of its answers. Shared by the threads of a process.

    `url` is where the services live, `timeout` the seconds that one `warm` may wait for the server. `wall_clock`
    returns seconds since 1970, `clock` seconds that only grow.
    """

    def __init__(
        self,
        url: str,
        timeout: float,
        *,
        wall_clock: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = _Server(url)
        self._timeout = timeout
        self._wall_clock = wall_clock
        self._prefix = "drive:" + hashlib.sha256(url.encode()).hexdigest()[:12]
        self._breaker = Breaker(_FAILURES, _PAUSE_SECONDS, clock)
        # A cache that hangs costs its time-out once a minute, not once a request.
        self._cache_breaker = Breaker(1, _PAUSE_SECONDS, clock)
        self._lock = threading.Lock()
        self._figures: dict[Leg, _Figure] = {}

    def known(self, legs: Iterable[Leg]) -> dict[Leg, float]:
        """Seconds in free-flowing traffic of those `legs` that this process knows. No input or output."""
        now = self._wall_clock()
        found: dict[Leg, float] = {}
        with self._lock:
            for leg in legs:
                figure = self._figures.get(_rounded(leg))
                if figure is not None and figure.is_kept(now) and figure.used is not None:
                    found[leg] = figure.used
        return found

    def warm(self, legs: Iterable[Leg]) -> None:
        """Gets to know `legs`, the first ones first. Never raises; does nothing inside a transaction."""
        if transaction.get_connection().in_atomic_block:
            return
        now = self._wall_clock()
        every = dict.fromkeys(_rounded(leg) for leg in legs)
        wanted = self._due([leg for leg in every if leg[0] != leg[1]], now)
        if not wanted:
            return
        self._remember(self._from_cache(wanted, now))
        wanted = self._due(wanted, now)
        if not wanted:
            return
        answers = self._ask(wanted)
        with self._lock:
            earlier = {leg: self._figures.get(leg) for leg in answers}
        figures = {}
        for leg, seconds in answers.items():
            old = earlier[leg]
            figures[leg] = _Figure(seconds, old.seconds if old and old.is_kept(now) else None, now)
        self._remember(figures)
        self._to_cache(figures)

    def _due(self, legs: Iterable[Leg], now: float) -> list[Leg]:
        with self._lock:
            return [leg for leg in legs if leg not in self._figures or self._figures[leg].is_due(now)]

    def _remember(self, figures: dict[Leg, _Figure]) -> None:
        with self._lock:
            for leg, figure in figures.items():
                held = self._figures.pop(leg, figure)
                self._figures[leg] = figure if figure.at >= held.at else held
            while len(self._figures) > _MOST_LEGS:
                del self._figures[next(iter(self._figures))]

    # The shared cache: a help, never needed.

    def _key(self, leg: Leg) -> str:
        (a, b), (c, d) = leg
        return f"{self._prefix}:{a:.{_DECIMALS}f},{b:.{_DECIMALS}f};{c:.{_DECIMALS}f},{d:.{_DECIMALS}f}"

    def _from_cache(self, legs: Sequence[Leg], now: float) -> dict[Leg, _Figure]:
        keys = {self._key(leg): leg for leg in legs}
        stored = self._cached(lambda: cache.get_many(keys)) or {}
        figures = {}
        for key, value in stored.items():
            figure = _stored_figure(value)
            if key in keys and figure is not None and figure.is_kept(now):
                figures[keys[key]] = figure
        return figures

    def _to_cache(self, figures: dict[Leg, _Figure]) -> None:
        if figures:
            values = {self._key(leg): tuple(figure) for leg, figure in figures.items()}
            self._cached(lambda: cache.set_many(values, timeout=_KEEP_SECONDS))

    def _cached(self, work: Callable[[], Any]) -> Any:
        if not self._cache_breaker.allows():
            return None
        try:
            result = work()
        except Exception as error:  # each backend has its own; none of them is a reason not to show times
            self._cache_breaker.failed()
            logger.warning("The cache of drive times can't be used (%s).", type(error).__name__)
            return None
        self._cache_breaker.succeeded()
        return result

    # The server.

    def _ask(self, legs: list[Leg]) -> dict[Leg, float | None]:
        """The server's answers, in as few calls as it takes; None for a leg without a usable one."""
        deadline = time.monotonic() + self._timeout
        answers: dict[Leg, float | None] = {}
        for number, (points, covered) in enumerate(_tables(legs)):
            left = deadline - time.monotonic()
            # A call that starts with little time left would fail through no fault of the server's.
            if number == MAX_CALLS or (number and left < self._timeout / 2) or not self._breaker.allows():
                break
            try:
                answers.update(self._fetch(points, covered, left))
            except Unusable as error:
                if self._breaker.failed():
                    logger.warning(
                        "The routing server is left alone for %d seconds (%s).", _PAUSE_SECONDS, error
                    )
                break
            self._breaker.succeeded()
        return answers

    def _fetch(self, points: Sequence[Point], legs: Sequence[Leg], seconds: float) -> dict[Leg, float | None]:
        """The answers for `legs`, which run between `points`, in one call. Raises `Unusable`."""
        if len(legs) == 1:
            answers = self._server.route(legs[0], seconds)
        else:
            answers = self._server.table(points, legs, seconds)
        unlikely = [
            leg
            for leg, figure in answers.items()
            if figure is not None and figure < _miles(*leg) / _MAX_MPH * 3600
        ]
        if unlikely:
            logger.warning(
                "The routing server's answer for %d drives is too quick to be true.", len(unlikely)
            )
        return {**answers, **dict.fromkeys(unlikely)}


@lru_cache(maxsize=4)
def _source(url: str, timeout: float) -> DriveSource:
    return DriveSource(url, timeout)


def source() -> DriveSource | None:
    """The server that the settings name, or None when they name none."""
    return _source(settings.ROUTING_URL, settings.ROUTING_TIMEOUT) if settings.ROUTING_URL else None


def _rounded(leg: Leg) -> Leg:
    # Adding zero makes -0.0 plain 0.0, which prints differently.
    (a, b), (c, d) = leg
    return (
        (round(a, _DECIMALS) + 0.0, round(b, _DECIMALS) + 0.0),
        (round(c, _DECIMALS) + 0.0, round(d, _DECIMALS) + 0.0),
    )


def _miles(origin: Point, destination: Point) -> float:
    """The great-circle distance in statute miles (haversine formula)."""
    (phi, lam), (other_phi, other_lam) = (map(math.radians, point) for point in (origin, destination))
    chord = (
        math.sin((other_phi - phi) / 2) ** 2
        + math.cos(phi) * math.cos(other_phi) * math.sin((other_lam - lam) / 2) ** 2
    )
    return 2 * _EARTH_RADIUS_MILES * math.asin(min(1.0, math.sqrt(chord)))


def _stored_figure(value: object) -> _Figure | None:
    """What the cache holds, if it is what we store there."""
    if not isinstance(value, tuple) or len(value) != 3:
        return None
    seconds, before, at = value
    if not all(figure is None or _is_duration(figure) for figure in (seconds, before)):
        return None
    if isinstance(at, bool) or not isinstance(at, int | float) or not math.isfinite(at):
        return None
    return _Figure(seconds, before, at)


def _is_duration(value: object) -> bool:
    # NaN and the infinities are outside of any range; True and False would pass for 1 and 0.
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MAX_SECONDS


def _tables(legs: list[Leg]) -> Iterator[tuple[list[Point], list[Leg]]]:
    """Splits legs into tables of at most `TABLE_POINTS` points: (points, legs between them). The first legs come
    first, and each table covers at least one leg, so repeating this comes to an end."""
    while legs:
        points: dict[Point, None] = {}
        for leg in legs:
            if len(points.keys() | set(leg)) <= TABLE_POINTS:
                points.update(dict.fromkeys(leg))
        yield list(points), [leg for leg in legs if leg[0] in points and leg[1] in points]
        legs = [leg for leg in legs if leg[0] not in points or leg[1] not in points]


class _Server:
    """The two services of OSRM that we use, checked answer by answer. All methods raise `Unusable`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None  # the settings have looked at the address
        self._host = parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._netloc = parts.netloc
        self._path = parts.path.rstrip("/")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None

    def route(self, leg: Leg, seconds: float) -> dict[Leg, float | None]:
        """One leg."""
        status, answer = self._get(f"/route/v1/driving/{_coordinates(leg)}?overview=false", seconds)
        if status == 400 and answer.get("code") == "NoRoute":
            return {leg: None}
        _require_ok(status, answer)
        routes = answer.get("routes")
        if not isinstance(routes, list) or not routes or not isinstance(routes[0], dict):
            raise Unusable("an answer of another shape")
        return {leg: _duration(routes[0].get("duration", False))}

    def table(self, points: Sequence[Point], legs: Sequence[Leg], seconds: float) -> dict[Leg, float | None]:
        """All `legs` between `points`."""
        status, answer = self._get(f"/table/v1/driving/{_coordinates(points)}?annotations=duration", seconds)
        _require_ok(status, answer)
        rows = answer.get("durations")
        if (
            not isinstance(rows, list)
            or len(rows) != len(points)
            or not all(isinstance(row, list) and len(row) == len(points) for row in rows)
        ):
            raise Unusable("an answer of another shape")
        index = {point: number for number, point in enumerate(points)}
        return {leg: _duration(rows[index[leg[0]]][index[leg[1]]]) for leg in legs}

    def _get(self, path: str, seconds: float) -> tuple[int, dict[str, Any]]:
        """Status and JSON object, within `seconds` of real time, come what may."""
        try:
            status, body = _in_time(lambda: self._exchange(path, time.monotonic() + seconds), seconds)
            # A redirect has no JSON, and is not followed: who answers for this address is the owner's choice.
            if status not in (200, 400):
                raise Unusable(f"status {status}")
            answer = json.loads(body, parse_constant=_refuse_constant)
        # RuntimeError: JSON nested too deep, or no thread to be had.
        except (OSError, http.client.HTTPException, ValueError, RuntimeError) as error:
            raise Unusable(type(error).__name__) from error
        if not isinstance(answer, dict):
            raise Unusable("an answer of another shape")
        return status, answer

    def _exchange(self, path: str, deadline: float) -> tuple[int, bytes]:
        request = (
            f"GET {self._path}{path} HTTP/1.1\r\nHost: {self._netloc}\r\nAccept: application/json\r\n"
            "User-Agent: massagerx\r\nConnection: close\r\n\r\n"
        )
        with socket.create_connection((self._host, self._port), timeout=_left(deadline)) as plain:
            stream = plain
            if self._tls is not None:
                plain.settimeout(_left(deadline))
                stream = self._tls.wrap_socket(plain, server_hostname=self._host)
            with stream:
                stream.settimeout(_left(deadline))
                stream.sendall(request.encode("ascii"))
                reader = _DeadlineReader(stream, deadline)
                # It needs nothing of a socket but a file to read from.
                with http.client.HTTPResponse(cast("socket.socket", reader), method="GET") as response:
                    response.begin()
                    body = response.read(_MAX_BODY + 1)
                    if len(body) > _MAX_BODY:
                        raise ValueError("More than a megabyte.")
                    if response.length:
                        raise ValueError("Less than was announced.")
                    return response.status, body


class _DeadlineReader(io.RawIOBase):
    """Reads a socket until a deadline. A socket's own time-out begins again with each byte that drips in."""

    def __init__(self, stream: socket.socket, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._stream.settimeout(_left(self._deadline))
        return self._stream.recv_into(buffer)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _in_time(work: Callable[[], tuple[int, bytes]], seconds: float) -> tuple[int, bytes]:
    """What `work` returns or raises, or TimeoutError. In a thread, because looking up a host's name has no time-out
    of its own; after a name is found, `work` keeps its own deadline, so the thread ends soon after."""
    outcome: queue.SimpleQueue[tuple[int, bytes] | Exception] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put(work())
        except Exception as error:  # handed over to who waits
            outcome.put(error)

    threading.Thread(target=run, name="routing", daemon=True).start()
    try:
        result = outcome.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(result, Exception):
        raise result
    return result


def _coordinates(points: Iterable[Point]) -> str:
    return ";".join(f"{longitude:.{_DECIMALS}f},{latitude:.{_DECIMALS}f}" for latitude, longitude in points)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _require_ok(status: int, answer: dict[str, Any]) -> None:
    if status != 200 or answer.get("code") != "Ok":
        raise Unusable("a code other than Ok")


def _duration(value: object) -> float | None:
    """Seconds; None where the server knows no way."""
    if value is None:
        return None
    if not _is_duration(value):
        raise Unusable("a duration that no drive takes")
    return float(cast("float", value))
