"""The address of Redis as providers hand it out, and what is refused at start."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from kombu import Connection

from massagerx.lib.redis_cache import RedisCache
from massagerx.settings.base import redis_urls

TAKEN = {
    "redis://127.0.0.1:6379": ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/1"),
    "redis://127.0.0.1:6379/": ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/1"),
    "redis://:p%40ss@cache.internal:6379/0": (
        "redis://:p%40ss@cache.internal:6379/0",
        "redis://:p%40ss@cache.internal:6379/0",
    ),
    "redis://default:word@[fd00::7]:6379/5": (
        "redis://default:word@[fd00::7]:6379/5",
        "redis://default:word@[fd00::7]:6379/5",
    ),
    "rediss://cache.internal:6380": (
        "rediss://cache.internal:6380/0?ssl_cert_reqs=required",
        "rediss://cache.internal:6380/1?ssl_cert_reqs=required",
    ),
    "rediss://cache.internal:6380/0?ssl_cert_reqs=none": (
        "rediss://cache.internal:6380/0?ssl_cert_reqs=none",
        "rediss://cache.internal:6380/0?ssl_cert_reqs=none",
    ),
    "unix:///run/redis.sock": (
        "redis+socket:///run/redis.sock?virtual_host=0",
        "unix:///run/redis.sock?db=1",
    ),
    "unix:///run/redis.sock?db=3": (
        "redis+socket:///run/redis.sock?virtual_host=3",
        "unix:///run/redis.sock?db=3",
    ),
}


def cache_options(address: str) -> dict[str, Any]:
    """What Django's cache connects with."""
    cache: Any = RedisCache(address, {"OPTIONS": {}})
    options: dict[str, Any] = cache._cache._get_connection_pool(write=True).connection_kwargs
    return options


@pytest.mark.parametrize(("given", "expected"), TAKEN.items(), ids=TAKEN)
def test_address_leads_broker_and_cache_to_their_database(given: str, expected: tuple[str, str]) -> None:
    broker, cached = redis_urls(given)
    assert (broker, cached) == expected
    channel = Connection(broker).transport.Channel
    assert channel is not None  # kombu can read it
    number = expected[1].partition("db=")[2] or expected[1].partition("?")[0].rpartition("/")[2]
    assert str(cache_options(cached)["db"]) == number


def test_server_is_known_by_its_certificate_unless_said_otherwise() -> None:
    broker, cached = redis_urls("rediss://cache.internal:6380")
    assert (Connection(broker).ssl or {})["ssl_cert_reqs"] is ssl.CERT_REQUIRED
    assert cache_options(cached)["ssl_cert_reqs"] == "required"


@pytest.mark.parametrize(
    "given",
    [
        "",
        "127.0.0.1:6379",
        "http://127.0.0.1:6379",
        "redis-sentinel://127.0.0.1:26379/0",
        "redis://",
        "redis://host:port",
        "redis://host:6379/first",
        "redis://host:6379/0/1",
        "redis://host:6379/²",
        "redis://host:6379?ssl_cert_reqs=none",
        "redis://host:6379/0?timeout=5",
        "rediss://host:6379/0?ssl_cert_reqs",
        "unix://",
        "unix:///run/redis.sock?db=one",
        "redis://host:6379/0#1",
    ],
)
def test_address_that_would_leave_the_worker_dead_is_refused_at_start(given: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="REDIS_URL must be"):
        redis_urls(given)
