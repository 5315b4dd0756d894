"""mbox files: messages in sequence, each after a line that begins with ``From `` (RFC 4155).

The written format is mboxrd: a line of a message that begins with ``From ``, or with that after any
number of ``>``, gets one ``>`` more, which is removed when it is read. Flags are in the fields
Status and X-Status, which belong to the file and not to the message. Lines end in LF.

Any variant of any size can be read, in bounded memory. A line counts as a separator if it follows
an empty line, contains a date in ctime's format or nothing, as in Thunderbird, and is followed by a
header field. So a sentence that begins with "From" does not split a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from webmail.imap.values import ANSWERED, DELETED, DRAFT, FLAGGED, FORWARDED, SEEN
from webmail.mime.headers import parse

_TO_QUOTE = re.compile(rb"^(>*From )", re.MULTILINE)
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_MAY_BECOME = re.compile(rb">*(?:F(?:r(?:o(?:m)?)?)?)?\Z")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LINE = 512
"""The most bytes of a From_ line together with the name of the field after it."""
_BEFORE = 3
"""Bytes before a From_ line in which the empty line is searched."""
_SEPARATOR = re.compile(
    rb"(?:(?<=\n\n)|(?<=\n\r\n))From ([^\n]{0,300})\n(?=[!-9;-~]{1,70}[ \t]{0,5}:|>?From )"
)
_MOMENT = re.compile(
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    rb" {1,2}([0-9]{1,2}) ([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?"
    rb"(?: (?:[A-Z]{1,5}|[+-][0-9]{4})){0,2} ([0-9]{4})(?: ([+-][0-9]{4}))?"
)
# Fields that belong to the file; programs add them to a message and remove them again.
_OWN_FIELDS = re.compile(
    rb"^(?:Status|X-Status|X-Mozilla-Status2?|X-Mozilla-Keys):[^\n]*\n(?:[ \t][^\n]*\n)*",
    re.MULTILINE | re.IGNORECASE,
)
_HEADER = 256 * 1024
"""Bytes at the beginning of a message in which these fields are searched."""

# --- writing ---


def separator(sender: str, when: datetime | None) -> bytes:
    """Return the From_ line: the sender's address, and the time of arrival in UTC."""
    moment = (when or datetime(1970, 1, 1, tzinfo=UTC)).astimezone(UTC)
    words = re.sub(r"[^!-~]", "", sender)[:200] or "MAILER-DAEMON"
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    line = f"From {words} {day} {month} {moment.day:2} {moment:%H:%M:%S} {moment.year:04}\n"
    return line.encode("ascii")


def status(flags: frozenset[str]) -> bytes:
    """Return the fields for the flags, as mutt and Dovecot write them."""
    others = "".join(
        letter
        for letter, flag in (("A", ANSWERED), ("F", FLAGGED), ("T", DRAFT), ("D", DELETED))
        if flag in flags
    )
    lines = f"Status: {'RO' if SEEN in flags else 'O'}\n"
    return (lines + (f"X-Status: {others}\n" if others else "")).encode("ascii")


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
    bytes of the message in the file. ``raw`` is None where the message is too large."""

    position: int
    size: int
    when: datetime | None
    raw: bytes | None
    flags: tuple[str, ...] = ()
    is_deleted: bool = False


def begins(head: bytes) -> bool:
    """Return whether a file with this beginning is an mbox."""
    match = _SEPARATOR.match(b"\n\n" + head.lstrip(b"\r\n"), 2)
    return match is not None and _is_separator(match[1])


def messages(pieces: Iterable[bytes], most: int) -> Iterator[MboxMessage]:
    """Yield the messages of an mbox that begins with a From_ line. A message of more than ``most``
    bytes is yielded without its content."""
    reader = _Reader(most)
    for piece in pieces:
        yield from reader.feed(piece)
    yield from reader.close()


class _Reader:
    """Buffers the bytes that were read and not yielded yet: the current message, unless it is too
    large, and the end of the input, in which a separator may have begun."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._buffer = bytearray(b"\n\n")
        self._base = -2  # the position in the file of the buffer's first byte
        self._start = self._searched = 2
        self._line: bytes | None = None
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
            if match is None or not _is_separator(match[1]):
                continue
            line, end = bytes(match[1]), match.end()
            del match  # a bytearray cannot shrink while a match refers to it
            yield from self._ended(at)
            self._position, self._line = self._base + at, line
            self._start = self._searched = end
        self._keep(max(self._start, len(self._buffer) - _LINE))

    def close(self) -> Iterator[MboxMessage]:
        yield from self.feed(b"", is_last=True)
        yield from self._ended(len(self._buffer))

    def _ended(self, until: int) -> Iterator[MboxMessage]:
        self._take(until)
        if self._line is not None:
            yield _found(self._position, self._size, self._line, self._body, self._most)
        self._body, self._size = bytearray(), 0

    def _take(self, until: int) -> None:
        """Append bytes of the buffer to the current message, if there is one."""
        if self._line is None:
            return
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
    raw = bytes(body)
    for end in (b"\r\n", b"\n"):
        if raw.endswith(b"\n" + end):  # the empty line before the next separator
            raw = raw.removesuffix(end)
            break
    if b">From " in raw:
        raw = _QUOTED.sub(rb"\1", raw)
    return of(position, size, line, raw)


def of(position: int, size: int, line: bytes, raw: bytes) -> MboxMessage:
    """Return a message without the fields of the file, with the flags that they hold."""
    head, rest = raw[:_HEADER], raw[_HEADER:]
    blank = re.search(rb"\n\r?\n", head)
    end = blank.start() + 1 if blank else len(head)
    fields = parse(head[:end])
    own = _OWN_FIELDS.sub(b"", head[:end])
    flags, is_deleted = _flags(fields.get("Status"), fields.get("X-Status"))
    mozilla = _mozilla(fields.get("X-Mozilla-Status"))
    flags |= {flag for bit, flag in _BITS.items() if mozilla & bit}
    return MboxMessage(
        position,
        size,
        _moment(line),
        own + head[end:] + rest,
        tuple(sorted(flags)),
        is_deleted or bool(mozilla & _EXPUNGED),
    )


_BITS = {0x1: SEEN, 0x2: ANSWERED, 0x4: FLAGGED, 0x1000: FORWARDED}
_EXPUNGED = 0x8


def _flags(status_: str, more: str) -> tuple[set[str], bool]:
    letters = {"R": SEEN, "A": ANSWERED, "F": FLAGGED, "T": DRAFT}
    words = status_[:20].upper() + more[:20].upper()
    return {letters[letter] for letter in words if letter in letters}, "D" in more[:20].upper()


def _mozilla(value: str) -> int:
    match = re.match(r"[0-9A-Fa-f]{4}", value.strip())
    return int(match[0], 16) if match else 0


def _is_separator(line: bytes) -> bool:
    words = line.strip()
    return words in (b"", b"-") or _MOMENT.search(words) is not None


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
