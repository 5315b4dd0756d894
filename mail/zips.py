"""Zip files in bounded memory: lists and reads untrusted ones, and writes new ones.

Python's ``zipfile`` trusts a file's own values: it unpacks bzip2 and LZMA, whose memory use the
file determines, inflates a member whole whatever its declared size, and detects shared bytes only
since 3.11.8. This module only reads stored or deflated members (APPNOTE.TXT 6.3.10, methods 0 and
8), and inflates no more than a member declares. It does not support split archives.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import IO, BinaryIO, cast

MOST_MEMBERS = 50_000
LARGEST_DIRECTORY = 8_000_000
"""The greatest size in bytes of the central directory: names, comments and extra fields of all
members together.
"""
END = LARGEST_DIRECTORY + 70_000
"""Bytes at the end of a zip that contain its central directory, however long its comment is."""
LONGEST_NAME = 4_096
"""The greatest length of a path in bytes, which is Linux's limit."""

STORED, DEFLATED = 0, 8
_IS_ENCRYPTED = 0x1
_IS_UTF8 = 0x800
_MASKED = 0x2000  # strong encryption hides the local headers

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
LOCAL = _LOCAL.size
_LONGEST_COMMENT = 65_535
_NEEDS = 20  # version 2.0: deflate
_DATE = 0x21  # 1 January 1980
_PIECE = 65_536


class ZipFault(StrEnum):
    """The reason why a zip, or a member of it, cannot be read."""

    DAMAGED = "damaged"
    BOMB = "bomb"
    """It is made to deceive its reader: members share bytes, or have more bytes than declared."""
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    ENCRYPTED = "encrypted"
    METHOD = "method"
    """It is compressed by another method than deflate."""


