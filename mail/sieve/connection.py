"""One signed-in ManageSieve connection (RFC 5804): lists, reads, writes and activates scripts.

sievelib is not used: it reads without limits in bytes or seconds, and can mistake the text of a
script for an answer of the server. Everything sent here is counted or quoted.
"""

from __future__ import annotations

import base64
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from mail import bearer, masking, tls
from mail.errors import (
    BadServerAnswer,
    NotFound,
    OverQuota,
    SieveRefused,
    SieveUnavailable,
    TooLarge,
    WebmailError,
)
from mail.sockets import BoundedSocket

MOST_BYTES: Final = 100 * 1024
"""The greatest size in bytes of a script that is written."""

# Bytes of one whole answer: a script of another program may be larger than the limit above.
_ANSWER: Final = 2 * 1024 * 1024
_LINE: Final = 16 * 1024
_LINES: Final = 5_000
_DEEPEST: Final = 5
_LONGEST_NAME: Final = 512  # bytes: RFC 5804 section 1.6 wants servers to accept 128 characters
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class SieveServer:
    """The address of a ManageSieve server. ``security`` is ``tls``, ``starttls`` or ``none``;
    ``timeout`` is in seconds, for one piece of an answer.
    """

    host: str
    port: int
    security: str
    timeout: float = 10.0
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class ScriptName:
    """A script in the server's list."""

    name: str
    is_active: bool = False


class _Atom(bytes):
    """A word outside quotes."""


# A token: an atom, a string, or a list of tokens in parentheses.
_Token = bytes | list["_Token"]


