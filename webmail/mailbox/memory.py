"""The memory of the mailbox between two requests: handed in by the caller, which knows the
session."""

from __future__ import annotations

from typing import Any, Protocol


class Memory(Protocol):
    """Values that JSON can carry, by kind and name; any of them may be lost at any time."""

    def get(self, kind: str, name: str) -> Any: ...

    def put(self, kind: str, name: str, value: Any) -> None: ...


LASTING = "lasting"
"""The kind of what outlives the session: numbers, since it may be kept without a seal."""


class _Nothing:
    """Forgets everything."""

    def get(self, kind: str, name: str) -> Any:
        return None

    def put(self, kind: str, name: str, value: Any) -> None:
        return


NOTHING: Memory = _Nothing()
