"""Read messages from uploaded files: mbox, .eml, .msg, zip and tar of those, Maildir, and
Thunderbird's folders.

Every file is considered hostile. No more than one message is in memory. Paths only give the names
of folders and are never opened. Links, nested archives and files that are no messages are reported
and skipped.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import BinaryIO

from webmail.imap import names as imap_names
from webmail.mime.headers import parse
from webmail.transfer import maildir, mbox, names, tarring, unzipping
from webmail.zips import BadZip, ZipFault, ZipMember

MOST_UNPACKED = 8
"""The most bytes that an archive may unpack to, as a multiple of the upload limit."""
MOST_FOLDERS = 20_000
"""The most folders that a tar may name; a gigabyte of them packs into a megabyte."""
_HEAD = 4096
_PIECE = 256 * 1024
_DEEPEST = 8
_OUTLOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_KNOWN_FIELDS = {"from", "date", "subject", "message-id", "received", "return-path", "to",
                 "mime-version", "delivered-to"}  # fmt: skip
# Files that Thunderbird and other programs keep beside the messages.
_BESIDE = (".msf", ".dat", ".json", ".sqlite", ".ini", ".html", ".txt", ".mab", ".js", ".db")
_FIRST_FIELD = re.compile(rb"(?:\xef\xbb\xbf)?[!-9;-~]{1,76}[ \t]{0,5}:")
_DRIVE = re.compile(r"[A-Za-z]:")


class Unreadable(Exception):
    """The file contains no messages that can be recognised."""


@dataclass(frozen=True, slots=True)
class ImportedMessage:
    """A message. ``place`` tells users where it was in the file; ``path`` are the labels of its
    folder; ``passed`` is the number of bytes of the file read so far. ``is_outlook`` means that
    ``raw`` is an Outlook file (.msg), or another file of its format."""

    place: str
    path: tuple[str, ...]
    raw: bytes
    passed: int
    flags: tuple[str, ...] = ()
    when: datetime | None = None
    is_outlook: bool = False


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """A part of the file that is not imported. ``reason`` is a code for
    `webmail.presentation.transfers`; ``size`` is in bytes."""

    place: str
    reason: str
    size: int
    passed: int


ImportItem = ImportedMessage | RefusedItem


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits in bytes. ``message`` is for one message, ``unpacked`` for all files of an archive,
    ``outlook`` for an Outlook file, which grows when it is converted to a message."""

    message: int
    unpacked: int
    outlook: int = 40_000_000


def read(file: BinaryIO, size: int, name: str, limits: Limits) -> Iterator[ImportItem]:
    """Yield the messages of an uploaded file, in its order. Raises Unreadable where the format is
    unknown; later errors are yielded as `RefusedItem`."""
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(0)
    if mbox.begins(head):
        return _of_mbox(_pieces(file), "", (), limits, lambda passed: passed)
    if head.startswith(b"PK"):
        return _of_zip(file, size, name, limits)
    if head.startswith(b"\x1f\x8b"):
        unpacked = io.BufferedReader(_Unpacked(file, limits.unpacked), _PIECE)
        return _of_tar(unpacked, limits, file.tell)
    if tarring.is_tar(head):
        return _of_tar(file, limits, file.tell)
    if head.startswith(_OUTLOOK):
        return _outlook(_pieces(file), name, (), size, limits, size)
    if _is_message(head):
        return _single(_pieces(file), name, (), size, limits, size, ())
    raise Unreadable


def unpacked_size(file: BinaryIO, size: int) -> int:
    """Return the bytes that a file declares to unpack to, for the comparison with the quota."""
    file.seek(0)
    if file.read(2) != b"PK":
        return size
    try:
        return sum(member.size for member in unzipping.members(file, size))
    except BadZip:
        return size


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def _of_mbox(
    pieces: Iterable[bytes],
    place: str,
    path: tuple[str, ...],
    limits: Limits,
    passed: Callable[[int], int],
) -> Iterator[ImportItem]:
    for message in mbox.messages(pieces, limits.message):
        where = f"{place} @{message.position}".strip()
        end = passed(message.position + message.size)
        if message.raw is None:
            yield RefusedItem(where, "too_large", message.size, end)
        elif message.raw.strip() and not message.is_deleted:
            yield ImportedMessage(where, path, message.raw, end, message.flags, message.when)


