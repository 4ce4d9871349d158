"""Limits on floods: per visitor, and also while the shared cache is away."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from redis.exceptions import ConnectionError as RedisConnectionError

from massagerx.lib import limits


@limits.limited("3/m", "test")
def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


def post(**headers: Any) -> int:
    return view(RequestFactory().post("/", **headers)).status_code


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[int]:
    """A shared cache that does not answer; holds one entry for each time it was asked."""
    asked: list[int] = []

    def silent(*_: Any, **__: Any) -> bool:
        asked.append(1)
        raise RedisConnectionError

    settings.RATELIMIT_ENABLE = True
    monkeypatch.setattr(limits, "is_ratelimited", silent)
    monkeypatch.setattr(limits, "_own_counts", LocMemCache("limits-of-a-test", {}))
    monkeypatch.setattr(limits, "_ask_again_at", 0.0)
    limits._own_counts.clear()
    return asked


@pytest.mark.django_db
def test_limit_holds_while_the_cache_is_away(away: list[int]) -> None:
    assert [post() for _ in range(5)] == [200, 200, 200, 429, 429]
    assert post(REMOTE_ADDR="10.0.0.9") == 200


@pytest.mark.django_db
def test_cache_that_is_away_makes_one_visitor_wait_and_not_all(away: list[int]) -> None:
    for _ in range(4):
        post()
    assert len(away) == 1


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "9.9.9.9", "127.0.0.1"),
        (1, "9.9.9.9", "9.9.9.9"),
        (1, "6.6.6.6, 9.9.9.9", "9.9.9.9"),
        (2, "6.6.6.6, 9.9.9.9, 10.0.0.1", "9.9.9.9"),
        (2, "9.9.9.9", "127.0.0.1"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "'; DROP TABLE --", "unix"),
        (1, "::ffff:203.0.113.7", "203.0.113.7"),
        (1, "[::ffff:203.0.113.7]:443", "203.0.113.7"),
        (1, "203.0.113.17:51234", "203.0.113.17"),
        (1, "[2001:db8:1:2:3:4:5:6]:51234", "2001:db8:1:2::/64"),
        (1, "[2001:db8:1:2:3:4:5:6]", "2001:db8:1:2::/64"),
        (1, "fe80::1%eth0", "fe80::/64"),
        (1, "2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        (1, "203.0.113.17:", "203.0.113.17"),
        (1, "[", "unix"),
    ],
)
def test_address_is_what_our_own_proxies_wrote(
    settings: Any, proxies: int, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded})

    assert limits.client_address("", request) == address
