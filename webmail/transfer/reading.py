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
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import BinaryIO

from mail.imap import names as imap_names
from mail.mime.headers import parse
from mail.zips import BadZip, ZipFault, ZipMember
from webmail.transfer import maildir, mbox, names, tarring, unzipping
from webmail.transfer.beside import COURIER_FOLDER, Beside, FileMarks

MOST_UNPACKED = 8
"""The most bytes that an archive may unpack to, as a multiple of the upload limit."""
MOST_FOLDERS = 20_000
"""The most folders that a tar may name; a gigabyte of them packs into a megabyte."""
_HEAD = 64 * 1024
_PIECE = 256 * 1024
_DEEPEST = 8
_OUTLOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OUTLOOK_STORE = b"!BDN"
_OTHER_STARTS = (b"PK", b"\x1f\x8b", _OUTLOOK, _OUTLOOK_STORE)
_KNOWN_FIELDS = {"from", "date", "subject", "message-id", "received", "return-path", "to",
                 "mime-version", "delivered-to"}  # fmt: skip
# Files that Thunderbird and other programs keep beside the messages.
_BESIDE = (".msf", ".dat", ".json", ".sqlite", ".ini", ".html", ".txt", ".mab", ".js", ".db")
# Those that mail servers keep.
_OF_SERVERS = re.compile(
    r"(?:dovecot|courier|\.?maildir(?:size|folder)$|subscriptions$)", re.IGNORECASE
)
_FIRST_FIELD = re.compile(rb"(?:\xef\xbb\xbf)?[!-9;-~]{1,76}[ \t]{0,5}:")
_DRIVE = re.compile(r"[A-Za-z]:")


class Unreadable(Exception):
    """The file contains no messages that can be recognised. ``str()`` is ``pst`` or ``olm`` for the
    store of an Outlook, which no program but that Outlook opens."""


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


@dataclass(frozen=True, slots=True)
class EmptyFolder:
    """A folder that may have no messages."""

    path: tuple[str, ...]
    passed: int


ImportItem = ImportedMessage | RefusedItem | EmptyFolder


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
    if _is_mbox(head, name):
        return _of_mbox(_pieces(file), "", (), limits, lambda passed: passed)
    if head.startswith(_OUTLOOK_STORE):
        raise Unreadable("pst")
    if head.startswith(b"PK"):
        return _of_zip(file, size, name, limits)
    if head.startswith(b"\x1f\x8b"):
        return _of_tar(lambda: _gunzipped(file, limits), limits, file.tell)
    if tarring.is_tar(head):
        return _of_tar(lambda: _from_start(file), limits, file.tell)
    if head.startswith(_OUTLOOK):
        return _outlook(_pieces(file), name, (), size, limits, size)
    if _is_message(head):
        return _single(_pieces(file), name, (), size, limits, size, None)
    raise Unreadable("")


def _from_start(file: BinaryIO) -> BinaryIO:
    file.seek(0)
    return file


def _gunzipped(file: BinaryIO, limits: Limits) -> BinaryIO:
    return io.BufferedReader(_Unpacked(_from_start(file), limits.unpacked), _PIECE)


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
        if message.follows_text:
            yield RefusedItem(where, "text_before", 0, end)
        if message.is_junk and not _is_message((message.raw or b"")[:_HEAD]):
            yield RefusedItem(where, "junk", message.size, end)
        elif message.raw is None:
            yield RefusedItem(where, "too_large", message.size, end)
        elif message.is_deleted:
            yield RefusedItem(where, "deleted", message.size, end)
        elif message.raw:
            yield ImportedMessage(where, path, message.raw, end, message.flags, message.when)


def _single(
    pieces: Iterable[bytes],
    place: str,
    path: tuple[str, ...],
    size: int,
    limits: Limits,
    passed: int,
    marks: FileMarks | None,
) -> Iterator[ImportItem]:
    """Yield the message of a file of its own. Without ``marks``, its own header tells its flags."""
    if size > limits.message:
        yield RefusedItem(place, "too_large", size, passed)
        return
    raw = b"".join(pieces)
    if marks and marks.is_deleted:
        yield RefusedItem(place, "deleted", size, passed)
    elif marks:
        yield ImportedMessage(place, path, raw, passed, marks.flags, marks.when)
    else:
        yield from _by_its_header(raw.removeprefix(b"\xef\xbb\xbf"), place, path, passed)


