"""How long drives take on an empty road, as a routing server says: OSRM's table service, in one call.

Asked in the background only; what it says is kept in rows (`bookings.drives.rows`). Nothing but points leaves the
house: no name, no street, no time. Believed is only status 200, `code` Ok, the right shape, and durations that a drive
can take, in at most a megabyte of JSON; redirects are not followed, since who answers is the owner's choice.

Interface: https://project-osrm.org/docs/v5.24.0/api/#table-service
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from typing import Any, NoReturn

from django.conf import settings

Point = tuple[float, float]

# What osrm-routed accepts by default (--max-table-size).
TABLE_POINTS = 100
# About eleven meters.
_DECIMALS = 4
_MAX_SECONDS = 300 * 60
_MAX_BODY = 1024 * 1024

logger = logging.getLogger(__name__)


class Unusable(Exception):
    """The server did not answer, or not with something that can be believed."""


def table(origins: Sequence[Point], destinations: Sequence[Point]) -> list[list[float | None]]:
    """Seconds from each origin (a row) to each destination on empty roads; None where there is no way.

    Points are latitude and longitude in degrees, `TABLE_POINTS` at most. Waits `ROUTING_TIMEOUT` seconds for each step.
    Raises `Unusable`.
    """
    points = [*origins, *destinations]
    assert len(points) <= TABLE_POINTS
    coordinates = ";".join(
        f"{longitude:.{_DECIMALS}f},{latitude:.{_DECIMALS}f}" for latitude, longitude in points
    )
    answer = _get(
        f"{settings.ROUTING_URL}/table/v1/driving/{coordinates}",
        {
            "annotations": "duration",
            "sources": ";".join(map(str, range(len(origins)))),
            "destinations": ";".join(map(str, range(len(origins), len(points)))),
        },
    )
    if answer.get("code") != "Ok":
        raise Unusable("a code other than Ok")
    rows = _rows(answer.get("durations"), len(origins), len(destinations))
    return [[_duration(value) for value in row] for row in rows]


def _get(url: str, query: dict[str, str]) -> dict[str, Any]:
    # Imported here: it takes a twentieth of the time in which a process starts, and most sites have no such server.
    import httpx

    body = bytearray()
    try:
        # Proxies in the environment are not for this server.
        with httpx.Client(timeout=settings.ROUTING_TIMEOUT, trust_env=False) as client:
            deadline = time.monotonic() + settings.ROUTING_TIMEOUT
            with client.stream("GET", url, params=query, headers={"User-Agent": "massagerx"}) as response:
                if response.status_code != httpx.codes.OK:
                    raise Unusable(f"status {response.status_code}")
                for part in response.iter_bytes():
                    body += part
                    # A time-out begins again with each byte that drips in.
                    if len(body) > _MAX_BODY or time.monotonic() > deadline:
                        raise Unusable("an answer without an end")
        answer = json.loads(body, parse_constant=_refuse_constant)
    # RecursionError: JSON nested too deep.
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
        raise Unusable(type(error).__name__) from error
    if not isinstance(answer, dict):
        raise Unusable("an answer of another shape")
    return answer


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _rows(rows: object, height: int, width: int) -> list[list[object]]:
    if (
        not isinstance(rows, list)
        or len(rows) != height
        or not all(isinstance(row, list) and len(row) == width for row in rows)
    ):
        raise Unusable("an answer of another shape")
    return rows


def _duration(value: object) -> float | None:
    """Seconds; None where the server knows no way."""
    if value is None:
        return None
    # True and False would pass for 1 and 0.
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _MAX_SECONDS:
        raise Unusable("a duration that no drive takes")
    return float(value)
