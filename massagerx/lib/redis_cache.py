"""Django's cache on Redis, whose client is made once for each server instead of for each command."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends import redis


class _Client(redis.RedisCacheClient):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._clients: dict[int, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """A client, which keeps nothing but its pool of connections: making one takes longer than a command."""
        pool = self._get_connection_pool(write)  # type: ignore[attr-defined]  # Django's own
        if id(pool) not in self._clients:
            self._clients[id(pool)] = super().get_client(key, write=write)
        return self._clients[id(pool)]


class RedisCache(redis.RedisCache):
    """As Django's."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client
