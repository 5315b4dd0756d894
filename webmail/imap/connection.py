"""One signed-in IMAP connection (RFC 9051, RFC 3501).

`Connection` is for one thread at a time; the pool sees to it. Arguments are checked here, because
imaplib lets CR and LF through. A connection that was dropped is opened again once in a lease, as
long as no command that changes something was sent in it.
"""

from __future__ import annotations

import base64
import imaplib
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from imap_tools import mailbox
from imap_tools.utils import encode_folder

from webmail import bearer
from webmail.errors import (
    BadServerAnswer,
    FolderChanged,
    FolderNotFound,
    ServerRefused,
    ServerUnavailable,
    SignInNeeded,
    WebmailError,
)
from webmail.imap import client, response
from webmail.imap.values import ImapServer, MessageRef, Namespace, Selected, Wishes
from webmail.mime import build
from webmail.serving import measures

# How often a connection is opened anew in one lease because of answers that could not be read.
MOST_RECOVERIES = 12

# A raw answer as imaplib gives it: lines, and (line up to the literal, literal).
Raw = list[Any]

_CONTROL = re.compile(rb"[\r\n\0]")
_FLAG = re.compile(r"\\?[A-Za-z0-9$_.:+/-]+")
# What the answer of a UID command is stored under; FETCH for the others.
_UID_ANSWERS = {
    "SEARCH": "SEARCH",
    "SORT": "SORT",
    "THREAD": "THREAD",
    "COPY": "COPYUID",
    "MOVE": "COPYUID",
    "EXPUNGE": "EXPUNGE",
}


@dataclass(frozen=True, slots=True)
class Literals:
    """An argument with strings that no quotes can hold: they are sent by their length in bytes (RFC
    9051 section 4.3). ``words`` stand around them as they are, one more than there are strings.
    """

    words: tuple[bytes, ...]
    strings: tuple[bytes, ...]

    def pieces(self, *, at_once: bool) -> list[bytes]:
        """Return the pieces to send; before each piece but the first the server says that it may
        come. ``at_once``: it need not be asked (RFC 7888), and there is one piece.
        """
        for word in self.words:
            _checked(word)
        if any(b"\0" in string for string in self.strings):
            raise ValueError("An IMAP string holds no NUL.")
        plus = b"+" if at_once else b""
        pieces = [self.words[0]]
        for string, word in zip(self.strings, self.words[1:], strict=True):
            pieces[-1] += b"{%d%b}" % (len(string), plus)
            pieces.append(string + word)
        return [b"\r\n".join(pieces)] if at_once else pieces


@dataclass(frozen=True)
class _Answer:
    status: str
    words: bytes
    untagged: Mapping[str, Raw] = field(default_factory=dict)


