"""A server that offers RFC 3501 alone, and its oddities by switch: a proxy before a real one.

What was not offered is answered by BAD, as a server does that never heard of it; what it says
beyond the RFC is cut out of its answers. Each oddity is one that a server in use is known for.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import BinaryIO, Protocol

from demo.servers.process import LOOPBACK


class Oddity(Enum):
    """What a reduced server may do besides."""

    LITERALS = "strings as literals"
    NIL_SEPARATORS = "folders without a separator"
    WRONG_COUNTS = "wrong counts in STATUS"
    LATE_EXPUNGE = "EXPUNGE told late"
    UNSOLICITED = "FETCH and words that nobody asked for"
    NO_CHILDREN = r"\HasNoChildren of each folder"
    STATUS_REFUSED = "STATUS of the open folder refused"
    NO_STATUS = "STATUS of each folder refused"
    BARE_STATUS = "neither UIDNEXT nor UNSEEN told in STATUS"
    LOW_UIDNEXT = "UIDNEXT too low in STATUS"
    KEYWORDS_REFUSED = "keywords refused"
    KEYWORDS_DROPPED = "keywords dropped without a word"
    NOTHING_PERMANENT = "flags not permanent"
    NO_PERMANENTFLAGS = "PERMANENTFLAGS and UIDNEXT not told"
    DATES_OF_1970 = "INTERNALDATE of 1970"
    WRONG_SIZES = "RFC822.SIZE too small"
    LOWER_CASE = "flags in lower case"
    SILENT_SEARCH = "no SEARCH line where nothing is found"
    LAST_BLANKS = "a blank at the end of lines"
    ASCII_SEARCH = "no charset in SEARCH"
    SHORT_LINES = "lines of 8,000 bytes at most"
    NO_STRUCTURE = "BODYSTRUCTURE refused"
    MIXED_INBOX = "INBOX named Inbox"
    NO_TRYCREATE = "no TRYCREATE"
    SPLIT_FETCH = "one message in two FETCH lines"
    BARE_QUOTES = "quotes in a subject as they are"
    BARE_DISPOSITIONS = "dispositions without parentheses"
    FLAT_ADDRESSES = "a single address without parentheses"
    SILENT_UIDPLUS = "UIDPLUS offered, and no new UIDs told"
    SILENT_MOVE = "MOVE and UIDPLUS offered, and no new UIDs told"
    NO_ENVELOPE = "NIL in the place of ENVELOPE"


_COMMANDS = frozenset(
    b"CAPABILITY NOOP LOGOUT AUTHENTICATE LOGIN SELECT EXAMINE CREATE DELETE RENAME SUBSCRIBE"
    b" UNSUBSCRIBE LIST LSUB STATUS APPEND CHECK CLOSE EXPUNGE SEARCH FETCH STORE COPY".split()
)
_UID_COMMANDS = frozenset(b"SEARCH FETCH STORE COPY".split())
# What an RFC 3501 server does not understand in a command that it knows.
_EXTENDED = re.compile(
    rb"(?i)^(?:LIST(?: \(| .* RETURN \()|(?:SELECT|EXAMINE|CREATE) (?:\"[^\"]*\"|\S+) \("
    rb"|STATUS .*\((?=[^)]*\b(?:HIGHESTMODSEQ|SIZE|DELETED|MAILBOXID)\b)"
    rb"|(?:UID )?SEARCH (?:RETURN |.*\b(?:MODSEQ|FUZZY|EMAILID|THREADID|OLDER|YOUNGER|SAVEDATE)\b)"
    rb"|(?:UID )?FETCH .*(?:\bMODSEQ\b|CHANGEDSINCE|VANISHED|\bBINARY|PREVIEW|SNIPPET|EMAILID"
    rb"|THREADID|SAVEDATE)|(?:UID )?STORE .*UNCHANGEDSINCE|AUTHENTICATE \S+ \S)"
)
_UIDPLUS_MOVE = re.compile(rb"(?i)^UID (?:EXPUNGE|MOVE) ")
_CODE = re.compile(rb"^((?:\*|\S+) (?:OK|NO|BAD|PREAUTH|BYE)) \[([A-Z-]+)[^\]]*\] ?", re.IGNORECASE)
_CODES = frozenset(
    b"ALERT BADCHARSET PARSE PERMANENTFLAGS READ-ONLY READ-WRITE TRYCREATE UIDNEXT UIDVALIDITY"
    b" UNSEEN".split()
)
_LIST = re.compile(rb"^\* (?:LIST|LSUB) \(([^)]*)\)")
_LIST_FLAGS = frozenset(rb"\Noinferiors \Noselect \Marked \Unmarked".split())
_LITERAL = re.compile(rb"\{(\d+)(\+?)\}\r\n$")
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_KEYWORD = re.compile(rb"(?<=[( ])[^\\() ]+")
_SYSTEM_FLAGS = rb"\Answered \Flagged \Deleted \Seen \Draft"
UNSOLICITED = b"* OK Des paroles en l'air"
_FIRST = re.compile(rb"\* 1 FETCH \((?:UID \d+ )?(FLAGS \([^)]*\))")


class Before(Protocol):
    @property
    def imap_port(self) -> int: ...

    @property
    def lmtp_port(self) -> int: ...


@dataclass
class Said:
    """One line of a side, with the literals in it: text and literals take turns."""

    pieces: list[bytes]

    @property
    def head(self) -> bytes:
        return self.pieces[0]

    def texts(self, change: Callable[[bytes], bytes]) -> None:
        self.pieces[::2] = [change(text) for text in self.pieces[::2]]

    def wire(self) -> bytes:
        return b"".join(self.pieces) + b"\r\n"


class Reduced:
    """`start()`, then `imap_port`. ``oddities`` may change at any time; ``shift`` is added to each
    UIDVALIDITY; the connection that sends the ``bye_at``-th command from now is told goodbye."""

    name = "a server with RFC 3501 alone"

    def __init__(self, server: Before, oddities: Iterable[Oddity] = ()) -> None:
        self.server = server
        self.oddities = set(oddities)
        self.shift = 0
        self.bye_at = 0
        self.refused: list[bytes] = []
        self._listener = socket.create_server((LOOPBACK, 0))
        self.imap_port: int = self._listener.getsockname()[1]
        self.lmtp_port = server.lmtp_port

    def start(self) -> None:
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        # Closing alone does not wake accept() on Linux.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def is_time_for_bye(self) -> bool:
        self.bye_at -= self.bye_at > 0
        return self.bye_at == 0

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection((LOOPBACK, self.server.imap_port))
                for one in (client, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _Session(self, client, server).start()


@dataclass
class _Session:
    """One connection: a thread for each side."""

    proxy: Reduced
    client: socket.socket
    server: socket.socket
    selected: bytes = b""
    selecting: dict[bytes, bytes] = field(default_factory=dict)
    exists: int = 0
    first: bytes = b""
    held: list[Said] = field(default_factory=list)
    found: bool = False
    sending: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        for side in (self._commands, self._answers):
            threading.Thread(target=self._until_gone, args=(side,), daemon=True).start()

    def _until_gone(self, side: Callable[[], None]) -> None:
        with suppress(OSError, EOFError, ValueError):
            side()
        for one in (self.client, self.server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def has(self, oddity: Oddity) -> bool:
        return oddity in self.proxy.oddities

    # --- what the client says ---

    def _commands(self) -> None:
        with self.client, self.client.makefile("rb") as origin:
            while line := origin.readline():
                if not self._command(line, origin):
                    return

    def _command(self, line: bytes, origin: BinaryIO) -> bool:
        tag, _, command = line.rstrip(b"\r\n").partition(b" ")
        if self.proxy.bye_at and self.proxy.is_time_for_bye():
            self._tell(b"* BYE Maintenance\r\n")
            return False
        if refusal := self._refusal(command, len(line)):
            self.proxy.refused.append(command[:200])
            self._skip(line, origin)
            self._tell(tag + b" " + refusal + b"\r\n")
            return True
        self._note(tag, command)
        self._pass_on(self._without_keywords(line), origin)
        if command.upper().startswith(b"AUTHENTICATE"):
            self.server.sendall(origin.readline())
        return True

    def _refusal(self, command: bytes, length: int) -> bytes:
        verb, _, rest = command.upper().partition(b" ")
        known = verb in _COMMANDS or (verb == b"UID" and rest.split(b" ")[0] in _UID_COMMANDS)
        if self.has(Oddity.SILENT_UIDPLUS) and command.upper().startswith(b"UID EXPUNGE "):
            return b""
        if self.has(Oddity.SILENT_MOVE) and _UIDPLUS_MOVE.match(command):
            return b""
        if not known or _EXTENDED.match(command) or command.endswith(b"+}"):
            return b"BAD Unknown command"
        if self.has(Oddity.SHORT_LINES) and length > 8000:
            return b"BAD Line too long"
        charset = re.match(rb"(UID )?SEARCH CHARSET (?!US-ASCII)", command.upper())
        if self.has(Oddity.ASCII_SEARCH) and charset:
            return b"NO [BADCHARSET (US-ASCII)] Unknown charset"
        if self.has(Oddity.NO_STRUCTURE) and b"BODYSTRUCTURE" in command.upper():
            return b"NO Internal error"
        of_selected = self.selected and rest.startswith(self.selected.upper() + b" ")
        if self.has(Oddity.STATUS_REFUSED) and verb == b"STATUS" and of_selected:
            return b"NO That folder is open"
        if self.has(Oddity.NO_STATUS) and verb == b"STATUS":
            return b"NO Not allowed"
        if self.has(Oddity.KEYWORDS_REFUSED) and _stores_keywords(command):
            return b"NO No keywords here"
        return b""

    def _skip(self, line: bytes, origin: BinaryIO) -> None:
        """A literal that the client sends without being asked."""
        while (found := _LITERAL.search(line)) and found[2]:
            origin.read(int(found[1]))
            line = origin.readline()

    def _without_keywords(self, line: bytes) -> bytes:
        dropped = self.has(Oddity.KEYWORDS_DROPPED)
        if dropped and _stores_keywords(line.rstrip().partition(b" ")[2]):
            head, _, flags = line.rpartition(b"(")
            return head + b"(" + _KEYWORD.sub(b"", b"(" + flags)[1:]
        return line

    def _note(self, tag: bytes, command: bytes) -> None:
        """Which folder this command opens or closes."""
        verb, _, rest = command.partition(b" ")
        if b"STORE " in command.upper():
            self.first = b""
        if verb.upper() in (b"SELECT", b"EXAMINE"):
            self.selecting[tag] = rest
        elif verb.upper() == b"CLOSE":
            self.selecting[tag] = b""

    def _pass_on(self, line: bytes, origin: BinaryIO) -> None:
        self.server.sendall(line)
        while found := _LITERAL.search(line):
            left = int(found[1])
            while left:
                data = origin.read1(min(left, 65536))  # type: ignore[attr-defined]
                if not data:
                    raise EOFError
                left -= len(data)
                self.server.sendall(data)
            line = origin.readline()
            self.server.sendall(line)

    # --- what the server says ---

    def _answers(self) -> None:
        with self.server, self.server.makefile("rb") as origin:
            while said := _said(origin):
                self._tell(b"".join(one.wire() for one in self._changed(said)))

    def _tell(self, data: bytes) -> None:
        with self.sending:
            self.client.sendall(data)

    def _changed(self, said: Said) -> list[Said]:
        if said.head.startswith(b"+"):
            return [said]
        self._hear(said.head)
        if not _reduce(said):
            return []
        before: list[Said] = []
        if not said.head.startswith(b"* "):
            before = self._before_the_end()
        elif self._is_held(said):
            return []
        changed = [*before, *self._odd(said)]
        for one in changed:
            self._shape(one)
        return changed

    def _hear(self, head: bytes) -> None:
        tag, _, rest = head.partition(b" ")
        if tag in self.selecting:
            folder = self.selecting.pop(tag)
            self.selected = folder if rest.upper().startswith(b"OK") else b""
            self.first = b""
        elif found := _FIRST.match(head):
            self.first = found[1]
        elif found := re.match(rb"\* (\d+) (EXISTS|EXPUNGE)", head):
            is_total = found[2] == b"EXISTS"
            self.exists = int(found[1]) if is_total else self.exists - 1
            self.first = self.first if is_total or found[1] != b"1" else b""

    def _is_held(self, said: Said) -> bool:
        """Kept for the end of the next command but one."""
        if self.has(Oddity.LATE_EXPUNGE) and re.match(rb"\* \d+ EXPUNGE", said.head):
            self.held.append(said)
            return True
        silent = self.has(Oddity.SILENT_SEARCH)
        return silent and said.head.rstrip().upper() == b"* SEARCH"

    def _before_the_end(self) -> list[Said]:
        told = self.held
        self.held = []
        if self.has(Oddity.UNSOLICITED) and self.selected and self.exists:
            told = [*told, Said([UNSOLICITED])]
            # The flags that the first message has: a client believes what it is told last.
            if self.first:
                told.append(Said([b"* 1 FETCH (%b)" % self.first]))
        return told

    def _odd(self, said: Said) -> list[Said]:
        for oddity, change in _CHANGES.items():
            if self.has(oddity):
                said.texts(change)
        if self.proxy.shift:
            said.texts(self._shifted)
        if not said.head:
            return []
        return _split(said) if self.has(Oddity.SPLIT_FETCH) else [said]

    def _shifted(self, text: bytes) -> bytes:
        def add(found: re.Match[bytes]) -> bytes:
            return found[1] + b"%d" % (int(found[2]) + self.proxy.shift)

        return re.sub(rb"(\bUIDVALIDITY )(\d+)", add, text)

    def _shape(self, said: Said) -> None:
        if self.has(Oddity.LITERALS) and re.match(
            rb"\* (?:LIST|LSUB|STATUS|\d+ FETCH) ", said.head
        ):
            said.pieces = _as_literals(said.pieces)
        if self.has(Oddity.LOWER_CASE) and said.head.startswith(b"* "):
            said.texts(_in_lower_case)
        if self.has(Oddity.LAST_BLANKS) and re.match(rb"\* (?:SEARCH|FLAGS|\d+ EXISTS)", said.head):
            said.pieces[-1] += b" "


def _said(origin: BinaryIO) -> Said | None:
    pieces: list[bytes] = []
    while line := origin.readline():
        found = _LITERAL.search(line)
        if not found:
            return Said([*pieces, line.rstrip(b"\r\n")])
        pieces += [line, origin.read(int(found[1]))]
    return None


def _stores_keywords(command: bytes) -> bool:
    if not re.match(rb"(?i)(UID )?STORE ", command):
        return False
    return bool(_KEYWORD.search(b"(" + command.rpartition(b"(")[2].rstrip(b")")))


def _reduce(said: Said) -> bool:
    """Cut what RFC 3501 does not know. Whether anything is left."""
    if said.head.upper().startswith(b"* CAPABILITY"):
        said.pieces = [b"* CAPABILITY IMAP4rev1 AUTH=PLAIN"]
    elif found := _LIST.match(said.head):
        flags = [flag for flag in found[1].split() if flag in _LIST_FLAGS]
        if b"\\NonExistent" in found[1] and b"\\Noselect" not in flags:
            flags.append(b"\\Noselect")
        said.pieces[0] = said.head.replace(found[1], b" ".join(flags), 1)
    elif (found := _CODE.match(said.head)) and found[2].upper() not in _CODES:
        said.pieces[0] = found[1] + b" " + (said.head[found.end() :] or b"Done")
    return not re.match(rb"\* (?:VANISHED|ENABLED|NAMESPACE|ID|QUOTA)", said.head)


def _as_literals(pieces: list[bytes]) -> list[bytes]:
    """But a date, and a part's section, which are no strings that may be literals everywhere."""
    made: list[bytes] = []
    for number, piece in enumerate(pieces):
        if number % 2:
            made.append(piece)
            continue
        end = 0
        text = b""
        for found in _QUOTED.finditer(piece):
            before = piece[end : found.start()]
            end = found.end()
            if before.endswith((b"INTERNALDATE ", b") ")):
                text += before + found[0]
                continue
            value = re.sub(rb"\\(.)", rb"\1", found[1])
            made += [text + before + b"{%d}\r\n" % len(value), value]
            text = b""
        made.append(text + piece[end:])
    return made


