"""The form in which values are kept in Redis: JSON, never pickle: whoever writes to the cache
must not run code here."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from functools import cache, cached_property
from typing import Any

from django.core.cache.backends import redis
from django.core.cache.backends.base import DEFAULT_TIMEOUT

NEAR, NEAR_SECONDS = "near:", 5
"""Of what keys begin with that each process holds for so long; none of it may be of a person."""


class JSONSerializer:
    """The serializer interface of Django's RedisCache. Whole numbers stay as they are, for INCR."""

    def dumps(self, value: object) -> bytes | int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return json.dumps(value, separators=(",", ":")).encode()

    def loads(self, data: bytes) -> object:
        return json.loads(data)


class _Client(redis.RedisCacheClient):
    """Django's, with one client for all its commands. ``near``: values with when they were read, by
    their names in Redis."""

    def __init__(self, servers: list[str], **options: Any) -> None:
        super().__init__(servers, **options)
        self.near: dict[str, tuple[float, object]] = {}

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
    context of its own, as ours does, Django begins with none.

    What an administrator sets and each page asks for has keys with `NEAR` at their head: another
    process may have it five seconds longer, this one has no older than it wrote.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._kept = _of_process(server, **params.get("OPTIONS", {}))

    @property
    def _cache(self) -> _Client:
        return self._kept

    def validate_key(self, key: str) -> None:
        """Redis takes any. Django looks at each character for what another cache would not take."""

    def get(self, key: str, default: object = None, version: int | None = None) -> Any:
        if not key.startswith(NEAR):
            return super().get(key, default, version)
        name, now = self.make_key(key, version=version), time.monotonic()
        read, value = self._kept.near.get(name, (0.0, None))
        if value is None or now - read > NEAR_SECONDS:
            value = super().get(key, None, version)
            self._kept.near[name] = (now, value)
        return default if value is None else value

    def set(
        self,
        key: str,
        value: object,
        timeout: float | object | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        self._forget_near(key, version)
        super().set(key, value, timeout, version)  # type: ignore[arg-type]

    def delete(self, key: str, version: int | None = None) -> bool:
        self._forget_near(key, version)
        return super().delete(key, version)

    def delete_many(self, keys: Iterable[str], version: int | None = None) -> None:
        keys = list(keys)
        for key in keys:
            self._forget_near(key, version)
        super().delete_many(keys, version)

    def clear(self) -> None:
        self._kept.near.clear()
        super().clear()

    def _forget_near(self, key: str, version: int | None) -> None:
        if key.startswith(NEAR):
            self._kept.near.pop(self.make_key(key, version=version), None)
