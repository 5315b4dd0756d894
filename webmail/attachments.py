"""The files that a message brings, opened by their address: its parts, and what stands in them.

A file may hold others: a zip its members, a nested message its attachments. ``path`` leads to one
of them, an index into what each file on the way holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parsedate_to_datetime

from webmail.errors import PartNotFound, TooLarge
from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.imap.values import MessageRef
from webmail.mailbox import reading
from webmail.mime import addresses, containers, html, structure, text
from webmail.mime.addresses import Address
from webmail.mime.structure import Part
from webmail.previews import archives
from webmail.previews.detect import BINARY, HEAD, Detected, Kind, detect
from webmail.previews.failures import NoPreview, Reason

DEEPEST = archives.MOST_NESTED
"""So many steps a path may have: files in files."""

# Bytes as sent for each byte of a file: base64 with its line ends, and some slack.
_AS_SENT = 1.4
_HEAD_AS_SENT = int(HEAD * _AS_SENT)
# What these are is told by their beginning, and the browser fetches them by itself.
_TOLD_BY_HEAD = frozenset({Kind.IMAGE, Kind.PDF, Kind.AUDIO, Kind.VIDEO})
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class File:
    """A file as mail, or the archive it lies in, describes it. ``size`` in bytes, about; ``name``
    is safe to show and to save, ``""`` when it has none."""

    name: str
    media_type: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    size: int = 0
    part: Part | None = None

    @property
    def charset(self) -> str:
        return self.parameters.get("charset", "")


UNKNOWN = Detected(Kind.UNKNOWN, BINARY, "")


@dataclass(frozen=True)
class Found:
    """A file and what its bytes are. ``content`` is only its beginning unless ``is_whole``;
    ``refusal`` tells why there are no bytes at all."""

    file: File
    detected: Detected
    content: bytes = b""
    is_whole: bool = False
    refusal: Reason | None = None


@dataclass(frozen=True)
class Inside:
    """One file inside another: ``index`` is its step of a path, ``path`` where it lies there."""

    index: int
    path: str
    file: File
    is_encrypted: bool = False


@dataclass(frozen=True)
class Holding:
    """What a file holds. ``is_truncated``: more than that."""

    files: tuple[Inside, ...] = ()
    is_truncated: bool = False


@dataclass(frozen=True)
class Letter:
    """A message inside another. ``html`` is its source, not sanitised yet."""

    subject: str
    sender: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    date: datetime | None
    text: str
    html: str


def look(imap: Connection, ref: MessageRef, number: str, path: Sequence[int], limit: int) -> Found:
    """The file of an address, with as many of its bytes as it takes to say what it is, and all of
    those that are shown by this server. ``limit``: bytes of the part.

    Raises PartNotFound; what is too large or too strange to be looked into comes back with the
    reason, as a file without bytes.
    """
    if path or containers.is_held(number):
        return _carried(imap, ref, number, path, limit)
    part = reading.find_part(imap, ref, number)
    file = of_part(part)
    head, is_cut = fetch.part_bytes(imap, ref, part.number, _HEAD_AS_SENT)
    content = text.decode_transfer(head, part.encoding)
    detected = _detected(file, content)
    if not is_cut or not _needs_whole(content, detected):
        return Found(file, detected, content, is_whole=not is_cut)
    return _carried(imap, ref, number, path, limit)


def whole(imap: Connection, ref: MessageRef, number: str, path: Sequence[int], limit: int) -> Found:
    """As `look`, with all bytes. Raises PartNotFound, NoPreview."""
    found = _carried(imap, ref, number, path, limit)
    if found.refusal is not None:
        raise NoPreview(found.refusal)
    return found


def of_part(part: Part) -> File:
    octets = part.size * 3 // 4 if part.encoding == "base64" else part.size
    return File(part.file_name, part.media_type, dict(part.parameters), octets, part)


def inside(found: Found) -> Holding:
    """What a whole file holds. Raises NoPreview for an archive that is damaged or a bomb."""
    if found.detected.kind is Kind.ARCHIVE:
        listing = archives.listing(found.content)
        return Holding(
            tuple(
                Inside(
                    member.index,
                    member.path,
                    File(member.name, size=member.size),
                    member.is_encrypted,
                )
                for member in listing.members
            ),
            listing.is_truncated,
        )
    if found.detected.kind is Kind.MESSAGE:
        parts = structure.choose(structure.parse(found.content).root).attachments
        return Holding(
            tuple(Inside(index, part.file_name, of_part(part)) for index, part in enumerate(parts))
        )
    return Holding()


def letter(content: bytes) -> Letter:
    """A nested message, read. Never raises."""
    parsed = structure.parse(content)
    shown = structure.choose(parsed.root)
    fields = parsed.headers
    return Letter(
        subject=fields.get("Subject"),
        sender=addresses.parse(fields.get("From")),
        to=addresses.parse(fields.get("To")),
        cc=addresses.parse(fields.get("Cc")),
        date=_date(fields.get("Date")),
        text=html.join_text(_bodies(shown.text, parsed)),
        html=html.join(_bodies(shown.html, parsed)),
    )


def inline_image(content: bytes, n: int) -> bytes:
    """The part behind ``inline/<n>`` of a nested message's sanitised HTML. Raises PartNotFound."""
    parsed = structure.parse(content)
    named = structure.named(parsed.root)
    names = html.sanitise(letter(content).html, locations=named.keys()).inline
    part = named.get(names[n]) if 0 <= n < len(names) else None
    if part is None or part.number not in parsed.bodies:
        raise PartNotFound(f"The message has no image {n}.")
    return text.decode_transfer(parsed.bodies[part.number], part.encoding)