def _in_lower_case(text: bytes) -> bytes:
    return re.sub(rb"\\[A-Z][A-Za-z]+", lambda found: found[0].lower(), text)


def _split(said: Said) -> list[Said]:
    """The flags of a message in a line of their own."""
    pattern = rb"(\* \d+ FETCH \()(.*?)(UID \d+)(.*?)(FLAGS \([^)]*\)) (.+)$"
    found = re.match(pattern, said.head, re.DOTALL)
    if not found or b"{" in found[2] + found[4]:
        return [said]
    flags = Said([found[1] + found[3] + b" " + found[5] + b")"])
    rest = Said([found[1] + found[2] + found[3] + found[4] + found[6], *said.pieces[1:]])
    return [flags, rest]


def _no_separator(text: bytes) -> bytes:
    return re.sub(rb'^(\* (?:LIST|LSUB) \([^)]*\)) "[^"]*"', rb"\1 NIL", text)


def _without_children(text: bytes) -> bytes:
    return re.sub(rb"^(\* LIST \()([^)]*)\)", rb"\1\2 \\HasNoChildren)", text)


def _miscounted(text: bytes) -> bytes:
    if not text.startswith(b"* STATUS"):
        return text
    return re.sub(rb"(MESSAGES|UNSEEN) (\d+)", lambda f: f[1] + b" %d" % (int(f[2]) + 3), text)


