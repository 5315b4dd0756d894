"""Values that the mailbox remembers between two requests. The caller, which knows the session,
provides the memory.
"""

from __future__ import annotations

from typing import Any, Protocol


class Memory(Protocol):
    """JSON values by kind and name. Any value may be lost at any time."""

    def get(self, kind: str, name: str) -> Any: ...

    def put(self, kind: str, name: str, value: Any) -> None: ...


LASTING = "lasting"
"""The kind of values that outlive the session: numbers only, since they may be stored unsealed."""


class _Nothing:
    """A memory that remembers nothing."""

    def get(self, kind: str, name: str) -> Any:
        return None

    def put(self, kind: str, name: str, value: Any) -> None:
        return


NOTHING: Memory = _Nothing()