class Connection:
    """``commands`` counts what was sent since sign-in: tests hold a page's cost against it.
    ``namespaces``: where the server said at sign-in that folders of others are; ``wishes``: of the
    person that it was lent to. ``kept``: by kind, what the mailbox knows of what it read here, in
    this process's memory alone: another connection reads it again.
    """

    def __init__(
        self, signed_in: mailbox.BaseMailBox, namespaces: tuple[Namespace, ...] = ()
    ) -> None:
        self.commands = 0
        self._recoveries = 0
        self.namespaces = namespaces
        self.wishes = Wishes()
        self.kept: dict[str, Any] = {}
        self._opener: Callable[[], Connection] | None = None
        self._selected: Selected | None = None
        self._limit: float | None = None
        self._answer = _Answer("OK", b"")
        self._take_over(signed_in)
        self._begin_lease(alive=True)

    def __repr__(self) -> str:
        folder = self._selected.folder if self._selected else ""
        return f"<Connection {self._client.host}:{self._client.port} {folder!r}>"

    @property
    def host(self) -> str:
        """The server's name, as it was given to `open`."""
        return str(self._client.host)

    @property
    def capabilities(self) -> frozenset[str]:
        """The server's capabilities for this user, in upper case."""
        return self._capabilities

    def has(self, capability: str) -> bool:
        return capability.upper() in self._capabilities

    @property
    def open_folder(self) -> str:
        """Its name; "" when none is open."""
        return self._selected.folder if self._selected else ""

    def known(self) -> Selected:
        """The open folder, with the count of messages as last heard. No command."""
        if self._selected is None:
            raise RuntimeError("No folder is open: call select() or require() first.")
        if self._selected.exists == self._client.exists:
            return self._selected
        return replace(self._selected, exists=self._client.exists)

    def select(self, folder: str) -> Selected:
        """Open a folder, or hear of news in the one already open (NOOP). One command.

        Raises FolderNotFound when it is not there or may not be opened.
        """
        folder = canonical(folder)
        name = quoted_folder(folder)
        if self._selected and self._selected.folder == folder and self._is_still_open():
            self._fresh = True
            return self.known()
        self._selected = None
        self._client.exists = 0
        self._client.state = "AUTH"  # a refused SELECT leaves no folder open
        # Dovecot counts changes of a folder only once somebody has asked for it.
        counting = ["(CONDSTORE)"] if self.has("CONDSTORE") else []
        answer = self._send("SELECT", name, *counting)
        if answer.status != "OK":
            raise _not_opened(answer.words)
        self._selected = self._read_selected(folder, answer)
        self._client.state = "SELECTED"
        self._fresh = True
        return self.known()

    def require(self, ref: MessageRef) -> Selected:
        """Open the folder of ``ref``; FolderChanged when its UIDVALIDITY is another one by now.

        No command when the folder was opened or asked for news in this lease already.
        """
        selected = self._selected
        if selected is None or not self._fresh or selected.folder != canonical(ref.folder):
            self.select(ref.folder)
        selected = self.known()
        if selected.uidvalidity != ref.uidvalidity:
            raise FolderChanged(f"UIDVALIDITY is {selected.uidvalidity}, not {ref.uidvalidity}.")
        return selected

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """A command sent in here may take so long; one that takes longer is ServerUnavailable, and
        the connection is over, since its answer would come some time.
        """
        before, self._limit = self._limit, seconds
        try:
            yield
        finally:
            self._limit = before

    def uid(
        self,
        command: str,
        *args: str | bytes | Literals,
        changes: bool = False,
        bounds: client.Bounds = client.UNCUT,
    ) -> Raw:
        """``UID command ...`` in the open folder; the untagged lines that answer it, as imaplib
        gives them: FETCH, SEARCH and so on; COPYUID for COPY and MOVE. ``changes`` for what must
        not be sent twice.
        """
        self.known()
        command = command.upper()
        answer = self._send("UID", command, *args, changes=changes, bounds=bounds)
        self._accept(answer, partly=command == "FETCH")
        return answer.untagged.get(_UID_ANSWERS.get(command, "FETCH"), [])

    def command(
        self,
        name: str,
        *args: str | bytes,
        changes: bool = False,
        bounds: client.Bounds = client.UNCUT,
    ) -> Raw:
        """Any other command; its untagged lines of the same name."""
        name = name.upper()
        answer = self._send(name, *args, changes=changes, bounds=bounds)
        self._accept(answer, partly=name == "FETCH")
        return answer.untagged.get(name, [])

    @property
    def recoveries_left(self) -> int:
        """The number of times that `recover` may still open a connection in this lease."""
        return MOST_RECOVERIES - self._recoveries

    def recover(self) -> None:
        """Open the connection and its folder anew, where it is over, after a command that read
        something and failed. A message that a server cannot tell must not cost the others of its
        list.

        Raises ServerUnavailable when that was done too often in this lease, when the server fell
        silent, or can't be reached; FolderChanged.
        """
        is_over = self._broken or self._busy
        if is_over and (self._client.timed_out or not self.recoveries_left):
            raise ServerUnavailable("The connection broke too often.")
        self._recoveries = min(self._recoveries + 1, MOST_RECOVERIES)
        if not is_over:
            return  # the server refused, and goes on
        self._client.hang_up()
        self._reopen()

    def untagged(self, kind: str) -> Raw:
        """Return what the last command's answer held under another name, as STATUS beside LIST; of
        one that failed, as far as it came.
        """
        return self._answer.untagged.get(kind, [])

    def code(self) -> str:
        """The response code (RFC 5530) of the last command's answer, in capitals, or ``""``."""
        return response.code(self._answer.words)

    def mailbox_id(self, folder: str = "INBOX") -> str:
        """Return the server's identifier of a folder. That of this person's INBOX is the same
        whatever the login was spelled like: MAILBOXID (RFC 8474), or the GUID that Dovecot has
        under a name of its own. "" when it does not tell, or a word too short to be unique among
        all people. One command.
        """
        item = "MAILBOXID" if self.has("OBJECTID") else "X-GUID"
        self.commands += 1
        self._client.begin()
        try:
            self._client._simple_command("STATUS", quoted_folder(folder), f"({item})")
        except imaplib.IMAP4.abort as error:
            self._broken = True
            raise BadServerAnswer("The IMAP server did not answer as it must.") from error
        except imaplib.IMAP4.error:  # BAD: it knows no such word
            return ""
        return response.mailbox_id(self._client.untagged_responses.pop("STATUS", []))

    def append(
        self,
        folder: str,
        message: bytes,
        flags: Iterable[str] = (),
        received: datetime | None = None,
    ) -> int | None:
        """Put a message into a folder. Returns its UID if the server tells (UIDPLUS). ``received``
        becomes its INTERNALDATE; None: the present.

        CR and LF are data in ``message`` (bare ones become CRLF). Raises FolderNotFound,
        OverQuota, TooLarge.
        """
        name = quoted_folder(canonical(folder))
        flag_set = " ".join(checked_flag(flag) for flag in flags)
        marks = [f"({flag_set})"] if flag_set else []
        if received:
            marks.append(response.internal_date(received))
        self._prove_alive()
        message = build.crlf(message)
        self._client.begin(sending=len(message))

        def send() -> tuple[str, Raw]:
            # imaplib's own method writes every line end anew.
            self._client.literal = message  # type: ignore[assignment]  # typeshed knows no bytes
            return cast(tuple[str, Raw], self._client._simple_command("APPEND", name, *marks))

        answer = self._exchange(send, changes=True)
        self._accept(answer)
        return response.append_uid(answer.untagged.get("APPENDUID", []))

    def close(self) -> None:
        """Sign out and hang up; waits for nothing, raises nothing."""
        self._broken = True
        self.kept.clear()
        if self._busy:
            # Within an APPEND a LOGOUT would be taken for the message's last line.
            self._client.hang_up()
        else:
            self._client.say_goodbye()

    def lend(self, opener: Callable[[], Connection], *, alive: bool = False) -> None:
        """Begin a lease (the pool's word). ``opener`` opens the same person's connection anew;
        ``alive``: this one was opened just now.
        """
        self._begin_lease(alive=alive)
        self._opener = opener

    def give_back(self) -> bool:
        """End the lease and forget the opener. True when another lease may follow."""
        self._opener = None
        return not (self._broken or self._busy)

    # What follows is how commands are sent.

    def _begin_lease(self, *, alive: bool) -> None:
        self._alive = alive  # the server has answered since the lease began
        self._fresh = False  # the open folder was asked for news in this lease
        self._changed = False  # a changing command was sent
        self._reopened = False
        self._recoveries = 0

    def _take_over(self, signed_in: mailbox.BaseMailBox) -> None:
        self._mailbox = signed_in
        self._client = cast(client.Guard, signed_in.client)
        self._capabilities = frozenset(str(word).upper() for word in self._client.capabilities)
        self._broken = False
        self._busy = False  # between sending a command and having read all of its answer

    def _send(
        self,
        name: str,
        *args: str | bytes | Literals,
        changes: bool = False,
        bounds: client.Bounds = client.UNCUT,
    ) -> _Answer:
        """Send one command, on a new connection if the old one turns out to be gone and that is
        safe. Only the last argument may be `Literals`.
        """
        words, rest = self._written(args)
        if changes:
            self._prove_alive()

        def send() -> tuple[str, Raw]:
            if rest:
                self._client.literal = _Rest(rest).answer  # type: ignore[assignment]
            with measures.imap_command(str(args[0]) if name == "UID" else name):
                return cast(tuple[str, Raw], self._client._simple_command(name, *words))

        try:
            hurry = name == "NOOP" and not self._alive
            self._client.begin(hurry=hurry, limit=self._limit, bounds=bounds)
            return self._exchange(send, changes)
        except ServerUnavailable:
            if not self._may_reopen():
                raise
        self._reopen()
        self._client.begin(limit=self._limit, bounds=bounds)
        return self._exchange(send, changes)

    def _written(self, args: Iterable[str | bytes | Literals]) -> tuple[list[bytes], list[bytes]]:
        """The arguments as they are sent, and what follows when the server asks for more."""
        words: list[bytes] = []
        rest: list[bytes] = []
        for arg in args:
            if isinstance(arg, Literals):
                # LITERAL- takes 4,096 bytes so: all that is searched for is shorter.
                at_once = self.has("LITERAL+") or self.has("LITERAL-")
                first, *rest = arg.pieces(at_once=at_once)
                words.append(first)
            else:
                words.append(_checked(arg))
        return words, rest

    def _exchange(self, send: Callable[[], tuple[str, Raw]], changes: bool) -> _Answer:
        if self._broken:
            raise ServerUnavailable("The connection is closed.")
        self.commands += 1
        self._changed = self._changed or changes
        self._busy = True
        try:
            status, data = send()
        except (ServerUnavailable, BadServerAnswer):
            self._broken = True
            self._answer = _Answer("", b"", self._client.untagged_responses)
            raise
        except (imaplib.IMAP4.error, ValueError, LookupError, TypeError) as error:
            # BAD, a line that is none of the protocol's, or one that imaplib trips over.
            self._broken = True
            self._answer = _Answer("", b"", self._client.untagged_responses)
            raise BadServerAnswer(
                "The IMAP server did not answer as it must.", server_words=str(error)
            ) from error
        self._busy = False
        self._alive = True
        words = data[-1] if data and isinstance(data[-1], bytes) else b""
        self._answer = _Answer(status, words, self._client.untagged_responses)
        self._client.untagged_responses = {}
        return self._answer

    def _accept(self, answer: _Answer, *, partly: bool = False) -> None:
        """Raise what a NO means. ``partly``: a FETCH of which some messages are gone is good for
        the rest.
        """
        if answer.status == "OK" or (partly and response.code(answer.words) == "EXPUNGEISSUED"):
            return
        raise response.refusal(answer.words)

    def _prove_alive(self) -> None:
        """Make sure that an idle connection is still there, before something is changed.

        A changing command is never repeated, so a drop must come to light before it.
        """
        if not self._alive:
            self._send("NOOP")

    def _may_reopen(self) -> bool:
        # A server that was answering and fell silent would only keep the person waiting twice.
        silent = self._client.timed_out and self._alive
        return not (self._opener is None or self._reopened or self._changed or silent)

    def _reopen(self) -> None:
        """Replace the dropped connection; its folder is opened again and must be the same."""
        if self._opener is None:
            raise ServerUnavailable("The connection is closed.")
        self._reopened = True
        before, self._selected = self._selected, None
        self._client.hang_up()
        self._take_over(self._opener()._mailbox)
        if before is not None and self.select(before.folder).uidvalidity != before.uidvalidity:
            raise FolderChanged("The folder was made anew while the connection was lost.")

    def _is_still_open(self) -> bool:
        """NOOP in the open folder. False when SELECT must follow: the connection had to be
        replaced, or the server warned. Dovecot does so, with OK after it, when the folder was
        deleted and made anew by another connection; only the next FETCH would fail.
        """
        # By itself: one that is sent together with a command that reads is answered by Dovecot when
        # that is done, and what was read is as old as before.
        try:
            self._client.begin(hurry=not self._alive)
            answer = self._exchange(lambda: self._client._simple_command("NOOP"), False)
        except ServerUnavailable:
            if not self._may_reopen():
                raise
            # The folder may have been made anew: to the caller, who is about to open it, no matter.
            self._selected = None
            self._reopen()
            return False
        return answer.status == "OK" and not answer.untagged.keys() & {"NO", "UIDVALIDITY"}

    def _read_selected(self, folder: str, answer: _Answer) -> Selected:
        uidvalidity = response.number(answer.untagged.get("UIDVALIDITY", []))
        if not uidvalidity:
            raise BadServerAnswer("The folder has no UIDVALIDITY: its messages can't be named.")
        return Selected(
            folder=folder,
            uidvalidity=uidvalidity,
            exists=self._client.exists,
            uidnext=response.number(answer.untagged.get("UIDNEXT", [])),
            read_only=response.code(answer.words) == "READ-ONLY",
            highestmodseq=response.number(answer.untagged.get("HIGHESTMODSEQ", []), digits=19),
            keywords=response.keywords(answer.untagged.get("FLAGS", [])),
            permanent=response.permanent_flags(answer.untagged.get("PERMANENTFLAGS", [])),
        )


