"""A routing server on this machine that tests can make answer, hang, drip, lie and die."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType, TracebackType
from typing import Any

Point = tuple[float, float]
NONE: Mapping[str, str] = MappingProxyType({})
Behaviour = Callable[["Handler"], None]


def miles(a: Point, b: Point) -> float:
    """Roughly, as on a flat map around Los Angeles."""
    return math.hypot((a[0] - b[0]) * 69.0, (a[1] - b[1]) * 57.3)


class Handler(BaseHTTPRequestHandler):
    """One request; `server` is the `RoutingServer`'s."""

    protocol_version = "HTTP/1.1"
    owner: RoutingServer

    def do_GET(self) -> None:
        self.owner.requests.append(self.path)
        try:
            self.owner.behaviour(self)
        except (BrokenPipeError, ConnectionResetError):
            pass  # whoever asked has gone
        self.close_connection = True

    def log_message(self, *args: Any) -> None:
        pass

    @property
    def points(self) -> list[Point]:
        """The (latitude, longitude) pairs asked about."""
        pairs = self.path.split("?")[0].rsplit("/", 1)[1].split(";")
        return [(float(latitude), float(longitude)) for longitude, latitude in (p.split(",") for p in pairs)]

    def reply(self, body: bytes, status: int = 200, headers: Mapping[str, str] = NONE) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def drip(self, start: bytes, more: bytes) -> None:
        """Writes `start`, then `more` a byte at a time, again and again, until the server stops."""
        self.wfile.write(start)
        while not self.owner.stopping.is_set():
            for byte in more:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                if self.owner.stopping.wait(0.02):
                    return


def honest(handler: Handler) -> None:
    """Answers as OSRM does: the drives at the server's `mph` in a straight line, a second longer southward."""
    points, mph = handler.points, handler.owner.mph

    def seconds(a: Point, b: Point) -> float:
        return round(miles(a, b) / mph * 3600 + (1 if a[0] > b[0] else 0), 1)

    if "/route/v1/driving/" in handler.path:
        answer: dict[str, Any] = {"code": "Ok", "routes": [{"duration": seconds(points[0], points[1])}]}
    else:
        answer = {"code": "Ok", "durations": [[seconds(a, b) for b in points] for a in points]}
    handler.reply(json.dumps(answer).encode())


def saying(body: bytes | str, status: int = 200, headers: Mapping[str, str] = NONE) -> Behaviour:
    """Always answers this."""
    raw = body.encode() if isinstance(body, str) else body
    return lambda handler: handler.reply(raw, status, headers)


def hanging(handler: Handler) -> None:
    """Takes the request and says nothing."""
    handler.owner.stopping.wait(30)


class RoutingServer:
    """A context: the server runs inside, with `url`, the paths of its `requests`, and a `behaviour` to change."""

    def __init__(self, behaviour: Behaviour = honest) -> None:
        self.behaviour = behaviour
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
        self._thread.join(timeout=10)
        self._server.server_close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.stopping.is_set():
            self.stop()