def _barely(text: bytes) -> bytes:
    if not text.startswith(b"* STATUS"):
        return text
    return re.sub(rb"(\()?(?: ?\b(?:UIDNEXT|UNSEEN) \d+)+ ?", lambda f: f[1] or b"", text)


def _following_late(text: bytes) -> bytes:
    if not text.startswith(b"* STATUS"):
        return text
    return re.sub(rb"UIDNEXT (\d+)", lambda f: b"UIDNEXT %d" % max(int(f[1]) - 2, 1), text)


def _permanent(flags: bytes) -> Callable[[bytes], bytes]:
    told = b"[PERMANENTFLAGS (" + flags + b")]"
    return lambda text: re.sub(rb"\[PERMANENTFLAGS \([^)]*\)\]", lambda _: told, text)


def _unsaid(text: bytes) -> bytes:
    return b"" if re.match(rb"\* OK \[(?:PERMANENTFLAGS|UIDNEXT|UNSEEN)\b", text) else text


_ADDRESS = re.compile(rb'\(\(((?:"(?:[^"\\]|\\.)*"|NIL)(?: (?:"(?:[^"\\]|\\.)*"|NIL)){3})\)\)')
_ENVELOPE = re.compile(
    rb'ENVELOPE \((?:[^()"]|"(?:[^"\\]|\\.)*"|\(\((?:[^()"]|"(?:[^"\\]|\\.)*"|\)\()*\)\))*\)'
)


