"""Caches public pages that are the same for everybody in Redis, to the end of the minute.

Every POST in the admin starts a new generation, which stands beside each cached page: all are stale at once.
Content that changes with time (a scheduled post, an expiring certificate) changes with the minute. Only a change made
elsewhere, such as in `manage.py shell`, is seen up to a minute late. Booking never reads a price from here.

While the database doesn't answer, the page that was made last is shown, for as long as `LAST_FOR`; but not one of
`settings.CACHED_PAGES_OF_A_MINUTE`, which leads on to where nothing can be shown.

What a page that isn't cached shows of the same things, such as the certificates at its foot, is kept as long
(`cached_value`).

Django's own page cache would let browsers use their copy for as long as ours is kept, without asking, so that a saved
price would be shown late.
"""

from __future__ import annotations

import gzip
import logging
import time
import uuid
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import re_accepts_gzip
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.cache import patch_vary_headers
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

DATABASE_AWAY = 503
GENERATION = "page-cache:generation"
# After a silence of the cache it is left alone this long, so that not every visitor waits for its timeout.
RETRY_SECONDS = 5.0
# Seconds for which a page outlives its minute, to be shown while the database is away.
LAST_FOR = 6 * 3600

# Of what is kept: another release on the same Redis reads only what it can.
_LAYOUT = 2

V = TypeVar("V")


class _Cache:
    """The cache's generation and minute, and whether it has been silent; one for the process."""

    def __init__(self) -> None:
        self._ask_again_at = 0.0

    @property
    def is_asked(self) -> bool:
        return bool(settings.CACHED_PAGES) and time.monotonic() >= self._ask_again_at

    def leave_alone(self) -> None:
        self._ask_again_at = time.monotonic() + RETRY_SECONDS
        log.warning("the cache does not answer: pages are made anew")

    def read(self, name: str) -> _Kept:
        """What is kept under this name, asked for in one round trip. Raises `RedisError`."""
        key = f"page-cache:{_LAYOUT}:{int(time.time() // 60)}:{name}"
        found = cache.get_many([GENERATION, key])
        generation = str(found.get(GENERATION) or cache.get_or_set(GENERATION, _new_generation, timeout=None))
        made_in, value = found.get(key) or (None, None)
        return _Kept(key, generation, value if made_in == generation else None)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A value of this generation and minute, or None; and where a new one belongs."""

    key: str
    generation: str
    value: Any

    def write(self, value: Any) -> None:
        """Keep a value that was made since this one was read. Raises `RedisError`."""
        cache.set(self.key, [self.generation, value], timeout=60)


_cache = _Cache()


def cached_value(name: str, make: Callable[[], V]) -> V:
    """What `make` returns, or returned in this minute and since the last save in the admin: for what pages show to
    everybody alike. It is to be of JSON's kinds: a tuple comes back as a list."""
    if not _cache.is_asked:
        return make()
    try:
        kept = _cache.read(f"value:{name}")
        value: list[V] | None = kept.value
        if value is None:
            value = [make()]
            kept.write(value)
    except RedisError:
        _cache.leave_alone()
        return make()
    return value[0]


class PageCacheMiddleware:
    """Answers the pages of `settings.CACHED_PAGES` (names of routes) to visitors without a session, without a query.

    A response that sets a cookie, that depends on one, or that may not be stored is never kept.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        match = _cached_route(request) if _cache.is_asked else None
        if match is None:
            response = self.get_response(request)
            if (
                request.method == "POST"
                and response.status_code < 400
                and request.resolver_match
                and "admin" in request.resolver_match.namespaces
                and request.user.is_authenticated
            ):
                self._start_generation()
            return response

        try:
            # Read before the page is made: one made from older rows belongs to the older generation.
            kept = _cache.read(request.path)
            last = f"page-made-last:{_LAYOUT}:{request.path}"
            outlives = match.view_name not in settings.CACHED_PAGES_OF_A_MINUTE
            page = kept.value
        except RedisError:
            _cache.leave_alone()
            return self.get_response(request)
        if page is None:
            response = self.get_response(request)
            if not _is_cacheable(response) and response.status_code != DATABASE_AWAY:
                return response
            try:
                if response.status_code == DATABASE_AWAY:
                    page = cache.get(last) if outlives else None
                else:
                    # Browsers and proxies may have it too, but ask each time whether it is still so.
                    response.headers.setdefault("Cache-Control", "no-cache")
                    page = _page_of(response)
                    kept.write(page)
                    if outlives:
                        cache.set(last, page, timeout=LAST_FOR)
            except RedisError:
                _cache.leave_alone()
            if page is None:
                return response
        request.resolver_match = match
        return _answer(
            page, accepts_gzip=bool(re_accepts_gzip.search(request.headers.get("Accept-Encoding", "")))
        )

    def _start_generation(self) -> None:
        if settings.CACHED_PAGES:
            try:
                cache.set(GENERATION, _new_generation(), timeout=None)
            except RedisError:
                _cache.leave_alone()


def _new_generation() -> str:
    return uuid.uuid4().hex


def _cached_route(request: HttpRequest) -> ResolverMatch | None:
    """The route, when it is cached and the request carries no session, no message and no query string."""
    if (
        request.method not in ("GET", "HEAD")
        or request.META.get("QUERY_STRING")
        or settings.SESSION_COOKIE_NAME in request.COOKIES
        or settings.MESSAGES_COOKIE_NAME in request.COOKIES
    ):
        return None
    # Raises DisallowedHost as every other page does.
    request.get_host()
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return None
    return match if match.view_name in settings.CACHED_PAGES else None


def _page_of(response: HttpResponse) -> list[Any]:
    """The page as it is kept: its text, the same packed, its headers, and for django-csp whose frames it shows. Packed
    once, and the same bytes each time: it holds nothing that would have to be hidden from who counts them."""
    packed = b64encode(gzip.compress(response.content, mtime=0)).decode()
    return [response.content.decode(), packed, dict(response.items()), getattr(response, "_csp_update", None)]


def _answer(page: list[Any], *, accepts_gzip: bool) -> HttpResponse:
    text, packed, headers, csp_update = page
    response = HttpResponse(b64decode(packed) if accepts_gzip else text, headers=headers)
    if csp_update is not None:
        response._csp_update = csp_update  # type: ignore[attr-defined]
    patch_vary_headers(response, ("Accept-Encoding",))
    if accepts_gzip:
        response["Content-Encoding"] = "gzip"
        response["Content-Length"] = str(len(response.content))
        if response.get("ETag", "").startswith('"'):
            response["ETag"] = f"W/{response['ETag']}"  # one of the text: other bytes
    return response


def _is_cacheable(response: HttpResponse) -> bool:
    return (
        response.status_code == 200
        and not response.streaming
        and not response.cookies
        and "cookie" not in response.get("Vary", "").lower()
        and "no-store" not in response.get("Cache-Control", "")
    )
