"""Mail submission (RFC 6409): one message to all its recipients, or to none.

It uses smtplib's connection, but its own commands: smtplib's `sendmail` continues when some
recipients are refused, and its `login` cannot send é. Reading is replaced too, because smtplib
limits neither the bytes of an answer nor the time of a slow one.
"""

from __future__ import annotations

import base64
import re
import select
import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mail import bearer, masking, tls
from mail.errors import (
    BadServerAnswer,
    PerhapsSent,
    RecipientsRefused,
    SenderRefused,
    ServerRefused,
    ServerUnavailable,
    SignInNeeded,
    TooLarge,
    WebmailError,
)
from mail.mime import build, seven_bits
from mail.sockets import UPLOAD_RATE, BoundedSocket

if TYPE_CHECKING:
    _Smtplib = smtplib.SMTP
else:
    _Smtplib = object

# Bytes of one answer of the server, with all its lines.
_ANSWER_LIMIT = 64 * 1024
_NEEDS_SIGN_IN = {530, 534, 535, 538}
_UNSAFE = re.compile(r"[\x00-\x20\x7f<>]")


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """The address of the submission server. ``security`` is ``tls``, ``starttls`` or ``none``;
    ``timeout`` is in seconds for each answer.
    """

    host: str
    port: int
    security: str
    timeout: float = 20.0
    ca_file: str = ""
    login: str = ""
    # It may be a `bearer.AccessToken`.
    password: str = field(default="", repr=False)
    # Seconds for the answer to a whole message: servers check for viruses before it (RFC 5321
    # allows ten minutes, which is too long for a user who waits).
    verdict: float = 60.0


@dataclass(frozen=True, slots=True)
class DeliveryNotice:
    """A request for a delivery notice (DSN, RFC 3461), if the server offers it. ``envelope_id`` is
    returned in the notice; the notice contains the message's header, not its text.
    """

    envelope_id: str


@dataclass(frozen=True, slots=True)
class SubmissionSteps:
    """Functions that are called at steps of the dialogue.

    ``alive`` is called after each answer of the server, so that a long dialogue is not taken for a
    dead one. ``before_last`` is called when the content has been sent but not the final dot, which
    completes the message; an error that it raises stops the dialogue, and nothing was handed over.
    ``taken`` is called with the server's text when it accepted the message, before any other
    command is sent.
    """

    alive: Callable[[], None] = lambda: None
    before_last: Callable[[], None] = lambda: None
    taken: Callable[[str], None] = lambda words: None


def submit(
    server: SmtpServer,
    sender: str,
    recipients: Sequence[str],
    message: bytes,
    *,
    notice: DeliveryNotice | None = None,
    steps: SubmissionSteps | None = None,
) -> str:
    """Hand ``message`` over to all of ``recipients``, or to none. Return the server's last text.

    ``sender`` is "" for a message that must never be answered (a receipt).

    Raises SignInNeeded, SenderRefused, RecipientsRefused, TooLarge (with the server's limit if
    known), ServerRefused for another permanent refusal, and ServerUnavailable for a temporary
    refusal and a server that cannot be reached or hangs up; in all these cases nothing was handed
    over. Raises PerhapsSent when the whole message was sent and no answer came, so that it is
    unknown whether it was accepted.

    Raises ValueError for an address with spaces, control characters or angle brackets, which the
    caller must check before.
    """
    envelope = [_checked(sender) if sender else "", *map(_checked, recipients)]
    if len(envelope) < 2:
        raise ValueError("A message needs a recipient.")
    with _session(server) as session:
        session.steps = steps or SubmissionSteps()
        session.sign_in(server.login, server.password)
        content = session.carried(message)
        session.open_envelope(envelope[0], envelope[1:], content, notice)
        return session.send(content, server.verdict)


def size_limit(server: SmtpServer) -> int:
    """Return the greatest message size in bytes that the server announces (RFC 1870), 0 if it does
    not.
    """
    with _session(server) as session:
        return session.size_limit


def check_login(server: SmtpServer) -> None:
    """Sign in and hang up. Raises SignInNeeded, or the error that prevented the check; does nothing
    if the server requires no sign-in.
    """
    with _session(server) as session:
        session.sign_in(server.login, server.password)