def open(server: ImapServer, login: str, password: str, *, client_address: str = "") -> Connection:
    """Connect and sign in. ``client_address`` is the browser's, told to the server by ID (RFC
    2971), which else would slow down every user for the wrong passwords of one.

    Raises SignInNeeded when login or password is refused, ServerUnavailable when the server can't
    be reached or says it can't just now, BadServerAnswer. The password is not kept. It may be a
    `bearer.AccessToken`.
    """
    if re.search(r"[\r\n\0]", login + password):
        raise SignInNeeded("No login or password holds a control character.")
    if client_address:
        ipaddress.ip_address(client_address)
    signed_in = client.connect(server)
    guard = cast(client.Guard, signed_in.client)
    try:
        _introduce(guard, client_address)
        _sign_in(guard, login, password)
        _refresh_capabilities(guard)
        return Connection(signed_in, _namespaces(guard))
    except (imaplib.IMAP4.error, ValueError, LookupError) as error:
        guard.hang_up()
        raise BadServerAnswer("The IMAP server did not answer as it must.") from error
    except BaseException:
        guard.hang_up()
        raise


def quoted_folder(folder: str) -> bytes:
    """A folder name as the server wants it: modified UTF-7 (RFC 3501 section 5.1.3), quoted.

    Raises ValueError for CR, LF, NUL and what UTF-16 can't hold.
    """
    if re.search(r"[\r\n\0]", folder):
        raise ValueError("A folder name holds no line end.")
    return encode_folder(folder)


