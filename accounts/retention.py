"""Delete traces of users after the time that the law allows, by a regular job."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import Announcement, AuditEvent, KnownDevice, UserSession, WireLog
from core import clock

Kind = AuditEvent.Kind
LOOKUPS = (Kind.LOOKUP_FOUND, Kind.LOOKUP_FAILED, Kind.LOOKUP_LIMITED, Kind.SETTINGS_FETCHED)
BATCH = 5_000


def forget(batch: int = BATCH) -> dict[str, int]:
    """Delete expired rows in transactions of ``batch`` rows, so that no other process waits long.
    Return the number of rows deleted for each kind. A second run finds nothing."""
    now = clock.now()
    audit = AuditEvent.objects.order_by()
    sessions = settings.KEEP_SESSIONS_DAYS
    over: dict[str, QuerySet[Any]] = {
        "lookups": audit.filter(
            kind__in=LOOKUPS, when__lt=_before(now, settings.KEEP_LOOKUPS_DAYS)
        ),
        "audit": audit.filter(when__lt=_before(now, settings.KEEP_AUDIT_DAYS)),
        "sessions": UserSession.objects.unused_for(sessions).order_by(),
        "devices": KnownDevice.objects.unused_for(sessions).order_by(),
        "wire_logs": WireLog.objects.before(now).order_by(),
        "announcements": Announcement.objects.order_by().filter(
            until__lt=_before(now, settings.KEEP_AUDIT_DAYS)
        ),
    }
    return {name: _delete(rows, batch) for name, rows in over.items()}


def _before(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)


def _delete(rows: QuerySet[Any], batch: int) -> int:
    """Delete rows by their primary keys: neither SQLite nor PostgreSQL supports DELETE with a
    limit."""
    deleted = 0
    while keys := list(rows.values_list("pk", flat=True)[:batch]):
        rows.model._default_manager.filter(pk__in=keys).delete()
        deleted += len(keys)
    return deleted