def locations(content: bytes) -> tuple[str, ...]:
    """By which names the HTML of a nested message may mean its parts."""
    return tuple(structure.named(structure.parse(content).root))


def _bodies(parts: Sequence[Part], parsed: structure.Parsed) -> tuple[tuple[Part, str], ...]:
    return tuple(
        (part, text.decode(parsed.bodies[part.number], part.encoding, part.charset))
        for part in parts
        if part.number in parsed.bodies
    )


def _date(value: str) -> datetime | None:
    try:
        return parsedate_to_datetime(value).astimezone()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _carried(
    imap: Connection, ref: MessageRef, number: str, path: Sequence[int], limit: int
) -> Found:
    """The file at ``path`` of what a part holds, whole; the part itself without one."""
    if len(path) > DEEPEST:
        raise PartNotFound("Files in files, too deep.")
    part, content = _part(imap, ref, number, limit)
    file = of_part(part)
    if content is None:
        return Found(file, UNKNOWN, refusal=Reason.TOO_LARGE)
    found = Found(file, _detected(file, content), content, is_whole=True)
    for index in path:
        found = _step(found, index, limit)
        if found.refusal is not None:
            break
    return found


def _part(imap: Connection, ref: MessageRef, number: str, limit: int) -> tuple[Part, bytes | None]:
    """A part and its bytes, decoded; None where they are more than ``limit``."""
    if containers.is_held(number):
        part, content = reading.held(imap, ref, number)
        return part, content if len(content) <= limit else None
    part = reading.find_part(imap, ref, number)
    try:
        return part, _whole(imap, ref, part, limit)
    except TooLarge:
        return part, None


def _step(found: Found, index: int, limit: int) -> Found:
    """One of the files that a file holds."""
    try:
        one = next((held for held in inside(found).files if held.index == index), None)
    except NoPreview as refusal:
        return replace(found, content=b"", refusal=refusal.reason)
    if one is None:
        raise PartNotFound(f"No file {index} is in there.")
    try:
        content = _taken(found, one, index, limit)
    except NoPreview as refusal:
        return Found(one.file, UNKNOWN, refusal=refusal.reason)
    return Found(one.file, _detected(one.file, content), content, is_whole=True)


def _taken(found: Found, one: Inside, index: int, limit: int) -> bytes:
    if one.file.part is None:
        return archives.extract(found.content, [index], limit=limit)
    part = one.file.part
    return text.decode_transfer(structure.parse(found.content).bodies[part.number], part.encoding)


def _detected(file: File, content: bytes) -> Detected:
    return detect(content, claimed=file.media_type, name=file.name)


def _needs_whole(content: bytes, detected: Detected) -> bool:
    if detected.kind is Kind.UNKNOWN:
        return content.startswith(_OLD_OFFICE)
    return detected.kind not in _TOLD_BY_HEAD


def _whole(imap: Connection, ref: MessageRef, part: Part, limit: int) -> bytes:
    """All of a part, decoded as it comes. Raises TooLarge, before fetching when its size is
    told."""
    most = int(limit * _AS_SENT)
    if part.size > most:
        raise TooLarge(limit=limit)
    decoder = text.TransferDecoder(part.encoding)
    content = bytearray()
    for piece in fetch.chunks(imap, ref, part.number):
        content += decoder.feed(piece)
        if len(content) > limit:
            raise TooLarge(limit=limit)
    content += decoder.close()
    return bytes(content)
