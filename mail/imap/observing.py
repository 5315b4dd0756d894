"""Tells an observer of the process which commands are sent, and how many connections are open."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

_command: Callable[[str], AbstractContextManager[object]] = nullcontext
_connections: Callable[[int], object] = int


def observe(
    command: Callable[[str], AbstractContextManager[object]],
    connections: Callable[[int], object],
) -> None:
    """Have ``command`` called with the name of each command, for a block that lasts as long as the
    command, and ``connections`` with each change of the number of open connections of pools.
    """
    global _command, _connections
    _command, _connections = command, connections


def command(name: str) -> AbstractContextManager[object]:
    """Return the block in which a command is sent and answered."""
    return _command(name)


def connections(change: int) -> None:
    """Tell the observer of connections that were opened, or of closed ones by a negative number."""
    _connections(change)
