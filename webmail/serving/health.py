"""Tell a load balancer whether this process can serve requests, and a monitoring system whether
jobs are processed.

Anybody may ask, so a question costs next to nothing: nothing is written, and the state is looked at
once in some seconds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from secrets import compare_digest
from threading import Lock
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest
from django.utils import timezone
from redis.exceptions import RedisError

from accounts import network
from accounts.health import installation, jobs
from mail.sandbox import CallLimit
from webmail.models import OfficePreview

_A_DAY = 24 * 60 * 60
_FRESH_S: Final = 2.0
_LEAST_FREE = 1024 * 1024
_has_migrations = False


class Readiness:
    """Whether a process can serve requests, looked at once in two seconds however many ask."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._told: Mapping[str, bool] = {}
        self._until = 0.0

    def state(self) -> Mapping[str, bool]:
        """Return what the process needs to serve requests: ``{"database": True, "cache": True,
        "spool": True, "migrations": True}``. ``migrations`` means that all of this version have
        been applied."""
        # While one request looks, the others get what was seen last.
        if self._lock.acquire(blocking=not self._told):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._told

    def _look(self) -> None:
        if time.monotonic() >= self._until:
            self._told = _readiness()
            self._until = time.monotonic() + _FRESH_S


def may_know(request: HttpRequest) -> bool:
    """Return whether the request may be told what is wrong: it comes from this machine and through
    no proxy, or it has the token of WEBMAIL_METRICS_TOKEN."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    is_from_here = network.is_loopback(peer) and "HTTP_X_FORWARDED_FOR" not in request.META
    return is_from_here or has_token(request)


def has_token(request: HttpRequest) -> bool:
    """Return whether the request has the token of WEBMAIL_METRICS_TOKEN."""
    presented = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    token = settings.METRICS_TOKEN.encode()
    return bool(token) and compare_digest(presented, token)


def state() -> dict[str, bool]:
    """Return which services answer: ``{"database": True, "cache": True, "office": True, "jobs":
    True}``.

    ``office`` is False while an office file has waited too long for its conversion: the worker is
    gone or too slow. ``jobs`` is False while another queue has no worker.
    """
    return {"database": _database(), "cache": _cache(), **work()}


def work() -> dict[str, bool]:
    """Return whether background work is done: ``{"office": True, "jobs": True}``, as in `state`."""
    return {"office": _office(), "jobs": jobs.are_done()}


def _readiness() -> dict[str, bool]:
    has_database = _database()
    return {
        "database": has_database,
        "cache": _cache(),
        "spool": _spool(),
        "migrations": has_database and _migrations(),
    }


def _spool() -> bool:
    """Return whether files can be written to the spool, or the spool be made."""
    folder: Path = settings.SPOOL
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        free = os.statvfs(folder)
    except OSError:
        return False
    is_writable = folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
    return is_writable and free.f_bavail * free.f_frsize >= _LEAST_FREE


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
        cache.get("readyz")
    except (RedisError, OSError):
        return False
    return True


def _office() -> bool:
    try:
        return not OfficePreview.objects.overdue().exists()
    except DatabaseError:
        return False


# --- refused work ---


def count_ended(_function: str, _limit: CallLimit) -> None:
    """Count a message or file that was too costly to read (`mail.sandbox.observe`)."""
    with suppress(RedisError, OSError, ValueError):
        cache.add(_ended_key(), 0, 2 * _A_DAY)
        cache.incr(_ended_key())


def ended_today() -> int:
    """Return the number of messages and files since midnight that were too costly to read."""
    count: int = cache.get(_ended_key(), 0)
    return count


def _ended_key() -> str:
    return f"sandbox-ended:{timezone.localdate()}"
