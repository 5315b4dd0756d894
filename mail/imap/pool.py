"""The IMAP connections of a process, kept between requests. A user's connection is never lent to
another user.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType

from mail.errors import ServerUnavailable
from mail.imap import observing
from mail.imap.connection import Connection

Opener = Callable[[], Connection]


@dataclass
class _OpenConnections:
    """The open connections of one key. ``idle`` holds (connection, time of its return), oldest
    first; ``lent`` counts those of streams too.
    """

    idle: list[tuple[Connection, float]] = field(default_factory=list)
    lent: int = 0
    streams: int = 0
    closings: int = 0


class Lease:
    """A connection for one thread at a time, until `release()`; also a context manager.

    A stream that outlives the request's function holds the lease itself. Other callers write ``with
    pool.lease(...)``.
    """

    def __init__(
        self, pool: Pool, key: Hashable, connection: Connection, closings: int, stream: bool
    ) -> None:
        self.connection = connection
        self._pool = pool
        self._key = key
        self._closings = closings
        self._stream = stream
        self._released = False

    def release(self) -> None:
        """Give the connection back. A second call does nothing."""
        if not self._released:
            self._released = True
            self._pool._take_back(self._key, self.connection, self._closings, self._stream)

    def abandon(self) -> None:
        """Give the connection back at the pool's next lease; for finalizers.

        Python may run a finalizer between any two lines, even while the thread holds the pool's
        lock.
        """
        if not self._released:
            self._pool._abandoned.append(self)

    def __enter__(self) -> Connection:
        return self.connection

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


class Pool:
    """Connections by key; safe for threads, and empty in a forked child.

    At most ``max_per_user`` connections are open for a key; a further caller waits ``wait_seconds``
    and then gets ServerUnavailable. Idle connections are closed after ``idle_seconds``. The key
    must distinguish users and passwords, so that an outdated session never uses another user's
    connection.
    """

    def __init__(
        self, max_per_user: int = 3, idle_seconds: float = 300, wait_seconds: float = 10
    ) -> None:
        self.max_per_user = max_per_user
        self.idle_seconds = idle_seconds
        self.wait_seconds = wait_seconds
        self.most_streams = max(1, max_per_user - 1)
        self._forget()
        # A child that used its parent's sockets would read its parent's answers.
        forget = weakref.WeakMethod(self._forget)
        os.register_at_fork(after_in_child=lambda: _call(forget))

    def lease(self, key: Hashable, opener: Opener) -> Lease:
        """Lease a connection: ``with pool.lease(key, opener) as imap:``.

        ``opener`` opens a connection and signs in; it also replaces a dropped connection. The pool
        forgets it when the lease ends, so that it keeps no password. Raises ServerUnavailable and
        the errors of ``opener``.
        """
        return self._lease(key, opener, stream=False)

    def lease_open(self, key: Hashable, opener: Opener) -> Lease:
        """Lease a connection for a stream, which calls ``release()`` when it ends.

        Streams leave one connection to the pages, so that a user with three slow downloads can
        still read mail.
        """
        return self._lease(key, opener, stream=True)

    def put(self, key: Hashable, connection: Connection) -> None:
        """Take in a connection that was opened elsewhere, for the next lease of ``key``. If there
        is no room, close it.
        """
        with self._changed:
            connections = self._by_key.setdefault(key, _OpenConnections())
            has_room = connections.lent + len(connections.idle) < self.max_per_user
            if has_room:
                observing.connections(1)
                connections.idle.append((connection, time.monotonic()))
                self._start_reaper()
            self._tidy(key)
            self._changed.notify_all()
        if not has_room:
            connection.close()

    def close(self, key: Hashable) -> None:
        """Close all connections of ``key``: idle ones now, lent ones when they come back."""
        self._take_back_abandoned()
        with self._changed:
            connections = self._by_key.get(key)
            if connections is None:
                return
            connections.closings += 1
            doomed = [connection for connection, _ in connections.idle]
            connections.idle.clear()
            self._tidy(key)
        _close(doomed)

    def close_all(self) -> None:
        """Close the connections of all keys, as `close` does."""
        with self._changed:
            keys = list(self._by_key)
        for key in keys:
            self.close(key)

    def give_up_idle(self, host: str) -> bool:
        """Close the connection to a server that has been idle for the longest, of any key, to make
        room for another. Return whether there was one.
        """
        with self._changed:
            idle = [
                (since, number, key, connection)
                for number, (key, connections) in enumerate(self._by_key.items())
                for connection, since in connections.idle[:1]
                if connection.host == host
            ]
            if not idle:
                return False
            _since, _number, key, connection = min(idle, key=lambda entry: entry[:2])
            del self._by_key[key].idle[0]
            self._tidy(key)
        _close([connection])
        return True

    def count(self, key: Hashable) -> int:
        """Return the number of open connections of ``key``, idle and lent."""
        with self._changed:
            connections = self._by_key.get(key)
            return connections.lent + len(connections.idle) if connections else 0

    def _lease(self, key: Hashable, opener: Opener, *, stream: bool) -> Lease:
        self._take_back_abandoned()
        connection, closings = self._idle_or_place(key, stream)
        idle = connection is not None
        if connection is None:
            try:
                connection = opener()
            except BaseException:
                self._leave(key, stream)
                raise
            observing.connections(1)
        connection.lend(opener, alive=not idle)
        return Lease(self, key, connection, closings, stream)

    def _forget(self) -> None:
        lock = threading.Lock()
        # notified when a connection comes back or there is room
        self._changed = threading.Condition(lock)
        # the reaper's own, so that a release does not wake it
        self._sleep = threading.Condition(lock)
        self._by_key: dict[Hashable, _OpenConnections] = {}
        self._reaper: threading.Thread | None = None
        self._abandoned: deque[Lease] = deque()

    def _idle_or_place(self, key: Hashable, stream: bool) -> tuple[Connection | None, int]:
        """Return an idle connection, or None with the right to open one; and the count of closings
        of the key so far.
        """
        deadline = time.monotonic() + self.wait_seconds
        with self._changed:
            while True:
                connections = self._by_key.setdefault(key, _OpenConnections())
                if self._has_place(connections, stream):
                    connections.lent += 1
                    connections.streams += stream
                    # Take the one that came back last: the others grow old and are closed.
                    idle = connections.idle.pop()[0] if connections.idle else None
                    return idle, connections.closings
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise ServerUnavailable("All connections of this person are in use.")
                self._changed.wait(remaining)

    def _has_place(self, connections: _OpenConnections, stream: bool) -> bool:
        if stream and connections.streams >= self.most_streams:
            return False
        return connections.lent < self.max_per_user

    def _leave(self, key: Hashable, stream: bool) -> None:
        with self._changed:
            connections = self._by_key.get(key)
            if connections is not None:
                connections.lent -= 1
                connections.streams -= stream
                self._tidy(key)
            self._changed.notify_all()

    def _take_back(
        self, key: Hashable, connection: Connection, closings: int, stream: bool
    ) -> None:
        reusable = connection.give_back()
        with self._changed:
            connections = self._by_key.get(key)
            if connections is None:  # lent before a fork: the socket is the parent's
                return
            connections.lent -= 1
            connections.streams -= stream
            keep = reusable and connections.closings == closings
            if keep:
                connections.idle.append((connection, time.monotonic()))
                self._start_reaper()
            self._tidy(key)
            self._changed.notify_all()
        if not keep:
            _close([connection])

    def _take_back_abandoned(self) -> None:
        with suppress(IndexError):
            while True:
                self._abandoned.popleft().release()

    def _tidy(self, key: Hashable) -> None:
        connections = self._by_key[key]
        if not connections.idle and not connections.lent:
            del self._by_key[key]

    def _start_reaper(self) -> None:
        if self._reaper is None:
            self._reaper = threading.Thread(target=self._reap, name="imap-pool", daemon=True)
            self._reaper.start()

    def _reap(self) -> None:
        """Close connections that were idle too long. Ends when no connection is idle."""
        while True:
            with self._changed:
                due = self._next_due()
                if due is None:
                    self._reaper = None
                    return
                self._sleep.wait(max(0.0, due - time.monotonic()))
                doomed = self._remove_old()
            _close(doomed)

    def _next_due(self) -> float | None:
        moments = [
            connections.idle[0][1] for connections in self._by_key.values() if connections.idle
        ]
        return min(moments) + self.idle_seconds if moments else None

    def _remove_old(self) -> list[Connection]:
        doomed = []
        limit = time.monotonic() - self.idle_seconds
        for key, connections in list(self._by_key.items()):
            while connections.idle and connections.idle[0][1] <= limit:
                doomed.append(connections.idle.pop(0)[0])
            self._tidy(key)
        return doomed


def _close(connections: list[Connection]) -> None:
    observing.connections(-len(connections))
    for connection in connections:
        connection.close()


def _call(reference: weakref.WeakMethod[Callable[[], None]]) -> None:
    method = reference()
    if method is not None:
        method()
