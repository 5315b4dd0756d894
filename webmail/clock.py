"""The time that all machines of an installation share: that of the database.

A machine whose own clock is wrong neither sends what is scheduled before its time, nor thinks that
the workers of the others are dead, nor ends their sessions. The database is asked when a connection
to it is opened; from then on this machine's monotonic clock counts, which nobody sets. SQLite has
no clock of its own.
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
"""A moment of the database, and what the monotonic clock showed then."""


def now() -> datetime:
    """The database's time, as it was told at the last connection. Until there is one, and with
    SQLite: this machine's."""
    if connection.vendor != "postgresql":
        return timezone.now()
    if _known is None:
        with suppress(DatabaseError, SynchronousOnlyOperation):
            connection.ensure_connection()
    if _known is None:
        return timezone.now()
    moment, shown = _known
    return moment + timedelta(seconds=time.monotonic() - shown)


def timestamp() -> int:
    """`now` as whole seconds since 1970."""
    return int(now().timestamp())


def ask(connection: BaseDatabaseWrapper, **_sent: Any) -> None:
    """Receiver of `connection_created`. The query is not Django's, which would count it among a
    page's."""
    global _known
    if connection.vendor == "postgresql" and connection.alias == "default":
        asked = time.monotonic()
        (moment,) = connection.connection.execute("SELECT clock_timestamp()").fetchone()
        # An answer that was long on its way makes nothing late: the time may be ahead by as much.
        _known = moment.astimezone(UTC), asked


def of_files(folder: Path) -> float:
    """The time of the file system that holds ``folder``, by which the ages of its files count: a
    shared one has the clock of its own machine. Where nothing can be written: this machine's."""
    try:
        with TemporaryFile(dir=folder) as mark:
            return os.fstat(mark.fileno()).st_mtime
    except OSError:
        return time.time()
