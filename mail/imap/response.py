"""Turns the server's answers into values.

`grammar` parses an answer into nested tuples; this module makes frozen values of them, with every
string decoded. An unreadable message must not hide the others of its page: it becomes a row without
envelope. Any other breach of the protocol is BadServerAnswer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from imapclient.exceptions import ProtocolError  # type: ignore[import-untyped]

from mail.errors import (
    BadServerAnswer,
    FolderNotFound,
    NotPermitted,
    OverQuota,
    ServerRefused,
    ServerUnavailable,
    TooLarge,
    WebmailError,
)
from mail.imap import grammar, names
from mail.imap.values import (
    ANSWERED,
    DELETED,
    DRAFT,
    FLAGGED,
    FORWARDED,
    SEEN,
    FetchedMessage,
    MessageMarks,
    MessageRef,
    Namespace,
    Selected,
)
from mail.mime import encoded_words, headers, priority
from mail.mime.addresses import Address, honest
from mail.mime.envelope import Envelope, envelope_of, moment
from mail.mime.headers import Headers
from mail.mime.structure import Part

# Exceptions of a parser that trusts the server, when an answer is malformed.
TRIPS = (
    ProtocolError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)

_CODE = re.compile(rb"\[([A-Za-z0-9-]+)(?: ([^\]]*))?\]")
# The beginning of the sender's own text. In an answer that cannot be parsed, nothing behind it is
# believed, because a subject may read "UID 7".
_ENVELOPE_FIELDS = 10
_SENDERS_WORDS = re.compile(rb" (?:ENVELOPE|BODY)")
_LEADING = re.compile(rb"\d+")
_SEQUENCE = re.compile(rb"(\d{1,10}) \(")
_NUMBER = re.compile(rb"\d{1,10}")
_UID = re.compile(rb"[ (]UID (\d{1,10})(?: |$)")
_FLAGS = re.compile(rb"[ (]FLAGS \(([^()]*)\)")
_SIZE = re.compile(rb"[ (]RFC822\.SIZE (\d{1,18})(?: |$)")
_MODSEQ = re.compile(rb"[ (]MODSEQ \((\d{1,19})\)")
# The FETCH answer of UID and flags as nearly all servers write it.
_PLAIN = re.compile(
    rb"(\d{1,10}) \(UID (\d{1,10}) FLAGS \(([^()\"{]*)\)(?: MODSEQ \((\d{1,19})\))?\)"
)
# Any other answer of numbers and flags alone, which needs no parser.
_MARKED = re.compile(rb"(\d{1,10}) \((?=[^\"{]*\)$).*?\bUID (\d{1,10})\b")
_ALL = re.compile(rb" ALL ([0-9:,]+)")
_COUNT = re.compile(rb" COUNT (\d{1,10})(?!\d)")
_THREAD_TOKEN = re.compile(rb"[()]|\d{1,10}")
_SYSTEM_FLAGS = {
    flag.lower(): flag for flag in (SEEN, ANSWERED, FLAGGED, DELETED, DRAFT, FORWARDED)
}
# Dovecot's placeholders for the half of an address that the header lacks.
_MISSING = {b"MISSING_MAILBOX", b"MISSING_DOMAIN"}
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")

# Bytes of header fields that are fetched instead of an envelope that would be too long.
FIELD = 2048
_PEOPLE = {"from", "sender", "reply-to", "to", "cc"}
_FIELDS = b"BODY[HEADER.FIELDS"

UNREADABLE = Part(number="", media_type="application/octet-stream")
"""The structure of a message whose BODYSTRUCTURE cannot be read: only its source is available."""


def code(words: bytes) -> str:
    """Return the response code (RFC 5530) at the head of an answer's text, in capitals, or
    ``""``.
    """
    match = _CODE.match(words)
    return match[1].decode("ascii").upper() if match else ""


def text(words: bytes) -> str:
    """Return an answer's text for users: one line without the response code."""
    rest = words[match.end() :] if (match := _CODE.match(words)) else words
    return _CONTROLS.sub(" ", rest.decode("utf-8", "replace")).strip()


# Cyrus's and Courier's words for NOPERM (RFC 5530), which they do not send.
_DENIED = re.compile(rb"(?:permission|access) denied\b", re.IGNORECASE)