def canonical(folder: str) -> str:
    """INBOX in capitals however it is written; other names as they are (RFC 9051 section 5.1)."""
    return "INBOX" if folder.isascii() and folder.upper() == "INBOX" else folder


def checked_flag(flag: str) -> str:
    """The flag or keyword itself; ValueError when it is none (RFC 9051 section 2.3.2)."""
    if not _FLAG.fullmatch(flag):
        raise ValueError(f"Not a flag: {flag!r}")
    return flag


def _checked(arg: str | bytes) -> bytes:
    data = arg.encode("ascii") if isinstance(arg, str) else arg
    if _CONTROL.search(data):
        raise ValueError("An IMAP argument holds no line end.")
    return data


def _not_opened(words: bytes) -> WebmailError:
    """Servers say that a folder is missing with and without a response code."""
    error = response.refusal(words)
    if type(error) is ServerRefused:
        return FolderNotFound(server_words=error.server_words)
    return error


def _introduce(guard: client.Guard, client_address: str) -> None:
    if "ID" not in guard.capabilities:
        return
    origin = f' "x-originating-ip" "{client_address}"' if client_address else ""
    guard.begin()
    guard._simple_command("ID", f'("name" "webmail"{origin})')  # a NO is no obstacle


def _sign_in(guard: client.Guard, login: str, password: str) -> None:
    """LOGIN for ASCII, else AUTHENTICATE PLAIN (RFC 4616): imaplib's LOGIN can't say é."""
    guard.begin()
    methods = guard.capabilities
    if isinstance(password, bearer.AccessToken):
        _give_token(guard, login, password)
        return
    ascii_only = (login + password).isascii()
    if "AUTH=PLAIN" in methods and ("LOGINDISABLED" in methods or not ascii_only):
        secret = b"\0".join((b"", login.encode(), password.encode()))
        status, words = _authenticate_plain(guard, secret)
    elif "LOGINDISABLED" in methods:
        raise ServerRefused("The IMAP server takes no password on this connection.")
    else:
        # Without AUTH=PLAIN, UTF-8 in a quoted string is what servers are known to take.
        quoted = [guard._quote(word).encode() for word in (login, password)]
        status, data = guard._simple_command("LOGIN", *quoted)
        words = data[-1]
    if status != "OK":
        raise sign_in_error(words)
    guard.state = "AUTH"


