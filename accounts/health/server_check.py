"""Test whether a mail domain's servers can be reached, and explain what is wrong if not.

This module has its own dialogue with servers, up to the greeting and the answer to STARTTLS. The
mail protocols only report that a server cannot be reached, which is enough for users; here the
reason is needed. Of what a server sends, only the names of its capabilities are shown. The only
hosts contacted are those in the domain's row, which only administrators can edit, and those of the
settings.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import MailDomain
from mail import tls

SECONDS: Final = 5.0  # for a connection, and for an answer
_ALL_SECONDS: Final = 12.0  # for the whole dialogue with one server
_SLOW_MS: Final = 1000
_LINE, _LINES = 8192, 200


class ServerState(StrEnum):
    OK = "ok"
    NAME = "name"
    REFUSED = "refused"
    SILENT = "silent"
    UNREACHABLE = "unreachable"
    EXPIRED = "expired"
    OTHER_NAME = "other-name"
    UNKNOWN_ISSUER = "unknown-issuer"
    CERTIFICATE = "certificate"
    NO_TLS = "no-tls"
    NO_STARTTLS = "no-starttls"
    PROTOCOL = "protocol"
    HUNG_UP = "hung-up"


WORDS: Final[dict[ServerState, Promise]] = {
    ServerState.OK: _("It answers."),
    ServerState.NAME: _("No machine has this name. Is it spelled right, and does DNS know it?"),
    ServerState.REFUSED: _(
        "The machine is there, but nothing listens on this port. Is the port right, and does the"
        " server run?"
    ),
    ServerState.SILENT: _("No answer within 5 seconds: a firewall on the way, or a busy server."),
    ServerState.UNREACHABLE: _("There is no way to this machine from here."),
    ServerState.EXPIRED: _("Its certificate has expired, or is not valid yet. It must be renewed."),
    ServerState.OTHER_NAME: _(
        "Its certificate is for another name. Type the name that stands in the certificate."
    ),
    ServerState.UNKNOWN_ISSUER: _(
        "Its certificate comes from an authority that is not known here, or lacks its chain."
        " WEBMAIL_TLS_CA_FILE can name your own authority."
    ),
    ServerState.CERTIFICATE: _("Its certificate is not accepted."),
    ServerState.NO_TLS: _("It does not speak TLS on this port. Is STARTTLS meant?"),
    ServerState.NO_STARTTLS: _(
        "It offers no STARTTLS: passwords would cross the network readable."
    ),
    ServerState.PROTOCOL: _("Something answers on this port, but no server of this kind."),
    ServerState.HUNG_UP: _("It hung up before it greeted. Does it accept connections from here?"),
}


@dataclass(frozen=True, slots=True)
class ServerTarget:
    """A server to test. ``kind`` is ``imap``, ``smtp``, ``pop`` or ``sieve``; ``security`` is as in
    a mail domain."""

    kind: str
    host: str
    port: int
    security: str

    @property
    def name(self) -> str:
        return {"sieve": "ManageSieve"}.get(self.kind, self.kind.upper())


@dataclass(frozen=True, slots=True)
class ServerResult:
    """The result of a test. ``milliseconds`` is the time until the greeting; ``capabilities`` are
    in capitals, if the dialogue reached them; ``expires`` is the end of the certificate, None
    without TLS."""

    target: ServerTarget
    outcome: ServerState
    milliseconds: int = 0
    capabilities: frozenset[str] = field(default_factory=frozenset)
    expires: datetime | None = None

    @property
    def is_ok(self) -> bool:
        return self.outcome == ServerState.OK

    @property
    def is_slow(self) -> bool:
        return self.is_ok and self.milliseconds > _SLOW_MS

    @property
    def words(self) -> Promise:
        return WORDS[self.outcome]

    @property
    def useful(self) -> list[tuple[str, bool]]:
        """Return the capabilities that make a difference to the webmail, and whether the server has
        each."""
        wanted = WANTED.get(self.target.kind, ()) if self.is_ok and self.capabilities else ()
        return [(name, name in self.capabilities) for name in wanted]


WANTED: Final[dict[str, tuple[str, ...]]] = {
    "imap": (
        "SORT", "THREAD=REFERENCES", "CONDSTORE", "QRESYNC", "UIDPLUS", "MOVE", "IDLE",
        "SPECIAL-USE", "LIST-STATUS", "ESEARCH", "QUOTA",
    ),
    "smtp": ("SIZE", "8BITMIME", "PIPELINING", "SMTPUTF8", "DSN"),
    "sieve": (
        "FILEINTO", "IMAP4FLAGS", "COPY", "INCLUDE", "MAILBOX", "BODY", "DATE", "MIME", "VACATION",
    ),
}  # fmt: skip


def targets(domain: MailDomain) -> list[ServerTarget]:
    """Return the servers that the domain names."""
    servers = []
    for kind in ("imap", "smtp", "pop", "sieve"):
        host = getattr(domain, f"{kind}_host")
        if host:
            port, security = getattr(domain, f"{kind}_port"), getattr(domain, f"{kind}_security")
            servers.append(ServerTarget(kind, host, port, security))
    return servers


def check_all(wanted: Sequence[ServerTarget]) -> list[ServerResult]:
    """Test all servers at the same time, so that the test takes as long as the slowest one."""
    if not wanted:
        return []
    with ThreadPoolExecutor(len(wanted)) as threads:
        return list(threads.map(check, wanted))


def check(target: ServerTarget) -> ServerResult:
    """Connect, read the greeting, start TLS if needed, and ask for the capabilities."""
    began = time.monotonic()
    try:
        with _connected(target, began + _ALL_SECONDS) as line:
            greeting = _greeting(line, target.kind)
            milliseconds = round((time.monotonic() - began) * 1000)
            capabilities = greeting | _capabilities(line, target.kind)
            if target.security == MailDomain.Security.STARTTLS:
                _start_tls(line, target, capabilities)
                # ManageSieve greets a second time (RFC 5804, section 2.2).
                again = _greeting if target.kind == "sieve" else _capabilities
                capabilities = again(line, target.kind)
            expires = expiry(line.connection)
    except _CheckFailed as wrong:
        return ServerResult(target, wrong.outcome)
    except (OSError, UnicodeError) as error:
        return ServerResult(target, outcome_of(error))
    return ServerResult(target, ServerState.OK, milliseconds, capabilities, expires)


def greeted(target: ServerTarget, most: int) -> int:
    """Return how many connections from here the server greets at once, up to ``most``. They are
    closed together, before any sign-in.
    """
    deadline = time.monotonic() + _ALL_SECONDS
    count = 0
    with ExitStack() as opened, suppress(_CheckFailed, OSError):
        while count < most:
            _greeting(opened.enter_context(_connected(target, deadline)), target.kind)
            count += 1
    return count


def expiry(connection: socket.socket) -> datetime | None:
    """Return the end of the server's certificate; None without TLS."""
    if not isinstance(connection, ssl.SSLSocket):
        return None
    certificate = connection.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)


