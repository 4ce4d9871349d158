"""Every public address that takes a POST is limited: a walk over all routes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from massagerx.lib import limits

# What a route's parts may look like; the limit comes before anything is looked up.
SAMPLES: dict[str, Any] = {
    "slug": "something",
    "str": "something",
    "int": 1,
    "uuid": uuid.UUID(int=1),
    "path": "some/thing",
}


def addresses(patterns: Any = None, before: str = "/") -> Iterator[str]:
    """An address of each public route."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = str(pattern.pattern)
        made = before + route
        for name, converter in pattern.pattern.converters.items():
            kind = {
                "SlugConverter": "slug",
                "StringConverter": "str",
                "IntConverter": "int",
                "UUIDConverter": "uuid",
                "PathConverter": "path",
            }.get(type(converter).__name__, "str")
            value = SAMPLES[kind]
            for written in (f"<{name}>", f"<{kind}:{name}>"):
                made = made.replace(written, str(value))
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, made)
        else:
            assert isinstance(pattern, URLPattern)
            yield made


def is_for_staff(response: Any) -> bool:
    """Whether the log-in is asked for first; that slows down wrong tries by address and account."""
    return bool(response.status_code == 302 and response["Location"].startswith(reverse("admin:login")))


@pytest.mark.django_db
def test_every_public_post_answers_429_beyond_its_limit(settings: Any) -> None:
    settings.RATELIMIT_ENABLE = True
    client = Client()
    unlimited = {}
    limited = 0
    with mock.patch.object(limits, "_over", return_value=True):
        for address in addresses():
            if address.startswith("/admin/"):
                continue  # behind the log-in, which tests/accounts looks at
            response = client.post(address)
            limited += response.status_code == 429
            if response.status_code not in (405, 429) and not is_for_staff(response):
                unlimited[address] = response.status_code
    assert unlimited == {}
    assert limited > 20
