"""FETCH: rows of a list, one message, its header, its parts; never more than a page shows."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from mail.errors import (
    BadServerAnswer,
    MessageNotFound,
    PartNotFound,
    ServerRefused,
    ServerUnavailable,
)
from mail.imap import response, uid_sets
from mail.imap.client import Bounds
from mail.imap.connection import Connection
from mail.imap.values import (
    FetchedMessage,
    MessageLinks,
    MessageMarks,
    MessageRef,
    MessageSample,
    StoredMessage,
)
from mail.mime import priority
from mail.mime.envelope import envelope_of
from mail.mime.headers import Headers
from mail.mime.headers import parse as parse_fields
from mail.mime.structure import Part, described
from mail.mime.text import LINE, base64_size

_TOLD = "UID FLAGS INTERNALDATE RFC822.SIZE"
_URGENCY = f"BODY.PEEK[HEADER.FIELDS ({' '.join(priority.FIELDS)})]<0.1024>"
ROW = f"{_TOLD} ENVELOPE BODYSTRUCTURE {_URGENCY}"
# An ENVELOPE has no size limit: a header of 300 KB makes one of 24 MB. Each of these fields has a
# limit of its own, so that a long field does not displace the others.
_APART = " ".join(
    f"BODY.PEEK[HEADER.FIELDS ({names})]<0.{response.FIELD}>"
    for names in (
        f"SUBJECT DATE MESSAGE-ID IN-REPLY-TO {' '.join(priority.FIELDS)}",
        "FROM SENDER REPLY-TO",
        "TO CC",
    )
)
# The ways to ask for a message, in the order tried until its answer can be read.
_STEPS = (ROW, f"{_TOLD} BODYSTRUCTURE {_APART}", f"{_TOLD} {_APART}", _TOLD)
# Bytes of one message in the answer of a list. 300 recipients make 20 KB.
ROW_LIMIT = 64 * 1024
# Bytes of the answer for an opened message: a structure of 10,000 parts fits.
OPENED_LIMIT = 1024 * 1024
# Bytes of an answer that are always read before the connection is dropped, even if fewer are
# expected.
_PATIENCE = 4 * 1024 * 1024
# Recoveries reserved for finding one broken message among many by halving.
_KEPT_BACK = 8
# Bytes of a header that are read. Usual headers have a few kilobytes; one of a megabyte is an
# attack or a mistake.
HEADER_LIMIT = 256 * 1024
# Bytes of one piece: about a megabyte, in whole lines of base64.
CHUNK = LINE * 13_440
# Bytes read at the end of a part: more than any line of base64 that is broken at all.
END = 1024

# The fields that a list is sorted by. Fields behind 4,096 bytes of others are not looked for.
_SORTED = "BODY.PEEK[HEADER.FIELDS (DATE SUBJECT FROM TO)]<0.4096>"
# The fields that distinguish messages. A header may hold any number of subjects.
_IDENTITY = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID SUBJECT)]<0.2048>"
# Bytes of To and Cc in which recipients are counted.
_MOST_COUNTED = 4 * 1024 * 1024
_HEADER = f"BODY.PEEK[HEADER]<0.{HEADER_LIMIT}>"
# References may have any length; those of fifty messages take some four thousand bytes.
_LINKS = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID IN-REPLY-TO REFERENCES)]<0.8192>"
_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_NUMBER = re.compile(r"(?:[0-9]{1,5}(?:\.[0-9]{1,5})*(?:\.TEXT|\.MIME)?)?")
# The fields of a message that describe its content.
_DESCRIBING = (
    "CONTENT-TYPE",
    "CONTENT-TRANSFER-ENCODING",
    "CONTENT-DISPOSITION",
    "CONTENT-LOCATION",
)
# Bytes of a part's header that are read, and the greatest number of such headers.
_MIME_LIMIT = 4096
_MOST_LOCATED = 100


def rows(imap: Connection, uids: Iterable[int]) -> tuple[FetchedMessage, ...]:
    """Return messages of the open folder in the server's order, without those that are gone. Sends
    one command, as long as all answers can be read.

    A message whose answer is too long, is no IMAP, or makes the server hang up is asked for again:
    without its envelope, then without its structure, at last without any text of its sender. The
    result is then a row that is not ``is_readable``. No message costs the others their rows.
    """
    fetched: dict[int, FetchedMessage] = {}
    waiting = sorted(set(uids))
    for step in _STEPS:
        if not waiting:
            break
        waiting = _step(imap, waiting, step, ROW_LIMIT, fetched)
    return tuple(sorted(fetched.values(), key=lambda row: row.sequence))


def _step(
    imap: Connection,
    uids: Sequence[int],
    step: str,
    longest: int,
    fetched: dict[int, FetchedMessage],
) -> list[int]:
    """Ask for messages and put the answers into ``fetched``. Return the UIDs to ask for in another
    way.
    """
    selected = imap.known()
    is_last = step == _STEPS[-1]
    bounds = Bounds(max(_PATIENCE, len(uids) * longest), longest)
    is_whole = True
    try:
        lines = imap.uid("FETCH", uid_sets.compressed(uids), f"({step})", bounds=bounds)
    except (BadServerAnswer, ServerRefused, ServerUnavailable):
        if is_last:
            raise
        is_whole, lines = False, imap.untagged("FETCH")
    rows_by_uid = {row.ref.uid: row for row in response.messages(lines, selected)}
    wanted = set(uids)
    fetched.update((uid, row) for uid, row in rows_by_uid.items() if uid in wanted)
    left = [
        uid
        for uid in uids
        if not (rows_by_uid[uid].is_readable if uid in rows_by_uid else is_whole)
    ]
    if is_whole:
        return [] if is_last else left
    imap.recover()
    return _after_break(imap, left, step, longest, fetched)


def _after_break(
    imap: Connection,
    left: Sequence[int],
    step: str,
    longest: int,
    fetched: dict[int, FetchedMessage],
) -> list[int]:
    """Fetch, as `_step` does, the messages that were missing when the connection broke. The other
    messages are asked for in full; only the one that broke it is not.
    """
    if len(left) > 1 and imap.recoveries_left > _KEPT_BACK and step == _STEPS[1]:
        # The server sends messages in order, so the first missing one broke the connection.
        return [left[0], *_step(imap, left[1:], step, longest, fetched)]
    if len(left) > 1 and imap.recoveries_left > 1 and step == _STEPS[2]:
        # A server that hangs up may not have sent the earlier messages yet: halve the list.
        middle = len(left) // 2
        halves = (left[:middle], left[middle:])
        return [uid for half in halves for uid in _half(imap, half, longest, fetched)]
    return list(left)


def _half(
    imap: Connection, uids: Sequence[int], longest: int, fetched: dict[int, FetchedMessage]
) -> list[int]:
    """Fetch by fields alone, as `_step` does, as long as enough recoveries are left for later
    steps.
    """
    if imap.recoveries_left <= 1:
        return list(uids)
    return _step(imap, uids, _STEPS[2], longest, fetched)


def marks_by_sequence(
    imap: Connection, first: int, last: int, beside: int | None = None
) -> tuple[MessageMarks, ...]:
    """Return UID and flags of the messages ``first`` to ``last`` of the open folder, and of message
    ``beside``, by sequence number. Sends one command.
    """
    sequences = f"{first}:{last}" if beside is None else f"{first}:{last},{beside}"
    marked = response.marks(imap.command("FETCH", sequences, "(UID FLAGS)"))
    # If another program changes a flag meanwhile, the server sends the message twice; the later one
    # counts.
    by_sequence = {
        mark.sequence: mark
        for mark in marked
        if first <= mark.sequence <= last or mark.sequence == beside
    }
    return tuple(by_sequence[sequence] for sequence in sorted(by_sequence))


def marks(imap: Connection, uids: Iterable[int]) -> tuple[MessageMarks, ...]:
    """Return UID and flags of these messages of the open folder, in the order of ``uids``, without
    those that are gone. Sends one command.
    """
    ordered = list(uids)
    if not ordered:
        return ()
    lines = imap.uid("FETCH", uid_sets.compressed(ordered), "(UID FLAGS)")
    by_uid = {mark.uid: mark for mark in response.marks(lines)}
    return tuple(by_uid[uid] for uid in ordered if uid in by_uid)


def changed_since(imap: Connection, modseq: int) -> tuple[MessageMarks, ...]:
    """Return the messages of the open folder that arrived, or whose flags changed, after ``modseq``
    (CONDSTORE, RFC 7162). Sends one command.
    """
    since = f"(CHANGEDSINCE {modseq})"
    changed = response.marks(imap.uid("FETCH", "1:*", "(UID FLAGS)", since))
    return tuple({mark.uid: mark for mark in changed}.values())


def sequence_of(imap: Connection, uid: int) -> int | None:
    """Return the sequence number of a message of the open folder, or None when it is gone. Sends
    one command.
    """
    for sequence, items in response.items(imap.uid("FETCH", str(uid), "(UID)")):
        if items.get(b"UID") == uid:
            return sequence
    return None


def received(imap: Connection, uids: str) -> list[tuple[int, datetime | None]]:
    """Return UID and INTERNALDATE of a set of UIDs of the open folder. Sends one command."""
    pairs: list[tuple[int, datetime | None]] = []
    for _sequence, items in response.items(imap.uid("FETCH", uids, "(UID INTERNALDATE)")):
        uid = items.get(b"UID")
        if isinstance(uid, int):
            pairs.append((uid, response.arrival(items.get(b"INTERNALDATE"))))
    return pairs


def envelopes(imap: Connection, first: int, last: int) -> tuple[FetchedMessage, ...]:
    """Return the messages ``first`` to ``last`` of the open folder by sequence number, in the
    server's order. They have no flags, no structure, and only the fields that a list is sorted by.
    Sends one command.
    """
    lines = imap.command("FETCH", f"{first}:{last}", f"(UID INTERNALDATE RFC822.SIZE {_SORTED})")
    return response.messages(lines, imap.known())


def identities(imap: Connection, uids: str) -> list[tuple[int, Hashable]]:
    """Return for each message of the open folder its UID and its identity: the values that it
    shares with every copy of it. Sends one command.
    """
    pairs: list[tuple[int, Hashable]] = []
    query = f"(UID RFC822.SIZE INTERNALDATE {_IDENTITY})"
    for _, items in response.items(imap.uid("FETCH", uids, query)):
        uid, size = items.get(b"UID"), items.get(b"RFC822.SIZE")
        if isinstance(uid, int) and isinstance(size, int):
            received = response.arrival(items.get(b"INTERNALDATE"))
            pairs.append((uid, (size, received, *response.sections(items))))
    return pairs


def stored(imap: Connection, uids: str, names: Sequence[str] = ()) -> tuple[StoredMessage, ...]:
    """Return the values of messages of the open folder that an export records, lowest UID first,
    with the first two kilobytes of some header fields. Sends one command.
    """
    wanted = f" BODY.PEEK[HEADER.FIELDS ({' '.join(names)})]<0.2048>" if names else ""
    lines = imap.uid("FETCH", uids, f"(UID FLAGS INTERNALDATE RFC822.SIZE{wanted})")
    by_uid: dict[int, StoredMessage] = {}
    for _, items in response.items(lines):
        uid, size = items.get(b"UID"), items.get(b"RFC822.SIZE")
        if isinstance(uid, int) and isinstance(size, int):
            flags = response.flag_set(items.get(b"FLAGS") or ())
            received = response.arrival(items.get(b"INTERNALDATE"))
            fields = b"".join(response.sections(items))
            by_uid[uid] = StoredMessage(uid, flags, received, size, fields)
    return tuple(by_uid[uid] for uid in sorted(by_uid))


def whole(imap: Connection, uids: Iterable[int]) -> dict[int, bytes]:
    """Return whole messages of the open folder by UID, without those that are gone. Sends one
    command. The caller ensures that the messages are small.
    """
    lines = imap.uid("FETCH", uid_sets.compressed(uids), "(UID BODY.PEEK[])")
    return {
        items[b"UID"]: response.raw_bytes(items[b"BODY[]"])
        for _, items in response.items(lines)
        if isinstance(items.get(b"UID"), int) and b"BODY[]" in items
    }


def links(imap: Connection, uids: str) -> tuple[MessageLinks, ...]:
    """Return the identifiers that tie messages of the open folder to others, for a set of UIDs.
    Sends one command.
    """
    return tuple(_links(imap.uid("FETCH", uids, f"(UID {_LINKS})")))


def links_by_sequence(imap: Connection, first: int, last: int) -> tuple[MessageLinks, ...]:
    """Return the values of `links` for the messages ``first`` to ``last``."""
    return tuple(_links(imap.command("FETCH", f"{first}:{last}", f"(UID {_LINKS})")))


def _links(lines: Iterable[Any]) -> Iterator[MessageLinks]:
    for _, items in response.items(lines):
        sections = [
            value for name, value in items.items() if name.startswith(b"BODY[HEADER.FIELDS")
        ]
        uid = items.get(b"UID")
        if not sections or not isinstance(uid, int):
            continue
        fields = parse_fields(response.raw_bytes(sections[0]))
        own = _ID.findall(fields.get("Message-ID"))[:1]
        others = fields.get("References") or fields.get("In-Reply-To")
        yield MessageLinks(uid, own[0] if own else "", tuple(_ID.findall(others)))


def previews(imap: Connection, uids: str) -> dict[int, str]:
    """Return the beginnings of messages of the open folder by UID, as the server made them (RFC
    8970). Messages without one are left out. Sends one command.

    LAZY is not used, because it leaves out every beginning that no client has asked for before.
    Only for a server with PREVIEW.
    """
    words_by_uid = {}
    for _, items in response.items(imap.uid("FETCH", uids, "(UID PREVIEW)")):
        words = response.raw_bytes(items.get(b"PREVIEW")).decode("utf-8", "replace")
        if words and isinstance(items.get(b"UID"), int):
            words_by_uid[items[b"UID"]] = words
    return words_by_uid


def beginnings(imap: Connection, uids: str, number: str, size: int) -> dict[int, bytes]:
    """Return the first ``size`` bytes of the part ``number`` of messages of the open folder by UID,
    in their transfer encoding. Sends one command.
    """
    lines = imap.uid("FETCH", uids, f"(UID {_peek(number, 0, size)})")
    return {
        items[b"UID"]: _section(items, number)
        for _, items in response.items(lines)
        if isinstance(items.get(b"UID"), int)
    }


def samples(imap: Connection, uids: Iterable[int], size: int) -> tuple[MessageSample, ...]:
    """Return flags and the first ``size`` bytes of messages of the open folder, in the order of
    their UIDs, without marking them as seen. Messages that are gone are left out. Sends one
    command.
    """
    wanted = uid_sets.compressed(uids)
    lines = imap.uid("FETCH", wanted, f"(UID FLAGS {_peek('', 0, size)})") if wanted else []
    whole = [
        MessageSample(
            items[b"UID"], response.flag_set(items.get(b"FLAGS") or ()), _section(items, "")
        )
        for _, items in response.items(lines)
        if isinstance(items.get(b"UID"), int) and any(name.startswith(b"BODY") for name in items)
    ]
    return tuple(sorted(whole, key=lambda sample: sample.uid))


def fields(imap: Connection, uids: str, names: Sequence[str], size: int) -> dict[int, bytes]:
    """Return the first ``size`` bytes of some header fields of messages of the open folder by UID.
    Sends one command.
    """
    wanted = f"BODY.PEEK[HEADER.FIELDS ({' '.join(names)})]<0.{size}>"
    return {
        items[b"UID"]: response.raw_bytes(value)
        for _, items in response.items(imap.uid("FETCH", uids, f"(UID {wanted})"))
        for name, value in items.items()
        if name.startswith(b"BODY[HEADER.FIELDS") and isinstance(items.get(b"UID"), int)
    }


def arrivals(imap: Connection, uids: str) -> dict[int, datetime | None]:
    """Return the INTERNALDATE of messages of the open folder by UID. Sends one command."""
    lines = imap.uid("FETCH", uids, "(UID INTERNALDATE)")
    return {
        items[b"UID"]: response.arrival(items[b"INTERNALDATE"])
        for _, items in response.items(lines)
        if isinstance(items.get(b"UID"), int) and b"INTERNALDATE" in items
    }


def one(imap: Connection, ref: MessageRef) -> FetchedMessage:
    """Return the values of one message for the row of a list. Raises MessageNotFound when it is
    gone.
    """
    imap.require(ref)
    return _one(imap, ref, _STEPS)


def _one(imap: Connection, ref: MessageRef, steps: Sequence[str]) -> FetchedMessage:
    fetched: dict[int, FetchedMessage] = {}
    for step in steps:
        if not _step(imap, [ref.uid], step, OPENED_LIMIT, fetched):
            break
    if ref.uid not in fetched:
        raise _gone(ref)
    return fetched[ref.uid]


def opened(imap: Connection, ref: MessageRef) -> tuple[FetchedMessage, bytes]:
    """Return the message as `one` does, with the first 256 KB of its raw header, in one command as
    long as the answer can be read. A header that the server cannot send is empty.
    """
    imap.require(ref)
    fetched: dict[int, FetchedMessage] = {}
    left = _step(imap, [ref.uid], f"{ROW} {_HEADER}", OPENED_LIMIT + HEADER_LIMIT, fetched)
    if not left:
        if ref.uid not in fetched:
            raise _gone(ref)
        raw = _section(_said(imap.untagged("FETCH"), ref), "HEADER")
        return _by_header(imap, fetched[ref.uid], raw), raw
    message = _one(imap, ref, _STEPS[1:])
    try:
        raw = headers(imap, ref)
        if len(raw) < HEADER_LIMIT or not message.is_readable:
            envelope = envelope_of(parse_fields(raw))
            return replace(message, envelope=envelope, is_readable=True), raw
        return replace(message, recipients=_recipients(imap, message)), raw
    except (BadServerAnswer, ServerRefused, ServerUnavailable):
        imap.recover()
        return message, b""


def _by_header(imap: Connection, message: FetchedMessage, raw: bytes) -> FetchedMessage:
    """Return the message with what its header says otherwise than the server. Sends a command only
    for a message whose pictures have no names.

    Courier leaves letters in 8 bits out of an ENVELOPE.
    """
    parsed = parse_fields(raw)
    part = _located(imap, message.ref, _believed(message.structure, parsed), parsed)
    if raw.isascii() or len(raw) >= HEADER_LIMIT:
        return replace(message, structure=part)
    return replace(message, structure=part, envelope=envelope_of(parsed))


def _is_bare(part: Part) -> bool:
    """Return whether a structure is a lone text without parameters. Courier says so of a message
    without MIME-Version, whatever its Content-Type is.
    """
    return (part.media_type, part.number, part.parameters) == ("text/plain", "1", {})


def _believed(part: Part, header: Headers) -> Part:
    """Return a bare structure with the type that the header tells. A multipart becomes a container
    (`mail.mime.containers`), whose parts are found in its content.
    """
    told = described(header)
    boundless = told.is_multipart and not told.parameters.get("boundary")
    if not _is_bare(part) or boundless or told.media_type.startswith("message/"):
        return part
    encoding = "8bit" if told.is_multipart else told.encoding
    return replace(told, number=part.number, size=part.size, encoding=encoding)


def _located(imap: Connection, ref: MessageRef, root: Part, header: Headers) -> Part:
    """Return the structure with the Content-Location of its parts, which Courier leaves out, if
    pictures of a multipart/related are named by nothing else. Sends one command then.
    """
    related = [part for part in root.walk() if part.media_type == "multipart/related"]
    inside = [part for outer in related for part in outer.children if not part.children]
    if not any(_is_nameless(part) for part in inside):
        return root
    numbers = [f"{part.number}.MIME" for part in inside[:_MOST_LOCATED]]
    told = {
        number.removesuffix(".MIME"): parse_fields(raw).get("Content-Location").strip()
        for number, raw in parts(imap, ref, numbers, _MIME_LIMIT).items()
    }
    return _with_locations(root, told | {root.number: header.get("Content-Location").strip()})


def _is_nameless(part: Part) -> bool:
    return part.media_type.startswith("image/") and not (part.content_id or part.location)


def _with_locations(part: Part, told: Mapping[str, str]) -> Part:
    return replace(
        part,
        location=part.location or told.get(part.number, ""),
        children=tuple(_with_locations(child, told) for child in part.children),
    )


def _recipients(imap: Connection, message: FetchedMessage) -> int:
    """Return about how many recipients the message has, counted by the signs that each address has;
    0 when the envelope names all. Sends one command.
    """
    raw_fields = fields(imap, str(message.ref.uid), ("TO", "CC"), _MOST_COUNTED).get(
        message.ref.uid, b""
    )
    count = raw_fields.count(b"@")
    named = len(message.envelope.to) + len(message.envelope.cc)
    return count if len(raw_fields) >= response.FIELD and count > named else 0


def structure(imap: Connection, ref: MessageRef) -> Part:
    """Return the tree of the message's parts alone. Sends one command, and another where the
    server tells less than the message.
    """
    imap.require(ref)
    bounds = Bounds(_PATIENCE, OPENED_LIMIT)
    try:
        lines = imap.uid("FETCH", str(ref.uid), "(UID BODYSTRUCTURE)", bounds=bounds)
    except (BadServerAnswer, ServerRefused, ServerUnavailable):
        imap.recover()
        return response.UNREADABLE
    if not lines:
        raise _gone(ref)
    try:
        told = response.structure(_said(lines, ref).get(b"BODYSTRUCTURE"))
    except (BadServerAnswer, *response.TRIPS):
        return response.UNREADABLE
    related = any(part.media_type == "multipart/related" for part in told.walk())
    if not (_is_bare(told) or (related and any(map(_is_nameless, told.walk())))):
        return told
    header = parse_fields(fields(imap, str(ref.uid), _DESCRIBING, _MIME_LIMIT).get(ref.uid, b""))
    return _located(imap, ref, _believed(told, header), header)


def headers(imap: Connection, ref: MessageRef) -> bytes:
    """Return the first 256 KB of the raw header."""
    imap.require(ref)
    return _section(_said(imap.uid("FETCH", str(ref.uid), f"(UID {_HEADER})"), ref), "HEADER")


def part_bytes(imap: Connection, ref: MessageRef, number: str, limit: int) -> tuple[bytes, bool]:
    """Return the first ``limit`` bytes of a part in its transfer encoding, and whether there are
    more.

    The ``number`` ``""`` is the whole message. Raises PartNotFound when there is no such part.
    """
    imap.require(ref)
    data = _piece(imap, ref, number, 0, limit + 1)
    return data[:limit], len(data) > limit


def parts(
    imap: Connection, ref: MessageRef, numbers: Sequence[str], limit: int
) -> dict[str, bytes]:
    """Return the first ``limit`` bytes of several parts, by number; ``b""`` for a missing part.
    Sends one command.
    """
    if not numbers:
        return {}
    imap.require(ref)
    wanted = " ".join(_peek(number, 0, limit) for number in numbers)
    items = _said(imap.uid("FETCH", str(ref.uid), f"(UID {wanted})"), ref)
    return {number: _section(items, number) for number in numbers}


def chunks(imap: Connection, ref: MessageRef, number: str, size: int = CHUNK) -> Iterator[bytes]:
    """Yield a part in its transfer encoding, piece by piece; the ``number`` ``""`` is the whole
    message.

    The first piece is fetched at once, so that a missing message or part raises here and not when
    half the answer has been sent to the browser. Sends one command for each piece.
    """
    imap.require(ref)
    first = _piece(imap, ref, number, 0, size)
    return _following(imap, ref, number, size, first)


def binary_size(imap: Connection, ref: MessageRef, number: str) -> int | None:
    """Return the size in bytes of a part without its transfer encoding (RFC 3516), or None.

    The size is not reliable, see `decoded_size`. It is None when the server has no BINARY, does not
    know the encoding, or fails because the data does not match its declared encoding (Dovecot
    reports an internal error).
    """
    if not imap.has("BINARY") or not number:
        return None
    imap.require(ref)
    _peek(number, 0, 0)
    try:
        lines = imap.uid("FETCH", str(ref.uid), f"(UID BINARY.SIZE[{number}])")
    except (ServerRefused, ServerUnavailable):
        return None
    name = b"BINARY.SIZE[%s]" % number.encode()
    for _, items in response.items(lines):
        if items.get(b"UID") == ref.uid and isinstance(items.get(name), int):
            return int(items[name])
    return None


def decoded_size(imap: Connection, ref: MessageRef, part: Part) -> int | None:
    """Return the exact size in bytes of a part without its transfer encoding, for the length that a
    browser is told; None when it cannot be known without fetching the part. Sends two commands.

    For base64, the server's BINARY.SIZE alone is not enough: Dovecot 2.4.1 reports a third too
    little, or two bytes, when a message has several such parts. But it reports no size when the
    encoding has an error; if it has none, the lines and the padding give the size. The size of a
    part without encoding is in the structure, which some servers round: the last bytes must stand
    where it ends.
    """
    ends = _ends(imap, ref, part)
    if ends is None or part.encoding not in ("base64", "7bit", "8bit", "binary"):
        return None
    if part.encoding != "base64":
        return part.size
    size = base64_size(part.size, *ends)
    return size if size and binary_size(imap, ref, part.number) is not None else None


def _ends(imap: Connection, ref: MessageRef, part: Part) -> tuple[bytes, bytes] | None:
    """Return the first and the last bytes of a part as sent, or None when its size differs from the
    structure's.
    """
    imap.require(ref)
    at = max(part.size - END, 0)
    wanted = f"{_peek(part.number, 0, END)} {_peek(part.number, at, END + 1)}"
    for _, items in response.items(imap.uid("FETCH", str(ref.uid), f"(UID {wanted})")):
        ends = [
            response.raw_bytes(items.get(b"BODY[%s]<%d>" % (part.number.encode(), origin)))
            for origin in (0, at)
        ]
        if items.get(b"UID") == ref.uid and len(ends[1]) == part.size - at:
            return ends[0], ends[1]
    return None


def binary_chunks(
    imap: Connection, ref: MessageRef, number: str, start: int, end: int
) -> Iterator[bytes]:
    """Yield the bytes ``start`` to ``end`` (exclusive) of a part without its transfer encoding,
    piece by piece. Only for parts whose size `decoded_size` knows. The first piece is fetched at
    once, as in `chunks`.
    """
    imap.require(ref)
    first = _binary(imap, ref, number, start, min(CHUNK, end - start))
    return _following_binary(imap, ref, number, start, end, first)


def _following_binary(
    imap: Connection, ref: MessageRef, number: str, start: int, end: int, piece: bytes
) -> Iterator[bytes]:
    while piece:
        yield piece
        start += len(piece)
        if start >= end:
            return
        piece = _binary(imap, ref, number, start, min(CHUNK, end - start))


def _binary(imap: Connection, ref: MessageRef, number: str, offset: int, size: int) -> bytes:
    if size <= 0:
        return b""
    wanted = _peek(number, offset, size).replace("BODY", "BINARY", 1)
    lines = imap.uid("FETCH", str(ref.uid), f"(UID {wanted})")
    for _, items in response.items(_plain_literals(lines)):
        sections = [value for name, value in items.items() if name.startswith(b"BINARY[")]
        if items.get(b"UID") == ref.uid and sections:
            piece = response.raw_bytes(sections[0])
            if len(piece) > size:
                raise BadServerAnswer("The IMAP server sent more of a part than was asked for.")
            return piece
    raise _gone(ref)


def _plain_literals(lines: Sequence[Any]) -> list[Any]:
    """Rewrite ``~{3}``, a literal that may hold NUL (RFC 3516 section 4.4), in the form that the
    parser knows.
    """
    return [
        (line[0].replace(b"~{", b"{"), line[1]) if isinstance(line, tuple) else line
        for line in lines
    ]


def _following(
    imap: Connection, ref: MessageRef, number: str, size: int, piece: bytes
) -> Iterator[bytes]:
    offset = 0
    while piece:
        yield piece
        if len(piece) < size:
            return
        offset += len(piece)
        piece = _piece(imap, ref, number, offset, size)


def _piece(imap: Connection, ref: MessageRef, number: str, offset: int, size: int) -> bytes:
    lines = imap.uid("FETCH", str(ref.uid), f"(UID {_peek(number, offset, size)})")
    piece = _section(_said(lines, ref), number, required=True)
    if len(piece) > size:
        raise BadServerAnswer("The IMAP server sent more of a part than was asked for.")
    return piece


def _peek(number: str, offset: int, size: int) -> str:
    """Return ``BODY.PEEK[2.1]<0.1000>``. Raises PartNotFound for an invalid part number."""
    if not _NUMBER.fullmatch(number):
        raise PartNotFound(f"Not a part number: {number!r}")
    return f"BODY.PEEK[{number}]<{offset}.{size}>"


def _said(lines: Sequence[Any], ref: MessageRef) -> dict[bytes, Any]:
    """Return the items of the requested message, without updates of flags in the same answer."""
    for _, items in response.items(lines):
        if items.get(b"UID") == ref.uid and any(name.startswith(b"BODY") for name in items):
            return items
    raise _gone(ref)


def _gone(ref: MessageRef) -> MessageNotFound:
    return MessageNotFound(f"No message has UID {ref.uid} in {ref.folder!r}.")


def _section(items: Mapping[bytes, Any], number: str, *, required: bool = False) -> bytes:
    """Return the literal under ``BODY[number]<0>``. With ``required``, NIL raises PartNotFound."""
    wanted = b"BODY[%s]" % number.encode()
    # Some servers leave the origin, <0>, out of the name.
    sections = [value for name, value in items.items() if name.partition(b"<")[0] == wanted]
    if required and (not sections or sections[0] is None):
        raise PartNotFound(f"The message has no part {number!r}.")
    return response.raw_bytes(sections[0]) if sections else b""
