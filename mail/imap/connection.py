"""One signed-in IMAP connection (RFC 9051, RFC 3501).

One thread at a time uses a `Connection`; the pool ensures this. Arguments are checked here, because
imaplib lets CR and LF through. A dropped connection is opened again once in a lease, unless the
lease has sent a command that changes something.
"""

from __future__ import annotations

import base64
import imaplib
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from imap_tools import mailbox
from imap_tools.utils import encode_folder

from mail import bearer
from mail.errors import (
    BadServerAnswer,
    FolderChanged,
    FolderNotFound,
    ServerBusy,
    ServerRefused,
    ServerUnavailable,
    SignInNeeded,
    WebmailError,
)
from mail.imap import client, observing, response
from mail.imap.values import ImapServer, MessageRef, Namespace, Selected, Wishes
from mail.mime import build

# The number of times in one lease that a connection is opened again after an unreadable answer.
MOST_RECOVERIES = 12

# A raw answer as imaplib returns it: lines, and pairs (line up to the literal, literal).
Raw = list[Any]

_CONTROL = re.compile(rb"[\r\n\0]")
_FLAG = re.compile(r"\\?[A-Za-z0-9$_.:+/!#&',;<=>?@\[^`|}~-]+")
# The name under which imaplib stores the answer of a UID command; FETCH for those not listed.
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
    """An argument with strings that cannot be quoted: they are sent as literals, by their length in
    bytes (RFC 9051 section 4.3). ``words`` stand around the strings and are sent unchanged; there
    is one more of them than of strings.
    """

    words: tuple[bytes, ...]
    strings: tuple[bytes, ...]

    def pieces(self, *, at_once: bool) -> list[bytes]:
        """Return the pieces to send. Each piece but the first waits for the server's consent. With
        ``at_once``, no consent is needed (RFC 7888), and there is a single piece.
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
class _CommandAnswer:
    status: str
    words: bytes
    untagged: Mapping[str, Raw] = field(default_factory=dict)


class Connection:
    """A signed-in connection.

    ``commands`` counts the commands sent since sign-in; tests check the cost of a page by it.
    ``alterations`` counts those that may have changed more than flags in the open folder.
    ``namespaces`` are the places of folders, as the server named them at sign-in.
    ``wishes`` are those of the user that the connection is lent to. ``kept`` holds, by kind, values
    that `mail.mailbox` has read over this connection; they stay in the memory of this process,
    and another connection reads them again.
    """

    def __init__(
        self, signed_in: mailbox.BaseMailBox, namespaces: tuple[Namespace, ...] = ()
    ) -> None:
        self.commands = 0
        self.alterations = 0
        self._recoveries = 0
        self.namespaces = namespaces
        self.wishes = Wishes()
        self.kept: dict[str, Any] = {}
        self._foregone: set[str] = set()
        self._beside: list[list[bytes]] = []
        self._is_settled = True
        self._newest = 0
        self._opener: Callable[[], Connection] | None = None
        self._selected: Selected | None = None
        self._limit: float | None = None
        self._answer = _CommandAnswer("OK", b"")
        self._take_over(signed_in)
        self._begin_lease(alive=True)

    def __repr__(self) -> str:
        folder = self._selected.folder if self._selected else ""
        return f"<Connection {self._client.host}:{self._client.port} {folder!r}>"

    @property
    def host(self) -> str:
        """The server's name, as given to `open`."""
        return str(self._client.host)

    @property
    def greeting(self) -> str:
        """The first line of the server."""
        return bytes(self._client.welcome).decode("utf-8", "replace")

    @property
    def capabilities(self) -> frozenset[str]:
        """The server's capabilities for this user, in upper case."""
        return self._capabilities

    def has(self, capability: str) -> bool:
        capability = capability.upper()
        return capability in self._capabilities and capability not in self._foregone

    @property
    def open_folder(self) -> str:
        """The name of the open folder, or ""."""
        return self._selected.folder if self._selected else ""

    def known(self) -> Selected:
        """Return the open folder, with the message count last heard. Sends no command."""
        if self._selected is None:
            raise RuntimeError("No folder is open: call select() or require() first.")
        if self._selected.exists == self._client.exists:
            return self._selected
        return replace(self._selected, exists=self._client.exists)

    def select(self, folder: str) -> Selected:
        """Open a folder, or ask for news of it (NOOP) if it is open already. Sends one command.

        Raises FolderNotFound when the folder does not exist or may not be opened.
        """
        folder = canonical(folder)
        name = quoted_folder(folder)
        if self._selected and self._selected.folder == folder and self._is_still_open():
            self._fresh = True
            self._altered = self.alterations
            return self.known()
        self._selected = None
        self._client.exists = 0
        self._client.state = "AUTH"  # a refused SELECT leaves no folder open
        # Dovecot counts the changes of a folder only after a client has asked for them.
        counting = ["(CONDSTORE)"] if self.has("CONDSTORE") else []
        answer = self._send("SELECT", name, *counting)
        if answer.status != "OK":
            raise _not_opened(answer.words)
        self._selected = self._read_selected(folder, answer)
        self._client.state = "SELECTED"
        self.expect_arrivals()
        self.note_newest(self._selected.uidnext - 1)
        self._fresh = True
        self._altered = self.alterations
        return self.known()

    def current(self, folder: str) -> Selected:
        """Return the open folder as `select` does. Sends no command when this lease has already
        opened the folder or asked it for news, and altered nothing but flags since.
        """
        is_current = self._fresh and self._altered == self.alterations
        if is_current and self.open_folder == canonical(folder):
            return self.known()
        return self.select(folder)

    @property
    def newest(self) -> int:
        """A UID above which the open folder has no message, as far as the server has told; 0 where
        it has told nothing, or of arrivals since.
        """
        return 0 if self._client.has_arrivals else self._newest

    def expect_arrivals(self) -> None:
        """Forget `newest`, before a command whose answer tells it anew (`note_newest`): what
        arrives meanwhile is noticed.
        """
        self._client.has_arrivals = False
        self._newest = 0

    def note_newest(self, uid: int) -> None:
        self._newest = max(uid, 0)

    def require(self, ref: MessageRef) -> Selected:
        """Open the folder of ``ref``. Raises FolderChanged when its UIDVALIDITY has changed.

        Sends no command when this lease has already opened the folder or asked it for news.
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
        """Limit each command sent in this context to ``seconds``. A command that takes longer
        raises ServerUnavailable and ends the connection, since its answer could still come later.
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
        """Send ``UID command ...`` in the open folder. Return the untagged lines that answer it, as
        imaplib gives them: FETCH, SEARCH and so on; COPYUID for COPY and MOVE.

        ``changes`` marks a command that must not be sent twice.
        """
        self.known()
        command = command.upper()
        answer = self._send("UID", command, *args, changes=changes, bounds=bounds)
        self._accept(answer, partly=command == "FETCH")
        return answer.untagged.get(_UID_ANSWERS.get(command, "FETCH"), [])

    def uid_beside(self, command: str, *args: str) -> None:
        """Send ``UID command ...`` in one write with the next command. It may be sent twice;
        `settled` tells whether it was refused.
        """
        self._beside.append([_checked(word) for word in ("UID", command, *args)])
        self._is_settled = False

    def settled(self) -> bool:
        """Return whether the server accepted what `uid_beside` was given last. Sends it if no other
        command was sent since.
        """
        if self._beside:
            with suppress(WebmailError):
                self.together([])
        return self._is_settled

    def command(
        self,
        name: str,
        *args: str | bytes,
        changes: bool = False,
        bounds: client.Bounds = client.UNCUT,
    ) -> Raw:
        """Send a command other than UID. Return its untagged lines of the same name."""
        name = name.upper()
        answer = self._send(name, *args, changes=changes, bounds=bounds)
        self._accept(answer, partly=name == "FETCH")
        return answer.untagged.get(name, [])

    def together(self, commands: Sequence[Sequence[str | bytes]]) -> None:
        """Send reading commands, each its name and its arguments, in one write, so that their
        answers take one round trip: `untagged` has them. What the server refuses has none.
        """
        beside, self._beside = self._beside, []
        written = [*beside, *([_checked(word) for word in words] for words in commands)]

        def send() -> tuple[str, Raw]:
            with observing.command(written[-1][0].decode("ascii")):
                return self._pipelined(written, len(beside))

        self._repeatable(send)
        self.commands += len(written) - 1

    def _pipelined(self, written: Sequence[Sequence[bytes]], beside: int) -> tuple[str, Raw]:
        """Send commands in one write, and return the last answer. The first ones stood ``beside``
        others.
        """
        answers = self._client.pipeline(written)
        if beside:
            self._is_settled = all(status == "OK" for status, _words in answers[:beside])
        return answers[-1]

    @property
    def recoveries_left(self) -> int:
        """The number of times that `recover` may still open a connection in this lease."""
        return MOST_RECOVERIES - self._recoveries

    def recover(self) -> None:
        """Reopen the connection and its folder, if the connection has ended, after a failed reading
        command. One message that the server cannot send must not cost the other messages of its
        list.

        Raises ServerUnavailable when this lease has reopened too often, or when the server fell
        silent or cannot be reached; FolderChanged when the folder was recreated.
        """
        is_over = self._broken or self._busy
        if is_over and (self._client.timed_out or not self.recoveries_left):
            raise ServerUnavailable("The connection broke too often.")
        self._recoveries = min(self._recoveries + 1, MOST_RECOVERIES)
        if not is_over:
            return  # the server refused, and goes on
        self._client.hang_up()
        self._reopen()

    def forego(self, capability: str) -> None:
        """Go on without a capability that the server offers and failed at, after a failed reading
        command: `has` no longer tells it. Raises the errors of `recover`.
        """
        self._foregone.add(capability.upper())
        self.recover()

    def untagged(self, kind: str) -> Raw:
        """Return the part of the last answer under another name, for example STATUS beside LIST.
        After a failed command, return what came before the failure.
        """
        return self._answer.untagged.get(kind, [])

    def code(self) -> str:
        """The response code (RFC 5530) of the last command's answer, in capitals, or ``""``."""
        return response.code(self._answer.words)

    def mailbox_id(self, folder: str = "INBOX") -> str:
        """Return the server's identifier of a folder, or "". That of the user's INBOX is the same
        for every spelling of the login.

        It is the MAILBOXID (RFC 8474) or Dovecot's GUID. It is "" when the server has neither, or
        one too short to be unique among all users. Sends one command.
        """
        item = "MAILBOXID" if self.has("OBJECTID") else "X-GUID"
        self.commands += 1
        self._client.begin()
        try:
            self._client._simple_command("STATUS", quoted_folder(folder), f"({item})")
        except imaplib.IMAP4.abort as error:
            self._broken = True
            raise BadServerAnswer("The IMAP server did not answer as it must.") from error
        except imaplib.IMAP4.error:  # BAD: the server does not know the item
            return ""
        return response.mailbox_id(self._client.untagged_responses.pop("STATUS", []))

    def append(
        self,
        folder: str,
        message: bytes,
        flags: Iterable[str] = (),
        received: datetime | None = None,
    ) -> int | None:
        """Append a message to a folder. Return its UID if the server tells it (UIDPLUS).
        ``received`` becomes its INTERNALDATE; None means now.

        ``message`` may contain CR and LF; bare ones become CRLF. Raises FolderNotFound, OverQuota
        and TooLarge.
        """
        name = quoted_folder(canonical(folder))
        flag_set = " ".join(checked_flag(flag) for flag in flags)
        marks = [f"({flag_set})"] if flag_set else []
        if received:
            marks.append(response.internal_date(received))
        self._prove_alive()
        self.alterations += 1
        message = build.crlf(message)
        self._client.begin(sending=len(message))

        def send() -> tuple[str, Raw]:
            # imaplib's own method rewrites every line end.
            self._client.literal = message  # type: ignore[assignment]  # typeshed knows no bytes
            return cast(tuple[str, Raw], self._client._simple_command("APPEND", name, *marks))

        answer = self._exchange(send, changes=True)
        self._accept(answer)
        return response.append_uid(answer.untagged.get("APPENDUID", []))

    def close(self) -> None:
        """Sign out and hang up, without waiting and without raising anything."""
        self._broken = True
        self.kept.clear()
        if self._busy:
            # During an APPEND, the server would take a LOGOUT for the message's last line.
            self._client.hang_up()
        else:
            self._client.say_goodbye()

    def lend(self, opener: Callable[[], Connection], *, alive: bool = False) -> None:
        """Begin a lease, a term of the pool. ``opener`` opens a new connection of the same user;
        ``alive`` says that this connection has just been opened.
        """
        self._begin_lease(alive=alive)
        self._opener = opener

    def give_back(self) -> bool:
        """End the lease and forget the opener. True when another lease may follow."""
        self._opener = None
        return not (self._broken or self._busy)

    # The functions below send commands.

    def _begin_lease(self, *, alive: bool) -> None:
        self._alive = alive  # the server has answered since the lease began
        self._fresh = False  # this lease has already asked the open folder for news
        self._altered = self.alterations  # as they were counted then
        self._changed = False  # a changing command was sent
        self._beside = []
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
    ) -> _CommandAnswer:
        """Send one command. If the connection turns out to be dropped, and repeating is safe, send
        it on a new connection. Only the last argument may be `Literals`.
        """
        words, rest = self._written(args)
        if changes:
            self._prove_alive()
            # A changed flag changes the open folder alone.
            self.alterations += (name, args[:1]) != ("UID", ("STORE",))

        beside, self._beside = ([], self._beside) if rest else (self._beside, [])
        self.commands += len(beside)

        def send() -> tuple[str, Raw]:
            if rest:
                self._client.literal = _FollowingPieces(rest).answer  # type: ignore[assignment]
            with observing.command(str(args[0]) if name == "UID" else name):
                if beside:
                    return self._pipelined([*beside, [name.encode("ascii"), *words]], len(beside))
                return cast(tuple[str, Raw], self._client._simple_command(name, *words))

        hurry = name == "NOOP" and not self._alive
        return self._repeatable(send, changes, hurry=hurry, bounds=bounds)

    def _repeatable(
        self,
        send: Callable[[], tuple[str, Raw]],
        changes: bool = False,
        *,
        hurry: bool = False,
        bounds: client.Bounds = client.UNCUT,
    ) -> _CommandAnswer:
        """Call ``send``; again on a new connection, where `_send` may."""
        try:
            self._client.begin(hurry=hurry, limit=self._limit, bounds=bounds)
            return self._exchange(send, changes)
        except ServerUnavailable:
            if not self._may_reopen():
                raise
        self._reopen()
        self._client.begin(limit=self._limit, bounds=bounds)
        return self._exchange(send, changes)

    def _written(self, args: Iterable[str | bytes | Literals]) -> tuple[list[bytes], list[bytes]]:
        """Return the arguments as they are sent, and the pieces to send when the server asks for
        more.
        """
        words: list[bytes] = []
        rest: list[bytes] = []
        for arg in args:
            if isinstance(arg, Literals):
                # LITERAL- allows 4,096 bytes without asking; search texts are shorter.
                at_once = self.has("LITERAL+") or self.has("LITERAL-")
                first, *rest = arg.pieces(at_once=at_once)
                words.append(first)
            else:
                words.append(_checked(arg))
        return words, rest

    def _exchange(self, send: Callable[[], tuple[str, Raw]], changes: bool) -> _CommandAnswer:
        if self._broken:
            raise ServerUnavailable("The connection is closed.")
        self.commands += 1
        self._changed = self._changed or changes
        self._busy = True
        try:
            status, data = send()
        except (ServerUnavailable, BadServerAnswer):
            self._broken = True
            self._answer = _CommandAnswer("", b"", self._client.untagged_responses)
            raise
        except (imaplib.IMAP4.error, ValueError, LookupError, TypeError) as error:
            # BAD, a line outside the protocol, or one that imaplib cannot handle.
            self._broken = True
            self._answer = _CommandAnswer("", b"", self._client.untagged_responses)
            raise BadServerAnswer(
                "The IMAP server did not answer as it must.", server_words=str(error)
            ) from error
        self._busy = False
        self._alive = True
        words = data[-1] if data and isinstance(data[-1], bytes) else b""
        self._answer = _CommandAnswer(status, words, self._client.untagged_responses)
        self._client.untagged_responses = {}
        return self._answer

    def _accept(self, answer: _CommandAnswer, *, partly: bool = False) -> None:
        """Raise the error that a NO means. With ``partly``, a FETCH is accepted although some of
        its messages are gone.
        """
        if answer.status == "OK" or (partly and response.code(answer.words) == "EXPUNGEISSUED"):
            return
        raise response.refusal(answer.words)

    def _prove_alive(self) -> None:
        """Check that an idle connection is still there before a command changes something.

        A changing command is never repeated, so a dropped connection must be noticed before it.
        """
        if not self._alive:
            self._send("NOOP")

    def _may_reopen(self) -> bool:
        # If the server answered before and then fell silent, a second try would make the user wait
        # twice.
        silent = self._client.timed_out and self._alive
        return not (self._opener is None or self._reopened or self._changed or silent)

    def _reopen(self) -> None:
        """Replace the dropped connection and reopen its folder. Raises FolderChanged when the
        folder was recreated.
        """
        if self._opener is None:
            raise ServerUnavailable("The connection is closed.")
        self._reopened = True
        before, self._selected = self._selected, None
        self._client.hang_up()
        self._take_over(self._opener()._mailbox)
        if before is not None and self.select(before.folder).uidvalidity != before.uidvalidity:
            raise FolderChanged("The folder was made anew while the connection was lost.")

    def _is_still_open(self) -> bool:
        """Send NOOP in the open folder. Return False when SELECT must follow, because the
        connection was replaced or the server warned.

        Dovecot answers OK with a warning when another connection has deleted and recreated the
        folder; only the next FETCH would fail.
        """
        # NOOP is sent by itself: if it is sent together with a reading command, Dovecot answers it
        # after that command, and the data read is still old.
        try:
            self._client.begin(hurry=not self._alive)
            answer = self._exchange(lambda: self._client._simple_command("NOOP"), False)
        except ServerUnavailable:
            if not self._may_reopen():
                raise
            # A recreated folder does not matter here, since the caller is about to open it.
            self._selected = None
            self._reopen()
            return False
        return answer.status == "OK" and not answer.untagged.keys() & {"NO", "UIDVALIDITY"}

    def _read_selected(self, folder: str, answer: _CommandAnswer) -> Selected:
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
    """Connect and sign in.

    ``client_address`` is the browser's address. The server hears it by ID (RFC 2971), because
    otherwise the wrong passwords of one user would slow down all users.

    Raises SignInNeeded when the login or the password is refused, ServerUnavailable when the server
    cannot be reached, ServerBusy when it cannot sign in at the moment, and BadServerAnswer.
    ``password`` may be a `bearer.AccessToken`; it is not kept.
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
    """Return a folder name as the server expects it: modified UTF-7 (RFC 3501 section 5.1.3),
    quoted.

    Raises ValueError for CR, LF, NUL and characters that UTF-16 cannot hold.
    """
    if re.search(r"[\r\n\0]", folder):
        raise ValueError("A folder name holds no line end.")
    return encode_folder(folder)


def canonical(folder: str) -> str:
    """Return "INBOX" for every spelling of it; other names unchanged (RFC 9051 section 5.1)."""
    return "INBOX" if folder.isascii() and folder.upper() == "INBOX" else folder


def checked_flag(flag: str) -> str:
    """Return the flag or keyword itself. Raises ValueError when it is none (RFC 9051 section
    2.3.2).
    """
    if not _FLAG.fullmatch(flag):
        raise ValueError(f"Not a flag: {flag!r}")
    return flag


def _checked(arg: str | bytes) -> bytes:
    data = arg.encode("ascii") if isinstance(arg, str) else arg
    if _CONTROL.search(data):
        raise ValueError("An IMAP argument holds no line end.")
    return data


def _not_opened(words: bytes) -> WebmailError:
    """Return the error of a refused SELECT. Servers report a missing folder with or without a
    response code.
    """
    error = response.refusal(words)
    if type(error) is ServerRefused:
        return FolderNotFound(server_words=error.server_words)
    return error


def _introduce(guard: client.Guard, client_address: str) -> None:
    if "ID" not in guard.capabilities:
        return
    origin = f' "x-originating-ip" "{client_address}"' if client_address else ""
    guard.begin()
    guard._simple_command("ID", f'("name" "webmail"{origin})')  # a NO does no harm


def _sign_in(guard: client.Guard, login: str, password: str) -> None:
    """Sign in by LOGIN if all is ASCII, else by AUTHENTICATE PLAIN (RFC 4616), since imaplib's
    LOGIN cannot send é.
    """
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
        # Without AUTH=PLAIN, servers are known to accept UTF-8 in a quoted string.
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
    pieces = _FollowingPieces([initial, bearer.second(mechanism)])
    guard.literal = pieces.answer  # type: ignore[assignment]  # as _Plain's
    status, data = guard._simple_command("AUTHENTICATE", mechanism)
    if status != "OK":
        raise sign_in_error(data[-1])
    guard.state = "AUTH"


class _FollowingPieces:
    """The pieces of a command after its first. imaplib asks a bound method for them, and keeps
    asking when there are none left.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)

    def answer(self, challenge: bytes) -> bytes:
        return next(self._pieces, b"")


