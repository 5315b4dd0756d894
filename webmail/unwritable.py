"""A database that answers, and takes nothing: a standby, or one whose disk is full."""

from __future__ import annotations

from typing import Final

from django.db import Error as DatabaseError

# What PostgreSQL calls them: read_only_sql_transaction, disk_full.
_STATES: Final = frozenset(("25006", "53100"))


def is_unwritable(error: BaseException | None) -> bool:
    """Whether this is the error of the database about a write that it does not take."""
    cause = error.__cause__ if isinstance(error, DatabaseError) else None
    return getattr(cause, "sqlstate", "") in _STATES