class BadZip(Exception):
    """The zip cannot be read. The message quotes no part of it."""

    def __init__(self, fault: ZipFault, message: str = "") -> None:
        super().__init__(message or fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class ZipMember:
    """A file or folder of a zip, as the central directory declares it. Sizes are in bytes;
    ``start`` is the offset of its local header; ``mode`` has the bits of Unix, if the zip was made
    there.
    """

    raw_name: bytes
    flags: int
    method: int
    checksum: int
    packed_size: int
    size: int
    start: int
    mode: int

    @property
    def name(self) -> str:
        """The path as its author wrote it, with backslashes."""
        return _decoded(self.raw_name, bool(self.flags & _IS_UTF8))

    @property
    def is_folder(self) -> bool:
        return self.raw_name.endswith(b"/")

    @property
    def is_encrypted(self) -> bool:
        return bool(self.flags & (_IS_ENCRYPTED | _MASKED))


def members(content: bytes, *, most: int = MOST_MEMBERS, before: int = 0) -> list[ZipMember]:
    """Return all members in the order of the central directory. Raises BadZip; but a member that
    cannot be unpacked does not affect the others, and only `read_member` raises for it. ``before``
    is the number of bytes of the file before ``content``, which is its `END`.
    """
    directory = _directory(content, before)
    every = list(_members(content, directory, most))
    _refuse_shared_bytes(every, before + directory.start)
    return every


def read_member(content: bytes, member: ZipMember, *, limit: int) -> bytes:
    """Return a member's bytes, at most ``limit``. Raises BadZip."""
    if member.size > limit:
        raise BadZip(ZipFault.TOO_LARGE, f"{member.size} bytes")
    unpacked = BytesIO()
    for piece in pieces(content, member, member.size):
        unpacked.write(piece)
    _check(member, unpacked.tell(), zlib.crc32(unpacked.getbuffer()))
    return unpacked.getvalue()  # it shares its memory, whereas joined pieces would take it twice


def beginning(content: bytes, member: ZipMember, length: int) -> bytes:
    """Return the first ``length`` bytes of a member, without checking its checksum.
    Raises BadZip.
    """
    unpacked = bytearray()
    for piece in pieces(content, member, length):
        unpacked += piece
        if len(unpacked) >= length:
            break
    return bytes(unpacked[:length])


def check(content: bytes, every: Sequence[ZipMember], *, limit: int, most_bytes: int) -> None:
    """Unpack every member and discard the result, so that a program that trusts the zip's
    declarations may read it afterwards. No member may be larger than ``limit``, nor all together
    larger than ``most_bytes``. Raises BadZip.
    """
    left = most_bytes
    for member in every:
        if member.size > min(limit, left):
            raise BadZip(ZipFault.TOO_LARGE, f"{member.size} bytes")
        length, checksum = 0, 0
        for piece in pieces(content, member, member.size):
            length, checksum = length + len(piece), zlib.crc32(piece, checksum)
        _check(member, length, checksum)
        left -= length


def write(
    file: BinaryIO, content: bytes, originals: Sequence[ZipMember], others: Mapping[bytes, bytes]
) -> None:
    """Write a new zip with the packed members of an old one. ``others`` replace members of the same
    raw name, and are stored. No member is unpacked. Raises BadZip.
    """
    directory, position = BytesIO(), 0
    for member in originals:
        data: bytes | memoryview = packed(content, member)
        method, checksum, size = member.method, member.checksum, member.size
        if other := others.get(member.raw_name):
            data, method, checksum, size = other, STORED, zlib.crc32(other), len(other)
        if size >= _UNTOLD[1]:
            raise BadZip(ZipFault.TOO_LARGE, f"{size} bytes")
        values = (member.flags & _IS_UTF8, method, 0, _DATE, checksum, len(data), size)
        local = _LOCAL.pack(b"PK\x03\x04", _NEEDS, *values, len(member.raw_name), 0)
        for piece in (local, member.raw_name, data):
            file.write(piece)
        directory.write(
            _CENTRAL.pack(b"PK\x01\x02", _NEEDS, _NEEDS, *values, len(member.raw_name),
                          *(0, 0, 0, 0, 0), position)
        )  # fmt: skip
        directory.write(member.raw_name)
        position += len(local) + len(member.raw_name) + len(data)
    length = directory.tell()
    file.write(directory.getvalue())
    file.write(_END.pack(b"PK\x05\x06", 0, 0, len(originals), len(originals), length, position, 0))


class _Sink:
    """The file that `streamed` writes into: it cannot be sought in, and its content is taken at
    once.
    """

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing, since nothing is buffered."""

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


@dataclass(frozen=True, slots=True)
class NewMember:
    """A file to be put into a zip. ``size`` is its approximate number of bytes, 0 if unknown."""

    name: str
    pieces: Iterable[bytes]
    size: int = 0


def streamed(members: Iterable[NewMember], moment: Sequence[int]) -> Iterator[bytes]:
    """Yield a new zip while its members come; only a piece of one is in memory. ``moment`` is the
    year, month, day, hour, minute and second of all members.

    All members are deflated, at a low level: readers that stream cannot find the end of a stored
    file whose size was unknown when it began.
    """
    sink = _Sink()
    # Zip has no dates before 1980.
    year, month, day, hour, minute, second = max(tuple(moment[:6]), (1980, 1, 1, 0, 0, 0))
    with zipfile.ZipFile(cast(IO[bytes], sink), "w", zipfile.ZIP_DEFLATED) as archive:
        for new in members:
            info = zipfile.ZipInfo(new.name, (year, month, day, hour, minute, second))
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            info._compresslevel = 1  # type: ignore[attr-defined]  # has no public name before 3.13
            is_large = new.size >= zipfile.ZIP64_LIMIT
            with archive.open(info, "w", force_zip64=is_large) as member:
                for piece in new.pieces:
                    member.write(piece)
                    yield sink.take()
            yield sink.take()
    yield sink.take()


# --- the central directory ---


@dataclass(frozen=True, slots=True)
class _Directory:
    """The central directory. ``shift`` is the length of data before the zip, as in a
    self-extracting program: every offset in the directory is too small by it.
    """

    start: int
    end: int
    shift: int


def _directory(content: bytes, before: int = 0) -> _Directory:
    at = content.rfind(b"PK\x05\x06", max(0, len(content) - _END.size - _LONGEST_COMMENT))
    if at < 0 or at + _END.size > len(content):
        raise BadZip(ZipFault.DAMAGED, "no end of the central directory")
    *_disks, count, size, offset, _comment = _END.unpack_from(content, at)
    end, size, offset = _directory64(content, at, (count, size, offset)) or (at, size, offset)
    if size > LARGEST_DIRECTORY:
        raise BadZip(ZipFault.TOO_LARGE, f"a directory of {size} bytes")
    shift = before + end - size - offset
    if shift < 0 or size > end:
        raise BadZip(ZipFault.DAMAGED, "the central directory is not where it should be")
    return _Directory(end - size, end, shift)


_UNTOLD = (0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)


def _directory64(
    content: bytes, at: int, declared: tuple[int, int, int]
) -> tuple[int, int, int] | None:
    """Return the start of the zip64 record, with size and offset of the directory; None if there is
    no such record. ``declared`` are number, size and offset in the small record at ``at``.
    """
    if at < _LOCATOR64.size + _END64.size:
        return None
    mark, *_rest = _LOCATOR64.unpack_from(content, at - _LOCATOR64.size)
    if mark != b"PK\x06\x07":
        return None
    # Data before the zip shifts the record: like zipfile, look at the place where it must be.
    start = at - _LOCATOR64.size - _END64.size
    mark, *_versions, _here, count, size, offset = _END64.unpack_from(content, start)
    record = (count, size, offset)
    if mark != b"PK\x06\x06" or any(
        small not in (large, untold)
        for small, large, untold in zip(declared, record, _UNTOLD, strict=True)
    ):
        raise BadZip(ZipFault.DAMAGED, "two records that contradict each other")
    return start, size, offset


def _members(content: bytes, directory: _Directory, most: int) -> Iterator[ZipMember]:
    position, count = directory.start, 0
    while position < directory.end:
        count += 1
        if count > most:
            raise BadZip(ZipFault.TOO_MANY, f"more than {most} members")
        member, position = _member(content, position, directory)
        yield member


def _member(content: bytes, position: int, directory: _Directory) -> tuple[ZipMember, int]:
    """Return the member whose header is at ``position``, and the position of the next header."""
    if position + _CENTRAL.size > directory.end:
        raise BadZip(ZipFault.DAMAGED, "a header that is cut off")
    (mark, _made_by, _needs, flags, method, _time, _date, checksum, packed_size, size, name_length,
     extra_length, comment_length, _disk, _internal, external, start) = _CENTRAL.unpack_from(
        content, position
    )  # fmt: skip
    name_end = position + _CENTRAL.size + name_length
    extra_end = name_end + extra_length
    if mark != b"PK\x01\x02" or extra_end + comment_length > directory.end:
        raise BadZip(ZipFault.DAMAGED, "a header that is none")
    if name_length > LONGEST_NAME:
        raise BadZip(ZipFault.TOO_LARGE, f"a name of {name_length} bytes")
    if 0xFFFFFFFF in (size, packed_size, start):
        large = _sizes64(content[name_end:extra_end])
        size, packed_size, start = (
            next(large, value) if value == 0xFFFFFFFF else value
            for value in (size, packed_size, start)
        )
    raw_name = content[position + _CENTRAL.size : name_end]
    member = ZipMember(
        raw_name,
        flags,
        method,
        checksum,
        packed_size,
        size,
        start + directory.shift,
        external >> 16,
    )
    return member, extra_end + comment_length


def _sizes64(extra: bytes) -> Iterator[int]:
    """Yield the numbers of a zip64 field, in the order of the header's missing values."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        position += 4
        if kind == 1:
            field = extra[position : position + min(length, 24)]
            yield from (number for (number,) in struct.iter_unpack("<Q", field[: len(field) & ~7]))
            return
        position += length


def _refuse_shared_bytes(every: Sequence[ZipMember], directory_start: int) -> None:
    """Refuse members that share bytes, by which a small zip can be a bomb."""
    end = 0
    for member in sorted(every, key=lambda member: member.start):
        if member.start < end:
            raise BadZip(ZipFault.BOMB, "members that share their bytes")
        end = member.start + _LOCAL.size + len(member.raw_name) + member.packed_size
    if end > directory_start:
        # This also refuses a zip that was cut off in the middle and got its directory appended.
        raise BadZip(ZipFault.DAMAGED, "members beyond the directory")


# --- one member ---


def packed(content: bytes, member: ZipMember) -> memoryview:
    """Return a member's bytes as packed. Raises BadZip when its local header contradicts the
    central directory: such a zip shows different files to different programs.
    """
    head = content[member.start : member.start + LOCAL + len(member.raw_name)]
    start = member.start + local_length(head, member)
    if start + member.packed_size > len(content):
        raise BadZip(ZipFault.DAMAGED, "no local header")
    return memoryview(content)[start : start + member.packed_size]


def local_length(head: bytes, member: ZipMember) -> int:
    """Return the length of a member's local header, whose first ``LOCAL`` bytes and name are
    ``head``. Raises BadZip as `packed` does.
    """
    if member.is_encrypted:
        raise BadZip(ZipFault.ENCRYPTED)
    if member.method not in (STORED, DEFLATED):
        raise BadZip(ZipFault.METHOD, f"method {member.method}")
    if len(head) < LOCAL:
        raise BadZip(ZipFault.DAMAGED, "a member beyond the end")
    mark, _needs, flags, method, *_rest, name_length, extra_length = _LOCAL.unpack_from(head)
    if mark != b"PK\x03\x04":
        raise BadZip(ZipFault.DAMAGED, "no local header")
    if method != member.method or flags & _IS_ENCRYPTED:
        raise BadZip(ZipFault.BOMB, "two headers that contradict each other")
    if name_length != len(member.raw_name) or head[LOCAL:] != member.raw_name:
        raise BadZip(ZipFault.DAMAGED, "two names of one member")
    return LOCAL + int(name_length) + int(extra_length)


def pieces(content: bytes, member: ZipMember, most: int) -> Iterator[bytes]:
    """Yield a member's bytes, 64 KB at a time and at most one such piece beyond ``most``. Length
    and checksum are not compared with the declared ones. Raises BadZip.
    """
    data = packed(content, member)
    slices = (data[start : start + _PIECE] for start in range(0, len(data), _PIECE))
    yield from unpacked(slices, member.method, most)


def unpacked(
    packed_pieces: Iterable[bytes | memoryview], method: int, most: int
) -> Iterator[bytes]:
    """Turn pieces of a packed member, of 64 KB at most each, into `pieces`. Raises BadZip."""
    length = 0
    if method == STORED:
        for stored in packed_pieces:
            length += len(stored)
            yield bytes(stored)
            if length > most:
                return
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for packed_piece in packed_pieces:
        waiting: bytes | memoryview = packed_piece
        piece = b" " * _PIECE
        # After a full piece, zlib may hold more bytes although there is no more input.
        while waiting or len(piece) == _PIECE:
            try:
                piece = inflater.decompress(waiting, _PIECE)
            except zlib.error as error:
                raise BadZip(ZipFault.DAMAGED, "no deflated data") from error
            waiting = inflater.unconsumed_tail
            length += len(piece)
            yield piece
            if inflater.eof or length > most:
                return


def _check(member: ZipMember, length: int, checksum: int) -> None:
    if length > member.size:
        raise BadZip(ZipFault.BOMB, "larger than it declares")
    if length < member.size or checksum != member.checksum:
        raise BadZip(ZipFault.DAMAGED, "other bytes than it declares")


# Box-drawing characters in cp437 are capitals with accents in cp850, which French Windows uses.
_BOXES = re.compile("[\u2500-\u259f]")


def _decoded(raw: bytes, is_utf8: bool) -> str:
    """Return a decoded path. The format knows cp437 and UTF-8 (APPNOTE.TXT appendix D), but macOS
    writes UTF-8 without saying so, and Windows writes the code page of its language.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        if is_utf8:
            return raw.decode("utf-8", "replace")
    text = raw.decode("cp437")
    return raw.decode("cp850") if _BOXES.search(text) else text
