"""Whether this process can do its work, for a load balancer; whether the jobs are done, for who
watches over the machines."""

from __future__ import annotations

from django.core.cache import cache
from django.db import DatabaseError, connection
from redis.exceptions import RedisError

from accounts import jobs
from webmail.models import OfficePreview

NEEDED = ("database", "cache")
"""Without these no page can be shown."""


def state() -> dict[str, bool]:
    """What answers: ``{"database": True, "cache": True, "office": True, "jobs": True}``.

    ``office`` is False while office files wait that should have been converted long ago: their
    worker is gone, or too slow. ``jobs`` is False while another queue has no worker.
    """
    return {
        "database": _database(),
        "cache": _cache(),
        "office": _office(),
        "jobs": jobs.are_done(),
    }


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


def _office() -> bool:
    try:
        return not OfficePreview.objects.overdue().exists()
    except DatabaseError:
        return False
