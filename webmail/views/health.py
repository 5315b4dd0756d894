"""Whether this process can do its work, for a load balancer."""

from __future__ import annotations

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from redis.exceptions import RedisError


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


@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 ``{"database": true, "cache": true}``, or 503 with what does not answer."""
    state = {"database": _database(), "cache": _cache()}
    return JsonResponse(state, status=200 if all(state.values()) else 503)
