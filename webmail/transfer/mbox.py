"""mbox files: messages in sequence, each after a line that begins with ``From `` (RFC 4155).

The written format is mboxrd: a line of a message that begins with ``From ``, or with that after any
number of ``>``, gets one ``>`` more, which is removed when it is read. Flags and keywords are in
the fields Status, X-Status, X-Keywords (Dovecot) and X-Mozilla-Keys (Thunderbird), which belong to
the file and not to the message. All four begin each message, in this order: then fields of these
names behind them are the message's own. Lines end in LF.

Any variant of any size can be read, in bounded memory. A line counts as a separator if it follows
an empty line, contains a date in ctime's format or nothing, as in Thunderbird, and is followed by a
header field. So a sentence that begins with "From" does not split a message. Without an empty line
before it, as Python's mailbox writes it, a date and a well-known field are needed. What stands
before the first separator is told as junk. In MMDF, which mutt writes too, each message stands
between two lines of four bytes 0x01, and nothing is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain

from mail.imap.values import ANSWERED, DELETED, DRAFT, FLAGGED, FORWARDED, SEEN
from mail.mime.headers import HEAD_END

_TO_QUOTE = re.compile(rb"^(>*From )", re.MULTILINE)
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_MAY_BECOME = re.compile(rb">*(?:F(?:r(?:o(?:m)?)?)?)?\Z")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LINE = 512
"""The most bytes of a From_ line together with the name of the field after it."""
_BEFORE = 8
"""Bytes before a From_ line in which the empty line is searched."""
_SEPARATOR = re.compile(rb"(?<=\n)From ([^\n]{0,300})\n(?=([!-9;-~]{1,70})[ \t]{0,5}:|>?From )")
_EMPTY_LINE = re.compile(rb"\n\r*\n\Z")
_LAST_EMPTY_LINE = re.compile(rb"(?<=\n)\r*\n\Z")
_USUAL_FIELDS = frozenset(
    b"bcc cc content-type date delivered-to from message-id mime-version received reply-to"
    b" return-path sender status subject to x-account-key x-mozilla-status".split()
)
_MARK = b"\x01\x01\x01\x01\n"
_BOM = b"\xef\xbb\xbf"
_MOMENT = re.compile(
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    rb" {1,2}([0-9]{1,2}) ([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?"
    rb"(?: (?:[A-Z]{1,5}|[+-][0-9]{4})){0,2} ([0-9]{4})(?: ([+-][0-9]{4}))?"
)
_FIELD = re.compile(rb"([!-9;-~]{1,70}):([^\n]*\n(?:[ \t][^\n]*\n)*)")
# Fields that belong to the file; programs add them to a message and remove them again.
_OWN_FIELDS = re.compile(
    rb"^(Status|X-Status|X-Keywords|X-Mozilla-Status2?|X-Mozilla-Keys|X-UID|X-IMAP|X-IMAPbase)"
    rb":([^\n]*\n(?:[ \t][^\n]*\n)*)",
    re.MULTILINE | re.IGNORECASE,
)
_OURS = re.compile(
    rb"(Status):([^\n]*)\n(X-Status):([^\n]*)\n(X-Keywords):([^\n]*)\n(X-Mozilla-Keys):([^\n]*)\n"
)
"""The fields that begin each message of a file that this product wrote."""
_THUNDERBIRDS = (b"x-mozilla-status", b"x-mozilla-status2", b"x-mozilla-keys")
_HEADER = 256 * 1024
"""Bytes at the beginning of a message in which these fields are searched."""
_LONGEST_KEYWORDS = 10_000

# --- writing ---


def separator(sender: str, when: datetime | None) -> bytes:
    """Return the From_ line: the sender's address, and the time of arrival in UTC."""
    moment = (when or datetime(1970, 1, 1, tzinfo=UTC)).astimezone(UTC)
    words = re.sub(r"[^!-~]", "", sender)[:200] or "MAILER-DAEMON"
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    line = f"From {words} {day} {month} {moment.day:2} {moment:%H:%M:%S} {moment.year:04}\n"
    return line.encode("ascii")


