"""Detects a database that can be read but not written: a standby, or one whose disk is full."""

from __future__ import annotations

from typing import Final

from django.db import Error as DatabaseError

# PostgreSQL's read_only_sql_transaction and disk_full.
_STATES: Final = frozenset(("25006", "53100"))


def is_unwritable(error: BaseException | None) -> bool:
    """Return whether this is the database's error for a refused write."""
    cause = error.__cause__ if isinstance(error, DatabaseError) else None
    return getattr(cause, "sqlstate", "") in _STATES
