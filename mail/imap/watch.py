"""Watches a mailbox for news: IDLE (RFC 2177) and NOTIFY (RFC 5465) on asyncio.

A process has thousands of watches, nearly all of them asleep, whereas a `Connection` serves a page
and blocks a thread. INBOX is open for reading only. News of other folders needs a server with
NOTIFY and QRESYNC (RFC 7162), which names removed messages by UID. All data from a server is
counted and bounded, however fast it comes.
"""

from __future__ import annotations

import asyncio
import base64
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mail import bearer
from mail.errors import BadServerAnswer, ServerBusy, ServerRefused, ServerUnavailable, WebmailError
from mail.imap import response, status, wire
from mail.imap.connection import quoted_folder, sign_in_error
from mail.imap.status import FolderState
from mail.imap.values import ImapServer
from mail.mime.envelope import Envelope

INBOX = "INBOX"
# Seconds until an IDLE is renewed. A server may hang up after 30 minutes of IDLE (RFC 2177); the
# times are spread, so that two thousand watches do not renew at once after a restart.
RENEW = (22 * 60, 28 * 60)
# Seconds in which responses are gathered: one new message causes EXISTS, RECENT and more.
GATHER = 0.3
# The shortest time between two pieces of news, in seconds.
PAUSE = 2.0
# The messages that one piece of news names; beyond them it only says that there are more.
MOST_NAMED = 500
MOST_ARRIVED = 20
# The arrivals that a watch recognises when they come back.
MOST_KNOWN = 200
_LONGEST_KEY = 300
# A message received longer ago was moved here from another folder, since delivery has no such
# delay.
RECENT = timedelta(minutes=5)
MOST_FOLDERS = 200
# The folders that a watch asks for itself, because the server sent too few of their values.
MOST_ASKED = 10
# Responses read before the news is reported, so that a server that never stops does not delay it
# for ever.
MOST_RESPONSES = 5000
# The greatest number of responses to one command.
MOST_ANSWERS = 20_000

_EVENTS = "(MessageNew MessageExpunge FlagChange)"
_NOTIFY = f"NOTIFY SET (SELECTED {_EVENTS}) (PERSONAL {_EVENTS})".encode()
_COUNT = re.compile(rb"\* (\d{1,10}) (EXISTS|EXPUNGE|RECENT)\Z", re.IGNORECASE)
_FETCH = re.compile(rb"\* (\d{1,10} )FETCH ", re.IGNORECASE)
_VANISHED = re.compile(rb"\* VANISHED (?:\(EARLIER\) )?([0-9,:]+)\Z", re.IGNORECASE)
# Fields with a limit each, unlike ENVELOPE: a message to a whole academy must not end the stream.
_WRITTEN = " ".join(
    f"BODY.PEEK[HEADER.FIELDS ({name})]<0.{response.FIELD}>" for name in ("SUBJECT", "FROM")
)
_ASKED = f"(UID FLAGS INTERNALDATE RFC822.SIZE {_WRITTEN})"
Refusal = Callable[[bytes], WebmailError]

_UNSAYABLE = re.compile(r"[\r\n\0]")


@dataclass(frozen=True, slots=True)
class ArrivedMessage:
    """A message that is new in INBOX. ``received`` is its INTERNALDATE, which it keeps from folder
    to folder. ``is_back`` says that it was moved back here, for example when a move was undone.
    """

    uid: int
    flags: frozenset[str]
    envelope: Envelope
    received: datetime | None = None
    is_back: bool = False


@dataclass(frozen=True, slots=True)
class News:
    """The changes since the last news.

    ``folders`` are those with changes, INBOX first. All other values are of INBOX: ``changed`` maps
    UIDs to their present flags, ``gone`` are UIDs, ``partial`` says that more changed than is
    named, and ``names_arrivals`` that even then no arrival is missing.
    """

    folders: tuple[FolderState, ...]
    arrived: tuple[ArrivedMessage, ...] = ()
    changed: dict[int, frozenset[str]] = field(default_factory=dict)
    gone: tuple[int, ...] = ()
    partial: bool = False
    names_arrivals: bool = False


