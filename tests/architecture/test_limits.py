"""Every address that takes a POST from the public is limited: a walk over all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from massagerx.lib import limits

pytestmark = pytest.mark.django_db
# What an address is given for its parts, by the name of its converter.
_PARTS = {"SlugConverter": "who", "StringConverter": "MX-234567", "IntConverter": "1", "PathConverter": "a/b"}
# Staff's own, behind a log-in.
_STAFF = ("admin/", "mailbox/", "book/for-a-client/")


def _addresses(patterns: Any, before: str = "") -> Iterator[str]:
    for pattern in patterns:
        here = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern.url_patterns, here)
        elif isinstance(pattern, URLPattern):
            for name, converter in getattr(pattern.pattern, "converters", {}).items():
                part = _PARTS.get(type(converter).__name__, "MX-234567")
                for kind in ("slug", "str", "int", "path", "uuid"):
                    here = here.replace(f"<{kind}:{name}>", part)
            yield f"/{here}"


PUBLIC = [
    address for address in _addresses(get_resolver().url_patterns) if not address[1:].startswith(_STAFF)
]


@pytest.mark.parametrize("address", [*PUBLIC, "/admin/login/"])
def test_post_from_the_public_meets_a_limit(
    address: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATELIMIT_ENABLE = True
    monkeypatch.setattr(limits, "_over", lambda *_: True)

    status = Client(raise_request_exception=False).post(address, {}).status_code

    # 405: it takes none.
    assert status in (405, 429)


def test_walk_finds_the_addresses_that_matter() -> None:
    found = set(PUBLIC)
    assert {
        "/contact/",
        "/book/review/",
        "/visits/",
        "/visits/v/MX-234567/code/",
        "/book/start-over/",
    } <= found