def _without_escapes(text: bytes) -> bytes:
    return text.replace(b'\\"', b'"') if b" ENVELOPE " in text else text


_CHANGES: dict[Oddity, Callable[[bytes], bytes]] = {
    Oddity.NIL_SEPARATORS: _no_separator,
    Oddity.NO_CHILDREN: _without_children,
    Oddity.WRONG_COUNTS: _miscounted,
    Oddity.BARE_STATUS: _barely,
    Oddity.LOW_UIDNEXT: _following_late,
    Oddity.KEYWORDS_REFUSED: _permanent(_SYSTEM_FLAGS),
    Oddity.KEYWORDS_DROPPED: _permanent(_SYSTEM_FLAGS),
    Oddity.NOTHING_PERMANENT: _permanent(b""),
    Oddity.NO_PERMANENTFLAGS: _unsaid,
    Oddity.DATES_OF_1970: lambda text: re.sub(
        rb'INTERNALDATE "[^"]*"', b'INTERNALDATE "01-Jan-1970 00:00:00 +0000"', text
    ),
    Oddity.WRONG_SIZES: lambda text: re.sub(
        rb"(RFC822\.SIZE )(\d+)", lambda f: f[1] + b"%d" % (int(f[2]) * 3 // 4), text
    ),
    Oddity.MIXED_INBOX: lambda text: re.sub(rb'^(\* LIST .* )"?INBOX"?$', rb"\1Inbox", text),
    Oddity.BARE_QUOTES: _without_escapes,
    Oddity.BARE_DISPOSITIONS: lambda text: re.sub(
        rb'(?i)\("(inline|attachment)" NIL\)', rb'"\1"', text
    ),
    Oddity.FLAT_ADDRESSES: lambda text: _ADDRESS.sub(rb"(\1)", text),
    Oddity.NO_ENVELOPE: lambda text: _ENVELOPE.sub(b"ENVELOPE NIL", text),
    Oddity.SILENT_UIDPLUS: lambda text: re.sub(rb"^\* CAPABILITY .*", rb"\g<0> UIDPLUS", text),
    Oddity.SILENT_MOVE: lambda text: re.sub(rb"^\* CAPABILITY .*", rb"\g<0> MOVE UIDPLUS", text),
    Oddity.NO_TRYCREATE: lambda text: text.replace(b"[TRYCREATE] ", b""),
}
