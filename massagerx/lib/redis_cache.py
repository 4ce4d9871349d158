"""Django's cache on Redis, of one server, with one client: Django makes one a command, which costs more than to ask."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends import redis


class _Client(redis.RedisCacheClient):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._one: Any = None

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """The one client there is; threads may share it."""
        if self._one is None:
            self._one = super().get_client(key, write=write)
        return self._one


class RedisCache(redis.RedisCache):
    """As Django's own."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client