class SieveConnection:
    """A signed-in connection. ``extensions`` are those that scripts may ``require``, in
    lower case.
    """

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        self.extensions: frozenset[str] = frozenset()
        self.may_misread = False
        self._methods: frozenset[str] = frozenset()
        self._can_start_tls = False

    def scripts(self) -> tuple[ScriptName, ...]:
        """Return the names of all scripts of the user, in the server's order."""
        lines = self._command(b"LISTSCRIPTS")
        names = []
        for line in lines:
            name = line[0] if line else b""
            if not isinstance(name, bytes) or isinstance(name, _Atom):
                raise BadServerAnswer("The list of scripts is none.")
            active = any(isinstance(t, _Atom) and t.upper() == b"ACTIVE" for t in line[1:])
            names.append(ScriptName(name.decode("utf-8", "replace"), active))
        return tuple(names)

    def get(self, name: str) -> str:
        r"""Return a script's text with ``\n`` line ends. Text that is no UTF-8, written by old
        programs, is read as cp1252. Raises NotFound when there is no script of this name.
        """
        lines = self._command(b"GETSCRIPT", _quoted(name))
        strings = [t for line in lines for t in line if isinstance(t, bytes)]
        if not strings:
            raise BadServerAnswer("The server sent no script.")
        try:
            text = strings[0].decode("utf-8")
        except UnicodeDecodeError:
            text = strings[0].decode("cp1252", "replace")
        return re.sub(r"\r\n?", "\n", text)

    def put(self, name: str, text: str) -> None:
        """Create or replace a script. Raises SieveRefused with the server's text, OverQuota and
        TooLarge; then the former script stays.
        """
        self._command(b"PUTSCRIPT", _quoted(name), _literal(text))

    def check(self, text: str) -> None:
        """Let the server check a script without storing it. Raises the errors of `put`. Do nothing
        if the server cannot check (VERSION 1.0 came with RFC 5804).
        """
        try:
            self._command(b"CHECKSCRIPT", _literal(text))
        except SieveRefused as error:
            if error.line or "unknown command" not in error.server_words.lower():
                raise

    def activate(self, name: str) -> None:
        """Make this script the only active one; "" for none."""
        self._command(b"SETACTIVE", _quoted(name) if name else b'""')

    def delete(self, name: str) -> None:
        """Delete a script. Raises NotFound, and SieveRefused for the active one."""
        self._command(b"DELETESCRIPT", _quoted(name))

    def close(self) -> None:
        """Hang up, without waiting and without raising anything."""
        self._wire.farewell()

    # The functions below speak the protocol.

    def begin(self, server: SieveServer, login: str, password: str) -> None:
        """Read the greeting, start TLS, and sign in."""
        self._read_capabilities()
        if server.security == "starttls":
            if not self._can_start_tls:
                raise SieveUnavailable("The ManageSieve server offers no STARTTLS.")
            self._command(b"STARTTLS")
            self._wire.start_tls(server)
            self._read_capabilities()
        try:
            if isinstance(password, bearer.AccessToken):
                self._give_token(server, login, password)
            else:
                self._give_password(login, password)
        except (SieveRefused, NotFound) as error:
            # Not SignInNeeded, since this password opens the mailbox.
            raise SieveUnavailable(
                "The ManageSieve server does not let in.", server_words=error.server_words
            ) from error
        self._refresh_extensions()

    def _give_password(self, login: str, password: str) -> None:
        if "PLAIN" not in self._methods:
            raise SieveUnavailable("The ManageSieve server knows no way to sign in that we know.")
        secret = base64.b64encode(b"\0".join((b"", login.encode(), password.encode())))
        self._command(b"AUTHENTICATE", b'"PLAIN"', b'"' + secret + b'"')

    def _give_token(self, server: SieveServer, login: str, token: bearer.AccessToken) -> None:
        """Send the token as a literal: a quoted string holds 1,024 bytes (RFC 5804 section 4). A
        server that refuses sends the reason in a string, and NO after an answer to it.
        """
        mechanism = bearer.mechanism(self._methods)
        if not mechanism or not bearer.is_sayable(login, token):
            raise SieveUnavailable("The ManageSieve server takes no access token.")
        initial = bearer.first(mechanism, login, token, server.host, server.port)
        counted = b"{%d+}\r\n" % len(initial) + initial
        self._wire.send(b'AUTHENTICATE "%b" %b\r\n' % (mechanism.encode(), counted))
        self._answer(refused=b'"%b"\r\n' % bearer.second(mechanism))

    def _refresh_extensions(self) -> None:
        """Read the extensions again: some servers list all of them only after sign-in."""
        with suppress(SieveRefused):
            self._learn(self._command(b"CAPABILITY"))

    def _read_capabilities(self) -> None:
        self._learn(self._answer())

    def _learn(self, lines: list[list[_Token]]) -> None:
        capabilities = {}
        for line in lines:
            if line and isinstance(line[0], bytes):
                value = line[1] if len(line) > 1 and isinstance(line[1], bytes) else b""
                capabilities[line[0].upper()] = value.decode("utf-8", "replace")
        self.extensions = frozenset(capabilities.get(b"SIEVE", "").lower().split())
        # Cyrus reads the names of folders in scripts as modified UTF-7, unless it is set otherwise,
        # which it does not tell.
        self.may_misread = capabilities.get(b"IMPLEMENTATION", "").lower().startswith("cyrus")
        self._methods = frozenset(capabilities.get(b"SASL", "").upper().split())
        self._can_start_tls = b"STARTTLS" in capabilities

    def _command(self, name: bytes, *args: bytes) -> list[list[_Token]]:
        self._wire.send(b" ".join((name, *args)) + b"\r\n")
        return self._answer()

    def _answer(self, refused: bytes = b"") -> list[list[_Token]]:
        """Return the lines before OK. Raises the error that NO or BYE means. ``refused`` is sent
        once as the answer to a string alone in its line, which is a challenge.
        """
        self._wire.allow(_ANSWER)
        lines: list[list[_Token]] = []
        while True:
            line = self._wire.line()
            status = line[0].upper() if line and isinstance(line[0], _Atom) else b""
            if status == b"OK":
                return lines
            if status == b"NO":
                raise _refusal(line)
            if status == b"BYE":
                self._wire.close()
                raise SieveUnavailable("The ManageSieve server hung up.", server_words=_said(line))
            if line and refused and not isinstance(line[0], _Atom):
                self._wire.send(refused)
                refused = b""
            elif line:
                lines.append(line)
            if len(lines) > _LINES:
                self._wire.close()
                raise BadServerAnswer("The ManageSieve server sent more than is read at once.")


@contextmanager
def open(server: SieveServer, login: str, password: str) -> Iterator[SieveConnection]:
    """Connect, sign in, and hang up at the end.

    Raises SieveUnavailable when the server cannot be reached or refuses the sign-in, and
    BadServerAnswer when it breaks the protocol. The password is not kept.
    """
    if re.search(r"[\r\n\0]", login + password):
        raise SieveUnavailable("No login or password holds a control character.")
    wire = _Wire(server)
    connection = SieveConnection(wire)
    try:
        connection.begin(server, login, password)
        yield connection
    finally:
        connection.close()


