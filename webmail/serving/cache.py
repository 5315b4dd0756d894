"""The cache in Redis. Values are stored as JSON, never as pickles, which could run code of anybody
who can write to the cache."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache, cached_property, wraps
from typing import Any

from django.core.cache.backends import redis
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import TimeoutError as RedisSilent
from redis.retry import Retry

SECONDS = 1
"""The seconds that a page waits for a Redis that says nothing."""
SILENT_SECONDS = 5
"""The seconds after such a wait in which no page of the process waits again."""
COPIES = (
    "aside-week:", "authserv:",
    "near:", "seen:", "session:", "lasting:", "brought:", "judging:", "announcements-put-away:",
    "inbox-watch:", "moving:", "outbox:", "pulled-untold:", "pulls-seen:", "searching:",
    "size-limit:", "tags:",
)  # fmt: skip
"""The prefixes of keys whose values a page can do without, since they are stored elsewhere too, or
only save time. Without Redis there are none. Of all others, such as counts of attempts, an error is
raised."""
BRIEF = ("inbox-watch:", "judging:", "moving:")
"""Those of them that last a minute or so, and so may also miss that they are deleted."""
NEAR, NEAR_SECONDS = "near:", 5
"""The prefix of keys whose values each process may also hold in memory for some seconds. None of
them may be about a user."""


class JSONSerializer:
    """The serializer interface of Django's RedisCache. Integers stay as they are, for INCR."""

    def dumps(self, value: object) -> bytes | int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return json.dumps(value, separators=(",", ":")).encode()

    def loads(self, data: bytes) -> object:
        return json.loads(data)


class _Client(redis.RedisCacheClient):
    """Django's client, with one Redis client for all commands. ``near`` holds values and the time
    when they were read, by their keys in Redis."""

    def __init__(self, servers: list[str], **options: Any) -> None:
        super().__init__(
            servers,
            socket_connect_timeout=SECONDS,
            socket_timeout=SECONDS,
            # Once, for a connection that a restart of Redis closed: there is no wait.
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisGone,)),
            **options,
        )
        self.near: dict[str, tuple[float, object]] = {}
        self.silent_until = 0.0

    @cached_property
    def _kept(self) -> Any:
        return super().get_client(write=True)

    def get_client(self, key: object = None, *, write: bool = False) -> Any:
        """Return the one client. Django creates a client for each command, which takes longer than
        the command itself."""
        return self._kept


def _bounded(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(client: _Client, *args: Any, **options: Any) -> Any:
        if time.monotonic() < client.silent_until:
            raise RedisSilent("Redis said nothing a moment ago.")
        try:
            return method(client, *args, **options)
        except RedisSilent:
            client.silent_until = time.monotonic() + SILENT_SECONDS
            raise

    return call


_SINGLE = ("add", "get", "set", "touch", "delete", "has_key", "incr", "clear")
for _name in (*_SINGLE, "get_many", "set_many", "delete_many"):
    setattr(_Client, _name, _bounded(getattr(_Client, _name)))


@cache
def _of_process(server: str, **options: Any) -> _Client:
    """Return the client of the process. Its connections serve all threads; after a fork it opens
    new ones."""
    return _Client([server], **options)


class RedisCache(redis.RedisCache):
    """Django's cache with connections that outlive a request. In a web server that gives each
    request its own context, like ours, Django would open new ones each time.

    Keys that begin with `NEAR` are for values that administrators set and every page reads. Another
    process may use an old value for five more seconds; the process that wrote the value does not.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._kept = _of_process(server, **params.get("OPTIONS", {}))

    @property
    def _cache(self) -> _Client:
        return self._kept

    def validate_key(self, key: str) -> None:
        """Do nothing: Redis accepts any key, while Django checks each character for the sake of
        memcached."""

    def get(self, key: str, default: object = None, version: int | None = None) -> Any:
        if not key.startswith(NEAR):
            with _without(key):
                return super().get(key, default, version)
            return default
        name, now = self.make_key(key, version=version), time.monotonic()
        read, value = self._kept.near.get(name, (0.0, None))
        if value is None or now - read > NEAR_SECONDS:
            with _without(key):
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
        with _without(key):
            super().set(key, value, timeout, version)  # type: ignore[arg-type]

    def add(
        self,
        key: str,
        value: object,
        timeout: float | object | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        with _without(key):
            return super().add(key, value, timeout, version)  # type: ignore[arg-type]
        return True

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        keys = list(keys)
        with _without(*keys):
            return super().get_many(keys, version)
        return {}

    def set_many(
        self,
        data: dict[str, Any],
        timeout: float | object | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> list[str]:
        with _without(*data):
            return super().set_many(data, timeout, version)  # type: ignore[arg-type]
        return list(data)

    def delete(self, key: str, version: int | None = None) -> bool:
        self._forget_near(key, version)
        with _without(key, among=BRIEF):
            return super().delete(key, version)
        return False

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


@contextmanager
def _without(*keys: str, among: tuple[str, ...] = COPIES) -> Iterator[None]:
    """Do without Redis where all keys are of these."""
    try:
        yield
    except (RedisGone, RedisSilent):
        if not all(key.startswith(among) for key in keys):
            raise