def tls_context() -> ssl.SSLContext:
    """Return the TLS context for all our servers, with the authority's own certificates if
    configured."""
    return tls.context(settings.TLS_CA_FILE)


class _CheckFailed(Exception):
    def __init__(self, outcome: ServerState) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class _LineConnection:
    """A connection that is read by lines, with limits in bytes and in seconds."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self.connection, self._deadline, self._buffer = connection, deadline, b""

    def read(self) -> str:
        while b"\n" not in self._buffer:
            seconds_left = self._deadline - time.monotonic()
            if seconds_left <= 0 or len(self._buffer) > _LINE:
                raise _CheckFailed(
                    ServerState.SILENT if seconds_left <= 0 else ServerState.PROTOCOL
                )
            self.connection.settimeout(min(SECONDS, seconds_left))
            piece = self.connection.recv(4096)
            if not piece:
                raise _CheckFailed(ServerState.HUNG_UP)
            self._buffer += piece
        line, _newline, self._buffer = self._buffer.partition(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r")

    def say(self, command: str) -> None:
        self.connection.sendall(f"{command}\r\n".encode())

    def lines_to(self, last: str) -> list[str]:
        """Return the lines up to the first one whose beginning matches the pattern."""
        lines: list[str] = []
        while len(lines) < _LINES:
            lines.append(self.read())
            if re.match(last, lines[-1], re.IGNORECASE):
                return lines
        raise _CheckFailed(ServerState.PROTOCOL)

    def turn_to_tls(self, host: str) -> None:
        if self._buffer:  # injected on the way, to be read as if TLS had protected it
            raise _CheckFailed(ServerState.PROTOCOL)
        self.connection = _tls(self.connection, host)


@contextmanager
def _connected(target: ServerTarget, deadline: float) -> Iterator[_LineConnection]:
    connection = socket.create_connection((target.host, target.port), timeout=SECONDS)
    line = _LineConnection(connection, deadline)
    try:
        if target.security == MailDomain.Security.TLS:
            line.turn_to_tls(target.host)
        yield line
    finally:
        line.connection.close()


def _tls(connection: socket.socket, host: str) -> socket.socket:
    return tls_context().wrap_socket(connection, server_hostname=host)


# Patterns of a server's first line, and of the last line of its list of capabilities.
_GREETS: Final = {"imap": r"\* (OK|PREAUTH)", "smtp": r"220[ -]", "pop": r"\+OK", "sieve": r'"|OK'}
_ASK: Final = {"imap": "a CAPABILITY", "smtp": "EHLO localhost", "pop": "CAPA"}
_LAST: Final = {"imap": r"a ", "smtp": r"\d{3} ", "pop": r"\.$|-ERR", "sieve": r"OK|NO|BYE"}
_START: Final = {"imap": "b STARTTLS", "smtp": "STARTTLS", "pop": "STLS", "sieve": "STARTTLS"}
_STARTED: Final = {"imap": r"b OK", "smtp": r"220 ", "pop": r"\+OK", "sieve": r"OK"}


def _greeting(line: _LineConnection, kind: str) -> frozenset[str]:
    """Read the greeting, and return the capabilities that ManageSieve includes in it. Raises
    _CheckFailed when another kind of server greets."""
    lines = [line.read()]
    if not re.match(_GREETS[kind], lines[0], re.IGNORECASE):
        raise _CheckFailed(ServerState.PROTOCOL)
    if kind == "smtp" and lines[0].startswith("220-"):
        lines += line.lines_to(r"220 ")
    if kind == "sieve" and not lines[0].upper().startswith("OK"):
        lines += line.lines_to(_LAST[kind])
        return _words(lines)
    return frozenset()


def _capabilities(line: _LineConnection, kind: str) -> frozenset[str]:
    if kind == "sieve":
        return frozenset()
    line.say(_ASK[kind])
    return _words(line.lines_to(_LAST[kind]))


def _words(lines: Sequence[str]) -> frozenset[str]:
    """Return all words in capitals and without quotes, except the numbers of SMTP."""
    texts = (re.sub(r"^\d{3}[ -]", "", text) for text in lines)
    return frozenset(word.strip('"').upper() for text in texts for word in text.split())


def _start_tls(line: _LineConnection, target: ServerTarget, capabilities: frozenset[str]) -> None:
    if not capabilities & {"STARTTLS", "STLS"}:
        raise _CheckFailed(ServerState.NO_STARTTLS)
    line.say(_START[target.kind])
    if not re.match(_STARTED[target.kind], line.read(), re.IGNORECASE):
        raise _CheckFailed(ServerState.NO_STARTTLS)
    line.turn_to_tls(target.host)


# OpenSSL's X509_V_ERR_ numbers.
_CERTIFICATES: Final = {
    2: ServerState.UNKNOWN_ISSUER,
    9: ServerState.EXPIRED,
    10: ServerState.EXPIRED,
    18: ServerState.UNKNOWN_ISSUER,
    19: ServerState.UNKNOWN_ISSUER,
    20: ServerState.UNKNOWN_ISSUER,
    21: ServerState.UNKNOWN_ISSUER,
    62: ServerState.OTHER_NAME,
    64: ServerState.OTHER_NAME,
}


def outcome_of(error: Exception) -> ServerState:
    """Return what an error of the network or of TLS means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATES.get(error.verify_code, ServerState.CERTIFICATE)
    if isinstance(error, ssl.SSLError):
        return ServerState.NO_TLS
    if isinstance(error, socket.gaierror | UnicodeError):
        return ServerState.NAME
    if isinstance(error, ConnectionRefusedError):
        return ServerState.REFUSED
    if isinstance(error, TimeoutError):
        return ServerState.SILENT
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return ServerState.HUNG_UP
    return ServerState.UNREACHABLE