def refusal(words: bytes) -> WebmailError:
    """Return the error that a NO with this text means."""
    server_words = text(words)
    match code(words):
        case "NONEXISTENT" | "TRYCREATE":
            return FolderNotFound(server_words=server_words)
        case "NOPERM":
            return NotPermitted(server_words=server_words)
        case "OVERQUOTA":
            return OverQuota(server_words=server_words)
        case "TOOBIG":
            return TooLarge(server_words=server_words)
        case "UNAVAILABLE" | "INUSE" | "SERVERBUG":
            return ServerUnavailable(server_words=server_words)
    if _DENIED.match(words):
        return NotPermitted(server_words=server_words)
    return ServerRefused(server_words=server_words)


def number(raw: Sequence[Any], digits: int = 10) -> int:
    """Return the number at the head of the last line; 0 when there is none or it has too many
    digits.
    """
    last = raw[-1] if raw else b""
    match = re.match(rb"\d+", last) if isinstance(last, bytes) else None
    return int(match[0]) if match and len(match[0]) <= digits else 0


def keywords(raw: Sequence[Any]) -> frozenset[str]:
    """Return the keywords of a FLAGS line in lower case, without system flags."""
    last = raw[-1] if raw else b""
    words = last.strip(b"() ").split() if isinstance(last, bytes) else []
    return frozenset(_string(word).lower() for word in words if not word.startswith(b"\\"))


def numbers(raw: Iterable[Any]) -> tuple[int, ...]:
    """Return all numbers of SEARCH lines."""
    try:
        return tuple(int(word) for line in raw if line for word in line.split())
    except TRIPS as error:
        raise BadServerAnswer("SEARCH answered something else than numbers.") from error


def esearched(raw: Iterable[Any], limit: int) -> tuple[int, ...]:
    """Return the numbers after ALL in ESEARCH lines (RFC 4731), lowest first. Without ALL, nothing
    matches.

    Raises BadServerAnswer for more than ``limit`` numbers.
    """
    matching: set[int] = set()
    for line in raw:
        all_of_it = re.search(rb"(?:^|\s)ALL ([\d:,]+)", line if isinstance(line, bytes) else b"")
        if all_of_it:
            numbers = _expanded(all_of_it[1], limit)
            if not numbers:
                raise BadServerAnswer("SEARCH answered something else than numbers.")
            matching.update(numbers)
    return tuple(sorted(matching))


def permanent_flags(raw: Sequence[Any]) -> frozenset[str] | None:
    r"""Return the flags of PERMANENTFLAGS, such as ``(\Seen $label1 \*)``, in lower case, or None
    if the server sent none.
    """
    last = raw[-1] if raw else None
    if not isinstance(last, bytes):
        return None
    return frozenset(word.decode("ascii", "replace").lower() for word in last.strip(b" ()").split())


def append_uid(raw: Sequence[Any]) -> int | None:
    """Return the UID of ``APPENDUID uidvalidity uid`` (RFC 4315)."""
    words = raw[-1].split() if raw and isinstance(raw[-1], bytes) else []
    return int(words[1]) if len(words) == 2 and _NUMBER.fullmatch(words[1]) else None


_MAILBOX_ID = re.compile(rb"[( ](?:MAILBOXID \(|X-GUID )([A-Za-z0-9_-]{16,255})\)", re.IGNORECASE)


def mailbox_id(raw: Sequence[Any]) -> str:
    """Return the folder's MAILBOXID (RFC 8474 section 4.3) or Dovecot's X-GUID from a STATUS
    answer.

    Return "" for one of fewer than 16 characters: some servers number the folders of each account
    from 1, and the INBOX of two users would have the same id.
    """
    match = _MAILBOX_ID.search(b" ".join(piece for piece in raw if isinstance(piece, bytes)))
    return match[1].decode("ascii") if match else ""


def copied(raw: Iterable[Any], limit: int) -> tuple[int, dict[int, int]]:
    """Return from ``COPYUID uidvalidity from to`` (RFC 4315) the new UIDVALIDITY, and a dict from
    old to new UIDs.

    ``limit`` is the number of copied messages. An answer with more is not believed: expanding
    ``1:4294967295`` would fill the memory. Return (0, {}) when the server sent none.
    """
    uidvalidity = 0
    moved: dict[int, int] = {}
    for line in raw:
        words = line.split() if isinstance(line, bytes) else []
        if len(words) != 3 or not _NUMBER.fullmatch(words[0]):
            continue
        before, after = (_expanded(word, limit) for word in words[1:])
        if before and len(before) == len(after):
            uidvalidity = int(words[0])
            moved.update(zip(before, after, strict=True))
    return uidvalidity, moved