def _by_its_header(
    raw: bytes, place: str, path: tuple[str, ...], passed: int
) -> Iterator[ImportItem]:
    message = mbox.of_file(raw)
    if message.is_deleted:
        yield RefusedItem(place, "deleted", len(raw), passed)
    else:
        yield ImportedMessage(place, path, message.raw or b"", passed, message.flags)


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


def _is_mbox(head: bytes, name: str) -> bool:
    """Return whether a file is an mbox, also one that begins with junk, or with a message that lost
    its From_ line."""
    if mbox.begins(head):
        return True
    if any(head.startswith(start) for start in _OTHER_STARTS) or tarring.is_tar(head):
        return False
    can_be = not _is_message(head) or name.lower().endswith((".mbox", ".mbx"))
    return can_be and mbox.is_within(head)


# --- archives ---


def _of_zip(file: BinaryIO, size: int, name: str, limits: Limits) -> Iterator[ImportItem]:
    try:
        members = unzipping.members(file, size)
    except BadZip as error:
        if error.fault in (ZipFault.TOO_MANY, ZipFault.BOMB, ZipFault.TOO_LARGE):
            reason = "bomb" if error.fault == ZipFault.BOMB else "too_many"
            yield RefusedItem(name[:200], reason, size, size)
            return
        raise Unreadable("") from error
    if any(_is_of_mac_outlook(member.name) for member in members):
        raise Unreadable("olm")
    beside = _beside_in_zip(file, members)
    room = limits.unpacked
    for member in members:
        passed = min(size, member.start + member.packed_size)
        if member.is_folder:
            yield from _folder(member.name, passed, beside)
            continue
        room -= member.size
        if room < 0:
            yield RefusedItem(names.clean(member.name, "?"), ZipFault.BOMB, member.size, size)
            return
        is_link = member.mode & 0o170000 == 0o120000
        try:
            yield from _of_member(
                _MemberFile(member.name, member.size, is_link=is_link),
                unzipping.pieces(file, member),
                limits,
                _scaled(member),
                beside,
            )
        except BadZip as error:
            yield RefusedItem(member.name[:200], str(error.fault), member.size, passed)


def _is_of_mac_outlook(name: str) -> bool:
    return "com.microsoft.__Messages" in name


def _beside_in_zip(file: BinaryIO, members: Sequence[ZipMember]) -> Beside:
    """Read the files of a zip that tell flags of others."""
    beside = Beside()
    for member in members:
        if beside.wants(member.name, member.size):
            with suppress(BadZip):
                beside.take(member.name, b"".join(unzipping.pieces(file, member)))
    return beside


def _scaled(member: ZipMember) -> Callable[[int], int]:
    """Return a function from a position in the unpacked member to the approximate position in the
    zip."""
    size = max(1, member.size)
    return lambda place: member.start + member.packed_size * min(place, size) // size


def _of_tar(
    open_tar: Callable[[], BinaryIO], limits: Limits, tell: Callable[[], int]
) -> Iterator[ImportItem]:
    """Yield the messages of a tar, which is read twice: the files that tell flags of others may
    stand behind them."""
    beside = _beside_in_tar(open_tar(), limits)
    room, folders = limits.unpacked, 0
    try:
        for member, body in tarring.members(open_tar()):
            if member.is_folder:
                folders += 1
                if folders > MOST_FOLDERS:
                    yield RefusedItem(names.clean(member.name, "?"), "too_many", 0, tell())
                    return
                yield from _folder(member.name, tell(), beside)
                continue
            room -= member.size + tarring.BLOCK
            if room < 0:
                yield RefusedItem(names.clean(member.name, "?"), ZipFault.BOMB, member.size, tell())
                return
            yield from _of_member(
                _MemberFile(
                    member.name, member.size, is_link=member.is_other, seconds=member.seconds
                ),
                _pieces(body),
                limits,
                lambda _place: tell(),
                beside,
            )
    except (tarring.BadTar, zlib.error, EOFError):
        yield RefusedItem("tar", ZipFault.DAMAGED, 0, tell())