def _give_token(guard: client.Guard, login: str, token: bearer.AccessToken) -> None:
    mechanism = bearer.mechanism(
        [str(word).removeprefix("AUTH=") for word in guard.capabilities if "AUTH=" in str(word)]
    )
    if not mechanism:
        raise ServerRefused("The IMAP server takes no access token on this connection.")
    if not bearer.is_sayable(login, token):
        raise SignInNeeded("No login or token holds a control character.")
    initial = bearer.first(mechanism, login, token, guard.host, guard.port)
    pieces = _Rest([initial, bearer.second(mechanism)])
    guard.literal = pieces.answer  # type: ignore[assignment]  # as _Plain's
    status, data = guard._simple_command("AUTHENTICATE", mechanism)
    if status != "OK":
        raise sign_in_error(data[-1])
    guard.state = "AUTH"


class _Rest:
    """The pieces of a command after its first. imaplib asks only a bound method for what to say,
    and goes on asking.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)

    def answer(self, challenge: bytes) -> bytes:
        return next(self._pieces, b"")


class _Plain:
    """The client's side of PLAIN. imaplib asks only a bound method for what to say."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def answer(self, challenge: bytes) -> bytes:
        return base64.b64encode(self._secret)


def _authenticate_plain(guard: client.Guard, secret: bytes) -> tuple[str, bytes]:
    """imaplib's own ``authenticate`` turns a NO into the exception it has for everything else."""
    guard.literal = _Plain(secret).answer  # type: ignore[assignment]
    status, data = guard._simple_command("AUTHENTICATE", "PLAIN")
    return status, data[-1]


