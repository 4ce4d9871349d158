"""Rate limits per client address. Caps in the database stand behind them.

While Redis does not answer, each process counts for itself.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.core.cache.backends.locmem import LocMemCache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import salted_hmac
from django_ratelimit.core import is_ratelimited
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
P = ParamSpec("P")

# After a silence of the shared cache it is left alone this long, so that not every visitor waits for its timeout.
RETRY_SECONDS = 5.0
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_own_counts = LocMemCache("limits", {"max_entries": 20_000})
_ask_again_at = 0.0


def client_address(group: str, request: HttpRequest) -> str:
    """The visitor's address, IPv6 cut to its /64. `X-Forwarded-For` counts only as far as our own proxies wrote
    it: the entry TRUSTED_PROXIES from the right; whatever stands before that is the visitor's invention."""
    address = request.META.get("REMOTE_ADDR") or "0.0.0.0"  # noqa: S104
    if settings.TRUSTED_PROXIES:
        forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        if len(forwarded) >= settings.TRUSTED_PROXIES:
            address = forwarded[-settings.TRUSTED_PROXIES]
    parsed = parse_address(address)
    if parsed is None:
        return "unix"
    if parsed.version == 6:
        return str(ipaddress.ip_network(f"{parsed}/64", strict=False))
    return str(parsed)


@lru_cache(maxsize=256)
def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address as proxies write it, with or without a port, brackets or a zone; one of IPv4 that is written as one of
    IPv6 is itself. None for anything else."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def visitor_digest(request: HttpRequest) -> str:
    """A keyed digest of the visitor's address: tells visitors apart, and says nothing about who they are."""
    return salted_hmac("visitor", client_address("", request), algorithm="sha256").hexdigest()


def limited(
    rate: str,
    group: str,
    *,
    methods: frozenset[str] = frozenset({"POST"}),
    also: Callable[[HttpRequest], str] | None = None,
) -> Callable[
    [Callable[Concatenate[HttpRequest, P], HttpResponse]], Callable[Concatenate[HttpRequest, P], HttpResponse]
]:
    """Answers 429 to a visitor's requests by one of `methods` beyond `rate` (such as `30/m`), counted per address
    over `group`; with `also`, per address and what it says of the request."""

    def decorate(
        view: Callable[Concatenate[HttpRequest, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if settings.RATELIMIT_ENABLE and request.method in methods and _over(request, rate, group, also):
                response = render(request, "errors/429.html", status=429)
                response["Retry-After"] = "60"
                return response
            return view(request, *args, **kwargs)

        return inner

    return decorate


def _over(
    request: HttpRequest, rate: str, group: str, also: Callable[[HttpRequest], str] | None = None
) -> bool:
    global _ask_again_at

    def key(group: str, request: HttpRequest) -> str:
        address = client_address(group, request)
        if also is None:
            return address
        return salted_hmac("limits", f"{address} {also(request)}", algorithm="sha256").hexdigest()

    if time.monotonic() >= _ask_again_at:
        try:
            return bool(is_ratelimited(request, group=group, key=key, rate=rate, increment=True))
        except RedisError:
            _ask_again_at = time.monotonic() + RETRY_SECONDS
            log.warning("the cache does not answer: this process counts requests by itself")
    return _over_here(key(group, request), rate, group)


def _over_here(whom: str, rate: str, group: str) -> bool:
    """As `is_ratelimited`, counted in this process alone."""
    most, _, unit = rate.partition("/")
    seconds = _SECONDS[unit]
    key = f"{group}:{whom}:{int(time.monotonic() // seconds)}"
    _own_counts.add(key, 0, timeout=2 * seconds)
    try:
        return _own_counts.incr(key) > int(most)
    except ValueError:  # culled between the two lines
        return False
