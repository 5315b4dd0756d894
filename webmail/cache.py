"""How values are kept in Redis: JSON, never pickle: who writes the cache must not run code here."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from django.core.cache.backends import redis


class JSONSerializer:
    """The serializer interface of Django's RedisCache. Whole numbers stay as they are, for INCR."""

    def dumps(self, value: object) -> bytes | int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return json.dumps(value, separators=(",", ":")).encode()

    def loads(self, data: bytes) -> object:
        return json.loads(data)


class _Client(redis.RedisCacheClient):
    """Django's, with one client for all its commands."""

    @cached_property
    def _kept(self) -> Any:
        return super().get_client(write=True)

    def get_client(self, key: object = None, *, write: bool = False) -> Any:
        """There is one server. Django makes a client for each command, whose tables of answers take
        longer than asking."""
        return self._kept


class RedisCache(redis.RedisCache):
    """Django's, with `_Client`."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client