def sign_in_error(words: bytes) -> WebmailError:
    """NO to LOGIN means a wrong password unless a response code (RFC 5530) says otherwise."""
    shown = response.text(words)
    code = response.code(words)
    if code in {"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG"}:
        return ServerUnavailable("The IMAP server can't sign in just now.", server_words=shown)
    if code in {"OVERQUOTA", "PRIVACYREQUIRED", "CONTACTADMIN", "CANNOT"}:
        return response.refusal(words)
    return SignInNeeded("The IMAP server refused login or password.", server_words=shown)


def _namespaces(guard: client.Guard) -> tuple[Namespace, ...]:
    """Other people's and shared folders (RFC 2342); asked once, since they stay where they are."""
    if "NAMESPACE" not in guard.capabilities:
        return ()
    guard.begin()
    guard._simple_command("NAMESPACE")
    return response.namespaces(guard.untagged_responses.get("NAMESPACE", []))


def _refresh_capabilities(guard: client.Guard) -> None:
    """Servers show most of what they can do only after sign-in; imaplib looks once, before it."""
    capabilities = guard.untagged_responses.get("CAPABILITY")
    if not capabilities:
        guard.begin()
        guard._simple_command("CAPABILITY")
        capabilities = guard.untagged_responses.get("CAPABILITY")
    if not capabilities or not isinstance(capabilities[-1], bytes):
        raise BadServerAnswer("The IMAP server does not say what it can do.")
    guard.capabilities = tuple(capabilities[-1].decode("ascii", "replace").upper().split())
