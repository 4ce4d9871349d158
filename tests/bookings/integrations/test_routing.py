"""The routing server: asked in one call, believed carefully, never waited for long."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from bookings.integrations import routing
from massagerx.settings.base import routing_timeout, routing_url
from tests.support.routing import Behavior, Handler, RoutingServer, dripping, hanging, miles, saying

ECHO_PARK = (34.0766, -118.2646)
VENICE = (33.994, -118.464)
PASADENA = (34.1478, -118.1445)
TIMEOUT = 0.4
#: A machine that is busy may end a wait this much later; a server that hangs goes on for longer.
SLACK = 20


@pytest.fixture
def server(settings: Settings) -> Iterator[RoutingServer]:
    with RoutingServer() as running:
        settings.ROUTING_URL, settings.ROUTING_TIMEOUT = running.url, 60.0
        yield running


def test_a_table_is_one_call_and_keeps_its_directions(server: RoutingServer) -> None:
    rows = routing.table([ECHO_PARK, VENICE], [VENICE, PASADENA, ECHO_PARK])

    assert len(server.requests) == 1
    assert server.requests[0].startswith(
        "/table/v1/driving/-118.2646,34.0766;-118.4640,33.9940;-118.4640,33.9940;"
    )
    assert [len(row) for row in rows] == [3, 3]
    assert rows[0][0] == pytest.approx(miles(ECHO_PARK, VENICE) / 40 * 3600 + 1, abs=0.1)
    assert rows[1][2] == pytest.approx(miles(ECHO_PARK, VENICE) / 40 * 3600, abs=0.1)
    assert rows[1][0] == 0


def test_a_path_in_the_address_is_kept(server: RoutingServer, settings: Settings) -> None:
    settings.ROUTING_URL = f"{server.url}/osrm"
    routing.table([VENICE], [PASADENA])

    assert server.requests[0].startswith("/osrm/table/v1/driving/")


def test_no_way_is_told_as_none(server: RoutingServer) -> None:
    server.behavior = saying('{"code":"Ok","durations":[[null,60]]}')

    assert routing.table([VENICE], [ECHO_PARK, PASADENA]) == [[None, 60.0]]


OK = '{"code":"Ok","durations":[[%s]]}'


def half_an_answer(handler: Handler) -> None:
    handler.reply(b'{"code":"Ok"', headers={"Content-Length": "500"})


def not_http(handler: Handler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n")


LIES: dict[str, Behavior] = {
    "negative": saying(OK % -60),
    "nan": saying(OK % "NaN"),
    "infinity": saying(OK % "Infinity"),
    "overflow": saying(OK % "1e400"),
    "digits beyond python": saying(OK % ("9" * 5000)),
    "over five hours": saying(OK % (300 * 60 + 1)),
    "text": saying(OK % '"1800"'),
    "true": saying(OK % "true"),
    "list": saying(OK % "[1800]"),
    "too wide": saying(OK % "1800, 1800"),
    "too high": saying('{"code":"Ok","durations":[[1800],[1800]]}'),
    "empty table": saying('{"code":"Ok","durations":[]}'),
    "row is none": saying('{"code":"Ok","durations":[null]}'),
    "table is an object": saying('{"code":"Ok","durations":{"0":[1800]}}'),
    "no table": saying('{"code":"Ok"}'),
    "no code": saying('{"durations":[[1800]]}'),
    "other code": saying('{"code":"ok","durations":[[1800]]}'),
    "error with an answer": saying(OK % 1800, 500),
    "bad request with an answer": saying(OK % 1800, 400),
    "redirect": saying(OK % 1800, 302, {"Location": "/elsewhere"}),
    "no content": saying("", 204),
    "empty": saying(""),
    "html": saying("<!doctype html><title>Sign in</title>"),
    "json, not an object": saying("[1800]"),
    "not text": saying(b"\xff\xfe\x00\x80"),
    "deep": saying("[" * 200_000),
    "huge": saying('{"code":"Ok","pad":"' + "x" * 1_100_000 + '","durations":[[1800]]}'),
    "not packed as it says": saying(OK % 1800, 200, {"Content-Encoding": "gzip"}),
    "not http": not_http,
    "half": half_an_answer,
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_not_believed(server: RoutingServer, lie: str) -> None:
    server.behavior = LIES[lie]

    with pytest.raises(routing.Unusable):
        routing.table([VENICE], [PASADENA])
    assert len(server.requests) == 1


def test_a_true_answer_in_the_same_clothes_is_believed(server: RoutingServer) -> None:
    """So that the lies above are refused for the lie and for nothing else."""
    server.behavior = saying(OK % 1800)

    assert routing.table([VENICE], [PASADENA]) == [[1800.0]]


@pytest.mark.parametrize("behavior", [hanging, dripping])
def test_nobody_waits_longer_than_the_time_out(
    server: RoutingServer, settings: Settings, behavior: Behavior
) -> None:
    server.behavior, settings.ROUTING_TIMEOUT = behavior, TIMEOUT
    began = time.monotonic()

    with pytest.raises(routing.Unusable):
        routing.table([VENICE], [PASADENA])
    assert time.monotonic() - began < TIMEOUT + SLACK


def test_a_dead_server_is_unusable(server: RoutingServer) -> None:
    server.stop()

    with pytest.raises(routing.Unusable, match="ConnectError"):
        routing.table([VENICE], [PASADENA])


def test_proxies_of_the_environment_are_not_asked(
    server: RoutingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    assert routing.table([VENICE], [VENICE]) == [[0.0]]


def test_the_query_is_what_the_service_documents(server: RoutingServer) -> None:
    routing.table([VENICE], [PASADENA])

    assert server.requests[0].split("?")[1] == "annotations=duration&sources=0&destinations=1"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ""),
        ("  ", ""),
        ("http://127.0.0.1:5000/", "http://127.0.0.1:5000"),
        ("https://routes.example.com/osrm/", "https://routes.example.com/osrm"),
        ("http://[::1]:5000", "http://[::1]:5000"),
    ],
)
def test_routing_url_is_an_address_or_nothing(given: str, kept: str) -> None:
    assert routing_url(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        "127.0.0.1:5000", "ftp://host", "file:///etc/passwd", "unix:///run/osrm.sock", "http://", "http://:5000",
        "http://host:notaport", "http://host:0", "http://host:99999", "http://user:secret@host", "http://host?x=1",
        "http://host#x", "http://ho st", "http://host/\r\nX: y", "http://h\u00f6st", "http://[::1",
    ],
)  # fmt: skip
def test_routing_url_refuses_anything_else(given: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="ROUTING_URL"):
        routing_url(given)


@pytest.mark.parametrize("given", [0.0, -1.0, 10.1, float("nan"), float("inf")])
def test_routing_timeout_is_no_longer_than_a_worker_should_wait(given: float) -> None:
    assert routing_timeout(1.0) == 1.0
    with pytest.raises(ImproperlyConfigured, match="ROUTING_TIMEOUT"):
        routing_timeout(given)
