"""A mailbox watched for news: IDLE (RFC 2177) and NOTIFY (RFC 5465) on asyncio.

Beside `Connection`, which serves a page and waits in a thread: of these a process holds thousands,
and nearly all of them sleep. INBOX is open for reading alone; what happens in the other folders is
known where the server has NOTIFY and QRESYNC (RFC 7162), by which removed messages are named by
UID. Everything a server says is counted and bounded, however fast it says it.
"""

from __future__ import annotations

import asyncio
import base64
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from webmail import bearer
from webmail.errors import BadServerAnswer, ServerRefused, ServerUnavailable, WebmailError
from webmail.imap import response, status, wire
from webmail.imap.connection import quoted_folder, sign_in_error
from webmail.imap.status import FolderState
from webmail.imap.values import ImapServer
from webmail.mime.envelope import Envelope

INBOX = "INBOX"
# Seconds. A server may hang up on who idles for 30 minutes (RFC 2177); the minutes are spread, so
# that two thousand do not renew at once after a restart.
RENEW = (22 * 60, 28 * 60)
# What comes together is told together: a message that arrives is an EXISTS, a RECENT and more.
GATHER = 0.3
# However much happens, it is told no more often than so.
PAUSE = 2.0
# Of one piece of news; what is beyond is not named, only that there is more.
MOST_NAMED = 500
MOST_ARRIVED = 20
# Arrivals that a watch knows again when they come back.
MOST_KNOWN = 200
_LONGEST_KEY = 300
# A message that was received so long ago comes from another folder: nobody delivers with a delay.
RECENT = timedelta(minutes=5)
MOST_FOLDERS = 200
# Folders of which a server told too little, so that they are asked for.
MOST_ASKED = 10
# Responses read before somebody is told: a server that never stops is not listened to for ever.
MOST_RESPONSES = 5000
# Responses to one command.
MOST_ANSWERS = 20_000

_EVENTS = "(MessageNew MessageExpunge FlagChange)"
_NOTIFY = f"NOTIFY SET (SELECTED {_EVENTS}) (PERSONAL {_EVENTS})".encode()
_COUNT = re.compile(rb"\* (\d{1,10}) (EXISTS|EXPUNGE|RECENT)\Z", re.IGNORECASE)
_FETCH = re.compile(rb"\* (\d{1,10} )FETCH ", re.IGNORECASE)
_VANISHED = re.compile(rb"\* VANISHED (?:\(EARLIER\) )?([0-9,:]+)\Z", re.IGNORECASE)
# Bounded, unlike ENVELOPE: a message to a whole academy must not end the stream.
_WRITTEN = " ".join(
    f"BODY.PEEK[HEADER.FIELDS ({name})]<0.{response.FIELD}>" for name in ("SUBJECT", "FROM")
)
_ASKED = f"(UID FLAGS INTERNALDATE RFC822.SIZE {_WRITTEN})"
Refusal = Callable[[bytes], WebmailError]