def _single(
    pieces: Iterable[bytes],
    place: str,
    path: tuple[str, ...],
    size: int,
    limits: Limits,
    passed: int,
    flags: tuple[str, ...],
    when: datetime | None = None,
) -> Iterator[ImportItem]:
    if size > limits.message:
        yield RefusedItem(place, "too_large", size, passed)
        return
    raw = b"".join(pieces).removeprefix(b"\xef\xbb\xbf")
    message = mbox.of(0, len(raw), b"", raw)
    message_flags = flags or message.flags
    if not message.is_deleted:
        yield ImportedMessage(place, path, message.raw or b"", passed, message_flags, when)


def _outlook(
    pieces: Iterable[bytes],
    place: str,
    path: tuple[str, ...],
    size: int,
    limits: Limits,
    passed: int,
) -> Iterator[ImportItem]:
    if size > limits.outlook:
        yield RefusedItem(place, "too_large", size, passed)
    else:
        yield ImportedMessage(place, path, b"".join(pieces), passed, is_outlook=True)


# --- archives ---


def _of_zip(file: BinaryIO, size: int, name: str, limits: Limits) -> Iterator[ImportItem]:
    try:
        members = unzipping.members(file, size)
    except BadZip as error:
        if error.fault in (ZipFault.TOO_MANY, ZipFault.BOMB, ZipFault.TOO_LARGE):
            reason = "bomb" if error.fault == ZipFault.BOMB else "too_many"
            yield RefusedItem(name[:200], reason, size, size)
            return
        raise Unreadable from error
    room = limits.unpacked
    for member in members:
        passed = min(size, member.start + member.packed_size)
        if member.is_folder:
            continue
        room -= member.size
        if room < 0:
            yield RefusedItem(names.clean(member.name, "?"), ZipFault.BOMB, member.size, size)
            return
        is_link = member.mode & 0o170000 == 0o120000
        try:
            yield from _of_member(
                member.name,
                member.size,
                unzipping.pieces(file, member),
                limits,
                _scaled(member),
                is_link=is_link,
            )
        except BadZip as error:
            yield RefusedItem(member.name[:200], str(error.fault), member.size, passed)


def _scaled(member: ZipMember) -> Callable[[int], int]:
    """Return a function from a position in the unpacked member to the approximate position in the
    zip."""
    size = max(1, member.size)
    return lambda place: member.start + member.packed_size * min(place, size) // size


def _of_tar(file: BinaryIO, limits: Limits, tell: Callable[[], int]) -> Iterator[ImportItem]:
    room, folders = limits.unpacked, 0
    try:
        for member, body in tarring.members(file):
            if member.is_folder:
                folders += 1
                if folders > MOST_FOLDERS:
                    yield RefusedItem(names.clean(member.name, "?"), "too_many", 0, tell())
                    return
                continue
            room -= member.size + tarring.BLOCK
            if room < 0:
                yield RefusedItem(names.clean(member.name, "?"), ZipFault.BOMB, member.size, tell())
                return
            yield from _of_member(
                member.name,
                member.size,
                _pieces(body),
                limits,
                lambda _place: tell(),
                is_link=member.is_other,
                seconds=member.seconds,
            )
    except (tarring.BadTar, zlib.error, EOFError):
        yield RefusedItem("tar", ZipFault.DAMAGED, 0, tell())


