"""The cache's client, made once."""

from __future__ import annotations

from typing import Any

from massagerx.lib.redis_cache import RedisCache
from massagerx.settings.base import redis_urls


def test_commands_share_a_client_and_keep_what_they_store(redis_url: str) -> None:
    cache: Any = RedisCache(redis_urls(redis_url)[1], {"OPTIONS": {}})
    assert cache._cache.get_client("a") is cache._cache.get_client("b", write=True)
    cache.set("a", 1, timeout=60)
    assert cache.add("a", 5) is False
    assert cache.incr("a") == 2
    assert cache.get("a") == 2
    assert cache.get("b") is None