class ToldArrivals:
    """The arrivals told lately, by which a message is recognised that comes back under another UID.
    ``uids`` may be kept and handed to a later object.
    """

    __slots__ = ("uids",)

    def __init__(self, uids: Mapping[str, int] | None = None) -> None:
        self.uids = dict(uids or {})

    def recognised(self, message: ArrivedMessage) -> ArrivedMessage:
        """Return the message, marked if it was in the mailbox before."""
        if message.received is None:
            return message
        senders = [person.address for person in message.envelope.from_]
        written = " ".join((*senders, message.envelope.subject))[:_LONGEST_KEY]
        key = f"{message.received.isoformat()} {written}"
        is_old = message.received < datetime.now(UTC) - RECENT
        is_known = self.uids.get(key, message.uid) != message.uid
        self.uids[key] = message.uid
        if len(self.uids) > MOST_KNOWN:
            del self.uids[next(iter(self.uids))]
        return replace(message, is_back=is_old or is_known)


@dataclass(slots=True)
class _Pushed:
    """The responses that were pushed and not reported yet. ``sequences`` are messages for which a
    server without QRESYNC sends no UID.
    """

    inbox: bool = False
    changed: dict[int, frozenset[str]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    sequences: set[int] = field(default_factory=set)
    folders: dict[str, dict[bytes, int]] = field(default_factory=dict)
    partial: bool = False

    def __bool__(self) -> bool:
        return self.inbox or bool(self.folders)


class Watch:
    """A watched mailbox of one user, made by `open`. ``inbox`` is the state of INBOX;
    ``everywhere`` says whether news of other folders are reported too.
    """

    __slots__ = (
        "_heard",
        "_known",
        "_quick",
        "_server",
        "_tag",
        "_told",
        "_wire",
        "capabilities",
        "everywhere",
        "inbox",
    )

    def __init__(self, server: ImapServer, opened: wire.Wire) -> None:
        self._server = server
        self._wire = opened
        self._tag = 0
        self._heard = _Pushed()
        self._told = 0.0
        self._known = ToldArrivals()
        self._quick = False
        self.capabilities: frozenset[str] = frozenset()
        self.everywhere = False
        self.inbox = FolderState(INBOX, 0, 0, 0, 0)

    async def news(self) -> News:
        """Wait until something has happened, and return it. Raises ServerUnavailable and
        BadServerAnswer.
        """
        try:
            while True:
                await asyncio.sleep(max(0.0, self._told + PAUSE - time.monotonic()))
                await self._idle()
                if self._heard:
                    self._told = time.monotonic()
                    if news := await self._asked():
                        return news
        except OSError as error:  # TimeoutError is one
            raise ServerUnavailable("The IMAP server does not answer.") from error

    def close(self) -> None:
        """Hang up, without waiting and without raising anything."""
        with suppress(ServerUnavailable):
            self._wire.send(b"bye LOGOUT\r\n")
        self._wire.close()

    # Signing in.

    async def sign_in(self, login: str, password: str, client_address: str) -> None:
        """Lead the connection from the greeting to the open INBOX.

        Raises SignInNeeded, ServerUnavailable, or ServerRefused if the server accepts no password
        in this way or has no IDLE.
        """
        await self._greeting()
        await self._ask_capabilities()
        if self._server.security == "starttls":
            await self._command(b"STARTTLS")
            async with asyncio.timeout(self._server.timeout):
                await self._wire.start_tls(self._server)
            await self._ask_capabilities()
        await self._introduce(client_address)
        await self._give_password(login, password)
        await self._ask_capabilities()
        if "IDLE" not in self.capabilities:
            raise ServerRefused("The IMAP server has no IDLE.")
        await self._open_inbox()

    async def _greeting(self) -> None:
        async with asyncio.timeout(self._server.timeout):
            first = _text(await self._wire.receive())
        if first.upper().startswith(b"* BYE"):
            raise ServerBusy("The IMAP server takes no connection.")
        if not first.upper().startswith(b"* OK"):
            raise BadServerAnswer("This is no IMAP server.")

    async def _ask_capabilities(self) -> None:
        for answer in await self._command(b"CAPABILITY"):
            head, _, words = _text(answer).partition(b"CAPABILITY ")
            if head.upper() == b"* ":
                self.capabilities = frozenset(words.decode("ascii", "replace").upper().split())

    async def _introduce(self, client_address: str) -> None:
        """Send ID, as `connection.open` does: otherwise the wrong passwords of one user would slow
        down all users.
        """
        if "ID" not in self.capabilities:
            return
        origin = f' "x-originating-ip" "{client_address}"' if client_address else ""
        with suppress(ServerRefused):
            await self._command(f'ID ("name" "webmail"{origin})'.encode())

    async def _give_password(self, login: str, password: str) -> None:
        """Sign in by LOGIN if all is ASCII, else by AUTHENTICATE PLAIN (RFC 4616)."""
        if _UNSAYABLE.search(login + password):
            raise ServerRefused("A login or password holds no line end.")
        if isinstance(password, bearer.AccessToken):
            await self._give_token(login, password)
            return
        can_plain = "AUTH=PLAIN" in self.capabilities
        is_disabled = "LOGINDISABLED" in self.capabilities
        if can_plain and (is_disabled or not (login + password).isascii()):
            secret = base64.b64encode("\0".join(("", login, password)).encode())
            await self._command(b"AUTHENTICATE PLAIN", secret, refusal=sign_in_error)
        elif is_disabled:
            raise ServerRefused("The IMAP server takes no password on this connection.")
        else:
            words = f"LOGIN {_quoted(login)} {_quoted(password)}".encode()
            await self._command(words, refusal=sign_in_error)

    async def _give_token(self, login: str, token: bearer.AccessToken) -> None:
        offered = [word.removeprefix("AUTH=") for word in self.capabilities if "AUTH=" in word]
        mechanism = bearer.mechanism(offered)
        if not mechanism or not bearer.is_sayable(login, token):
            raise ServerRefused("The IMAP server takes no access token on this connection.")
        initial = bearer.first(mechanism, login, token, self._server.host, self._server.port)
        await self._command(
            f"AUTHENTICATE {mechanism}".encode(),
            initial,
            bearer.second(mechanism),
            refusal=sign_in_error,
        )

    async def _open_inbox(self) -> None:
        self._quick = {"ENABLE", "QRESYNC"} <= self.capabilities
        if self._quick:
            await self._command(b"ENABLE QRESYNC")
        # Open for reading only, so that a mail program still sees \Recent on new messages.
        await self._command(b"EXAMINE INBOX")
        if self._quick and "NOTIFY" in self.capabilities:
            with suppress(ServerRefused):
                await self._command(_NOTIFY)
                self.everywhere = True
        self._heard = _Pushed()
        state = await self._status(INBOX)
        if state is None:
            raise ServerRefused("The IMAP server does not say how INBOX stands.")
        self.inbox = state

    # Waiting.

    async def _idle(self) -> None:
        """Run one IDLE until something was pushed or it must be renewed."""
        tag = self._begin(b"IDLE")
        async with asyncio.timeout(self._server.timeout):
            while not _text(answer := await self._wire.receive()).startswith(b"+"):
                self._take(answer, tag)
        is_over = await self._listen(tag)
        if is_over:
            return
        self._wire.send(b"DONE\r\n")
        await self._finish(tag)

    async def _listen(self, tag: bytes) -> bool:
        """Read pushed responses. Return True when the server itself has ended the IDLE."""
        with suppress(TimeoutError):
            async with asyncio.timeout(random.uniform(*RENEW)):  # noqa: S311  no secret
                while not self._heard:
                    if self._take(await self._wire.receive(), tag):
                        return True
        if not self._heard:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(GATHER):
                for _turn in range(MOST_RESPONSES):
                    if self._take(await self._wire.receive(), tag):
                        return True
        return False

    def _take(self, answer: wire.Response, tag: bytes) -> bool:
        """Record a response. Return True for the tagged response that ends the command."""
        text = _text(answer)
        if text.startswith(b"* "):
            self._note(answer, text)
            return False
        if text.startswith(tag + b" "):
            _judge(text, response.refusal)
            return True
        raise BadServerAnswer("The IMAP server sent a line that is none of the protocol's.")

    def _note(self, answer: wire.Response, text: bytes) -> None:
        pushed = self._heard
        if text[2:4].upper() == b"OK":
            if b"[NOTIFICATIONOVERFLOW]" in text[:40].upper():
                # The server has stopped NOTIFY (RFC 5465 section 5.8); a new connection asks for it
                # again.
                raise ServerUnavailable("The IMAP server has too much to tell.")
        elif count := _COUNT.match(text):
            if count[2].upper() != b"RECENT":
                pushed.inbox = True
                pushed.partial |= count[2].upper() == b"EXPUNGE"
        elif vanished := _VANISHED.match(text):
            pushed.inbox = True
            pushed.partial |= not _add_numbers(pushed.gone, vanished[1])
        elif _FETCH.match(text):
            self._note_flags(answer)
        elif text[2:9].upper() == b"STATUS ":
            name, values = status.named(_without_head(answer, 9))
            if name in pushed.folders or len(pushed.folders) < MOST_FOLDERS:
                pushed.folders[name] = values
        elif text[2:5].upper() == b"BYE":
            raise ServerUnavailable(
                "The IMAP server closed the connection.", server_words=response.text(text[6:])
            )

    def _note_flags(self, answer: wire.Response) -> None:
        r"""Note ``* 3 FETCH (UID 17 FLAGS (\Seen))``, usually has no UID without QRESYNC."""
        pushed = self._heard
        for sequence, values in _fetched([answer]):
            if b"RFC822.SIZE" in values:
                continue  # an answer to a FETCH, not pushed
            pushed.inbox = True
            uid, flags = values.get(b"UID"), values.get(b"FLAGS")
            if len(pushed.changed) + len(pushed.sequences) >= MOST_NAMED:
                pushed.partial = True
            elif isinstance(uid, int) and isinstance(flags, tuple):
                pushed.changed[uid] = response.flag_set(flags)
            else:
                pushed.sequences.add(sequence)

    # Asking for details, after something was pushed.

    async def _asked(self) -> News | None:
        r"""Return the pushed news with the values that must be asked for; None when nothing is
        really new, for example when only \Recent was removed.
        """
        if self._heard.sequences:
            numbers = ",".join(map(str, sorted(self._heard.sequences)))
            self._heard.sequences = set()
            answers = await self._fetch(f"FETCH {numbers} (UID FLAGS)".encode())
            self._heard.partial |= answers is None
        # Responses pushed from here on belong to the next news.
        pushed, self._heard = self._heard, _Pushed()
        before = self.inbox
        if pushed.inbox:
            self.inbox = await self._status(INBOX) or before
        arrivals = await self._arrivals(before.uidnext, self.inbox.uidnext)
        pushed.partial |= arrivals is None
        arrived = arrivals or ()
        others = await self._states(pushed.folders)
        is_new = bool(self.inbox != before or pushed.changed or pushed.gone or pushed.partial)
        if not (is_new or others):
            return None
        for message in arrived:
            pushed.changed.pop(message.uid, None)
        folders = (self.inbox, *others) if is_new else others
        return News(folders, arrived, pushed.changed, tuple(sorted(pushed.gone)), pushed.partial)

    async def _arrivals(self, first: int, following: int) -> tuple[ArrivedMessage, ...] | None:
        """Return the messages with UIDs from ``first`` on, only the newest if there are many.
        Return None when the server does not send all of them.
        """
        first = max(1, first, following - MOST_ARRIVED)
        if first >= following:
            return ()
        answers = await self._fetch(f"UID FETCH {first}:{following - 1} {_ASKED}".encode())
        if answers is None:
            return None
        arrived = [
            _arrived(values)
            for _number, values in _fetched(answers)
            if values.keys() >= {b"UID", b"RFC822.SIZE"}
        ]
        return tuple(map(self._known.recognised, arrived[:MOST_ARRIVED]))

    async def _states(
        self, values_by_folder: dict[str, dict[bytes, int]]
    ) -> tuple[FolderState, ...]:
        states: list[FolderState] = []
        for name, values in values_by_folder.items():
            if name == INBOX:
                continue
            state = status.complete(name, values)
            if state is None and len(states) < MOST_ASKED:
                state = await self._status(name)
            if state is not None:
                states.append(state)
        return tuple(states)

    async def _fetch(self, words: bytes) -> list[wire.Response] | None:
        """Return the answers of a FETCH; None for a NO, when some of the messages are gone (RFC
        5530 EXPUNGEISSUED).
        """
        try:
            return await self._command(words)
        except ServerRefused:
            return None

    async def _status(self, folder: str) -> FolderState | None:
        """Return the counts of a folder, or None when it is gone."""
        words = b" ".join(
            (b"STATUS", quoted_folder(folder), status.items(self.capabilities).encode())
        )
        try:
            answers = await self._command(words)
        except ServerRefused:
            return None
        for answer in answers:
            if _text(answer)[2:9].upper() == b"STATUS ":
                name, values = status.named(_without_head(answer, 9))
                if name == folder:
                    self._heard.folders.pop(name, None)
                    return status.complete(name, values)
        return None

    # Commands.

    def _begin(self, command: bytes) -> bytes:
        self._tag += 1
        tag = b"w%d" % self._tag
        self._wire.send(b"%s %s\r\n" % (tag, command))
        return tag

    async def _command(
        self, command: bytes, *continued: bytes, refusal: Refusal = response.refusal
    ) -> list[wire.Response]:
        """Send one command and return the untagged responses until its end. Each of ``continued``
        is sent when the server asks for more; ``refusal`` makes the error of a NO.
        """
        tag = self._begin(command)
        rest = list(continued)
        answers: list[wire.Response] = []
        async with asyncio.timeout(self._server.timeout):
            for _turn in range(MOST_ANSWERS):
                answer = await self._wire.receive()
                text = _text(answer)
                if text.startswith(b"+") and rest:
                    self._wire.send(rest.pop(0) + b"\r\n")
                elif text.startswith(tag + b" "):
                    _judge(text, refusal)
                    return answers
                else:
                    self._take(answer, tag)
                    answers.append(answer)
        raise BadServerAnswer("The IMAP server does not stop answering.")

    async def _finish(self, tag: bytes) -> None:
        """Read to the end of an IDLE that was interrupted."""
        async with asyncio.timeout(self._server.timeout):
            for _turn in range(MOST_ANSWERS):
                if self._take(await self._wire.receive(), tag):
                    return
        raise BadServerAnswer("The IMAP server does not stop telling.")


async def open(server: ImapServer, login: str, password: str, *, client_address: str = "") -> Watch:
    """Connect, sign in and open INBOX. The password is not kept.

    Raises SignInNeeded when the login or the password is refused, ServerUnavailable,
    BadServerAnswer, and ServerRefused when the server cannot be watched.
    """
    try:
        async with asyncio.timeout(server.timeout):
            watch = Watch(server, await wire.connect(server))
    except (OSError, UnicodeError) as error:  # TimeoutError is one; so are TLS's
        raise ServerUnavailable(f"{server.host}:{server.port} cannot be reached.") from error
    try:
        await watch.sign_in(login, password, client_address)
    except OSError as error:
        watch.close()
        raise ServerUnavailable(f"{server.host}:{server.port} does not answer.") from error
    except BaseException:
        watch.close()
        raise
    return watch


def _judge(tagged: bytes, refusal: Refusal) -> None:
    """Raise the error that a NO or BAD means."""
    word, _, words = tagged.partition(b" ")[2].partition(b" ")
    if word.upper() == b"NO":
        raise refusal(words)
    if word.upper() != b"OK":
        raise BadServerAnswer(
            "The IMAP server did not understand.", server_words=response.text(words)
        )


def _text(answer: wire.Response) -> bytes:
    """Return a response up to its first literal."""
    first = answer[0]
    return first[0] if isinstance(first, tuple) else first


def _without_head(answer: wire.Response, size: int) -> list[Any]:
    first = answer[0]
    cut: Any = (first[0][size:], first[1]) if isinstance(first, tuple) else first[size:]
    return [cut, *answer[1:]]


def _fetched(answers: Iterable[wire.Response]) -> Iterator[tuple[int, dict[bytes, Any]]]:
    """Yield sequence number and items of each message of FETCH responses; nothing for others."""
    yield from response.items(piece for answer in answers for piece in _numbered(answer))


def _numbered(answer: wire.Response) -> list[Any]:
    """Return a FETCH response as imaplib gives it, from the sequence number on; [] for others."""
    match = _FETCH.match(_text(answer))
    if not match:
        return []
    first, *rest = _without_head(answer, match.end())
    numbered = (match[1] + first[0], first[1]) if isinstance(first, tuple) else match[1] + first
    return [numbered, *rest]


def _arrived(values: dict[bytes, Any]) -> ArrivedMessage:
    """Return an arrival. If its envelope cannot be read, the envelope is empty."""
    try:
        envelope = response.written(values)
    except response.TRIPS:
        envelope = Envelope()
    flags = values.get(b"FLAGS")
    uid = values[b"UID"]
    return ArrivedMessage(
        uid=uid if isinstance(uid, int) else 0,
        flags=response.flag_set(flags if isinstance(flags, tuple) else ()),
        envelope=envelope,
        received=response.arrival(values.get(b"INTERNALDATE")),
    )


def _add_numbers(to: set[int], uid_set: bytes) -> bool:
    """Add the numbers of a set (``17,19:21``). Return False when there are more than may be
    named.
    """
    for piece in uid_set.split(b","):
        first, _, last = piece.partition(b":")
        if not first.isdigit() or not (last or first).isdigit():
            return False
        low, high = sorted((int(first), int(last or first)))
        if len(to) + high - low >= MOST_NAMED:
            return False
        to.update(range(low, high + 1))
    return True


def _quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
