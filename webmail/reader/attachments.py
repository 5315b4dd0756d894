"""The files of a message: its parts, and the files inside them.

A file may contain others: a zip its members, a nested message its attachments. ``path`` leads to
one of them: each of its numbers is an index into the files of the file before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from mail.errors import PartNotFound, TooLarge
from mail.imap import fetch
from mail.imap.connection import Connection
from mail.imap.values import MessageRef
from mail.mailbox import reading
from mail.mailbox.contents import PLAIN_SANITISER, MessageContent, Sanitiser
from mail.mailbox.reading import EnclosedMessage
from mail.mime import containers, text
from mail.mime.build import decoded_size
from mail.mime.outlook import msg
from mail.mime.structure import Part
from mail.previews import archives
from mail.previews.detect import BINARY, HEAD, Detected, Kind, detect, of_beginning
from mail.previews.failures import NoPreview, Reason
from mail.previews.making import make

DEEPEST = archives.MOST_NESTED
"""The most steps of a path, that is, the greatest depth of files inside files."""

# Bytes of the encoded part for each byte of the file: base64 with its line ends, and some slack.
_AS_SENT = 1.4
_HEAD_AS_SENT = int(HEAD * _AS_SENT)
# These kinds are detected from the beginning of the file, and the browser fetches the content by
# itself.
_TOLD_BY_HEAD = frozenset({Kind.IMAGE, Kind.PDF, Kind.AUDIO, Kind.VIDEO})
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class File:
    """A file as the message, or the archive that contains it, describes it. ``size`` is
    approximate, in bytes. ``name`` is safe to show and as a file name, ``""`` when the file has
    none."""

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
class FoundAttachment:
    """A file and its detected format. ``content`` is only the beginning unless ``is_whole``;
    ``refusal`` is the reason why there are no bytes at all. ``holder`` is the file that contains
    it."""

    file: File
    detected: Detected
    content: bytes = b""
    is_whole: bool = False
    refusal: Reason | None = None
    holder: FoundAttachment | None = None


@dataclass(frozen=True)
class InnerFile:
    """One file inside another. ``index`` is its step in a path, ``path`` its place inside the other
    file."""

    index: int
    path: str
    file: File
    is_encrypted: bool = False


@dataclass(frozen=True)
class InnerFiles:
    """The files inside a file. ``is_truncated`` means that there are more."""

    files: tuple[InnerFile, ...] = ()
    is_truncated: bool = False

    @property
    def openable(self) -> tuple[int, ...]:
        return tuple(inner.index for inner in self.files if not inner.is_encrypted)


def look(
    imap: Connection, ref: MessageRef, number: str, path: Sequence[int], limit: int
) -> FoundAttachment:
    """Return the file at an address with its detected format. As few bytes as possible are fetched,
    but all of those that this server itself shows. ``limit`` is the most bytes of the part.

    Raises PartNotFound. A file that is too large or cannot be read comes back without bytes, with
    the reason.
    """
    if path or containers.is_held(number):
        return _carried(imap, ref, number, path, limit)
    part = reading.find_part(imap, ref, number)
    file = of_part(part)
    head, is_cut = fetch.part_bytes(imap, ref, part.number, _HEAD_AS_SENT)
    content = text.decode_transfer(head, part.encoding)
    detected = _detected(file, content)
    is_apart = detected.kind is Kind.MESSAGE and reading.is_nested(part)
    if not is_cut or is_apart or not _needs_whole(content, detected):
        return FoundAttachment(file, detected, content, is_whole=not is_cut)
    return _carried(imap, ref, number, path, limit)


MOST_BEGUN = 20
"""The number of files of a message whose beginnings are checked."""
_BEGINNING = 2048


def begun(imap: Connection, ref: MessageRef, parts: Sequence[Part]) -> dict[str, Detected]:
    """Return the parts whose first bytes contradict the declared type or are those of a program:
    the detected format by the number of the part. One command."""
    checked = parts[:MOST_BEGUN]
    raw = fetch.parts(imap, ref, [part.number for part in checked], _BEGINNING)
    beginnings = {
        part.number: of_beginning(
            text.decode_transfer(raw[part.number], part.encoding),
            claimed=part.media_type,
            name=part.file_name,
        )
        for part in checked
    }
    return {
        n: beginning
        for n, beginning in beginnings.items()
        if beginning.contradiction or beginning.is_program
    }


def whole(
    imap: Connection, ref: MessageRef, number: str, path: Sequence[int], limit: int
) -> FoundAttachment:
    """Return the attachment as `look` does, with all bytes. Raises PartNotFound, NoPreview."""
    carried = _carried(imap, ref, number, path, limit)
    if carried.refusal is not None:
        raise NoPreview(carried.refusal)
    return carried


def of_part(part: Part) -> File:
    octets = decoded_size(part.size) if part.encoding == "base64" else part.size
    return File(part.file_name, part.media_type, dict(part.parameters), octets, part)


def inner_files(attachment: FoundAttachment) -> InnerFiles:
    """Return the files inside a whole file. Raises NoPreview for an archive that is damaged or a
    bomb."""
    if attachment.detected.kind is Kind.ARCHIVE:
        listing = make(archives.listing, attachment.content)
        return InnerFiles(
            tuple(
                InnerFile(
                    member.index,
                    member.path,
                    File(member.name, size=member.size),
                    member.is_encrypted,
                )
                for member in listing.members
            ),
            listing.is_truncated,
        )
    if attachment.detected.kind is Kind.MESSAGE:
        return _in_message(_message(attachment))
    return InnerFiles()


def _in_message(enclosed: EnclosedMessage) -> InnerFiles:
    return InnerFiles(
        tuple(
            InnerFile(enclosed.steps[part.number], part.file_name, of_part(part))
            for part in enclosed.message().shown.attachments
        )
    )


# --- messages ---


@dataclass(frozen=True)
class InnerMessage:
    """A message inside another, read. Where it comes out of a file, ``steps`` holds the step of a
    path for each of its part numbers. The attachments of a message whose structure the server told
    are ordinary parts, and ``steps`` is None."""

    message: MessageContent
    steps: Mapping[str, int] | None = None


def nested(
    imap: Connection,
    ref: MessageRef,
    number: str,
    path: Sequence[int],
    limit: int,
    sanitiser: Sanitiser = PLAIN_SANITISER,
) -> InnerMessage:
    """Return the message at an address. Where the server told its structure, parts are fetched one
    by one; otherwise all of it, up to ``limit`` bytes. Raises NoPreview, and PartNotFound, also
    where the address is no message."""
    part = _taken_apart(imap, ref, number, path)
    if part is not None:
        return InnerMessage(reading.nested(imap, ref, part, sanitiser=sanitiser))
    enclosed = _enclosed(imap, ref, number, path, limit)
    return InnerMessage(enclosed.message(sanitiser), enclosed.steps)


def part_of_nested(
    imap: Connection, ref: MessageRef, number: str, path: Sequence[int], part: Part, limit: int
) -> bytes:
    """Return a decoded part of the message at an address, such as an image in its HTML. Raises
    PartNotFound, NoPreview, TooLarge."""
    if _taken_apart(imap, ref, number, path) is not None:
        return reading.content(imap, ref, part, limit)
    enclosed = _enclosed(imap, ref, number, path, limit)
    leaf = next(
        (candidate for candidate in enclosed.leaves if candidate.number == part.number), None
    )
    if leaf is None:
        raise PartNotFound(f"The message has no part {part.number!r}.")
    return enclosed.content(leaf)


def _taken_apart(
    imap: Connection, ref: MessageRef, number: str, path: Sequence[int]
) -> Part | None:
    """Return the part if it is a message whose structure the server told, else None."""
    if path or containers.is_held(number):
        return None
    part = reading.find_part(imap, ref, number)
    return part if reading.is_nested(part) else None


def _enclosed(
    imap: Connection, ref: MessageRef, number: str, path: Sequence[int], limit: int
) -> EnclosedMessage:
    attachment = whole(imap, ref, number, path, limit)
    if attachment.detected.kind is not Kind.MESSAGE:
        raise PartNotFound("The file is no message.")
    return _message(attachment)


def _message(attachment: FoundAttachment) -> EnclosedMessage:
    """Return the message in a whole file. Raises NoPreview for an Outlook message that cannot be
    read."""
    content = attachment.content
    if attachment.detected.extension == "msg":
        converted = make(msg.convert, content, 4 * len(content))
        if converted.fault:
            raise NoPreview(
                _FAULTS.get(msg.MsgFault(converted.fault), Reason.DAMAGED), converted.fault
            )
        content = converted.raw
    return EnclosedMessage.of(content)


_FAULTS = {
    msg.MsgFault.NESTED: Reason.BOMB,
    msg.MsgFault.TOO_LARGE: Reason.BOMB,
    msg.MsgFault.NO_MAIL: Reason.UNSUPPORTED,
    msg.MsgFault.NO_MESSAGE: Reason.UNSUPPORTED,
}


# --- the way to a file ---


def _carried(
    imap: Connection, ref: MessageRef, number: str, path: Sequence[int], limit: int
) -> FoundAttachment:
    """Return the whole file at ``path`` inside a part, or the part itself for an empty path."""
    if len(path) > DEEPEST:
        raise PartNotFound("Files in files, too deep.")
    part, content = _part(imap, ref, number, limit)
    file = of_part(part)
    if content is None:
        return FoundAttachment(file, UNKNOWN, refusal=Reason.TOO_LARGE)
    attachment = FoundAttachment(file, _detected(file, content), content, is_whole=True)
    for index in path:
        attachment = _step(attachment, index, limit)
        if attachment.refusal is not None:
            break
    return attachment


def _part(imap: Connection, ref: MessageRef, number: str, limit: int) -> tuple[Part, bytes | None]:
    """Return a part and its decoded bytes, or None in place of more than ``limit`` bytes."""
    if containers.is_held(number):
        part, content = reading.held(imap, ref, number)
        return part, content if len(content) <= limit else None
    part = reading.find_part(imap, ref, number)
    try:
        return part, _whole(imap, ref, part, limit)
    except TooLarge:
        return part, None


def _step(attachment: FoundAttachment, index: int, limit: int) -> FoundAttachment:
    """Return one of the files inside a file."""
    try:
        if attachment.detected.kind is Kind.MESSAGE:
            return _leaf(attachment, index)
        inner = next(
            (candidate for candidate in inner_files(attachment).files if candidate.index == index),
            None,
        )
    except NoPreview as refusal:
        return replace(attachment, content=b"", refusal=refusal.reason)
    if inner is None:
        raise PartNotFound(f"No file {index} is in there.")
    try:
        content = make(archives.extract, attachment.content, [index], limit=limit)
    except NoPreview as refusal:
        return FoundAttachment(inner.file, UNKNOWN, refusal=refusal.reason, holder=attachment)
    return _whole_in(attachment, inner.file, content)


def _leaf(attachment: FoundAttachment, index: int) -> FoundAttachment:
    enclosed = _message(attachment)
    if index >= len(enclosed.leaves):
        raise PartNotFound(f"The message has no part {index}.")
    leaf = enclosed.leaves[index]
    return _whole_in(attachment, of_part(leaf), enclosed.content(leaf))


def _whole_in(holder: FoundAttachment, file: File, content: bytes) -> FoundAttachment:
    return FoundAttachment(file, _detected(file, content), content, is_whole=True, holder=holder)


def _detected(file: File, content: bytes) -> Detected:
    return detect(content, claimed=file.media_type, name=file.name)


def _needs_whole(content: bytes, detected: Detected) -> bool:
    if detected.kind is Kind.UNKNOWN:
        return content.startswith(_OLD_OFFICE)
    # Only the whole of a TIFF tells whether it has pages.
    return detected.kind not in _TOLD_BY_HEAD or detected.extension == "tiff"


def _whole(imap: Connection, ref: MessageRef, part: Part, limit: int) -> bytes:
    """Return all of a part, decoded while it is fetched. Raises TooLarge, before fetching if the
    part's size tells it."""
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