def _of_member(
    name: str,
    size: int,
    pieces: Iterator[bytes],
    limits: Limits,
    passed: Callable[[int], int],
    *,
    is_link: bool,
    seconds: int | None = None,
) -> Iterator[ImportItem]:
    """Yield the messages of one file of an archive."""
    place = name[:200]
    parts = [part for part in re.split(r"[/\\]", name) if part not in ("", ".")]
    if not parts or parts[0] == "__MACOSX" or _is_beside(parts):
        return
    if is_link:
        yield RefusedItem(place, "link", size, passed(size))
        return
    if ".." in parts or name[:1] in "/\\" or _DRIVE.match(name):
        yield RefusedItem(place, "path", size, passed(size))
        return
    head = next(pieces, b"")
    whole = chain([head], pieces)
    is_maildir = len(parts) > 1 and parts[-2] in ("cur", "new")
    if mbox.begins(head[:_HEAD]):
        yield from _of_mbox(whole, place, _labels(_mbox_folder(parts)), limits, passed)
    elif head.startswith(_OUTLOOK):
        path = _labels(parts[:-1])
        yield from _outlook(whole, place, path, size, limits, passed(size))
    elif not _is_message(head[:_HEAD]):
        if head:
            yield RefusedItem(place, "no_message", size, passed(size))
    elif is_maildir:
        if not maildir.is_trashed(parts[-1]):
            when = _moment(maildir.seconds(parts[-1]) or seconds)
            flags = maildir.flags(parts[-1])
            path = _labels(_maildir_folder(parts[:-2]))
            yield from _single(whole, place, path, size, limits, passed(size), flags, when)
    else:
        path = _labels(parts[:-1])
        yield from _single(whole, place, path, size, limits, passed(size), ())


def _is_beside(parts: list[str]) -> bool:
    last = parts[-1]
    is_hidden = last.startswith(".") and not (len(parts) > 1 and parts[-2] in ("cur", "new"))
    return is_hidden or last.lower().endswith(_BESIDE) or (len(parts) > 1 and parts[-2] == "tmp")


def _is_message(head: bytes) -> bool:
    """Return whether a file begins with the header of a message."""
    head = head.lstrip(b"\r\n")
    if not _FIRST_FIELD.match(head):
        return False
    return any(name.lower() in _KNOWN_FIELDS for name, _value in parse(head).fields)


def _moment(seconds: int | None) -> datetime | None:
    if not seconds or not 0 < seconds < 4_102_444_800:  # the year 2100
        return None
    return datetime.fromtimestamp(seconds, UTC)


# --- folders ---


def _mbox_folder(parts: list[str]) -> list[str]:
    """Return the labels of an mbox file: ``Projets.sbd/2026`` as they are, and Apple's
    ``2026.mbox/mbox`` without its last one."""
    if parts[-1].lower() == "mbox" and len(parts) > 1:
        return parts[:-1]
    return parts


def _maildir_folder(parts: list[str]) -> list[str]:
    """Return the labels of a folder. Maildir++ stores the folder ``A/B`` as ``.A.B``, encoded as in
    IMAP."""
    labels: list[str] = []
    for part in parts:
        if part.startswith("."):
            name, _can_be_said = imap_names.decode(part[1:].encode("utf-8", "replace"))
            labels += name.split(".")
        else:
            labels.append(part)
    return labels[1:] if labels and labels[0].lower() == "maildir" else labels


def _labels(parts: list[str]) -> tuple[str, ...]:
    """Return names of folders without the extensions that programs add. Folders that are nested too
    deep are joined into one."""
    bare = [re.sub(r"\.(?:sbd|mbox|mbx)\Z", "", part, flags=re.IGNORECASE) for part in parts]
    labels = [names.clean(label, "_") for label in bare if label]
    if len(labels) > _DEEPEST:
        labels = [*labels[: _DEEPEST - 1], names.clean(" ".join(labels[_DEEPEST - 1 :]), "_")]
    return tuple(labels)


class _Unpacked(io.RawIOBase):
    """A gzip file, up to the limit of unpacked bytes."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file, self._left = file, most
        self._inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._waiting = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # the stubs name no type for it here
        while not self._inflater.eof:
            self._waiting = self._waiting or self._file.read(64 * 1024)
            data = self._inflater.decompress(self._waiting, len(view))
            is_end = not self._waiting and not data
            self._waiting = self._inflater.unconsumed_tail
            if is_end:
                raise EOFError("a gzip file that is cut off")
            if data:
                self._left -= len(data)
                if self._left < 0:
                    raise EOFError("a gzip file that unpacks to too much")
                view[: len(data)] = data
                return len(data)
        return 0