def sorted_numbers(raw: Iterable[Any], limit: int) -> tuple[int, ...]:
    """Return the numbers of SORT in the server's order, read as `esearched` reads those of SEARCH
    (ESORT, RFC 5267).
    """
    uids: list[int] = []
    for line in raw:
        match = _ALL.search(line) if isinstance(line, bytes) else None
        if match is None:
            continue
        some = _expanded(match[1], limit)
        if not some:
            raise BadServerAnswer("SORT answered something else than numbers.")
        uids += some
    return tuple(uids)


def count(raw: Sequence[Any]) -> int:
    """Return the COUNT of an ESEARCH line."""
    match = _COUNT.search(raw[-1]) if raw and isinstance(raw[-1], bytes) else None
    if match is None:
        raise BadServerAnswer("ESEARCH did not answer how many there are.")
    return int(match[1])


def threads(raw: Iterable[Any]) -> tuple[tuple[int, ...], ...]:
    """Return the numbers of each thread of ``(3 6 (4 23)(44 7))`` (RFC 5256), in the server's
    order, a message before its replies. The tree itself is left out.
    """
    threads_: list[tuple[int, ...]] = []
    for line in raw:
        depth, members = 0, []
        for token in _THREAD_TOKEN.findall(line if isinstance(line, bytes) else b""):
            if token == b"(":
                depth += 1
            elif token == b")":
                depth -= 1
            else:
                members.append(int(token))
            if depth == 0 and members:
                threads_.append(tuple(members))
                members = []
    return tuple(threads_)


def _expanded(uid_set: bytes, limit: int) -> list[int]:
    uids: list[int] = []
    for piece in uid_set.split(b","):
        # Of a hundred thousand pieces, most are single numbers.
        if piece.isdigit() and len(piece) <= 10 and len(uids) < limit:
            uids.append(int(piece))
            continue
        first, _, last = piece.partition(b":")
        if not _NUMBER.fullmatch(first) or not _NUMBER.fullmatch(last or first):
            return []
        low, high = sorted((int(first), int(last or first)))
        if len(uids) + high - low >= limit:
            return []
        uids.extend(range(low, high + 1))
    return uids