class _PlainMechanism:
    """The client's side of PLAIN. imaplib asks a bound method for it."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def answer(self, challenge: bytes) -> bytes:
        return base64.b64encode(self._secret)


def _authenticate_plain(guard: client.Guard, secret: bytes) -> tuple[str, bytes]:
    """AUTHENTICATE PLAIN without imaplib's ``authenticate``, which raises the same exception for a
    NO as for all other failures.
    """
    guard.literal = _PlainMechanism(secret).answer  # type: ignore[assignment]
    status, data = guard._simple_command("AUTHENTICATE", "PLAIN")
    return status, data[-1]


_NOT_NOW = frozenset({"UNAVAILABLE", "INUSE", "LIMIT"})
# Cyrus says "Too many open connections", without a code. It is no wrong password.
_TOO_MANY = re.compile(
    r"(?i)\b(too many|maximum number of)( \w+){0,2} (connections|logins|sessions)\b"
)
_LONGEST_WORDS = 500


def sign_in_error(words: bytes) -> WebmailError:
    """Return the error of a refused sign-in: a wrong password, unless a response code (RFC 5530)
    says otherwise.
    """
    server_words = response.text(words)
    code = response.code(words)
    if code in _NOT_NOW or (not code and _TOO_MANY.search(server_words[:_LONGEST_WORDS])):
        return ServerBusy("The IMAP server can't sign in just now.", server_words=server_words)
    if code == "SERVERBUG":
        return ServerUnavailable("The IMAP server can't sign in.", server_words=server_words)
    if code in {"OVERQUOTA", "PRIVACYREQUIRED", "CONTACTADMIN", "CANNOT"}:
        return response.refusal(words)
    return SignInNeeded("The IMAP server refused login or password.", server_words=server_words)


def _namespaces(guard: client.Guard) -> tuple[Namespace, ...]:
    """Return the places of the user's own, other users' and shared folders (RFC 2342). They are
    asked for once, at sign-in, since they do not move.
    """
    if "NAMESPACE" not in guard.capabilities:
        return ()
    guard.begin()
    guard._simple_command("NAMESPACE")
    return response.namespaces(guard.untagged_responses.get("NAMESPACE", []))


def _refresh_capabilities(guard: client.Guard) -> None:
    """Read the capabilities again: servers list most of them only after sign-in, and imaplib reads
    them only before it.
    """
    capabilities = guard.untagged_responses.get("CAPABILITY")
    if not capabilities:
        guard.begin()
        guard._simple_command("CAPABILITY")
        capabilities = guard.untagged_responses.get("CAPABILITY")
    if not capabilities or not isinstance(capabilities[-1], bytes):
        raise BadServerAnswer("The IMAP server does not say what it can do.")
    guard.capabilities = tuple(capabilities[-1].decode("ascii", "replace").upper().split())
