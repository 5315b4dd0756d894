"""Data of messages, kept with the connection that fetched it: in the memory of one process, for the
connection's user, as long as the connection lasts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from mail.imap.connection import Connection

Value = TypeVar("Value")
Name = tuple[str, int, int]
"""Folder, UIDVALIDITY and UID. The message that they name never changes (RFC 9051 section 2.3.1.1).
"""


class ConnectionCache(dict[Name, Value]):
    """Values of one kind by message, limited in number."""

    def __init__(self, most: int) -> None:
        self._most = most

    @classmethod
    def of(cls, imap: Connection, kind: str, most: int) -> ConnectionCache[Value]:
        """Return the values that the connection keeps; a new connection has none."""
        kept: Any = imap.kept.get(kind)
        if kept is None:
            kept = imap.kept[kind] = cls(most)
        return kept

    def add(self, values: Mapping[Name, Value]) -> None:
        """Add values; the oldest are dropped first."""
        self.update(values)
        for name in list(self)[: max(0, len(self) - self._most)]:
            del self[name]