def status(flags: frozenset[str]) -> bytes:
    """Return the fields for the flags, as mutt, Dovecot and Thunderbird write them."""
    others = "".join(
        letter
        for letter, flag in (("A", ANSWERED), ("F", FLAGGED), ("T", DRAFT), ("D", DELETED))
        if flag in flags
    )
    keywords = " ".join(sorted(flag for flag in flags if not flag.startswith("\\")))
    seen = "RO" if SEEN in flags else "O"
    names = ("Status", "X-Status", "X-Keywords", "X-Mozilla-Keys")
    lines = zip(names, (seen, others, keywords, keywords), strict=True)
    return "".join(f"{name}: {value}".rstrip() + "\n" for name, value in lines).encode()


def quoted(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a message as it is written to the file, with the empty line that ends it. No more than
    a piece and the beginning of a line is in memory."""
    held, is_line, last = b"", True, b"\n"
    for piece in pieces:
        data = held + piece
        # The second half of a line end may come with the next piece.
        keep = 1 if data.endswith(b"\r") else 0
        whole = data[: len(data) - keep].replace(b"\r\n", b"\n")
        start = whole.rfind(b"\n") + 1
        if (start or is_line) and _MAY_BECOME.match(whole, start):
            whole, held = whole[:start], whole[start:] + data[len(data) - keep :]
        else:
            held = data[len(data) - keep :]
        if whole:
            yield _quoted(whole, is_line=is_line)
            is_line, last = whole.endswith(b"\n"), whole[-1:]
    if held:
        yield _quoted(held, is_line=is_line)
        last = held[-1:]
    yield b"\n" if last == b"\n" else b"\n\n"


def _quoted(data: bytes, *, is_line: bool) -> bytes:
    if b"From " not in data:
        return data
    if is_line:
        return _TO_QUOTE.sub(rb">\1", data)
    return _TO_QUOTE.sub(rb">\1", b"x" + data)[1:]


# --- reading ---


@dataclass(frozen=True, slots=True)
class MboxMessage:
    """A message of an mbox. ``position`` is the byte at which its From_ line begins, ``size`` the
    bytes of the message in the file. ``raw`` is None where the message is too large. With
    ``is_junk`` it is what stands before the first From_ line; with ``follows_text`` no empty line
    parts the message from the text before it."""

    position: int
    size: int
    when: datetime | None
    raw: bytes | None
    flags: tuple[str, ...] = ()
    is_deleted: bool = False
    is_junk: bool = False
    follows_text: bool = False


def begins(head: bytes) -> bool:
    """Return whether a file with this beginning is an mbox."""
    if head.startswith(_MARK):
        return True
    match = _SEPARATOR.match(b"\n\n" + head.removeprefix(_BOM).lstrip(b"\r\n"), 2)
    return match is not None and _is_separator(match, is_parted=True)


def is_within(head: bytes) -> bool:
    """Return whether messages of an mbox follow on something else in the beginning of a file."""
    return any(True for _message in messages([head], len(head)))


def messages(pieces: Iterable[bytes], most: int) -> Iterator[MboxMessage]:
    """Yield the messages of an mbox, and what stands before the first one. A message of more than
    ``most`` bytes is yielded without its content."""
    waiting = iter(pieces)
    first = _beginning(waiting)
    reader = _MarkedReader(most) if first.startswith(_MARK) else _Reader(most)
    # A byte order mark hides a From_ line.
    for piece in chain([first.removeprefix(_BOM)], waiting):
        yield from reader.feed(piece)
    yield from reader.close()


def _beginning(waiting: Iterator[bytes]) -> bytes:
    """Return the first pieces, of a few bytes at least."""
    first = b""
    for piece in waiting:
        first += piece
        if len(first) >= len(_MARK):
            break
    return first


class _MarkedReader:
    """Reads MMDF. The buffer begins with the line end before the current message, or before its
    mark; of a message that is too large only the end is kept."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._buffer = bytearray(b"\n")
        self._base = -1  # the position in the file of the buffer's first byte
        self._start = self._searched = 0

    def feed(self, piece: bytes) -> Iterator[MboxMessage]:
        self._buffer += piece
        while (at := self._buffer.find(b"\n" + _MARK, self._searched)) >= 0:
            yield from self._ended(at + 1)
            self._drop(at + len(_MARK))
            self._start = self._base + 1
        self._searched = max(0, len(self._buffer) - len(_MARK))
        if len(self._buffer) > self._most:
            self._drop(self._searched)

    def close(self) -> Iterator[MboxMessage]:
        yield from self._ended(len(self._buffer))

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._base += count
        self._searched = 0

    def _ended(self, until: int) -> Iterator[MboxMessage]:
        size = self._base + until - self._start
        if size > self._most or self._base + 1 > self._start:
            yield MboxMessage(self._start, size, None, None)
        elif size:
            raw = bytes(memoryview(self._buffer)[1:until])
            line, _end, rest = raw.partition(b"\n") if raw.startswith(b"From ") else (b"", b"", raw)
            yield of(self._start, size, line[5:], rest)


class _Reader:
    """Buffers the bytes that were read and not yielded yet: the current message, unless it is too
    large, and the end of the input, in which a separator may have begun."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._buffer = bytearray(b"\n\n")
        self._base = -2  # the position in the file of the buffer's first byte
        self._start = self._searched = 2
        self._line: bytes | None = None
        self._follows_text = False
        self._position = self._size = 0
        self._body = bytearray()

    def feed(self, piece: bytes, *, is_last: bool = False) -> Iterator[MboxMessage]:
        self._buffer += piece
        # A search for plain bytes: a pattern takes thirty times as long for a large message.
        while (at := self._buffer.find(b"\nFrom ", self._searched - 1) + 1) > 0:
            match = _SEPARATOR.match(self._buffer, at)
            if match is None and not is_last and len(self._buffer) - at < _LINE:
                break  # the rest of the line follows
            self._searched = at + 5
            before = bytes(self._buffer[max(0, at - _BEFORE) : at])
            is_parted = _EMPTY_LINE.search(before) is not None
            if match is None or not _is_separator(match, is_parted=is_parted):
                continue
            line, end = bytes(match[1]), match.end()
            del match  # a bytearray cannot shrink while a match refers to it
            yield from self._ended(at)
            self._position, self._line = self._base + at, line
            self._follows_text = not is_parted
            self._start = self._searched = end
        self._keep(max(self._start, len(self._buffer) - _LINE))

    def close(self) -> Iterator[MboxMessage]:
        yield from self.feed(b"", is_last=True)
        if self._line is not None:
            yield from self._ended(len(self._buffer))

    def _ended(self, until: int) -> Iterator[MboxMessage]:
        self._take(until)
        if self._line is None:
            yield from _junk(self._size, bytes(self._body))
        else:
            message = _found(self._position, self._size, self._line, self._body, self._most)
            yield replace(message, follows_text=self._follows_text)
        self._body, self._size = bytearray(), 0

    def _take(self, until: int) -> None:
        """Append bytes of the buffer to the current message, or to what is before the first one."""
        self._size += until - self._start
        if self._size <= self._most:
            self._body += memoryview(self._buffer)[self._start : until]
        else:
            self._body.clear()

    def _keep(self, until: int) -> None:
        self._take(until)
        gone = max(0, until - _BEFORE)
        self._start = until - gone
        self._searched = max(self._searched, until) - gone
        del self._buffer[:gone]
        self._base += gone


def _found(position: int, size: int, line: bytes, body: bytearray, most: int) -> MboxMessage:
    if size > most:
        return MboxMessage(position, size, None, None)
    raw = _LAST_EMPTY_LINE.sub(b"", bytes(body))
    if b">From " in raw:
        raw = _QUOTED.sub(rb"\1", raw)
    return of(position, size, line, raw)


def _junk(size: int, content: bytes) -> Iterator[MboxMessage]:
    """Yield what stands before the first From_ line, unless it is empty."""
    text = content.lstrip(b"\r\n")
    if text or (size and not content):
        yield MboxMessage(0, size, None, text or None, is_junk=True)


def of(position: int, size: int, line: bytes, raw: bytes) -> MboxMessage:
    """Return a message without the fields of the file, with the flags that they hold."""
    own, rest = _apart(raw)
    flags, is_deleted = _flags(own)
    return MboxMessage(position, size, _moment(line), rest, flags, is_deleted)


def of_file(raw: bytes) -> MboxMessage:
    """Return the message of a file of its own, without the fields that Thunderbird wrote before it.
    Fields such as Status tell its flags and stay in it."""
    own, rest = _leading(raw)
    fields = own or _all_own(raw[: _head_end(raw)])
    flags, is_deleted = _flags(fields)
    return MboxMessage(0, len(raw), None, rest, flags, is_deleted and bool(own))


def _apart(raw: bytes) -> tuple[dict[bytes, bytes], bytes]:
    """Return the fields of the file, and the message without them: those that this product or
    Thunderbird wrote before it, else all in the header."""
    if ours := _OURS.match(raw):
        names, values = ours.groups()[::2], ours.groups()[1::2]
        own = {name.lower(): value for name, value in zip(names, values, strict=True)}
        return own, raw[ours.end() :]
    own, rest = _leading(raw)
    if own:
        return own, rest
    end = _head_end(raw)
    head = raw[:end]
    return _all_own(head), _OWN_FIELDS.sub(b"", head) + raw[end:]


def _all_own(head: bytes) -> dict[bytes, bytes]:
    return {name.lower(): value for name, value in _OWN_FIELDS.findall(head)}


def _leading(raw: bytes) -> tuple[dict[bytes, bytes], bytes]:
    """Return the fields that Thunderbird writes before a message, and the message."""
    own: dict[bytes, bytes] = {}
    at = 0
    for name in _THUNDERBIRDS:
        match = _FIELD.match(raw, at)
        if match and match[1].lower() == name:
            own[name], at = match[2], match.end()
    return own, raw[at:]


def _head_end(raw: bytes) -> int:
    """Return the end of the header, or of what is searched of it."""
    match = HEAD_END.search(raw, 0, _HEADER)
    return (
        match.start() + len(match[0].partition(b"\n")[0]) + 1 if match else min(len(raw), _HEADER)
    )


_BITS = {0x1: SEEN, 0x2: ANSWERED, 0x4: FLAGGED, 0x1000: FORWARDED}
_EXPUNGED = 0x8


def _flags(own: Mapping[bytes, bytes]) -> tuple[tuple[str, ...], bool]:
    """Return flags and keywords, and whether the message is marked as deleted."""
    letters = {"R": SEEN, "A": ANSWERED, "F": FLAGGED, "T": DRAFT}
    more = _text(own, b"x-status")[:20].upper()
    flags = {
        letters[letter] for letter in _text(own, b"status")[:20].upper() + more if letter in letters
    }
    mozilla = _mozilla(_text(own, b"x-mozilla-status"))
    flags |= {flag for bit, flag in _BITS.items() if mozilla & bit}
    words = f"{_text(own, b'x-keywords')} {_text(own, b'x-mozilla-keys')}"[:_LONGEST_KEYWORDS]
    flags |= {word for word in words.split() if not word.startswith("\\")}
    return tuple(sorted(flags)), "D" in more or bool(mozilla & _EXPUNGED)


def _text(own: Mapping[bytes, bytes], name: bytes) -> str:
    return own.get(name, b"").decode("ascii", "ignore").strip()


def _mozilla(value: str) -> int:
    match = re.match(r"[0-9A-Fa-f]{4}", value)
    return int(match[0], 16) if match else 0


def _is_separator(match: re.Match[bytes], *, is_parted: bool) -> bool:
    words = match[1].strip()
    if is_parted and words in (b"", b"-"):
        return True
    is_usual = is_parted or bytes(match[2] or b"").lower() in _USUAL_FIELDS
    return is_usual and _MOMENT.search(words) is not None


def _moment(line: bytes) -> datetime | None:
    """Return the time of arrival in a From_ line; None for one of Thunderbird, which writes a
    hyphen and the time when it stored the message."""
    match = None if line.lstrip().startswith(b"- ") else _MOMENT.search(line)
    if match is None:
        return None
    month, day, hour, minute, second, year, zone = (part or b"" for part in match.groups())
    try:
        when = datetime(
            int(year),
            _MONTHS.index(month.decode()) + 1,
            int(day),
            int(hour),
            int(minute),
            int(second or b"0"),
            tzinfo=UTC,
        )
        return datetime.strptime(f"{when:%Y%m%d%H%M%S}{zone.decode() or '+0000'}", "%Y%m%d%H%M%S%z")
    except ValueError:
        return None
