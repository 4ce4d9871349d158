"""A routing server on this machine that tests can make answer, hang, drip, lie and die."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit

Point = tuple[float, float]
NONE: Mapping[str, str] = MappingProxyType({})
Behavior = Callable[["Handler"], None]


def miles(a: Point, b: Point) -> float:
    """Roughly, as on a flat map around Los Angeles."""
    return math.hypot((a[0] - b[0]) * 69.0, (a[1] - b[1]) * 57.3)


class Handler(BaseHTTPRequestHandler):
    """One request; `owner` is the `RoutingServer`."""

    protocol_version = "HTTP/1.1"
    owner: RoutingServer

    def do_GET(self) -> None:
        self.owner.requests.append(self.path)
        try:
            self.owner.behavior(self)
        except (BrokenPipeError, ConnectionResetError):
            pass  # whoever asked has gone
        self.close_connection = True

    def log_message(self, *args: Any) -> None:
        pass

    def asked(self) -> tuple[list[Point], list[Point]]:
        """The (latitude, longitude) pairs of the origins and of the destinations."""
        address = urlsplit(self.path)
        pairs = [pair.split(",") for pair in address.path.rsplit("/", 1)[1].split(";")]
        points = [(float(latitude), float(longitude)) for longitude, latitude in pairs]
        query = parse_qs(address.query)
        origins, destinations = (
            [points[int(number)] for number in query[name][0].split(";")]
            for name in ("sources", "destinations")
        )
        return origins, destinations

    def reply(self, body: bytes, status: int = 200, headers: Mapping[str, str] = NONE) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def honest(handler: Handler) -> None:
    """Answers as OSRM does: the drives at the server's `mph` in a straight line, a second longer southward."""
    origins, destinations = handler.asked()
    rows = [
        [round(miles(a, b) / handler.owner.mph * 3600 + (a[0] > b[0]), 1) for b in destinations]
        for a in origins
    ]
    handler.reply(json.dumps({"code": "Ok", "durations": rows}).encode())


def saying(body: bytes | str, status: int = 200, headers: Mapping[str, str] = NONE) -> Behavior:
    """Always answers this."""
    raw = body.encode() if isinstance(body, str) else body
    return lambda handler: handler.reply(raw, status, headers)


def hanging(handler: Handler) -> None:
    """Takes the request and says nothing."""
    handler.owner.stopping.wait(30)


def dripping(handler: Handler) -> None:
    """Answers a byte at a time, without an end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while not handler.owner.stopping.wait(0.02):
        handler.wfile.write(b" ")
        handler.wfile.flush()


class RoutingServer:
    """A context: the server runs inside, with `url`, the paths of its `requests`, and a `behavior` to change."""

    def __init__(self) -> None:
        self.behavior: Behavior = honest
        self.mph = 40.0
        self.requests: list[str] = []
        self.stopping = threading.Event()
        handler = type("OwnHandler", (Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> RoutingServer:
        self._thread.start()
        return self

    def stop(self) -> None:
        """From here on nobody listens at the address."""
        self.stopping.set()
        self._server.shutdown()
        self._thread.join(timeout=60)
        self._server.server_close()

    def __exit__(self, *error: object) -> None:
        if not self.stopping.is_set():
            self.stop()
