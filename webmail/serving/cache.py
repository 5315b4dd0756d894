"""The form in which values are kept in Redis: JSON, never pickle: whoever writes to the cache
must not run code here."""

from __future__ import annotations

import json
from functools import cache, cached_property
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


@cache
def _of_process(server: str, **options: Any) -> _Client:
    """Its connections serve all threads; after a fork it makes new ones."""
    return _Client([server], **options)


class RedisCache(redis.RedisCache):
    """Django's, with connections that outlive a request: in a web server that gives each request a
    context of its own, as ours does, Django begins with none."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._kept = _of_process(server, **params.get("OPTIONS", {}))

    @property
    def _cache(self) -> _Client:
        return self._kept

    def validate_key(self, key: str) -> None:
        """Redis takes any. Django looks at each character for what another cache would not take."""