def lines(raw: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield each line of imaplib's answer: any number of pairs (text up to a literal, literal),
    then the rest of the text.
    """
    current: list[Any] = []
    for piece in raw:
        if piece is None:
            continue
        current.append(piece)
        if isinstance(piece, bytes):
            yield current
            current = []
    if current:
        yield current


def parsed(line: Sequence[Any]) -> tuple[Any, ...]:
    """Return one untagged line as nested tuples of bytes, int and None."""
    try:
        return grammar.parse(line)
    except TRIPS as error:
        raise BadServerAnswer("The IMAP server sent a line that can't be read.") from error


def namespaces(raw: Iterable[Any]) -> tuple[Namespace, ...]:
    """Return the namespaces of a NAMESPACE line, the user's own first: three lists, each NIL or
    ``((prefix delimiter ...) ...)`` (RFC 2342). Malformed entries are left out.
    """
    namespaces_: list[Namespace] = []
    for line in lines(raw):
        for owner, listed in zip(("", "others", "shared"), parsed(line), strict=False):
            described = listed if isinstance(listed, tuple) else ()
            namespaces_ += [
                Namespace(owner, _prefix(entry)) for entry in described if _describes(entry)
            ]
    return tuple(namespaces_)


def _describes(entry: Any) -> bool:
    """Return whether this is ``(prefix delimiter ...)``."""
    return isinstance(entry, tuple) and bool(entry) and isinstance(entry[0], bytes)


def _prefix(entry: tuple[Any, ...]) -> str:
    """Return the prefix; some servers leave out the delimiter after INBOX."""
    prefix = names.decode(entry[0])[0]
    delimiter = entry[1] if len(entry) > 1 and isinstance(entry[1], bytes) else b""
    return prefix + delimiter.decode("ascii", "replace") if prefix.upper() == "INBOX" else prefix


def messages(raw: Iterable[Any], selected: Selected) -> tuple[FetchedMessage, ...]:
    """Return the messages of FETCH answers, in the server's order.

    A message of which only a change of flags is told, by another client, has no size: it is left
    out.
    """
    return tuple(row for told in _by_sequence(lines(raw)) for row in _rows(told, selected))


def marks(raw: Iterable[Any]) -> tuple[MessageMarks, ...]:
    """Return positions and flags from the FETCH answers that have UID and FLAGS."""
    answers = list(lines(raw))
    plain = tuple(mark for line in answers if (mark := _plain_mark(line)) is not None)
    if len({mark.sequence for mark in plain}) == len(answers):
        return plain  # the usual answer, of which nothing is to be put together
    return tuple(mark for told in _by_sequence(answers) for mark in _marks(told))


def _marks(told: Sequence[list[Any]]) -> list[MessageMarks]:
    """Return the marks of the lines of one sequence number."""
    plain = _plain_mark(told[0]) if len(told) == 1 else None
    if plain is not None:
        return [plain]
    return [
        MessageMarks(
            sequence, data_items[b"UID"], flag_set(data_items[b"FLAGS"] or ()), _modseq(data_items)
        )
        for sequence, data_items in _merged(told)
        if isinstance(data_items.get(b"UID"), int) and b"FLAGS" in data_items
    ]


def _modseq(data_items: Mapping[bytes, Any]) -> int:
    """Return the MODSEQ, ``(17)``; 0 when there is none."""
    match data_items.get(b"MODSEQ"):
        case (int(modseq),):
            return modseq
    return 0


def _plain_mark(line: list[Any]) -> MessageMarks | None:
    """Return the mark of a line that needs no parser, or None."""
    if len(line) == 1 and (plain := _PLAIN.fullmatch(line[0])):
        return MessageMarks(int(plain[1]), int(plain[2]), _flag_set(plain[3]), int(plain[4] or 0))
    if (
        len(line) == 1
        and (match := _MARKED.match(line[0]))
        and (flags_match := _FLAGS.search(line[0]))
    ):
        modseq = _MODSEQ.search(line[0])
        return MessageMarks(
            int(match[1]), int(match[2]), _flag_set(flags_match[1]), int(modseq[1]) if modseq else 0
        )
    return None


@lru_cache(maxsize=1024)
def _flag_set(words: bytes) -> frozenset[str]:
    """Return the set of flags, cached: the messages of a folder have few different sets."""
    return flag_set(words.split())


def items(raw: Iterable[Any]) -> Iterator[tuple[int, dict[bytes, Any]]]:
    """Yield the sequence number of each message in FETCH answers, and its items by name in
    capitals.
    """
    for told in _by_sequence(lines(raw)):
        yield from _merged(told)


def _by_sequence(answers: Iterable[list[Any]]) -> Iterable[list[list[Any]]]:
    """Return the FETCH lines of each sequence number, unread, in the order of their last lines.

    A server may send the items of a message in several lines (RFC 9051 section 7.5.2).
    """
    told: dict[bytes, list[list[Any]]] = {}
    for line in answers:
        head = line[0][0] if isinstance(line[0], tuple) else line[0]
        number_ = _LEADING.match(head)
        key = number_[0] if number_ else head
        others = told.pop(key, [])
        others.append(line)
        told[key] = others
    return told.values()


def _merged(told: Sequence[list[Any]]) -> Iterator[tuple[int, dict[bytes, Any]]]:
    """Yield sequence number and items of the messages in the lines of one sequence number: usually
    one message.

    Of an item that is told twice, the later value is the newer. A line without UID belongs to the
    message of its number, unless two had that number because a message before them was removed.
    """
    if len(told) == 1:
        yield _items(told[0])
        return
    answers = [_items(line) for line in told]
    uids = {data_items[b"UID"] for _, data_items in answers if b"UID" in data_items}
    only = uids.pop() if len(uids) == 1 else None
    by_uid: dict[Any, dict[bytes, Any]] = {}
    for _, data_items in answers:
        by_uid.setdefault(data_items.get(b"UID", only), {}).update(data_items)
    for data_items in by_uid.values():
        yield answers[0][0], data_items


def _items(line: list[Any]) -> tuple[int, dict[bytes, Any]]:
    sequence, *answer = parsed(line)
    if len(answer) != 1 or not isinstance(sequence, int) or not isinstance(answer[0], tuple):
        raise BadServerAnswer("The IMAP server sent a FETCH answer that is none.")
    pairs = answer[0]
    if len(pairs) % 2 or not all(isinstance(name, bytes) for name in pairs[::2]):
        raise BadServerAnswer("The IMAP server sent a FETCH answer of odd length.")
    return sequence, {
        name.upper(): value for name, value in zip(pairs[::2], pairs[1::2], strict=True)
    }


def _rows(told: Sequence[list[Any]], selected: Selected) -> list[FetchedMessage]:
    """Return the rows of the lines of one sequence number."""
    try:
        return [
            fetched(sequence, data_items, selected)
            for sequence, data_items in _merged(told)
            if b"RFC822.SIZE" in data_items and isinstance(data_items.get(b"UID"), int)
        ]
    except (BadServerAnswer, *TRIPS):
        apart = [_rows([line], selected) for line in told] if len(told) > 1 else []
        rows = [row for rows_ in apart for row in rows_] or _unreadable(told, selected)
        uids = {row.ref.uid for row in rows}
        # The line that cannot be read may have been of any of them, unless each tells its message.
        return rows if len(uids) == len(told) else [replace(row, is_readable=False) for row in rows]


def fetched(sequence: int, data_items: Mapping[bytes, Any], selected: Selected) -> FetchedMessage:
    """Return one message from its FETCH items. Raises BadServerAnswer when an item is malformed."""
    try:
        size = data_items.get(b"RFC822.SIZE")
        fields = _fields(data_items)
        has_envelope = b"ENVELOPE" in data_items
        return FetchedMessage(
            ref=MessageRef(selected.folder, selected.uidvalidity, data_items[b"UID"]),
            sequence=sequence,
            flags=flag_set(data_items.get(b"FLAGS") or ()),
            size=size if isinstance(size, int) else 0,
            received=arrival(data_items.get(b"INTERNALDATE")),
            envelope=envelope(data_items[b"ENVELOPE"]) if has_envelope else envelope_of(fields),
            structure=structure(data_items.get(b"BODYSTRUCTURE")),
            # Most messages have no such field: the answer is an empty line.
            urgent=bool(fields.fields) and priority.is_urgent(fields),
            is_readable=_is_whole(data_items[b"ENVELOPE"])
            if has_envelope
            else bool(sections(data_items)),
        )
    except TRIPS as error:
        raise BadServerAnswer("The IMAP server described a message wrongly.") from error


def sections(data_items: Mapping[bytes, Any]) -> tuple[bytes, ...]:
    """Return the requested header fields, raw."""
    return tuple(raw_bytes(value) for name, value in data_items.items() if name.startswith(_FIELDS))


def written(data_items: Mapping[bytes, Any]) -> Envelope:
    """Return an envelope made of the requested header fields."""
    return envelope_of(_fields(data_items))


def _fields(data_items: Mapping[bytes, Any]) -> Headers:
    """Return header fields that were fetched one by one. If a field was cut, its last address is
    left out, because half an address is another address.
    """
    fields: list[tuple[str, bytes]] = []
    for raw in sections(data_items):
        if raw.strip():
            read = list(headers.parse(raw).fields)
            if len(raw) >= FIELD and read and read[-1][0].lower() in _PEOPLE:
                name, value = read.pop()
                read.append((name, value.rpartition(b",")[0]))
            fields += read
    return Headers(tuple(fields))


def _unreadable(told: Sequence[list[Any]], selected: Selected) -> list[FetchedMessage]:
    """Return the row of values that can still be read when the parser fails on a message's answer,
    or none.
    """
    texts = [
        b"".join(part[0] if isinstance(part, tuple) else part for part in line) for line in told
    ]
    heads = [_SENDERS_WORDS.split(text_, maxsplit=1)[0] for text_ in texts]
    if heads == texts:
        return []
    head = b" ".join(heads)
    uid, flags, size = _UID.search(head), _FLAGS.search(head), _SIZE.search(head)
    sequence = _SEQUENCE.match(head)
    if uid is None or sequence is None:
        return []
    row = FetchedMessage(
        ref=MessageRef(selected.folder, selected.uidvalidity, int(uid[1])),
        sequence=int(sequence[1]),
        flags=flag_set(flags[1].split() if flags else ()),
        size=int(size[1]) if size else 0,
        received=None,
        envelope=Envelope(),
        structure=UNREADABLE,
        is_readable=False,
    )
    return [row]


def flag_set(words: Iterable[Any]) -> frozenset[str]:
    """Return flags in their usual spelling: case does not count (RFC 9051 section 2.3.2)."""
    flags = (_string(word) for word in words)
    return frozenset(_SYSTEM_FLAGS.get(flag.lower(), flag) for flag in flags)


def date(value: Any) -> datetime | None:
    """Return the aware datetime of an INTERNALDATE or a Date header; None when it is missing or
    absurd.
    """
    return moment(value.decode("ascii", "replace")) if isinstance(value, bytes) else None


_FIRST = datetime(1970, 1, 2, 12, tzinfo=UTC)


def arrival(value: Any) -> datetime | None:
    """Return the aware datetime of an INTERNALDATE; None when it is missing or absurd, and for the
    first day of 1970, which servers tell that know no date.
    """
    when = date(value)
    return None if when is None or when < _FIRST else when


def internal_date(when: datetime) -> str:
    """Return a datetime for APPEND: ``"25-Nov-2026 10:00:00 +0100"``, with its quotes. Months are
    in English whatever the locale of the process.
    """
    month = _MONTHS[when.month - 1]
    return f'"{when.day:02}-{month}-{when.year:04} {when:%H:%M:%S} {when.strftime("%z")[:5]}"'


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _is_whole(value: Any) -> bool:
    """Return whether an ENVELOPE has its ten fields. It has more where the server lets a subject's
    quotes stand as they are.
    """
    return isinstance(value, tuple) and len(value) == _ENVELOPE_FIELDS


def envelope(value: Any) -> Envelope:
    """Return the envelope (RFC 9051 section 7.5.2). Address groups lose their name and keep their
    members.
    """
    if not isinstance(value, tuple):
        return Envelope()
    fields = value + (None,) * (_ENVELOPE_FIELDS - len(value))
    from_ = _addresses(fields[2])
    # If a message has no Sender or Reply-To, servers repeat the author there (RFC 9051); this saves
    # a third of the work.
    sender, reply_to = (from_ if field == fields[2] else _addresses(field) for field in fields[3:5])
    return Envelope(
        subject=encoded_words.decode(raw_bytes(fields[1])),
        date=date(fields[0]),
        from_=from_,
        sender=sender,
        reply_to=reply_to,
        to=_addresses(fields[5]),
        cc=_addresses(fields[6]),
        bcc=_addresses(fields[7]),
        in_reply_to=_string(fields[8]).strip(),
        message_id=_string(fields[9]).strip(),
    )


def _addresses(value: Any) -> tuple[Address, ...]:
    if not isinstance(value, tuple):
        return ()
    # Some servers leave out the parentheses around a single address.
    entries = (value,) if _is_address(value) else value
    return tuple(_address(entry) for entry in entries if _is_address(entry))


def _is_address(entry: Any) -> bool:
    """Return whether the entry is an address: the start and the end of a group have no host (RFC
    9051: env-group).
    """
    is_one = isinstance(entry, tuple) and len(entry) == 4 and entry[3] is not None
    return is_one and not any(isinstance(item, tuple) for item in entry)


def _address(entry: tuple[Any, ...]) -> Address:
    name, _, mailbox, host = (raw_bytes(item) for item in entry)
    halves = [
        encoded_words.decode(half) for half in (mailbox, host) if half and half not in _MISSING
    ]
    return Address(name=encoded_words.decode(name), address=honest("@".join(halves)))


def structure(value: Any) -> Part:
    """Return the tree of parts of a BODYSTRUCTURE (RFC 9051 section 7.5.2); `UNREADABLE` if there
    is none, or if it tells a multipart without its parts, as Exchange and GMX do: such a message is
    read by itself.
    """
    if not isinstance(value, tuple) or not value:
        return UNREADABLE
    root = _part(value, "")
    is_whole = all(part.children or not part.is_multipart for part in root.walk())
    return root if is_whole else UNREADABLE


def _part(value: tuple[Any, ...], number: str) -> Part:
    if isinstance(value[0], tuple):
        return _multipart(value, number)
    return _single(value, number or "1")


def _multipart(value: tuple[Any, ...], number: str) -> Part:
    count = next(
        (place for place, item in enumerate(value) if not isinstance(item, tuple)), len(value)
    )
    prefix = f"{number}." if number else ""
    rest = value[count:]
    extension = rest[1:] + (None,) * 4
    return _described(
        number=number,
        media_type=f"multipart/{_string(rest[0] if rest else b'mixed').lower()}",
        parameters=_parameters(extension[0]),
        disposition=extension[1],
        location=extension[3],
        children=tuple(
            _part(child, f"{prefix}{place}") for place, child in enumerate(value[:count], start=1)
        ),
    )


def _single(value: tuple[Any, ...], number: str) -> Part:
    main, sub, parameters, content_id, description, encoding, size = value[:7]
    # An invalid type means plain text (RFC 2045 section 5.2): old programs write "text".
    media_type = f"{_string(main)}/{_string(sub)}".lower() if _string(sub) else "text/plain"
    children: tuple[Part, ...] = ()
    inner = None
    extension = value[7:]
    if len(value) > 9 and isinstance(value[7], tuple) and isinstance(value[8], tuple):
        inner, children = envelope(value[7]), (_inner_message(value[8], number),)
        extension = value[10:]
    elif main is not None and raw_bytes(main).lower() == b"text":
        extension = value[8:]
    extension += (None,) * 4
    return _described(
        number=number,
        media_type=media_type,
        parameters=_parameters(parameters),
        disposition=extension[1],
        location=extension[3],
        children=children,
        content_id=_string(content_id).strip().strip("<>"),
        description=encoded_words.decode(raw_bytes(description)),
        encoding=_string(encoding).strip().lower() or "7bit",
        size=_octets(size),
        envelope=inner,
    )


def _octets(value: Any) -> int:
    """Return a number of bytes, which some servers write as a string."""
    if isinstance(value, bytes) and value.isdigit() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) else 0


def _inner_message(value: tuple[Any, ...], number: str) -> Part:
    """Return the body of a message/rfc822 part. A single part is ``n.1``; the parts of a multipart
    are ``n.1``, ``n.2``, and the multipart itself is ``n.TEXT`` (RFC 9051 section 6.4.5.1).
    """
    if not isinstance(value[0], tuple):
        return _single(value, f"{number}.1")
    whole = _multipart(value, number)
    return _renumbered(whole, f"{number}.TEXT")


def _renumbered(part: Part, number: str) -> Part:
    return Part(**{**vars(part), "number": number})


def _described(
    *,
    parameters: dict[str, str],
    disposition: Any,
    location: Any,
    **rest: Any,
) -> Part:
    """Return a part with the values of its disposition: whether it is an attachment, and its file
    name.
    """
    kind, disposition_parameters = "", {}
    if isinstance(disposition, bytes) and disposition.lower() in (b"inline", b"attachment"):
        kind = disposition.lower().decode("ascii")  # as Exchange writes it
    elif isinstance(disposition, tuple) and disposition:
        kind = _string(disposition[0]).lower()
        disposition_parameters = _parameters(disposition[1] if len(disposition) > 1 else None)
    return Part(
        parameters={name: encoded_words.decode(value) for name, value in parameters.items()},
        disposition=kind,
        file_name=_file_name({**parameters, **disposition_parameters}),
        location=_string(location).strip(),
        **rest,
    )


def _file_name(parameters: Mapping[str, str]) -> str:
    # Most parts have no file name, and a page has some two hundred parts.
    named = any(name.startswith(("filename", "name")) for name in parameters)
    return headers.file_name(parameters) if named else ""


def _parameters(value: Any) -> dict[str, str]:
    """Return the parameters with names in lower case; of a repeated name, the first counts."""
    parameters: dict[str, str] = {}
    if isinstance(value, tuple):
        for name, text_ in zip(value[::2], value[1::2], strict=False):
            parameters.setdefault(_string(name).lower(), _raw(text_))
    return parameters


def _raw(value: Any) -> str:
    """Return undecoded header text. Bytes that are no UTF-8 become surrogates, which `headers`
    handles.
    """
    return raw_bytes(value).decode("utf-8", "surrogateescape")


def _string(value: Any) -> str:
    """Return text that is ASCII by definition."""
    return _CONTROLS.sub("", raw_bytes(value).decode("utf-8", "replace"))


def raw_bytes(value: Any) -> bytes:
    """Return a string of the answer as bytes; imapclient turns unquoted digits into int and NIL
    into None.
    """
    if isinstance(value, int):
        return b"%d" % value
    return value if isinstance(value, bytes) else b""
