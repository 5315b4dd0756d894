"""imaplib within limits: the bytes and the seconds that a server may use are bounded.

imaplib reads a literal of any announced size, and waits for each piece as long as the socket does.
It keeps the last ten commands, among them LOGIN with its password, and raises the same exception
for a closed connection and for a malformed answer. The clients of this module raise errors of
`mail.errors` for both, and imap_tools' mailboxes are built on them.
"""

from __future__ import annotations

import imaplib
import math
import re
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from imap_tools import mailbox

from mail import masking, tls
from mail.errors import BadServerAnswer, ServerBusy, ServerUnavailable
from mail.imap.values import ImapServer
from mail.sockets import PATIENCE, UPLOAD_RATE, BoundedSocket

# Bytes of one line. The numbers of two million messages in a SEARCH answer fit.
LINE_LIMIT = 20 * 1024 * 1024
# Bytes of one whole answer. Messages are fetched in far smaller pieces.
ANSWER_LIMIT = 64 * 1024 * 1024
# The fraction of the time-out that an idle connection has to answer NOOP, since a new connection
# can replace it.
HURRY = 1 / 3

# Bytes kept of a response that is cut: its numbers and flags stand at its head.
_HEAD = 4096
# Bytes at the end of a line in which the size of a literal may stand.
_MARK = 32

# A line that imaplib only stores under its name: it has no literal and no code in brackets.
_PLAIN = re.compile(rb"\* (?:(\d{1,10} )(FETCH)|(LIST|STATUS)) ([^\r\n]*[^}\r\n])\r\n")

_RECEIVE_LITERAL = 256 * 1024

# RFC 2971; imaplib has no entry, and its own way to add one fixes the state for the whole process.
imaplib.Commands.setdefault("ID", ("NONAUTH", "AUTH", "SELECTED"))

if TYPE_CHECKING:
    _Imaplib = imaplib.IMAP4
else:
    _Imaplib = object


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits in bytes: ``answer`` for a whole answer, ``response`` for each of its untagged
    responses.

    A longer response is read to its end but cut: it becomes unbalanced text that no parser takes
    for a whole response. With ``response`` None, nothing is cut. A longer ``answer`` raises
    BadServerAnswer and ends the connection.
    """

    answer: int = ANSWER_LIMIT
    response: int | None = None


UNCUT = Bounds()

_ends: ContextVar[float] = ContextVar("ends", default=math.inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Limit all that clients do in this context to ``seconds`` together, from connecting on. A
    server that sends a byte now and then would stay within the time of each command."""
    token = _ends.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends.reset(token)


class Guard(BoundedSocket, _Imaplib):
    """The limits that both clients add to imaplib's; stands before imaplib's class among the bases.

    ``exists`` follows EXISTS and EXPUNGE of the selected folder in the order in which they came,
    which imaplib loses because it stores responses by kind; ``has_arrivals`` says that it has
    risen.
    """

    peer = "The IMAP server"
    protocol = masking.IMAP
    exists = 0
    has_arrivals = False
    _longest: int | None = None  # limit of one response in bytes; None: no limit
    _room = 0  # bytes that the present response may still have
    _is_cut = False
    _is_stored = False  # whether a piece of the present response is stored
    _head = b""

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        self._pause = timeout or self._pause
        self.begin()
        super().open(host, port, timeout)
        # A firewall forgets a silent connection sooner than the pool closes it.
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def begin(
        self,
        sending: int = 0,
        *,
        hurry: bool = False,
        limit: float | None = None,
        bounds: Bounds = UNCUT,
    ) -> None:
        """Start the limits of one command. ``sending`` is the size of its literal in bytes. With
        ``hurry``, the command only checks whether the server is still there. ``limit`` is the
        number of seconds that the whole command may take.

        Responses that the server sent on its own before the command are dropped, because imaplib
        would return them as an answer to a later command.
        """
        self.untagged_responses = {}
        patience = (HURRY if hurry else PATIENCE) * self._pause
        patience = patience if limit is None else min(patience, limit)
        deadline = time.monotonic() + patience + sending / UPLOAD_RATE
        self.allow(min(bounds.answer, ANSWER_LIMIT), min(deadline, _ends.get()))
        self._longest = bounds.response

    def read(self, size: int) -> bytes:
        self._spend(size)
        if self._cuts(size):
            self._skip(size)
            return b""
        pieces = [self._take(min(size, len(self._buffer)))]
        missing = size - len(pieces[0])
        # Data beyond the buffer is not copied through it, since literals may be large.
        while missing:
            pieces.append(self._received(min(missing, _RECEIVE_LITERAL)))
            missing -= len(pieces[-1])
        return b"".join(pieces)

    def readline(self) -> bytes:
        searched, head = 0, b""
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > _HEAD and self._longest is not None and self._cuts(searched, take=False):
                head = head or bytes(self._buffer[:_HEAD])
                self._spend(searched - _MARK)
                del self._buffer[:-_MARK]
                searched = _MARK
            elif searched > LINE_LIMIT:
                raise BadServerAnswer("The IMAP server sent a line that is too long.")
            self._buffer += self._received()
        self._spend(end + 1)
        self._cuts(end + 1)
        return head + self._take(end + 1)

    def send(self, data: Any) -> None:
        self._send_all(data, max(self._pause, self._deadline - time.monotonic()))

    def pipeline(self, commands: Sequence[Sequence[bytes]]) -> list[tuple[str, Any]]:
        """Send commands, each its name and its arguments, in one write. Return all answers, some of
        which may be refusals; a BAD raises for the last command alone.
        """
        tags = [self._new_tag() for _command in commands]
        lines = (b" ".join((tag, *words)) for tag, words in zip(tags, commands, strict=True))
        self.send(b"".join(line + b"\r\n" for line in lines))
        answers = [
            self._tolerated(words[0].decode("ascii"), tag)
            for tag, words in zip(tags[:-1], commands, strict=False)
        ]
        return [*answers, self._command_complete(commands[-1][0].decode("ascii"), tags[-1])]

    def _tolerated(self, name: str, tag: bytes) -> tuple[str, Any]:
        """Return the answer to a command, BAD too, after which others have been sent."""
        try:
            return cast(tuple[str, Any], self._command_complete(name, tag))
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            return "BAD", []

    def say_goodbye(self) -> None:
        """Send LOGOUT and hang up without waiting for the answer, so that a dead server holds no
        thread.
        """
        with suppress(OSError, ServerUnavailable, ValueError):
            self.sock.settimeout(1.0)
            self.sock.sendall(b"bye LOGOUT\r\n")
        self.hang_up()

    def hang_up(self) -> None:
        with suppress(OSError):
            self.shutdown()

    def _skip(self, size: int) -> None:
        size -= len(self._take(min(size, len(self._buffer))))
        while size:
            size -= len(self._received(min(size, _RECEIVE_LITERAL)))

    def _cuts(self, size: int, *, take: bool = True) -> bool:
        """Return whether the present response, with ``size`` more bytes, is too long and is cut.

        With ``take`` False, the bytes are not counted yet.
        """
        if self._longest is None:
            return False
        self._is_cut = self._is_cut or size > self._room
        if take:
            self._room -= size
        return self._is_cut

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
        """Store a plain line as imaplib does, with one pattern instead of its three. A list has a
        hundred such lines.
        """
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
            # Store the text that ends a response: without it, the next response would seem to
            # continue it.
            dat = self._head
        self._is_stored = True
        super()._append_untagged(typ, dat)  # type: ignore[misc]  # typeshed leaves it out
        if typ == "EXISTS" and dat.isdigit():
            self.has_arrivals |= int(dat) > self.exists
            self.exists = int(dat)
        elif typ == "EXPUNGE":
            self.exists = max(0, self.exists - 1)

    def _command_complete(self, name: str, tag: bytes) -> Any:
        answer = super()._command_complete(name, tag)  # type: ignore[misc]  # as above
        if name == "STARTTLS":
            self.refuse_early_answers()
        return answer

    def _log(self, line: Any) -> None:
        """Log nothing: imaplib would keep a command that holds the password."""