class _Wire(BoundedSocket):
    """The bytes to and from the server, limited in number and in time."""

    peer = "The ManageSieve server"
    protocol = masking.SIEVE
    unavailable = SieveUnavailable

    def __init__(self, server: SieveServer) -> None:
        super().__init__()
        self._pause = server.timeout
        try:
            self.sock = socket.create_connection((server.host, server.port), server.timeout)
        except (OSError, UnicodeError) as error:  # UnicodeError: the name cannot be a host name
            raise SieveUnavailable(f"{server.host}:{server.port} cannot be reached.") from error
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if server.security == "tls":
            self.start_tls(server)

    def start_tls(self, server: SieveServer) -> None:
        self.refuse_early_answers()
        try:
            context = tls.context(server.ca_file)
            self.sock = context.wrap_socket(self.sock, server_hostname=server.host)
        except (OSError, ValueError) as error:
            self.close()
            raise SieveUnavailable("TLS with the ManageSieve server failed.") from error

    def send(self, data: bytes) -> None:
        self._send_all(data, self._pause)

    def line(self) -> list[_Token]:
        """Return the tokens of the next line, which continues after a literal."""
        tokens = self._tokens(0)
        self._end_of_line()
        return tokens

    def farewell(self) -> None:
        with suppress(OSError):
            self.sock.sendall(b"LOGOUT\r\n")
        self.close()

    def close(self) -> None:
        with suppress(OSError):
            self.sock.close()

    def _tokens(self, depth: int) -> list[_Token]:
        if depth > _DEEPEST:
            raise self._broken("Parentheses are too deep.")
        tokens: list[_Token] = []
        while True:
            byte = self._peek()
            if byte in b"\r\n" or (byte == b")" and depth):
                return tokens
            if byte in b" \t":
                self._take(1)
            elif byte == b"(":
                self._take(1)
                tokens.append(self._tokens(depth + 1))
                if self._take(1) != b")":
                    raise self._broken("A parenthesis is not closed.")
            elif byte == b'"':
                tokens.append(self._quoted_string())
            elif byte == b"{":
                tokens.append(self._counted_string())
            else:
                tokens.append(_Atom(self._match(rb'[^ \t\r\n"(){}]+')))

    def _end_of_line(self) -> None:
        if self._peek() == b"\r":
            self._take(1)
        if self._take(1) != b"\n":
            raise self._broken("A line does not end.")

    def _quoted_string(self) -> bytes:
        text = self._match(rb'"(?:[^"\\\r\n]|\\["\\])*"')
        return re.sub(rb"\\(.)", rb"\1", text[1:-1])

    def _counted_string(self) -> bytes:
        head = self._match(rb"\{[0-9]{1,9}\+?\}\r?\n")
        return self._take(int(head.strip(b"{}+\r\n")))

    def _match(self, pattern: bytes) -> bytes:
        """Take the text that the pattern matches. Its end is certain only when another character
        follows.
        """
        while True:
            match = re.match(pattern, self._buffer)
            if match and (match.end() < len(self._buffer) or match[0][-1:] in b'"\n'):
                return self._take(match.end())
            if len(self._buffer) > _LINE or b"\n" in self._buffer:
                raise self._broken("A line is none of the protocol's.")
            self._more()

    def _peek(self) -> bytes:
        while not self._buffer:
            self._more()
        return bytes(self._buffer[:1])

    def _take(self, size: int) -> bytes:
        self._spend(size)
        while len(self._buffer) < size:
            self._more()
        return super()._take(size)

    def _more(self) -> None:
        self._buffer += self._received()

    def _give_up(self) -> None:
        self.close()

    def _broken(self, words: str) -> BadServerAnswer:
        self.close()
        return BadServerAnswer(words)


def _quoted(name: str) -> bytes:
    """Return a script's name as an argument (RFC 5804 section 1.6). Raises ValueError for an
    invalid one.
    """
    data = name.encode("utf-8")
    if not name or len(data) > _LONGEST_NAME or _CONTROLS.search(name):
        raise ValueError("This is no name of a script.")
    return b'"' + data.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def _literal(text: str) -> bytes:
    """Return a script as an argument, counted in bytes. A script cannot contain NUL."""
    if "\0" in text:
        raise ValueError("No script holds NUL.")
    data = re.sub(r"\r\n?|\n", "\r\n", text).encode("utf-8")
    if len(data) > MOST_BYTES:
        raise TooLarge("The script is too long.", limit=MOST_BYTES)
    return b"{%d+}\r\n" % len(data) + data


def _refusal(line: list[_Token]) -> WebmailError:
    """Return the error that a NO means (RFC 5804 section 1.3)."""
    words = _said(line)
    code = b""
    if len(line) > 1 and isinstance(line[1], list) and line[1]:
        first = line[1][0]
        code = first.upper() if isinstance(first, bytes) else b""
    if code.startswith(b"QUOTA"):
        return OverQuota("There is no room for the script.", server_words=words)
    if code == b"NONEXISTENT":
        return NotFound("There is no such script.", server_words=words)
    if code == b"TRYLATER":
        return SieveUnavailable("The ManageSieve server can't just now.", server_words=words)
    match = re.search(r"\bline (\d{1,6})\b", words)
    return SieveRefused(
        "The server does not take it.", line=int(match[1]) if match else 0, server_words=words
    )


def _said(line: list[_Token]) -> str:
    """Return the server's text for users in a line with OK, NO or BYE."""
    strings = [token for token in line[1:] if isinstance(token, bytes)]
    text = strings[-1].decode("utf-8", "replace") if strings else ""
    return re.sub(r"[\x00-\x09\x0b-\x1f\x7f]+", " ", text).strip()
