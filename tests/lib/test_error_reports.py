"""What a service for errors is sent: read off the wire, on a loopback address."""

from __future__ import annotations

import gzip
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import brotli  # type: ignore[import-untyped]
import pytest

from massagerx.lib.error_reports import ErrorReportHandler
from massagerx.lib.logs import NoPersonalData

OPENERS = {"br": brotli.decompress, "gzip": gzip.decompress}
SECRETS = ("Ana Canaria", "ana@example.com", "555-0123", "chemotherapy", "TOKEN-4711")


class Service:
    """Takes what is sent, and keeps it as it came."""

    def __init__(self) -> None:
        bodies = self.bodies = []  # type: list[str]

        class Taker(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                opened = OPENERS[self.headers["Content-Encoding"]](body)
                bodies.append(f"{self.path}\n{self.headers}\n{opened.decode()}")
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body.splitlines()[-1]) for body in self.bodies]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.close()


@pytest.fixture
def handler(service: Service) -> Iterator[ErrorReportHandler]:
    """Heard as the production settings say."""
    handler = ErrorReportHandler(f"http://key@127.0.0.1:{service.server.server_port}/7")
    handler.addFilter(NoPersonalData())
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def parse(client: str) -> None:
    notes = f"{client}, ana@example.com, (213) 555-0123"
    json.loads(notes)


def test_only_the_type_and_the_places_of_an_error_are_on_the_wire(
    service: Service, handler: ErrorReportHandler, rf: Any
) -> None:
    log = logging.getLogger("massagerx.test")
    request = rf.post("/visits/TOKEN-4711/?name=Ana", {"purpose": "chemotherapy"})
    try:
        parse("Ana Canaria, chemotherapy")
    except ValueError:
        log.exception("%s was lost", "Ana Canaria", extra={"request": request, "status_code": 500})
    log.error("message %d of %s could not be sent", 4711, "ana@example.com")
    log.warning("no error")
    handler.flush()

    error, message = service.events
    assert service.bodies[0].startswith("/api/7/envelope/")
    (found,) = error["exception"]["values"]
    assert (found["type"], found.get("value")) == ("JSONDecodeError", None)
    places = [
        (frame["filename"].rsplit("/", 1)[-1], frame["function"]) for frame in found["stacktrace"]["frames"]
    ]
    assert ("test_error_reports.py", "parse") in places
    assert all(set(frame) == {"filename", "function", "lineno"} for frame in found["stacktrace"]["frames"])
    assert message["message"] == "massagerx.test: message … of [email] could not be sent"
    for event in service.events:
        assert not {"server_name", "user", "request", "contexts", "extra", "breadcrumbs", "modules"} & set(
            event
        )
    sent = "\n".join(service.bodies)
    assert [secret for secret in SECRETS if secret in sent] == []
