"""imaplib within limits: what a server may say is bounded in bytes and in seconds.

imaplib reads a literal of any announced size, waits for each piece as long as the socket does (a
server that drips one byte at a time holds the caller for ever), keeps the last ten commands, LOGIN
with its password among them, and tells a hang-up and nonsense by one exception. The clients here
raise our own errors for both, and imap_tools' mailboxes are made on them.
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imap_tools import mailbox

from webmail import tls
from webmail.errors import BadServerAnswer, ServerUnavailable
from webmail.imap.values import ImapServer

# One line: the numbers of two million messages in a SEARCH answer fit.
LINE_LIMIT = 20 * 1024 * 1024
# One whole answer. Messages are fetched in pieces far below it.
ANSWER_LIMIT = 64 * 1024 * 1024
# A command may take so many times the server's time-out when its answer keeps coming.
PATIENCE = 3
# The part of the time-out that an idle connection has to answer NOOP: another one may be had.
HURRY = 1 / 3
# Bytes per second that a server is at least trusted to take of an APPEND.
UPLOAD_RATE = 256 * 1024

# Bytes at the head of a response that are kept when it is cut: its numbers and flags.
_HEAD = 4096
# Bytes at the end of a line in which the size of a literal may stand.
_MARK = 32

# A line of which imaplib knows nothing but its name: no literal, no code in brackets.
_PLAIN = re.compile(rb"\* (?:(\d{1,10} )(FETCH)|(LIST|STATUS)) ([^\r\n]*[^}\r\n])\r\n")

_RECEIVE = 64 * 1024
_RECEIVE_LITERAL = 256 * 1024

# RFC 2971; imaplib has no entry, and its own way to add one fixes the state for the whole process.
imaplib.Commands.setdefault("ID", ("NONAUTH", "AUTH", "SELECTED"))

if TYPE_CHECKING:
    _Imaplib = imaplib.IMAP4
else:
    _Imaplib = object


@dataclass(frozen=True, slots=True)
class Bounds:
    """The number of bytes of one answer that are read, and of each untagged response that are kept.

    A longer response is read to its end and cut: it comes as unbalanced text that no parser takes
    for a whole one. ``response`` None: it is not cut. An ``answer`` that is longer is a
    BadServerAnswer, and the connection is over.
    """

    answer: int = ANSWER_LIMIT
    response: int | None = None


UNCUT = Bounds()


class Guard(_Imaplib):
    """The part that both clients add to imaplib; goes before it in the order of inheritance.

    ``exists`` follows the selected folder's EXISTS and EXPUNGE in the order they came, which
    imaplib's own store by kind loses. ``timed_out`` tells a silent server from one that hung up.
    """

    exists = 0
    timed_out = False
    _pause = 20.0
    _deadline = 0.0
    _bytes_left = 0
    _longest: int | None = None  # bytes of one response that are kept
    _room = 0  # how many of them are left
    _is_cut = False
    _is_stored = False  # a piece of the present response is
    _head = b""
    _buffer = bytearray()

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        self._pause = timeout or self._pause
        self._buffer = bytearray()
        self.begin()
        super().open(host, port, timeout)
        # A firewall between us and the server forgets a silent connection sooner than the pool
        # does.
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def begin(
        self,
        sending: int = 0,
        *,
        hurry: bool = False,
        limit: float | None = None,
        bounds: Bounds = UNCUT,
    ) -> None:
        """Start counting for one command; ``sending`` is the size of its literal in bytes.
        ``hurry``: it only asks whether the server is still there. ``limit``: seconds for all of it.

        What the server told on its own and nobody asked for is dropped: imaplib would hand it out
        as the answer of a later command.
        """
        self.untagged_responses = {}
        patience = (HURRY if hurry else PATIENCE) * self._pause
        patience = patience if limit is None else min(patience, limit)
        self._deadline = time.monotonic() + patience + sending / UPLOAD_RATE
        self._bytes_left = min(bounds.answer, ANSWER_LIMIT)
        self._longest = bounds.response

    def read(self, size: int) -> bytes:
        self._spend(size)
        if self._cuts(size):
            self._skip(size)
            return b""
        pieces = [self._take(min(size, len(self._buffer)))]
        missing = size - len(pieces[0])
        # What goes on past the buffer is not copied through it, for literals may be large.
        while missing:
            pieces.append(self._received(min(missing, _RECEIVE_LITERAL)))
            missing -= len(pieces[-1])
        return b"".join(pieces)

    def readline(self) -> bytes:
        searched, kept = 0, b""
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > _HEAD and self._longest is not None and self._cuts(searched, take=False):
                kept = kept or bytes(self._buffer[:_HEAD])
                self._spend(searched - _MARK)
                del self._buffer[:-_MARK]
                searched = _MARK
            elif searched > LINE_LIMIT:
                raise BadServerAnswer("The IMAP server sent a line that is too long.")
            self._buffer += self._received(_RECEIVE)
        self._spend(end + 1)
        self._cuts(end + 1)
        return kept + self._take(end + 1)

    def send(self, data: Any) -> None:
        self.sock.settimeout(max(self._pause, self._deadline - time.monotonic()))
        try:
            self.sock.sendall(data)
        except OSError as error:
            self.timed_out = isinstance(error, TimeoutError)
            raise ServerUnavailable("The IMAP server does not take what is sent.") from error

    def say_goodbye(self) -> None:
        """LOGOUT without waiting for its answer, then hang up: a dead server must not hold
        anybody.
        """
        with suppress(OSError, ServerUnavailable, ValueError):
            self.sock.settimeout(1.0)
            self.sock.sendall(b"bye LOGOUT\r\n")
        self.hang_up()

    def hang_up(self) -> None:
        with suppress(OSError):
            self.shutdown()

    def _received(self, most: int) -> bytes:
        remaining = self._deadline - time.monotonic()
        try:
            if remaining <= 0:
                raise TimeoutError("the whole answer took too long")
            self.sock.settimeout(min(self._pause, remaining))
            piece = self.sock.recv(most)
        except OSError as error:
            self.timed_out = isinstance(error, TimeoutError)
            raise ServerUnavailable("The IMAP server does not answer.") from error
        if not piece:
            raise ServerUnavailable("The IMAP server hung up.")
        return piece

    def _take(self, size: int) -> bytes:
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _skip(self, size: int) -> None:
        size -= len(self._take(min(size, len(self._buffer))))
        while size:
            size -= len(self._received(min(size, _RECEIVE_LITERAL)))

    def _cuts(self, size: int, *, take: bool = True) -> bool:
        """Whether so many bytes more are too many for the present response; without ``take`` they
        are looked at alone.
        """
        if self._longest is None:
            return False
        self._is_cut = self._is_cut or size > self._room
        if take:
            self._room -= size
        return self._is_cut

    def _spend(self, size: int) -> None:
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise BadServerAnswer("The IMAP server announced or sent more than is read at once.")

    def _check_bye(self) -> None:
        farewell = self.untagged_responses.get("BYE")
        if farewell:
            words = farewell[-1]
            raise ServerUnavailable(
                "The IMAP server closed the connection.",
                server_words=words.decode("utf-8", "replace") if isinstance(words, bytes) else "",
            )

    def _get_response(self, *args: Any) -> Any:
        self._room = self._longest or 0
        self._is_cut = self._is_stored = False
        self._head = b""
        if self._longest is None and (plain := _PLAIN.match(self._buffer)):
            return self._plain(plain)
        return super()._get_response(*args)  # type: ignore[misc]  # typeshed leaves it out

    def _plain(self, line: re.Match[bytes]) -> bytes:
        """As imaplib does with three patterns to each of the hundred lines of a list."""
        number, fetch, name, words = line.groups(b"")
        self._spend(line.end())
        self._append_untagged((fetch or name).decode("ascii"), number + words)
        return self._take(line.end())

    def _append_untagged(self, typ: str, dat: Any) -> None:
        if self._is_cut:
            is_tuple = isinstance(dat, tuple)
            if not self._is_stored:
                self._head = self._head or (dat[0] if is_tuple else dat)[:_HEAD]
            if is_tuple:
                return
            # The text that ends a response: without it the next would seem to be part of it.
            dat = self._head
        self._is_stored = True
        super()._append_untagged(typ, dat)  # type: ignore[misc]  # typeshed leaves it out
        if typ == "EXISTS" and dat.isdigit():
            self.exists = int(dat)
        elif typ == "EXPUNGE":
            self.exists = max(0, self.exists - 1)

    def _command_complete(self, name: str, tag: bytes) -> Any:
        answer = super()._command_complete(name, tag)  # type: ignore[misc]  # as above
        if name == "STARTTLS" and self._buffer:
            # Someone on the way put answers into the clear text, to be read as if they had come by
            # TLS.
            raise BadServerAnswer("There is more than an answer to STARTTLS.")
        return answer

    def _log(self, line: Any) -> None:
        """Keep no commands: one of them holds the password."""


class PlainClient(Guard, imaplib.IMAP4):
    """Clear text, or TLS after STARTTLS."""


class TlsClient(Guard, imaplib.IMAP4_SSL):  # type: ignore[misc]  # its port has another default
    """TLS from the first byte."""


class _Plain(mailbox.MailBoxUnencrypted):
    def _get_mailbox_client(self) -> PlainClient:
        return PlainClient(self._host, self._port, self._timeout)


class _StartTls(mailbox.MailBoxStartTls):
    def _get_mailbox_client(self) -> PlainClient:
        client = PlainClient(self._host, self._port, self._timeout)
        try:
            client.starttls(self._ssl_context)
        except BaseException:
            client.hang_up()
            raise
        return client


class _Tls(mailbox.MailBox):
    def _get_mailbox_client(self) -> TlsClient:
        return TlsClient(
            self._host, self._port, ssl_context=self._ssl_context, timeout=self._timeout
        )


def connect(server: ImapServer) -> mailbox.BaseMailBox:
    """An imap_tools mailbox before sign-in, whose client is a `Guard`. Raises ServerUnavailable,
    BadServerAnswer. TLS certificates are always verified, against ``ca_file`` alone when it is
    given.
    """
    try:
        opened = _opened(server)
        # imaplib writes a literal in two pieces: Nagle would hold the second back for 40 ms.
        opened.client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened
    except imaplib.IMAP4.error as error:
        raise _greeting_error(error) from error
    except (OSError, UnicodeError) as error:  # UnicodeError: a host name that can't be one
        raise ServerUnavailable("The IMAP server cannot be reached.") from error
    except ValueError as error:
        raise BadServerAnswer("This is no IMAP server.") from error


def _opened(server: ImapServer) -> mailbox.BaseMailBox:
    if server.security == "none":
        return _Plain(server.host, server.port, server.timeout)
    context = _context(server)
    kind = _Tls if server.security == "tls" else _StartTls
    return kind(server.host, server.port, server.timeout, ssl_context=context)


class _Named(ssl.SSLContext):
    """TLS with a server that is reached by its number: the certificate must be for its name.
    imaplib asks for that of the host that it connects to."""

    name = ""

    def wrap_socket(self, sock: socket.socket, *args: Any, **more: Any) -> ssl.SSLSocket:
        return super().wrap_socket(sock, *args, **{**more, "server_hostname": self.name})


def _context(server: ImapServer) -> ssl.SSLContext:
    """The shared one; of a server with a name, which users type, one for this connection alone."""
    if not server.name:
        return tls.context(server.ca_file)
    context = _Named(ssl.PROTOCOL_TLS_CLIENT)  # checks certificate and name
    context.name = server.name
    if server.ca_file:
        context.load_verify_locations(server.ca_file)
    else:
        context.load_default_certs()
    return context


def _greeting_error(error: imaplib.IMAP4.error) -> ServerUnavailable | BadServerAnswer:
    """imaplib raises the greeting itself when it is neither OK nor PREAUTH."""
    first = error.args[0] if error.args else ""
    words = first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
    if words.upper().startswith("* BYE"):
        return ServerUnavailable("The IMAP server takes no connection.", server_words=words)
    return BadServerAnswer("This is no IMAP server.", server_words=words)
