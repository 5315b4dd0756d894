"""Tell a load balancer whether this process can serve requests, and a monitoring system whether
jobs are processed."""

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
"""Services without which no page can be shown."""


def state() -> dict[str, bool]:
    """Return which services answer: ``{"database": True, "cache": True, "office": True, "jobs":
    True}``.

    ``office`` is False while an office file has waited too long for its conversion: the worker is
    gone or too slow. ``jobs`` is False while another queue has no worker.
    """
    return {
        "database": _database(),
        "cache": _cache(),
        "office": _office(),
        "jobs": jobs.are_done(),
    }


def readiness() -> dict[str, bool]:
    """Return whether this process can serve requests: ``{"database": True, "cache": True, "spool":
    True, "migrations": True}``. ``migrations`` means that all of this version have been applied."""
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
    """Return whether all migrations are applied. Once True, the database is not asked again."""
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


# --- refused work ---


def count_ended(_function: str, _limit: CallLimit) -> None:
    """Count a message or file that was too costly to read (`webmail.sandbox.observe`)."""
    with suppress(RedisError, OSError, ValueError):
        cache.add(_ended_key(), 0, 2 * _A_DAY)
        cache.incr(_ended_key())


def ended_today() -> int:
    """Return the number of messages and files since midnight that were too costly to read."""
    count: int = cache.get(_ended_key(), 0)
    return count


def _ended_key() -> str:
    return f"sandbox-ended:{timezone.localdate()}"
