"""Whether this process can do its work, for a load balancer."""

from __future__ import annotations

from django.core.cache import cache
from django.db import DatabaseError, connection
from redis.exceptions import RedisError


def state() -> dict[str, bool]:
    """What answers: ``{"database": True, "cache": True}``."""
    return {"database": _database(), "cache": _cache()}


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _cache() -> bool:
    try:
        cache.set("healthz", 1, 10)
        return cache.get("healthz") == 1
    except (RedisError, OSError):
        return False