_UNSAYABLE = re.compile(r"[\r\n\0]")


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message that is new in INBOX. ``received`` is its INTERNALDATE, which it keeps from folder
    to folder; ``is_back`` says that it was moved here, as the undoing of a move does."""

    uid: int
    flags: frozenset[str]
    envelope: Envelope
    received: datetime | None = None
    is_back: bool = False


@dataclass(frozen=True, slots=True)
class News:
    """Everything that happened since the last time. ``folders`` are those of which something is
    new, INBOX first if it is one; all else is of INBOX: ``changed`` maps UIDs to their flags as
    they are now, ``gone`` are UIDs, ``partial`` says that more changed than is named;
    ``names_arrivals``: of these none is missing even so.
    """

    folders: tuple[FolderState, ...]
    arrived: tuple[Arrived, ...] = ()
    changed: dict[int, frozenset[str]] = field(default_factory=dict)
    gone: tuple[int, ...] = ()
    partial: bool = False
    names_arrivals: bool = False


class Known:
    """The arrivals that were told lately, by which a message is recognised that comes back: it has
    another UID then. ``uids`` may be kept, and handed in again."""

    __slots__ = ("uids",)

    def __init__(self, uids: Mapping[str, int] | None = None) -> None:
        self.uids = dict(uids or {})

    def recognised(self, message: Arrived) -> Arrived:
        """The message, marked where it was in the mailbox before."""
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
class _Heard:
    """Everything that was pushed and not told yet. ``sequences``: messages of which a server
    without QRESYNC names no UID."""

    inbox: bool = False
    changed: dict[int, frozenset[str]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    sequences: set[int] = field(default_factory=set)
    folders: dict[str, dict[bytes, int]] = field(default_factory=dict)
    partial: bool = False

    def __bool__(self) -> bool:
        return self.inbox or bool(self.folders)


class Watch:
    """One person's watched mailbox; `open` makes it. ``inbox`` is how INBOX stands,
    ``everywhere`` whether news of the other folders are told too."""

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
        self._heard = _Heard()
        self._told = 0.0
        self._known = Known()
        self._quick = False
        self.capabilities: frozenset[str] = frozenset()
        self.everywhere = False
        self.inbox = FolderState(INBOX, 0, 0, 0, 0)

    async def news(self) -> News:
        """Wait until something has happened. Raises ServerUnavailable, BadServerAnswer."""
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
        """Hang up; waits for nothing, raises nothing."""
        with suppress(ServerUnavailable):
            self._wire.send(b"bye LOGOUT\r\n")
        self._wire.close()

    # Signing in.

    async def sign_in(self, login: str, password: str, client_address: str) -> None:
        """Lead the connection from the greeting to the open INBOX. Raises SignInNeeded,
        ServerUnavailable, or ServerRefused where the server takes no password so, or has no
        IDLE."""
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
            raise ServerUnavailable("The IMAP server takes no connection.")
        if not first.upper().startswith(b"* OK"):
            raise BadServerAnswer("This is no IMAP server.")

    async def _ask_capabilities(self) -> None:
        for answer in await self._command(b"CAPABILITY"):
            head, _, words = _text(answer).partition(b"CAPABILITY ")
            if head.upper() == b"* ":
                self.capabilities = frozenset(words.decode("ascii", "replace").upper().split())

    async def _introduce(self, client_address: str) -> None:
        """Name the client, as `connection.open` does: else one's wrong passwords would slow down
        everybody."""
        if "ID" not in self.capabilities:
            return
        origin = f' "x-originating-ip" "{client_address}"' if client_address else ""
        with suppress(ServerRefused):
            await self._command(f'ID ("name" "webmail"{origin})'.encode())

    async def _give_password(self, login: str, password: str) -> None:
        """LOGIN for ASCII, else AUTHENTICATE PLAIN (RFC 4616)."""
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
        # For reading alone: a watch takes no message's \Recent away from a mail program.
        await self._command(b"EXAMINE INBOX")
        if self._quick and "NOTIFY" in self.capabilities:
            with suppress(ServerRefused):
                await self._command(_NOTIFY)
                self.everywhere = True
        self._heard = _Heard()
        state = await self._status(INBOX)
        if state is None:
            raise BadServerAnswer("The IMAP server does not say how INBOX stands.")
        self.inbox = state

    # Waiting.

    async def _idle(self) -> None:
        """One IDLE, from its beginning to its end: when something was pushed, or it must be
        renewed."""
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
        """True when the server itself has ended the IDLE."""
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
        """Note what a response tells. True for the tagged one that ends the command."""
        text = _text(answer)
        if text.startswith(b"* "):
            self._note(answer, text)
            return False
        if text.startswith(tag + b" "):
            _judge(text, response.refusal)
            return True
        raise BadServerAnswer("The IMAP server sent a line that is none of the protocol's.")

    def _note(self, answer: wire.Response, text: bytes) -> None:
        heard = self._heard
        if text[2:4].upper() == b"OK":
            if b"[NOTIFICATIONOVERFLOW]" in text[:40].upper():
                # It tells nothing any more (RFC 5465 section 5.8): asked for anew, it does.
                raise ServerUnavailable("The IMAP server has too much to tell.")
        elif count := _COUNT.match(text):
            if count[2].upper() != b"RECENT":
                heard.inbox = True
                heard.partial |= count[2].upper() == b"EXPUNGE"
        elif vanished := _VANISHED.match(text):
            heard.inbox = True
            heard.partial |= not _add_numbers(heard.gone, vanished[1])
        elif _FETCH.match(text):
            self._note_flags(answer)
        elif text[2:9].upper() == b"STATUS ":
            name, values = status.named(_without_head(answer, 9))
            if name in heard.folders or len(heard.folders) < MOST_FOLDERS:
                heard.folders[name] = values
        elif text[2:5].upper() == b"BYE":
            raise ServerUnavailable(
                "The IMAP server closed the connection.", server_words=response.text(text[6:])
            )

    def _note_flags(self, answer: wire.Response) -> None:
        """``* 3 FETCH (UID 17 FLAGS (\\Seen))``; without QRESYNC mostly no UID."""
        heard = self._heard
        for sequence, values in _fetched(answer):
            if b"RFC822.SIZE" in values:
                continue  # asked for, not pushed
            heard.inbox = True
            uid, flags = values.get(b"UID"), values.get(b"FLAGS")
            if len(heard.changed) + len(heard.sequences) >= MOST_NAMED:
                heard.partial = True
            elif isinstance(uid, int) and isinstance(flags, tuple):
                heard.changed[uid] = response.flag_set(flags)
            else:
                heard.sequences.add(sequence)

    # Asking, once something was pushed.

    async def _asked(self) -> News | None:
        """Return what was heard, with what must be asked for; None when nothing is really new, as
        when only \\Recent went."""
        if self._heard.sequences:
            numbers = ",".join(map(str, sorted(self._heard.sequences)))
            self._heard.sequences = set()
            answers = await self._fetch(f"FETCH {numbers} (UID FLAGS)".encode())
            self._heard.partial |= answers is None
        # What is pushed from here on is the next piece of news.
        heard, self._heard = self._heard, _Heard()
        before = self.inbox
        if heard.inbox:
            self.inbox = await self._status(INBOX) or before
        arrivals = await self._arrivals(before.uidnext, self.inbox.uidnext)
        heard.partial |= arrivals is None
        arrived = arrivals or ()
        others = await self._states(heard.folders)
        is_new = bool(self.inbox != before or heard.changed or heard.gone or heard.partial)
        if not (is_new or others):
            return None
        for message in arrived:
            heard.changed.pop(message.uid, None)
        folders = (self.inbox, *others) if is_new else others
        return News(folders, arrived, heard.changed, tuple(sorted(heard.gone)), heard.partial)

    async def _arrivals(self, first: int, following: int) -> tuple[Arrived, ...] | None:
        """Messages with the UIDs from ``first`` on, the newest of them if there are many. None when
        the server does not tell all of them."""
        first = max(1, first, following - MOST_ARRIVED)
        if first >= following:
            return ()
        answers = await self._fetch(f"UID FETCH {first}:{following - 1} {_ASKED}".encode())
        if answers is None:
            return None
        items = (values for answer in answers for _number, values in _fetched(answer))
        arrived = [
            _arrived(values) for values in items if values.keys() >= {b"UID", b"RFC822.SIZE"}
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
        """The answers; None for a NO, when some of the messages are gone (RFC 5530
        EXPUNGEISSUED)."""
        try:
            return await self._command(words)
        except ServerRefused:
            return None

    async def _status(self, folder: str) -> FolderState | None:
        """The counts of a folder; None where it is gone."""
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
        """Send one command; the untagged responses until its end. ``continued`` is said, one after
        the other, when the server asks for more; ``refusal`` makes the error of a NO."""
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
        """Read to the end of an IDLE that was left."""
        async with asyncio.timeout(self._server.timeout):
            for _turn in range(MOST_ANSWERS):
                if self._take(await self._wire.receive(), tag):
                    return
        raise BadServerAnswer("The IMAP server does not stop telling.")


async def open(server: ImapServer, login: str, password: str, *, client_address: str = "") -> Watch:
    """Connect, sign in and open INBOX. Nothing of the password is kept.

    Raises SignInNeeded when login or password is refused, ServerUnavailable, BadServerAnswer, and
    ServerRefused where there is no way to watch.
    """
    try:
        async with asyncio.timeout(server.timeout):
            watch = Watch(server, await wire.connect(server))
    except (OSError, UnicodeError) as error:  # TimeoutError is one; so are TLS's
        raise ServerUnavailable("The IMAP server cannot be reached.") from error
    try:
        await watch.sign_in(login, password, client_address)
    except OSError as error:
        watch.close()
        raise ServerUnavailable("The IMAP server does not answer.") from error
    except BaseException:
        watch.close()
        raise
    return watch


def _judge(tagged: bytes, refusal: Refusal) -> None:
    """Raise what a NO or BAD means."""
    word, _, words = tagged.partition(b" ")[2].partition(b" ")
    if word.upper() == b"NO":
        raise refusal(words)
    if word.upper() != b"OK":
        raise BadServerAnswer(
            "The IMAP server did not understand.", server_words=response.text(words)
        )


def _text(answer: wire.Response) -> bytes:
    """A response up to its first literal."""
    first = answer[0]
    return first[0] if isinstance(first, tuple) else first


def _without_head(answer: wire.Response, size: int) -> list[Any]:
    first = answer[0]
    cut: Any = (first[0][size:], first[1]) if isinstance(first, tuple) else first[size:]
    return [cut, *answer[1:]]


def _fetched(answer: wire.Response) -> Iterator[tuple[int, dict[bytes, Any]]]:
    """Sequence number and items of a FETCH response; nothing for another one."""
    match = _FETCH.match(_text(answer))
    if match:
        first, *rest = _without_head(answer, match.end())
        numbered = (match[1] + first[0], first[1]) if isinstance(first, tuple) else match[1] + first
        yield from response.items([numbered, *rest])


def _arrived(values: dict[bytes, Any]) -> Arrived:
    """The envelope of a message that cannot be read is empty: it has arrived all the same."""
    try:
        envelope = response.written(values)
    except response.TRIPS:
        envelope = Envelope()
    flags = values.get(b"FLAGS")
    uid = values[b"UID"]
    return Arrived(
        uid=uid if isinstance(uid, int) else 0,
        flags=response.flag_set(flags if isinstance(flags, tuple) else ()),
        envelope=envelope,
        received=response.date(values.get(b"INTERNALDATE")),
    )


def _add_numbers(to: set[int], uid_set: bytes) -> bool:
    """Add those of a set (``17,19:21``); False when there are more than are named."""
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