def _beside_in_tar(file: BinaryIO, limits: Limits) -> Beside:
    """Read the files of a tar that tell flags of others, as far as it can be read."""
    beside = Beside()
    room, folders = limits.unpacked, 0
    with suppress(tarring.BadTar, zlib.error, EOFError):
        for member, body in tarring.members(file):
            room -= member.size + tarring.BLOCK
            folders += member.is_folder
            if room < 0 or folders > MOST_FOLDERS:
                break
            if not member.is_folder and beside.wants(member.name, member.size):
                beside.take(member.name, body.read())
    return beside


def _folder(name: str, passed: int, beside: Beside) -> Iterator[ImportItem]:
    """Yield a folder of a Maildir, or an empty one that the list of an export names."""
    parts = _parts(name)
    if not parts or ".." in parts or _is_beside(parts):
        return
    if parts[-1] == "cur" and len(parts) > 1:
        yield EmptyFolder(_labels(_maildir_folder(parts[:-1])), passed)
    elif beside.has_list:
        yield EmptyFolder(_labels(parts), passed)


def _parts(name: str) -> list[str]:
    return [part for part in re.split(r"[/\\]", name) if part not in ("", ".")]


@dataclass(frozen=True, slots=True)
class _MemberFile:
    """A file of an archive. ``seconds`` is its time, since 1970."""

    name: str
    size: int
    is_link: bool = False
    seconds: int | None = None


def _of_member(
    file: _MemberFile,
    pieces: Iterator[bytes],
    limits: Limits,
    passed: Callable[[int], int],
    beside: Beside,
) -> Iterator[ImportItem]:
    """Yield the messages of one file of an archive."""
    name, size, place = file.name, file.size, file.name[:200]
    parts = _parts(name)
    if not parts or parts[0] == "__MACOSX" or _is_beside(parts) or beside.has_taken(name):
        return
    if file.is_link:
        yield RefusedItem(place, "link", size, passed(size))
        return
    if ".." in parts or name[:1] in "/\\" or _DRIVE.match(name):
        yield RefusedItem(place, "path", size, passed(size))
        return
    head = next(pieces, b"")
    whole = chain([head], pieces)
    if marks := _marks(file, parts, beside):
        is_of_maildir = parts[-2:-1] in (["cur"], ["new"])
        folder = _maildir_folder(parts[:-2]) if is_of_maildir else parts[:-1]
        yield from _single(whole, place, _labels(folder), size, limits, passed(size), marks)
    elif not size and parts[-1].lower().endswith(".mbox"):
        yield EmptyFolder(_labels(_mbox_folder(parts)), passed(size))
    elif mbox.begins(head) if parts[-1].lower().endswith(".eml") else _is_mbox(head, name):
        yield from _of_mbox(whole, place, _labels(_mbox_folder(parts)), limits, passed)
    elif head.startswith(_OUTLOOK):
        path = _labels(parts[:-1])
        yield from _outlook(whole, place, path, size, limits, passed(size))
    elif head.startswith(_OUTLOOK_STORE):
        yield RefusedItem(place, "pst", size, passed(size))
    elif _is_message(head):
        path = _labels(parts[:-1])
        told = beside.in_sequences(name)
        yield from _single(whole, place, path, size, limits, passed(size), told)
    elif head:
        yield RefusedItem(place, "no_message", size, passed(size))


def _marks(file: _MemberFile, parts: Sequence[str], beside: Beside) -> FileMarks | None:
    """Return the flags that a list or a Maildir tells; None where the file itself has to."""
    if marks := beside.marks(file.name):
        return marks
    if not file.size or parts[-2:-1] not in (["cur"], ["new"]) or not maildir.is_name(parts[-1]):
        return None
    folder, own = "/".join(parts[:-2]), parts[-1]
    when = _moment(maildir.seconds(parts[-1]) or file.seconds)
    keywords = (
        *maildir.keywords(own, beside.keywords(folder)),
        *beside.courier_keywords(folder, own),
    )
    flags = (*maildir.flags(own), *keywords)
    return FileMarks(flags, when, is_deleted=maildir.is_trashed(parts[-1]))


def _is_beside(parts: list[str]) -> bool:
    last = parts[-1]
    is_hidden = last.startswith(".") and not (len(parts) > 1 and parts[-2] in ("cur", "new"))
    is_beside = last.lower().endswith(_BESIDE) or _OF_SERVERS.match(last) is not None
    return is_hidden or is_beside or (len(parts) > 1 and parts[-2] in ("tmp", COURIER_FOLDER))


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