class PlainClient(Guard, imaplib.IMAP4):
    """A client in clear text, or over TLS after STARTTLS."""


class TlsClient(Guard, imaplib.IMAP4_SSL):  # type: ignore[misc]  # its port has another default
    """A client over TLS from the first byte."""


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
    """Return an imap_tools mailbox before sign-in, whose client is a `Guard`.

    TLS certificates are always verified; against ``ca_file`` alone if the server has one. Raises
    ServerUnavailable, ServerBusy and BadServerAnswer.
    """
    try:
        opened = _opened(server)
        # imaplib sends a literal in two pieces; Nagle's algorithm would delay the second by 40 ms.
        opened.client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened
    except imaplib.IMAP4.error as error:
        raise _greeting_error(error) from error
    except ServerUnavailable as error:
        raise (_turned_away() if isinstance(error.__cause__, _HUNG_UP) else error) from error
    except _HUNG_UP as error:
        raise _turned_away() from error
    except (OSError, UnicodeError) as error:  # UnicodeError: the name cannot be a host name
        raise ServerUnavailable(f"{server.host}:{server.port} cannot be reached.") from error
    except ValueError as error:
        raise BadServerAnswer("This is no IMAP server.") from error


# A server that accepts a connection and closes it before its greeting, as Courier does when an
# address has as many as it allows.
_HUNG_UP = (EOFError, ConnectionResetError, ssl.SSLEOFError)


def _turned_away() -> ServerBusy:
    return ServerBusy("The IMAP server closed the connection before its greeting.")


def _opened(server: ImapServer) -> mailbox.BaseMailBox:
    if server.security == "none":
        return _Plain(server.host, server.port, server.timeout)
    context = _context(server)
    kind = _Tls if server.security == "tls" else _StartTls
    return kind(server.host, server.port, server.timeout, ssl_context=context)


class _NamedServerContext(ssl.SSLContext):
    """TLS with a server that is reached by its IP address: its certificate must be for its name,
    whereas imaplib checks for the address that it connects to.
    """

    name = ""

    def wrap_socket(self, sock: socket.socket, *args: Any, **more: Any) -> ssl.SSLSocket:
        return super().wrap_socket(sock, *args, **{**more, "server_hostname": self.name})


def _context(server: ImapServer) -> ssl.SSLContext:
    """Return the shared TLS context, or one for this connection alone if the server has a name of
    its own, as servers that users enter do.
    """
    if not server.name:
        return tls.context(server.ca_file)
    context = _NamedServerContext(ssl.PROTOCOL_TLS_CLIENT)  # checks certificate and name
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
        return ServerBusy("The IMAP server takes no connection.", server_words=words)
    return BadServerAnswer("This is no IMAP server.", server_words=words)
