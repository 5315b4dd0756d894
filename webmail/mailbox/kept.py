"""Data of messages, kept with the connection that fetched it: in the memory of one process, for the
user of the connection, and as long as the connection lasts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from webmail.imap.connection import Connection

Value = TypeVar("Value")
Name = tuple[str, int, int]
"""Folder, UIDVALIDITY and UID: what they name never changes (RFC 9051 section 2.3.1.1)."""


class Kept(dict[Name, Value]):
    """Values of one kind by the message that they are of, so many at most."""

    def __init__(self, most: int) -> None:
        self._most = most

    @classmethod
    def of(cls, imap: Connection, kind: str, most: int) -> Kept[Value]:
        """The values that the connection keeps; none yet for a connection that was opened just
        now."""
        kept: Any = imap.kept.get(kind)
        if kept is None:
            kept = imap.kept[kind] = cls(most)
        return kept

    def add(self, values: Mapping[Name, Value]) -> None:
        """Keep these too; what was kept first goes first."""
        self.update(values)
        for name in list(self)[: max(0, len(self) - self._most)]:
            del self[name]