class _Bounded(BoundedSocket, _Smtplib):
    """The methods of smtplib that both connections replace."""

    peer = "The submission server"
    protocol = masking.SMTP

    def getreply(self) -> tuple[int, bytes]:
        """Return code and text of the next answer; the code is -1 for a malformed line."""
        self._pause = self.timeout
        self.allow(_ANSWER_LIMIT)
        lines = []
        while True:
            line = self._line()
            lines.append(line[4:].strip())
            if not line[:3].isdigit():
                return -1, line
            if line[3:4] != b"-":
                return int(line[:3]), b"\n".join(lines)

    def send(self, s: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(self.timeout + len(s) / UPLOAD_RATE)
        if self._tap is not None:
            self._tap.sent(s if isinstance(s, bytes) else s.encode("utf-8", "replace"))
        super().send(s)

    def docmd(self, cmd: str, args: str = "") -> tuple[int, bytes]:
        answer = super().docmd(cmd, args)
        if cmd.upper() == "STARTTLS":
            self.refuse_early_answers()
        return answer

    def check_silence(self) -> None:
        """Check that the server has sent nothing without being asked. Raises ServerUnavailable when
        it has hung up, or has sent something, which is then a refusal.
        """
        if self.sock is None:
            raise ServerUnavailable("The connection is closed.")
        self.sock.settimeout(0)
        try:
            # TLS may have data in its own buffer, which select() does not see.
            is_tls = isinstance(self.sock, ssl.SSLSocket)
            readable = is_tls or select.select([self.sock], [], [], 0)[0]
            piece = self.sock.recv(4096) if readable else None
        except (BlockingIOError, ssl.SSLWantReadError):
            piece = None
        if piece is None and not self._buffer:
            return
        words = bytes(self._buffer) + (piece or b"")
        self.close()
        raise ServerUnavailable(
            "The submission server hung up before the end.", server_words=_shown(words[4:])
        )

    def _line(self) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > _ANSWER_LIMIT:
                self._spend(len(self._buffer))
            if self.sock is None:
                raise ServerUnavailable("The connection is closed.")
            self._buffer += self._received()
        end = self._buffer.index(b"\n") + 1
        self._spend(end)
        return self._take(end).rstrip(b"\r\n")

    def _give_up(self) -> None:
        self.close()


class _Plain(_Bounded, smtplib.SMTP):
    """A connection in clear text, or over TLS after STARTTLS."""


class _Tls(_Bounded, smtplib.SMTP_SSL):
    """A connection over TLS from the first byte."""


class _Session:
    """The dialogue over smtplib's connection, after EHLO."""

    def __init__(self, connection: _Plain | _Tls, server: SmtpServer) -> None:
        self._smtp = connection
        self._place = server.host, server.port
        self.steps = SubmissionSteps()

    @property
    def size_limit(self) -> int:
        size = self._smtp.esmtp_features.get("size", "").strip()
        return int(size) if size.isdigit() else 0

    def sign_in(self, login: str, password: str) -> None:
        """Send AUTH if the server offers it: PLAIN (RFC 4616), else LOGIN; both in UTF-8."""
        if not login or not self._smtp.has_extn("auth"):
            return
        methods = self._smtp.esmtp_features["auth"].upper().split()
        if isinstance(password, bearer.AccessToken):
            code, words = self._give_token(methods, login, password)
        elif "PLAIN" in methods:
            secret = b"\0".join((b"", login.encode(), password.encode()))
            code, words = self._say("AUTH PLAIN " + base64.b64encode(secret).decode())
        elif "LOGIN" in methods:
            code, words = self._say("AUTH LOGIN")
            for word in (login, password):
                if code == 334:
                    code, words = self._say(base64.b64encode(word.encode()).decode())
        else:
            raise ServerRefused("The submission server knows no way to sign in that we know.")
        if code != 235:
            raise _sign_in_error(code, words)

    def _give_token(
        self, methods: list[str], login: str, token: bearer.AccessToken
    ) -> tuple[int, bytes]:
        """Send a token, never in the line of AUTH, which is limited to 512 bytes (RFC 4954 section
        4).

        A server that refuses the token sends the reason with 334, and 535 after an answer to that.
        """
        mechanism = bearer.mechanism(methods)
        if not mechanism:
            raise ServerRefused("The submission server takes no access token.")
        if not bearer.is_sayable(login, token):
            raise SignInNeeded("No login or token holds a control character.")
        code, words = self._say(f"AUTH {mechanism}")
        host, port = self._place
        for message in (
            bearer.first(mechanism, login, token, host, port),
            bearer.second(mechanism),
        ):
            if code == 334:
                code, words = self._say(message.decode())
        return code, words

    def carried(self, message: bytes) -> bytes:
        """Return the message in the bits that the server takes (RFC 6152)."""
        if self._smtp.has_extn("8bitmime"):
            return message
        return seven_bits.in_seven_bits(message)

    def open_envelope(
        self, sender: str, recipients: Sequence[str], message: bytes, notice: DeliveryNotice | None
    ) -> None:
        """Send MAIL and RCPT (RFC 5321 section 3.3)."""
        limit = self.size_limit
        if limit and len(message) > limit:
            raise TooLarge("The message is over the server's limit.", limit=limit)
        if not self._smtp.has_extn("dsn"):
            notice = None
        options = self._options(sender, recipients, message)
        if notice:
            options += f" RET=HDRS ENVID={_xtext(notice.envelope_id)}"
        self._mail(sender, options, limit)
        try:
            self._recipients(recipients, limit, " NOTIFY=SUCCESS,FAILURE,DELAY" if notice else "")
        except RecipientsRefused as error:
            raise _blaming(error, sender, recipients) from error

    def send(self, message: bytes, verdict: float) -> str:
        """Send DATA, the content, and separately the dot."""
        code, words = self._say("DATA")
        if code != 354:
            raise _refusal(code, words, self.size_limit)
        try:
            self._smtp.send(_stuffed(message))
            self._smtp.check_silence()
            self.steps.before_last()
            self._smtp.check_silence()  # that took its time
        except BaseException:
            self._smtp.close()  # any command sent now, even QUIT, would be content
            raise
        self._smtp.timeout = max(self._smtp.timeout, verdict)
        code, words = self._last_answer()
        if not 200 <= code < 300:
            raise _refusal(code, words, self.size_limit)
        server_words = _shown(words)
        self.steps.taken(server_words)
        return server_words

    def _last_answer(self) -> tuple[int, bytes]:
        """Send the dot and read the answer. After the dot, only the server knows whether the
        message is accepted.
        """
        try:
            self._smtp.send(b".\r\n")
            code, words = self._smtp.getreply()
        except (OSError, smtplib.SMTPException, ServerUnavailable, BadServerAnswer) as error:
            self._smtp.close()
            raise PerhapsSent("The submission server did not say what became of it.") from error
        if code // 100 not in (2, 4, 5):
            self._smtp.close()
            server_words = _shown(words)
            raise PerhapsSent(
                "The submission server said nothing clear.", server_words=server_words
            )
        return code, words

    def _options(self, sender: str, recipients: Sequence[str], message: bytes) -> str:
        options = ""
        if self._smtp.has_extn("size"):
            options += f" SIZE={len(message)}"
        if self._smtp.has_extn("8bitmime") and not message.isascii():
            options += " BODY=8BITMIME"
        if "".join((sender, *recipients)).isascii():
            return options
        if not self._smtp.has_extn("smtputf8"):
            self._refuse_non_ascii(sender, recipients)
        self._smtp.command_encoding = "utf-8"
        return f"{options} SMTPUTF8"

    def _refuse_non_ascii(self, sender: str, recipients: Sequence[str]) -> None:
        if not sender.isascii():
            raise SenderRefused("The server takes no address with accents.")
        refused = {address: "" for address in recipients if not address.isascii()}
        raise RecipientsRefused("The server takes no address with accents.", refused=refused)

    def _mail(self, sender: str, options: str, limit: int) -> None:
        code, words = self._say(f"MAIL FROM:<{sender}>{options}")
        if code == 250:
            return
        error = _refusal(code, words, limit)
        if type(error) is ServerRefused:
            raise SenderRefused("The sender was refused.", server_words=error.server_words)
        raise error

    def _recipients(self, recipients: Sequence[str], limit: int, options: str) -> None:
        refused: dict[str, tuple[int, bytes]] = {}
        for address in recipients:
            code, words = self._say(f"RCPT TO:<{address}>{options}")
            if code == 421 or _is_too_large(code, words):
                raise _refusal(code, words, limit)
            if code not in (250, 251):
                refused[address] = (code, words)
        if not refused:
            return
        self._say("RSET")
        lasting = {address: answer for address, answer in refused.items() if answer[0] >= 500}
        if not lasting:
            raise ServerUnavailable(
                "No recipient can be taken just now.",
                server_words=_shown(next(iter(refused.values()))[1]),
            )
        raise RecipientsRefused(
            "Recipients were refused.",
            refused={address: _shown(words) for address, (_, words) in lasting.items()},
        )

    def _say(self, command: str) -> tuple[int, bytes]:
        self._smtp.putcmd(command)
        answer = self._smtp.getreply()
        self.steps.alive()
        return answer


@contextmanager
def _session(server: SmtpServer) -> Iterator[_Session]:
    """Connect, send EHLO, and hang up at the end. Every error becomes one of `mail.errors`."""
    connection = None
    try:
        connection = _connect(server)
        yield _Session(connection, server)
    except smtplib.SMTPServerDisconnected as error:
        raise ServerUnavailable("The submission server hung up.") from error
    except smtplib.SMTPResponseException as error:
        raise _refusal(error.smtp_code, _as_bytes(error.smtp_error), 0) from error
    except smtplib.SMTPException as error:
        raise BadServerAnswer("The submission server did not answer as it must.") from error
    except (OSError, UnicodeError) as error:  # UnicodeError: the name cannot be a host name
        raise ServerUnavailable(f"{server.host}:{server.port} cannot be reached.") from error
    finally:
        if connection is not None:
            _hang_up(connection)


def _connect(server: SmtpServer) -> _Plain | _Tls:
    # The name sent in EHLO. By default, smtplib looks up the machine's full name, which takes
    # seconds when DNS is slow.
    name = "localhost"
    context = None
    if server.security != "none":
        context = tls.context(server.ca_file)
    if server.security == "tls":
        connection: _Plain | _Tls = _Tls(
            server.host, server.port, name, timeout=server.timeout, context=context
        )
    else:
        connection = _Plain(server.host, server.port, name, timeout=server.timeout)
    try:
        connection.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            connection.starttls(context=context)
            connection.ehlo_or_helo_if_needed()
    except BaseException:
        connection.close()
        raise
    return connection


def _hang_up(connection: smtplib.SMTP) -> None:
    """Send QUIT and close without waiting for the answer: the message is accepted already."""
    with suppress(OSError, smtplib.SMTPException):
        connection.putcmd("quit")
    connection.close()


def _blaming(
    error: RecipientsRefused, sender: str, recipients: Sequence[str]
) -> RecipientsRefused | SenderRefused:
    """Return SenderRefused when every recipient was refused in words that name the sender alone:
    Postfix waits with that refusal until RCPT (``smtpd_delay_reject``)."""
    words = set(error.refused.values())
    about = next(iter(words)).lower() if len(words) == 1 else ""
    names_sender = bool(sender) and f"<{sender}>".lower() in about
    if not names_sender or sender in recipients or len(error.refused) < len(recipients):
        return error
    return SenderRefused("The sender was refused.", server_words=next(iter(words)))


def _sign_in_error(code: int, words: bytes) -> WebmailError:
    server_words = _shown(words)
    if code < 500:  # 454: the server cannot check passwords at the moment
        return ServerUnavailable("The submission server can't sign in.", server_words=server_words)
    return SignInNeeded(
        "The submission server refused login or password.", server_words=server_words
    )


def _refusal(code: int, words: bytes, limit: int) -> WebmailError:
    """Return the error for an answer other than success (RFC 5321 section 4.2, RFC 3463)."""
    server_words = _shown(words)
    if code == 530 and b"STARTTLS" in words.upper():
        # The settings of this installation are wrong (RFC 3207 section 4): no password helps.
        return ServerUnavailable("The submission server wants TLS.", server_words=server_words)
    if code in _NEEDS_SIGN_IN:
        return SignInNeeded("The submission server wants a sign-in.", server_words=server_words)
    if _is_too_large(code, words) or code in (523, 552):
        return TooLarge("The message is too large.", limit=limit, server_words=server_words)
    if code >= 500:
        return ServerRefused("The submission server refused.", server_words=server_words)
    if code >= 400:
        return ServerUnavailable("The submission server can't just now.", server_words=server_words)
    return BadServerAnswer(
        "The submission server did not answer as it must.", server_words=server_words
    )


def _is_too_large(code: int, words: bytes) -> bool:
    """Return whether the message is too large for the system (5.3.4). A bare 552 to RCPT may mean a
    full mailbox.
    """
    return code >= 500 and words.startswith((b"5.3.4", b"5.2.3"))


def _shown(words: bytes) -> str:
    """Return the server's text without the enhanced code (RFC 3463), in one line."""
    text = re.sub(r"[\x00-\x1f\x7f]+", " ", words.decode("utf-8", "replace"))
    return re.sub(r"^[245]\.\d{1,3}\.\d{1,3}\s+", "", text).strip()


def _stuffed(message: bytes) -> bytes:
    """Return the message in the form of the protocol, ended by a line end but without the dot (RFC
    5321 section 4.5.2). A NUL, which no message may have, is left out first: servers leave it out,
    too, and what stood apart might then be the dot.
    """
    stuffed = build.crlf(message.replace(b"\0", b"")).replace(b"\r\n.", b"\r\n..")
    if stuffed.startswith(b"."):
        stuffed = b"." + stuffed
    return stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n"


def _xtext(text: str) -> str:
    """Encode text as RFC 3461 section 4 demands."""
    return re.sub(r"[^!-~]|[+=]", lambda match: f"+{ord(match[0]) & 0xFF:02X}", text)[:100]


def _as_bytes(words: bytes | str) -> bytes:
    return words.encode() if isinstance(words, str) else words


def _checked(address: str) -> str:
    """Return the address for the protocol, its domain in ASCII (IDNA), which most servers
    require.
    """
    if not address or _UNSAFE.search(address):
        raise ValueError(f"Not an address: {address!r}")
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    return f"{local}{at}{domain.encode('idna').decode()}"
