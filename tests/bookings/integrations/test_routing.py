"""The routing server: asked rarely, believed carefully, never waited for long, never under a lock."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as wall_time
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from pytest_django import Settings

from bookings import availability
from bookings.domain import operations, scheduling
from bookings.domain.scheduling import drives, values
from bookings.domain.visit_request import VisitRequest, load_treatment
from bookings.enums import BookingStatus
from bookings.exceptions import SlotNotOffered, SlotTaken
from bookings.integrations import routing
from bookings.integrations.routing import MAX_CALLS, TABLE_POINTS, Breaker, DriveSource
from bookings.models import Booking, BookingDraft, DriveTime, ServiceArea
from massagerx.settings.base import routing_timeout, routing_url
from tests.factories import DAY, NOW, World, at, make_world
from tests.support.routing import Behaviour, Handler, RoutingServer, hanging, honest, miles, saying

ECHO_PARK = (34.0766, -118.2646)
VENICE = (33.994, -118.464)
PASADENA = (34.1478, -118.1445)
LEG = (ECHO_PARK, VENICE)
BACK = (VENICE, ECHO_PARK)
TIMEOUT = 0.4
#: Two busy cores: a wait may end this much later than it should.
SLACK = 0.6


class Clock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_days(self, days: float) -> None:
        self.now += days * 24 * 60 * 60


@pytest.fixture(autouse=True)
def _fresh_sources() -> Iterator[None]:
    """No test knows what another has learnt."""
    routing._source.cache_clear()
    yield
    routing._source.cache_clear()


@pytest.fixture
def server() -> Iterator[RoutingServer]:
    with RoutingServer() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


def source_of(server: RoutingServer, clock: Clock | None = None, timeout: float = TIMEOUT) -> DriveSource:
    clock = clock or Clock()
    return DriveSource(server.url, timeout, wall_clock=clock, clock=clock)


def learnt(source: DriveSource, *legs: routing.Leg) -> dict[routing.Leg, float]:
    source.warm(legs)
    return source.known(legs)


def seconds(leg: routing.Leg, mph: float = 40.0) -> Any:
    """What the honest server says, give or take the second for southward."""
    return pytest.approx(miles(*leg) / mph * 3600, abs=1.2)


# Asking -------------------------------------------------------------------------------------------------------


def test_one_leg_is_asked_of_the_route_service(server: RoutingServer) -> None:
    assert learnt(source_of(server), LEG) == {LEG: seconds(LEG)}
    assert server.requests == ["/route/v1/driving/-118.2646,34.0766;-118.4640,33.9940?overview=false"]


def test_many_legs_are_one_table_and_keep_their_direction(server: RoutingServer) -> None:
    legs = [LEG, BACK, (ECHO_PARK, PASADENA)]

    found = learnt(source_of(server), *legs)

    assert found == {leg: seconds(leg) for leg in legs}
    assert found[LEG] - found[BACK] == pytest.approx(1)
    assert len(server.requests) == 1
    assert server.requests[0].startswith("/table/v1/driving/-118.2646,34.0766;-118.4640,33.9940;")


def test_a_path_in_the_address_is_kept(server: RoutingServer) -> None:
    source = DriveSource(f"{server.url}/osrm/la", TIMEOUT)

    assert learnt(source, LEG)
    assert server.requests[0].startswith("/osrm/la/route/v1/driving/")


def test_points_that_are_one_after_rounding_are_not_asked(server: RoutingServer) -> None:
    near = (ECHO_PARK[0] + 0.00001, ECHO_PARK[1])

    assert learnt(source_of(server), (ECHO_PARK, near), (ECHO_PARK, ECHO_PARK)) == {}
    assert server.requests == []


def test_answers_are_remembered_and_shared(server: RoutingServer) -> None:
    source = source_of(server)
    learnt(source, LEG)
    for _ in range(20):
        assert learnt(source, LEG) == {LEG: seconds(LEG)}
    # Another process, with the same cache; and the same place given with more digits.
    close = ((34.07661, -118.26461), VENICE)
    assert learnt(source_of(server), close) == {close: seconds(LEG)}

    assert len(server.requests) == 1


def test_another_server_does_not_answer_with_the_first_one_s_figures(server: RoutingServer) -> None:
    learnt(source_of(server), LEG)
    with RoutingServer() as other:
        other.mph = 20
        assert learnt(source_of(other), LEG) == {LEG: seconds(LEG, 20)}


def test_many_points_take_few_calls_and_all_are_known_in_the_end(server: RoutingServer) -> None:
    dice = random.Random(4)
    points = [(33.7 + dice.random() / 2, -118.6 + dice.random() / 2) for _ in range(TABLE_POINTS * 6)]
    first = points[0]
    legs = [leg for point in points[1:] for leg in ((first, point), (point, first))]
    source = source_of(server, timeout=20)

    source.warm(legs)

    assert len(server.requests) == MAX_CALLS
    assert all(path.count(";") < TABLE_POINTS for path in server.requests)
    assert legs[0] in source.known(legs)
    source.warm(legs)
    assert len(server.requests) <= MAX_CALLS + 3
    assert len(source.known(legs)) == len(legs)


def test_knowing_never_asks(server: RoutingServer) -> None:
    assert source_of(server).known([LEG]) == {}
    assert server.requests == []


@pytest.mark.django_db
def test_inside_a_transaction_nothing_is_asked(server: RoutingServer) -> None:
    source = source_of(server)

    with transaction.atomic():
        assert learnt(source, LEG) == {}

    assert server.requests == []


# Renewing -----------------------------------------------------------------------------------------------------


def test_a_figure_is_renewed_after_a_week_and_the_larger_one_used_for_another(
    server: RoutingServer, clock: Clock
) -> None:
    source = source_of(server, clock)
    learnt(source, LEG)

    clock.pass_days(6.9)
    server.mph = 60
    assert learnt(source, LEG) == {LEG: seconds(LEG)}
    assert len(server.requests) == 1

    clock.pass_days(0.2)
    assert learnt(source, LEG) == {LEG: seconds(LEG)}  # 60 miles an hour was heard, 40 is still used
    assert len(server.requests) == 2

    clock.pass_days(7.1)
    assert learnt(source, LEG) == {LEG: seconds(LEG, 60)}


def test_a_slower_road_counts_at_once_when_renewed(server: RoutingServer, clock: Clock) -> None:
    source = source_of(server, clock)
    learnt(source, LEG)
    clock.pass_days(7.1)
    server.mph = 20

    assert learnt(source, LEG) == {LEG: seconds(LEG, 20)}


def test_without_the_server_a_figure_lives_for_a_month(server: RoutingServer, clock: Clock) -> None:
    source = source_of(server, clock)
    learnt(source, LEG)
    server.stop()

    clock.pass_days(29)
    assert learnt(source, LEG) == {LEG: seconds(LEG)}
    clock.pass_days(1.1)
    assert learnt(source, LEG) == {}


def test_a_clock_set_back_only_means_asking_again(server: RoutingServer, clock: Clock) -> None:
    source = source_of(server, clock)
    learnt(source, LEG)
    clock.pass_days(-400)

    assert learnt(source, LEG) == {LEG: seconds(LEG)}
    assert len(server.requests) == 2


# The cache is a help, never needed ----------------------------------------------------------------------------


def test_without_redis_this_process_still_remembers(
    server: RoutingServer, settings: Settings, tmp_path: Any
) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"unix://{tmp_path}/nothing.sock",
        }
    }
    source = source_of(server)

    for _ in range(5):
        assert learnt(source, LEG) == {LEG: seconds(LEG)}
    assert len(server.requests) == 1


def test_a_frozen_redis_costs_one_time_out_a_minute(
    server: RoutingServer, settings: Settings, tmp_path: Any
) -> None:
    path = f"{tmp_path}/frozen.sock"
    with socket.socket(socket.AF_UNIX) as frozen:
        frozen.bind(path)
        frozen.listen()
        settings.CACHES = {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": f"unix://{path}",
                "OPTIONS": {"socket_connect_timeout": 0.2, "socket_timeout": 0.2},
            }
        }
        source = source_of(server)
        began = time.monotonic()
        for number in range(20):
            assert learnt(source, (ECHO_PARK, (34.0 + number / 1000, -118.1)))
        assert time.monotonic() - began < 0.2 + SLACK

        frozen.settimeout(0)
        frozen.accept()
        with pytest.raises(BlockingIOError):
            frozen.accept()  # it was tried once


@pytest.mark.parametrize(
    "planted",
    [
        "600", 600, None, (), (600.0,), (-1.0, None, 1_800_000_000.0), (float("nan"), None, 1_800_000_000.0),
        (600.0, None, "yesterday"), (600.0, None, float("inf")), (True, None, 1_800_000_000.0),
        (99_999.0, None, 1_800_000_000.0), [600.0, None, 1_800_000_000.0],
    ],
)  # fmt: skip
def test_what_else_is_in_the_cache_is_not_believed(server: RoutingServer, planted: object) -> None:
    source = source_of(server)
    cache.set(source._key(LEG), planted)

    assert learnt(source, LEG) == {LEG: seconds(LEG)}


# Slow, lying, dead --------------------------------------------------------------------------------------------

OK_ROUTE = '{"code":"Ok","routes":[{"duration":%s}]}'


def headers_without_end(handler: Handler) -> None:
    handler.drip(b"HTTP/1.1 200 OK\r\n", b"X-More: of the same\r\n")


def dripping_body(handler: Handler) -> None:
    handler.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{", b" ")


def going_on(handler: Handler) -> None:
    handler.drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n")


def not_http(handler: Handler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")


def hanging_up(handler: Handler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def answer_with_a_tail(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n" + (OK_ROUTE % 1800).encode() + b" " * 2_000_000)


def half_an_answer(handler: Handler) -> None:
    body = (OK_ROUTE % 1800).encode()
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + body[:20])


@pytest.mark.parametrize("behaviour", [hanging, headers_without_end, dripping_body, going_on])
def test_nobody_waits_longer_than_the_time_out(server: RoutingServer, behaviour: Behaviour) -> None:
    server.behaviour = behaviour
    source = source_of(server)

    began = time.monotonic()
    assert learnt(source, LEG) == {}
    took = time.monotonic() - began

    assert TIMEOUT * 0.9 < took < TIMEOUT + SLACK
    # And the thread that waited ends too, with its connection.
    until = time.monotonic() + 5
    while any(thread.name == "routing" for thread in threading.enumerate()):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_nobody_waits_for_a_slow_look_up_of_the_name(
    server: RoutingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = threading.Event()
    monkeypatch.setattr(socket, "create_connection", lambda *args, **kwargs: done.wait(20))
    source = source_of(server)

    began = time.monotonic()
    assert learnt(source, LEG) == {}
    took = time.monotonic() - began
    done.set()

    assert took < TIMEOUT + SLACK


def test_several_slow_tables_share_one_time_out(server: RoutingServer) -> None:
    def slow(handler: Handler) -> None:
        time.sleep(0.25)
        honest(handler)

    server.behaviour = slow
    legs = [(ECHO_PARK, (33.7 + number / 1000, -118.3)) for number in range(TABLE_POINTS * 3)]
    source = source_of(server)

    began = time.monotonic()
    source.warm(legs)

    assert time.monotonic() - began < TIMEOUT + SLACK
    assert len(server.requests) == 1
    assert len(source.known(legs)) == TABLE_POINTS - 1


LIES: dict[str, Behaviour] = {
    "negative": saying(OK_ROUTE % -60),
    "nan": saying(OK_ROUTE % "NaN"),
    "infinity": saying(OK_ROUTE % "Infinity"),
    "overflow": saying(OK_ROUTE % "1e400"),
    "digits": saying(OK_ROUTE % ("9" * 400)),
    "digits beyond python": saying(OK_ROUTE % ("9" * 5000)),
    "over five hours": saying(OK_ROUTE % (300 * 60 + 1)),
    "text": saying(OK_ROUTE % '"1800"'),
    "true": saying(OK_ROUTE % "true"),
    "list": saying(OK_ROUTE % "[1800]"),
    "no duration": saying('{"code":"Ok","routes":[{}]}'),
    "no routes": saying('{"code":"Ok","routes":[]}'),
    "routes is an object": saying('{"code":"Ok","routes":{"0":{"duration":1800}}}'),
    "route is a number": saying('{"code":"Ok","routes":[1800]}'),
    "no code": saying('{"routes":[{"duration":1800}]}'),
    "other code": saying('{"code":"ok","routes":[{"duration":1800}]}'),
    "error with an answer": saying(OK_ROUTE % 1800, 500),
    "bad request with an answer": saying(OK_ROUTE % 1800, 400),
    "too many requests": saying('{"code":"TooManyRequests"}', 429, {"Retry-After": "1"}),
    "no content": saying("", 204),
    "empty": saying(""),
    "html": saying("<!doctype html><title>Sign in</title>"),
    "json, not an object": saying("[1800]"),
    "json, null": saying("null"),
    "not text": saying(b"\xff\xfe\x00\x80"),
    "deep": saying("[" * 200_000),
    "deep object": saying('{"code":' * 50_000),
    "huge": saying('{"code":"Ok","pad":"' + "x" * 1_100_000 + '","routes":[{"duration":1800}]}'),
    "huge by its own word": saying(OK_ROUTE % 1800, 200, {"Content-Length": "99999999999"}),
    "huge without a word": answer_with_a_tail,
    "not http": not_http,
    "hangs up": hanging_up,
    "half": half_an_answer,
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_not_believed_and_counts_as_a_failure(server: RoutingServer, lie: str) -> None:
    server.behaviour = LIES[lie]
    source = source_of(server)

    for _ in range(6):
        assert learnt(source, LEG) == {}

    assert len(server.requests) == 3  # then it is left alone


def test_a_true_answer_in_the_same_clothes_is_believed(server: RoutingServer) -> None:
    """So that the table of lies above fails for the lie and for nothing else."""
    server.behaviour = saying(OK_ROUTE % 1800)

    assert learnt(source_of(server), LEG) == {LEG: 1800}


@pytest.mark.parametrize(
    "rows",
    [
        [], [[0, 1800]], [[0, 1800], [1800]], [[0, 1800], [1800, 0], [1, 1]], [0, 1800, 1800, 0], {"0": [0, 1800]},
        [[0, 1800], None], [[0, 1800], [-1, 0]], [[0, 1800], ["1800", 0]], [[0, 1800, 9], [1800, 0, 9]], None,
    ],
)  # fmt: skip
def test_a_table_of_another_shape_is_not_believed(server: RoutingServer, rows: object) -> None:
    server.behaviour = saying(json.dumps({"code": "Ok", "durations": rows}))
    source = source_of(server)

    for _ in range(6):
        assert learnt(source, LEG, BACK) == {}
    assert len(server.requests) == 3


def test_quicker_than_the_straight_line_at_80_is_not_believed(server: RoutingServer) -> None:
    limit = miles(*LEG) / 80 * 3600
    server.behaviour = saying(json.dumps({"code": "Ok", "durations": [[0, limit * 0.9], [limit * 1.1, 0]]}))

    assert learnt(source_of(server), LEG, BACK) == {BACK: pytest.approx(limit * 1.1)}


def test_a_server_that_says_zero_everywhere_is_asked_once_an_hour(
    server: RoutingServer, clock: Clock
) -> None:
    server.behaviour = saying('{"code":"Ok","durations":[[0,0],[0,0]]}')
    source = source_of(server, clock)

    for _ in range(5):
        assert learnt(source, LEG, BACK) == {}
    assert len(server.requests) == 1
    clock.pass_days(0.05)
    server.behaviour = honest
    assert learnt(source, LEG) == {LEG: seconds(LEG)}


@pytest.mark.parametrize(
    ("behaviour", "legs"),
    [
        (saying('{"code":"NoRoute"}', 400), [LEG]),
        (saying('{"code":"Ok","durations":[[0,null],[null,0]]}'), [LEG, BACK]),
    ],
)
def test_no_way_is_left_to_the_estimate_and_not_asked_at_once_again(
    server: RoutingServer, clock: Clock, behaviour: Behaviour, legs: list[routing.Leg]
) -> None:
    server.behaviour = behaviour
    source = source_of(server, clock)

    for _ in range(6):
        assert learnt(source, *legs) == {}
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(server: RoutingServer, status: int) -> None:
    with RoutingServer() as elsewhere:
        server.behaviour = saying(OK_ROUTE % 1800, status, {"Location": f"{elsewhere.url}/route/v1/driving/"})

        assert learnt(source_of(server), LEG) == {}
        assert elsewhere.requests == []
        assert len(server.requests) == 1


def test_a_dead_server_is_the_estimate(server: RoutingServer) -> None:
    source = source_of(server)
    server.stop()

    began = time.monotonic()
    assert learnt(source, LEG) == {}
    assert time.monotonic() - began < TIMEOUT + SLACK


def test_plain_http_under_an_https_address_is_not_believed(server: RoutingServer) -> None:
    source = DriveSource(server.url.replace("http:", "https:"), TIMEOUT)

    assert learnt(source, LEG) == {}
    assert server.requests == []


# The breaker --------------------------------------------------------------------------------------------------


def test_a_server_that_recovers_is_used_again_after_a_minute(server: RoutingServer, clock: Clock) -> None:
    server.behaviour = saying("", 500)
    source = source_of(server, clock)
    for _ in range(10):
        learnt(source, LEG)
    assert len(server.requests) == 3

    server.behaviour = honest
    clock.now += 59
    assert learnt(source, LEG) == {}
    clock.now += 2
    assert learnt(source, LEG) == {LEG: seconds(LEG)}
    assert learnt(source, BACK) == {BACK: seconds(BACK)}
    assert len(server.requests) == 5


def test_a_server_that_is_still_down_costs_one_call_a_minute(server: RoutingServer, clock: Clock) -> None:
    server.behaviour = saying("", 500)
    source = source_of(server, clock)
    for _ in range(10):
        for _ in range(5):
            learnt(source, LEG)
        clock.now += 61

    assert len(server.requests) == 3 + 9


def test_failures_count_only_in_a_row(server: RoutingServer) -> None:
    source = source_of(server)
    for number in range(8):
        server.behaviour = saying("", 500) if number % 2 else honest
        learnt(source, (ECHO_PARK, (34.0 + number / 100, -118.1)))

    assert len(server.requests) == 8


def test_one_thread_tries_while_the_others_stay_off() -> None:
    clock = Clock()
    breaker = Breaker(1, 60, clock)
    breaker.failed()
    assert not breaker.allows()
    clock.now += 61

    assert [breaker.allows() for _ in range(4)] == [True, False, False, False]
    breaker.succeeded()
    assert breaker.allows()


# Settings -----------------------------------------------------------------------------------------------------


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
def test_routing_timeout_is_a_wait_that_a_visitor_can_bear(given: float) -> None:
    assert routing_timeout(1.0) == 1.0
    with pytest.raises(ImproperlyConfigured, match="ROUTING_TIMEOUT"):
        routing_timeout(given)


# What the domain makes of it ----------------------------------------------------------------------------------


@pytest.fixture
def city(transactional_db: None) -> World:
    return make_world()


@pytest.fixture
def configured(server: RoutingServer, settings: Settings) -> RoutingServer:
    settings.ROUTING_URL = server.url
    settings.ROUTING_TIMEOUT = 5.0
    return server


def far_visit_request(world: World) -> VisitRequest:
    treatment = load_treatment(
        service_slug=world.service.slug, option_id=world.option.pk, add_on_ids=(), people=1
    )
    return VisitRequest(
        treatment=treatment, area=world.far_area, preference="any", therapists=(world.therapist,)
    )


def far_starts(world: World) -> set[Any]:
    """The starts that are offered on `DAY` in the Valley."""
    offer = scheduling.find_times_between(
        visit_request=far_visit_request(world), first_day=DAY, last_day=DAY, rules=world.rules, now=NOW
    )
    return {start.starts_at for start in offer.by_day.get(DAY, ())}


def test_without_an_address_nothing_is_asked(
    city: World, server: RoutingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DriveSource, "__init__", lambda *_: pytest.fail("a routing server was looked for"))
    booking = city.book()

    assert far_starts(city)
    operations.confirm_booking(booking=booking, actor=None, now=NOW)
    assert server.requests == []


def test_the_server_s_way_decides_what_is_offered_and_booked(city: World, configured: RoutingServer) -> None:
    """From 11:10 in Echo Park to the Valley: the estimate is over an hour, the server knows a quicker way."""
    city.book()
    configured.mph = 55
    quick = at(12, 30)

    assert quick in far_starts(city)
    booked = city.book(
        zip_code="91364", total_cents=16_000, starts_at=quick, email="b@example.com", phone="+12135550124"
    )

    assert booked.starts_at == quick


def test_rush_hour_is_counted_on_top_of_the_server_s_figure(city: World, configured: RoutingServer) -> None:
    configured.mph = 30
    home, far = scheduling.place_of(city.area), scheduling.place_of(city.far_area)
    therapist, _closures = values.therapist_values([city.therapist], first_day=DAY, last_day=DAY, now=NOW)
    drive_time = drives.drives_to(therapist, far)

    night, evening = drive_time(home, far, at(2)), drive_time(home, far, at(17))

    assert home.point is not None
    assert far.point is not None
    free_flow = miles(home.point, far.point) * 2  # at 30 miles an hour
    assert night == pytest.approx(free_flow, abs=1.1)
    assert evening == pytest.approx(free_flow * 30 / 14, abs=1.5)


def test_the_owner_s_table_comes_before_the_server(city: World, configured: RoutingServer) -> None:
    configured.mph = 55
    DriveTime.objects.create(
        origin=city.zone, destination=city.far_zone, minutes=123, starts_at=wall_time(0), ends_at=wall_time(0)
    )
    therapist, _closures = values.therapist_values([city.therapist], first_day=DAY, last_day=DAY, now=NOW)
    home, far = scheduling.place_of(city.area), scheduling.place_of(city.far_area)

    assert drives.drives_to(therapist, far)(home, far, at(11)) == 123


def test_with_the_server_dead_the_times_are_those_of_the_estimate(
    city: World, configured: RoutingServer, settings: Settings
) -> None:
    city.book()
    settings.ROUTING_URL = ""
    estimated = far_starts(city)
    settings.ROUTING_URL = configured.url
    configured.stop()

    assert estimated
    assert far_starts(city) == estimated


@pytest.mark.parametrize("visits", [1, 24])
def test_a_month_takes_one_call_and_the_next_look_none(
    city: World, configured: RoutingServer, visits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no drive that the engine asks about has been forgotten: none is estimated."""
    areas = [
        ServiceArea.objects.create(
            zip_code=f"900{number:02}", zone=city.zone, latitude=34.05 + number / 500, longitude=-118.27
        )
        for number in range(visits)
    ]
    first = city.book()
    configured.requests.clear()
    routing._source.cache_clear()
    cache.clear()
    # Two visits a day, each in an area of its own.
    for number, area in enumerate(areas):
        start = at(16 if number % 2 else 10, day=DAY + timedelta(days=number // 2))
        blocked = first.starts_at - first.blocked_from
        if number:
            first.pk = None
            first.reference = f"TEST{number:04}"
            first.submission_key = uuid.uuid4()
        first.starts_at, first.ends_at = start, start + (first.ends_at - first.starts_at)
        first.blocked_from, first.blocked_until = start - blocked, first.ends_at + blocked
        first.area = area
        first.save()
    assert Booking.objects.count() == visits
    monkeypatch.setattr(
        availability.OfflineEstimate, "__call__", lambda *_: pytest.fail("a drive was estimated")
    )

    assert far_starts(city)
    assert len(configured.requests) == 1
    assert far_starts(city)
    assert len(configured.requests) == 1


def watch_calls(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each call to the server, whether a transaction was open."""
    seen: list[bool] = []
    fetch = DriveSource._fetch

    def watched(self: DriveSource, *args: Any) -> Any:
        seen.append(connection.in_atomic_block)
        return fetch(self, *args)

    monkeypatch.setattr(DriveSource, "_fetch", watched)
    return seen


def test_booking_asks_before_the_lock_and_never_under_it(
    city: World, configured: RoutingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = watch_calls(monkeypatch)
    decided: list[bool] = []
    choose = scheduling.choose_slot

    def chosen(**kwargs: Any) -> Any:
        decided.append(connection.in_atomic_block)
        return choose(**kwargs)

    monkeypatch.setattr(scheduling, "choose_slot", chosen)

    city.book(zip_code="91364", total_cents=16_000, starts_at=at(12))

    assert decided == [True]
    assert seen == [False]
    assert len(configured.requests) == 1


def test_confirming_asks_before_the_lock_and_never_under_it(
    city: World, configured: RoutingServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ROUTING_URL = ""
    booking = city.book(zip_code="91364", total_cents=16_000, starts_at=at(12))
    settings.ROUTING_URL = configured.url
    seen = watch_calls(monkeypatch)

    confirmed = operations.confirm_booking(booking=booking, actor=None, now=NOW)

    assert confirmed.status == BookingStatus.CONFIRMED
    assert seen == [False]


def test_holding_asks_before_the_lock_and_never_under_it(
    city: World, configured: RoutingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = watch_calls(monkeypatch)

    hold = operations.hold_time(
        draft=BookingDraft.objects.create(answers={}, updated_at=NOW),
        visit_request=far_visit_request(city),
        starts_at=at(12),
        rules=city.rules,
        source="a",
        now=NOW,
    )

    assert hold
    assert seen == [False]


@pytest.mark.parametrize("year", [1, 9999])
def test_holding_an_impossible_day_is_refused_before_anything_is_asked(
    city: World, configured: RoutingServer, year: int
) -> None:
    with pytest.raises(SlotNotOffered):
        operations.hold_time(
            draft=BookingDraft.objects.create(answers={}, updated_at=NOW),
            visit_request=far_visit_request(city),
            starts_at=datetime(year, 1 if year == 1 else 12, 1 if year == 1 else 31, 23, tzinfo=UTC),
            rules=city.rules,
            source="a",
            now=NOW,
        )
    assert configured.requests == []


def test_a_hanging_server_holds_no_lock_while_it_hangs(
    city: World, configured: RoutingServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ROUTING_TIMEOUT = 0.3
    configured.behaviour = hanging
    seen = watch_calls(monkeypatch)

    booking = city.book(zip_code="91364", total_cents=16_000, starts_at=at(12))

    assert booking.pk
    assert seen == [False]


def test_a_time_shown_by_a_quick_figure_fails_closed_when_the_figure_has_gone(
    city: World, configured: RoutingServer
) -> None:
    """Shown with the server's figure; at the press both caches and the server are lost, so the estimate decides."""
    city.book()
    configured.mph = 55
    quick = at(12, 30)
    assert quick in far_starts(city)

    routing._source.cache_clear()
    cache.clear()
    configured.behaviour = saying("", 500)

    with pytest.raises(SlotTaken):
        city.book(
            zip_code="91364", total_cents=16_000, starts_at=quick, email="b@example.com", phone="+12135550124"
        )
    assert Booking.objects.count() == 1
