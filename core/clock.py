"""The time that all machines of an installation share: that of the database.

A machine with a wrong clock must not send scheduled messages too early, take other machines'
workers for dead, or end their sessions. The database is asked for its time when a connection to it
is opened; afterwards this machine's monotonic clock counts on, which cannot be set. SQLite has no
clock of its own.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from django.core.exceptions import SynchronousOnlyOperation
from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

_known: tuple[datetime, float] | None = None
"""The database's time, and the value of the monotonic clock at that moment."""


def now() -> datetime:
    """Return the database's time, as read at the last connection. Before the first connection, and
    with SQLite, return this machine's time.
    """
    if connection.vendor != "postgresql":
        return timezone.now()
    if _known is None:
        with suppress(DatabaseError, SynchronousOnlyOperation):
            connection.ensure_connection()
    if _known is None:
        return timezone.now()
    moment, counter = _known
    return moment + timedelta(seconds=time.monotonic() - counter)


def timestamp() -> int:
    """Return `now` as whole seconds since 1970."""
    return int(now().timestamp())


def ask(connection: BaseDatabaseWrapper, **_sent: Any) -> None:
    """Receive `connection_created`. The query is not sent through Django, which would count it
    among a page's.
    """
    global _known
    if connection.vendor == "postgresql" and connection.alias == "default":
        asked_at = time.monotonic()
        (moment,) = connection.connection.execute("SELECT clock_timestamp()").fetchone()
        # A slow answer makes no event late: the time may only be ahead by the duration of the
        # query.
        _known = moment.astimezone(UTC), asked_at


def of_files(folder: Path) -> float:
    """Return the time of the file system that holds ``folder``, for the ages of its files: a shared
    one has the clock of its own machine. If it cannot be written, return this machine's time.
    """
    try:
        with TemporaryFile(dir=folder) as mark:
            return os.fstat(mark.fileno()).st_mtime
    except OSError:
        return time.time()
