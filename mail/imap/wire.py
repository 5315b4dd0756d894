"""The socket of a watched mailbox: a server's responses, one at a time and whole, within limits.

asyncio's own streams lose a response that a time-out interrupts, and cannot tell whether data was
already waiting behind the answer to STARTTLS. A waiting connection takes about two kilobytes of
memory.
"""

from __future__ import annotations

import asyncio
import re
import socket

from mail import masking, tls, wirelog
from mail.errors import BadServerAnswer, ServerUnavailable
from mail.imap.values import ImapServer

# Bytes of one response with its literals. The longest expected response is an envelope.
LIMIT = 256 * 1024
# Seconds of silence after which the kernel checks whether the other side is still there: a firewall
# forgets a silent connection.
_QUIET = 240

_LITERAL = re.compile(rb"\{(\d{1,10})\}\r\n\Z")

# A line as imaplib returns it: pairs (text up to the literal, literal), then the rest.
Response = list["bytes | tuple[bytes, bytes]"]


class Wire(asyncio.Protocol):
    """One connection, for one reader at a time."""

    __slots__ = ("_buffer", "_is_lost", "_is_paused", "_tap", "_transport", "_waiting")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._is_lost = False
        self._is_paused = False
        self._tap = wirelog.tap(masking.IMAP)

    # Called by asyncio.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a TCP connection has one

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._tap is not None:
            self._tap.received(data)
        if len(self._buffer) > LIMIT and self._transport and not self._is_paused:
            # A server that sends faster than we read then has to wait.
            self._is_paused = True
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self._is_lost = True
        self._wake()

    # Called by the watch.

    def send(self, data: bytes) -> None:
        if self._transport is None or self._is_lost or self._transport.is_closing():
            raise ServerUnavailable("The connection is closed.")
        if self._tap is not None:
            self._tap.sent(data)
        self._transport.write(data)

    async def receive(self) -> Response:
        """Return the next whole response. Nothing is lost when the caller stops waiting.

        Raises ServerUnavailable when the server hangs up, and BadServerAnswer for a response that
        is too long.
        """
        while (response := self._whole()) is None:
            if len(self._buffer) > LIMIT:
                raise BadServerAnswer("The IMAP server sent a response that is too long.")
            if self._is_lost:
                raise ServerUnavailable("The IMAP server hung up.")
            await self._more()
        return response

    async def start_tls(self, server: ImapServer) -> None:
        if self._buffer:
            # Somebody on the network added answers in clear text, to be read as if they had come
            # over TLS.
            raise BadServerAnswer("There is more than an answer to STARTTLS.")
        loop = asyncio.get_running_loop()
        transport = await loop.start_tls(
            self._transport,  # type: ignore[arg-type]  # connected, it has one
            self,
            tls.context(server.ca_file),
            server_hostname=server.host,
        )
        self._transport = transport

    def close(self) -> None:
        """Hang up, without waiting for the other side."""
        # uvloop complains when the transport is closed already.
        if self._transport is not None and not self._transport.is_closing():
            self._transport.abort()

    def _whole(self) -> Response | None:
        """Return the response at the head of the buffer, or None when its end has not come."""
        pieces: Response = []
        at = 0
        while (end := self._buffer.find(b"\n", at) + 1) > 0:
            line = bytes(self._buffer[at:end])
            literal = _LITERAL.search(line)
            if literal is None:
                pieces.append(line.rstrip(b"\r\n"))
                self._drop(end)
                return pieces
            at = end + int(literal[1])
            if at > LIMIT:
                raise BadServerAnswer("The IMAP server announced more than is read at once.")
            if len(self._buffer) < at:
                return None
            pieces.append((line[:-2], bytes(self._buffer[end:at])))
        return None

    def _drop(self, size: int) -> None:
        del self._buffer[:size]
        if self._is_paused and len(self._buffer) <= LIMIT and self._transport:
            self._is_paused = False
            self._transport.resume_reading()

    async def _more(self) -> None:
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


async def connect(server: ImapServer) -> Wire:
    """Return a connection, with TLS from the start if the server has it. Raises OSError and
    ssl.SSLError.
    """
    loop = asyncio.get_running_loop()
    by_tls = server.security == "tls"
    _transport, wire = await loop.create_connection(
        Wire,
        server.host,
        server.port,
        ssl=tls.context(server.ca_file) if by_tls else None,
        server_hostname=server.host if by_tls else None,
    )
    _keep_alive(_transport.get_extra_info("socket"))
    return wire


def _keep_alive(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _QUIET)
