"""What goes over connections, masked and kept for a while: for administrators who look for a fault.

`logged` says for a block of code where new connections write; each connection has a `Tap`. Without
a journal nothing is read, masked or kept.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Final

from mail import masking

# Lines that wait for being written down; what comes beyond is counted.
MOST_WAITING: Final = 2_000
# Bytes of a line that are looked at.
LONGEST: Final = 8_192
_END: Final = 32

_LITERAL = re.compile(rb"\{(\d{1,19})\+?\}\r?\Z")


class Journal:
    """The lines of the connections of one user, until ``ends`` of `time.monotonic`. ``stamp``
    returns the time in words. Threads may write at once."""

    def __init__(self, ends: float, stamp: Callable[[], str]) -> None:
        self.ends = ends
        self._stamp = stamp
        self._lock = threading.Lock()
        self._lines: list[str] = []
        self._lost = 0
        self._numbers = count(1)

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.ends

    def number(self) -> int:
        """Return the number of another connection."""
        return next(self._numbers)

    def note(self, line: str) -> None:
        with self._lock:
            if len(self._lines) < MOST_WAITING:
                self._lines.append(f"{self._stamp()} {line}")
            else:
                self._lost += 1

    def taken(self) -> list[str]:
        """Return the lines that wait, and forget them."""
        with self._lock:
            lines, self._lines = self._lines, []
            lost, self._lost = self._lost, 0
        return [*lines, f"… {lost}"] if lost else lines


_journal: ContextVar[Journal | None] = ContextVar("journal", default=None)


@contextmanager
def logged(journal: Journal) -> Iterator[None]:
    """Have all connections that are opened in this context written to the journal."""
    token = _journal.set(journal)
    try:
        yield
    finally:
        _journal.reset(token)


def tap(protocol: str) -> Tap | None:
    """Return the tap of a new connection, or None where nothing is logged."""
    journal = _journal.get()
    return Tap(journal, protocol) if journal is not None and protocol else None


class Tap:
    """One connection: it is given the bytes of both sides in the order in which they pass."""

    def __init__(self, journal: Journal, protocol: str) -> None:
        self._journal = journal
        self._protocol = protocol
        self._name = f"{protocol} {journal.number()}"
        self._client, self._server = _Side(protocol), _Side(protocol)
        self._is_secret = False  # the client answers challenges
        self._is_content = False  # the client sends a message, until the dot
        self._passed = 0  # bytes of that message
        self._asked = ""

    def sent(self, data: bytes) -> None:
        if not self._journal.is_over:
            for line in self._client.lines(data):
                self._note_sent(line)

    def received(self, data: bytes) -> None:
        if not self._journal.is_over:
            for line in self._server.lines(data):
                self._follow(line)
                self._note("S", masking.server_line(self._protocol, line))

    def _note_sent(self, line: bytes) -> None:
        if self._is_content:
            self._pass(line)
        elif self._is_secret:
            self._note("C", masking.hidden(len(line)))
        else:
            self._asked = masking.command_name(self._protocol, line)
            self._is_secret = self._asked in masking.MECHANISM
            self._note("C", masking.client_line(self._protocol, line))

    def _pass(self, line: bytes) -> None:
        """Count a line of a message, and tell the sum at its end."""
        self._passed += len(line) + 2
        if line == b".":
            self._note("C", masking.hidden(self._passed))
            self._is_content, self._passed = False, 0

    def _follow(self, line: bytes) -> None:
        """Note what the server's line makes of what the client sends next."""
        if self._protocol == masking.SMTP:
            code = line[:3]
            self._is_secret = self._is_secret and code == b"334"
            if self._asked == "DATA" and code == b"354":
                self._is_content = True
        elif self._protocol == masking.IMAP:
            is_end = not line.startswith((b"+", b"*"))
            self._is_secret = self._is_secret and not is_end
            if is_end:
                self._client.forget_literal()
        elif line[:3].upper().startswith((b"OK", b"NO", b"BYE")):
            self._is_secret = False

    def _note(self, side: str, words: str) -> None:
        self._journal.note(f"{self._name} {side}: {words}")


class _Side:
    """The bytes of one side, as lines in which literals stand as their marks alone."""

    def __init__(self, protocol: str) -> None:
        self._has_literals = protocol != masking.SMTP
        self._line = bytearray()
        self._rest = bytearray()  # the end of a line that is longer than is looked at
        self._literal = 0
        self._after = 0  # where the line goes on after its last literal

    def lines(self, data: bytes) -> Iterator[bytes]:
        """Yield the lines that ``data`` ends."""
        at = 0
        while at < len(data):
            if self._literal:
                skipped = min(self._literal, len(data) - at)
                self._literal -= skipped
                at += skipped
                continue
            end = data.find(b"\n", at)
            if end < 0:
                self._add(data[at:])
                return
            self._add(data[at:end])
            at = end + 1
            if (line := self._ended()) is not None:
                yield line

    def forget_literal(self) -> None:
        """Forget a literal that the server did not want."""
        if self._literal:
            self._literal = 0
            self._clear()

    def _add(self, piece: bytes) -> None:
        room = LONGEST - len(self._line)
        self._line += piece[:room]
        if len(piece) > room:
            self._rest = (self._rest + piece[room:])[-_END:]

    def _ended(self) -> bytes | None:
        """Return the line, or None where a literal follows."""
        tail = bytes((self._line[self._after :][-_END:] + self._rest)[-_END:])
        mark = _LITERAL.search(tail) if self._has_literals else None
        self._rest = bytearray()
        if mark:
            self._literal = int(mark[1])
            self._line = self._line.rstrip(b"\r")
            self._after = len(self._line)
            return None
        line = bytes(self._line).rstrip(b"\r")
        self._clear()
        return line

    def _clear(self) -> None:
        self._line.clear()
        self._after = 0
