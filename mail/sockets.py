"""The socket of a server that is not trusted: its seconds and bytes are bounded.

The libraries of protocols wait for each piece as long as the socket does, so that a server that
sends one byte at a time would hold the caller for ever, and read as many bytes as it sends.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar

from mail import wirelog
from mail.errors import BadServerAnswer, ServerUnavailable, WebmailError

# An answer that keeps coming may take this many times the server's time-out.
PATIENCE = 3
# Bytes per second that even a slow server is expected to take.
UPLOAD_RATE = 256 * 1024

_RECEIVE = 64 * 1024


def seconds_until(deadline: float) -> float:
    """Return the seconds until a moment of `time.monotonic`. Raises TimeoutError afterwards."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("the whole answer took too long")
    return seconds


class BoundedSocket:
    """What the connections of all protocols add to ``sock``, which a subclass or the library beside
    it opens, closes, and replaces when TLS starts.

    ``timed_out`` tells whether the server was silent (True) or closed the connection. ``protocol``
    is the name by which `mail.wirelog` masks what passes; without one nothing is ever logged.
    """

    protocol: ClassVar = ""

    peer: ClassVar = "The server"
    unavailable: ClassVar[type[WebmailError]] = ServerUnavailable
    excessive: ClassVar[type[WebmailError]] = BadServerAnswer
    sock: Any = None
    timed_out = False
    _pause = 20.0  # seconds that the server may be silent
    _deadline = 0.0
    _bytes_left = 0

    def __init__(self, *args: Any, **more: Any) -> None:
        self._buffer = bytearray()
        self._tap = wirelog.tap(self.protocol)
        super().__init__(*args, **more)

    def allow(self, size: int, deadline: float | None = None) -> None:
        """Start the limits of an answer: ``size`` bytes until ``deadline``."""
        self._bytes_left = size
        self._deadline = deadline or time.monotonic() + PATIENCE * self._pause

    def refuse_early_answers(self) -> None:
        """Check that nothing follows the answer to STARTTLS: somebody on the network would have
        added it in clear text, to be read as if TLS had protected it."""
        if self._buffer:
            self._give_up()
            raise self.excessive("There is more than an answer to STARTTLS.")

    def _received(self, most: int = _RECEIVE, *, may_end: bool = False) -> bytes:
        """Return the next bytes. Raises ``unavailable`` when none come; an end returns b"" where
        the protocol ends answers so."""
        try:
            self.sock.settimeout(min(self._pause, seconds_until(self._deadline)))
            received: bytes = self.sock.recv(most)
        except OSError as error:
            self.timed_out = isinstance(error, TimeoutError)
            raise self._lost("does not answer") from error
        if not received and not may_end:
            raise self._lost("hung up") from EOFError()
        if self._tap is not None:
            self._tap.received(received)
        return received

    def _send_all(self, data: bytes, seconds: float) -> None:
        if self._tap is not None:
            self._tap.sent(data)
        try:
            self.sock.settimeout(seconds)
            self.sock.sendall(data)
        except OSError as error:
            self.timed_out = isinstance(error, TimeoutError)
            raise self._lost("does not take what is sent") from error

    def _take(self, size: int) -> bytes:
        """Remove bytes of the buffer."""
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _spend(self, size: int) -> None:
        self._bytes_left -= size
        if self._bytes_left < 0:
            self._give_up()
            raise self.excessive(f"{self.peer} announced or sent more than is read at once.")

    def _lost(self, event: str) -> WebmailError:
        self._give_up()
        return self.unavailable(f"{self.peer} {event}.")

    def _give_up(self) -> None:
        """Hang up before an error is raised, where no command may follow it."""
