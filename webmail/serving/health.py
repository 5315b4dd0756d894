"""Tell a load balancer whether this process can work, and a monitoring system whether jobs are
done."""

from __future__ import annotations

from contextlib import suppress

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.utils import timezone
from redis.exceptions import RedisError

from accounts import installation, jobs
from webmail.models import OfficePreview
from webmail.sandbox import CallLimit

_A_DAY = 24 * 60 * 60
_has_migrations = False
NEEDED = ("database", "cache")
"""Without these no page can be shown."""


def state() -> dict[str, bool]:
    """Return which services answer: ``{"database": True, "cache": True, "office": True, "jobs":
    True}``.

    ``office`` is False while office files wait that should have been converted long ago: their
    worker is gone, or too slow. ``jobs`` is False while another queue has no worker.
    """
    return {
        "database": _database(),
        "cache": _cache(),
        "office": _office(),
        "jobs": jobs.are_done(),
    }


def readiness() -> dict[str, bool]:
    """Return whether this process can take requests: ``{"database": True, "cache": True, "spool":
    True, "migrations": True}``; the last is that the database has all changes of this version."""
    has_database = _database()
    return {
        "database": has_database,
        "cache": _cache(),
        "spool": _spool(),
        "migrations": has_database and _migrations(),
    }


def _spool() -> bool:
    try:
        installation.write_to_spool()
    except OSError:
        return False
    return True


def _migrations() -> bool:
    """Once they are there they stay: asked until then."""
    global _has_migrations
    if not _has_migrations:
        try:
            _has_migrations = not installation.missing_migrations()
        except DatabaseError:
            return False
    return _has_migrations


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


# --- what mail and files cost ---


def count_ended(_function: str, _limit: CallLimit) -> None:
    """Note that a message or file was too costly to read (`webmail.sandbox.observe`)."""
    with suppress(RedisError, OSError, ValueError):
        cache.add(_ended_key(), 0, 2 * _A_DAY)
        cache.incr(_ended_key())


def ended_today() -> int:
    """Return how many messages and files were too costly to read, since midnight."""
    count: int = cache.get(_ended_key(), 0)
    return count


def _ended_key() -> str:
    return f"sandbox-ended:{timezone.localdate()}"
