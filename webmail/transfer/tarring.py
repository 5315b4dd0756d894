"""Write and read tar files (POSIX.1-2001) in bounded memory.

Python's ``tarfile`` reads a long name of any announced size into memory, and follows links. This
module supports files and folders, and reports all other members without reading them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

BLOCK = 512
END = bytes(2 * BLOCK)
_LONGEST_NAME = 4096
_LONGEST_HEADER = 64 * 1024
# The most digits of a size, and the most headers before one member that only describe it.
_MOST_DIGITS = 19
_MOST_BEFORE = 8
_MOST_MAPS = 1024
_FILES = (b"0", b"\0", b"7")
_FOLDER = b"5"
# Links, devices and pipes: their header may tell the size of what they lead to, and no content
# follows it.
_EMPTY = (b"1", b"2", b"3", b"4", b"5", b"6")
# A file with holes, as GNU tar writes it. Further maps of its holes may follow its header.
_SPARSE, _SPARSE_MORE, _SPARSE_MORE_OF_MAP = b"S", 482, 504
_BEFORE = (b"L", b"x", b"g", b"K")


class BadTar(Exception):
    """The rest of the file is not a tar."""


@dataclass(frozen=True, slots=True)
class TarMember:
    """A member of a tar. ``size`` is in bytes, ``seconds`` the time of the last change since 1970.
    ``is_other`` means that it is neither file nor folder, but a link or a device."""

    name: str
    size: int
    seconds: int
    is_folder: bool = False
    is_other: bool = False


def head(name: str, size: int, seconds: int, *, is_folder: bool = False) -> bytes:
    """Return the bytes before the content of a file, or all those of a folder."""
    raw = name.encode() + (b"/" if is_folder else b"")
    before = b""
    if len(raw) > 100:
        before = _extended(b"path", raw)
        raw = raw[:100]
    kind = _FOLDER if is_folder else b"0"
    return before + _header(raw, size, seconds, kind, 0o755 if is_folder else 0o644)


def padding(size: int) -> bytes:
    """Return the bytes that follow a file of this size."""
    return bytes(-size % BLOCK)


def _extended(key: bytes, value: bytes) -> bytes:
    """Return a field of an extended header, whose length includes the digits of the length
    itself."""
    length = len(key) + len(value) + 3
    while len(field := b"%d %b=%b\n" % (length, key, value)) != length:
        length = len(field)
    return _header(b"PaxHeader", len(field), 0, b"x", 0o644) + field + padding(len(field))


def _header(raw: bytes, size: int, seconds: int, kind: bytes, mode: int) -> bytes:
    block = bytearray(BLOCK)
    block[: len(raw)] = raw
    for start, width, value in ((100, 8, mode), (108, 8, 0), (116, 8, 0), (124, 12, size),
                                (136, 12, max(0, seconds))):  # fmt: skip
        block[start : start + width] = b"%0*o\0" % (width - 1, value)
    block[148:157] = b" " * 8 + kind
    block[257:265] = b"ustar\x0000"
    block[148:155] = b"%06o\0" % sum(block)
    return bytes(block)


def is_tar(start: bytes) -> bool:
    """Return whether a file begins with the header of a tar."""
    return len(start) >= BLOCK and _is_header(start[:BLOCK])


def members(file: BinaryIO) -> Iterator[tuple[TarMember, BinaryIO]]:
    """Yield each member with its content, which can be read until the next member is requested.
    Raises BadTar; the members before the error are valid."""
    long_name, extended, before = b"", {}, 0
    while True:
        block = file.read(BLOCK)
        if not block:
            raise BadTar("the end is cut off")
        if not block.strip(b"\0"):
            return
        if not _is_header(block):
            raise BadTar("a header that is none")
        kind, size = block[156:157], _number(block[124:136])
        before = before + 1 if kind in _BEFORE else 0
        if before > _MOST_BEFORE:
            raise BadTar("headers without a member")
        if kind in (b"L", b"x"):
            content = _short(file, size, _LONGEST_NAME if kind == b"L" else _LONGEST_HEADER)
            if kind == b"L":
                long_name = content.rstrip(b"\0")
            else:
                extended = _said(content)
            continue
        name = extended.get(b"path") or long_name or _name(block)
        if extended.get(b"size", b"").isdigit():
            size = _decimal(extended[b"size"])
        if kind == _SPARSE:
            _pass_maps(file, block)
        elif any(field.startswith(b"GNU.sparse.") for field in extended):
            kind = _SPARSE
        size = 0 if kind in _EMPTY else size
        long_name, extended = b"", {}
        body = _Body(file, size)
        if kind not in _BEFORE:
            yield _member(name, size, block, kind), io.BufferedReader(body, 64 * 1024)
        body.skip()


def _pass_maps(file: BinaryIO, block: bytes) -> None:
    """Read past the maps of holes between the header of a sparse file and its content."""
    has_more, maps = block[_SPARSE_MORE], 0
    while has_more:
        further, maps = file.read(BLOCK), maps + 1
        if len(further) < BLOCK or maps > _MOST_MAPS:
            raise BadTar("maps of holes without an end")
        has_more = further[_SPARSE_MORE_OF_MAP]


def _member(name: bytes, size: int, block: bytes, kind: bytes) -> TarMember:
    return TarMember(
        decoded(name[:_LONGEST_NAME]),
        size,
        _seconds(block[136:148]),
        is_folder=kind == _FOLDER,
        is_other=kind not in (*_FILES, _FOLDER),
    )


def decoded(raw: bytes) -> str:
    """Return a name; old programs used the code page of French Windows."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _short(file: BinaryIO, size: int, most: int) -> bytes:
    if size > most:
        raise BadTar("a name that is too long")
    content = file.read(size)
    if len(content) < size:
        raise BadTar("a name that is cut off")
    file.read(len(padding(size)))
    return content


def _said(content: bytes) -> dict[bytes, bytes]:
    fields, at = {}, 0
    while at < len(content):
        number, blank, _rest = content[at : at + 20].partition(b" ")
        length = int(number) if blank and number.isdigit() else 0
        if length < len(number) + 2:
            break
        key, _equal, value = content[at + len(number) + 1 : at + length].partition(b"=")
        fields[key] = value.rstrip(b"\n")
        at += length
    return fields


def _name(block: bytes) -> bytes:
    name = block[:100].partition(b"\0")[0]
    prefix = block[345:500].partition(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _number(field: bytes) -> int:
    if field[:1] == b"\x80":  # a GNU extension for numbers beyond octal digits
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    # Python would also take signs and underscores, and a negative size for all of the file.
    if digits.strip(b"01234567"):
        raise BadTar("a number that is none")
    return int(digits or b"0", 8)


def _seconds(field: bytes) -> int:
    """Return the time of a member, or 0 for one before 1970 or that is none."""
    try:
        return min(_number(field), 2**33)
    except BadTar:
        return 0


def _decimal(digits: bytes) -> int:
    if len(digits) > _MOST_DIGITS:
        raise BadTar("a size that is none")
    return int(digits)


def _is_header(block: bytes) -> bool:
    if len(block) < BLOCK:
        return False
    try:
        checksum = _number(block[148:156])
    except BadTar:
        return False
    return checksum == sum(block[:148]) + sum(block[156:]) + 8 * 32


class _Body(io.RawIOBase):
    """The content of one member."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left = file, size
        self._padding = len(padding(size))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # the stubs name no type for it here
        data = self._file.read(min(len(view), self._left))
        if self._left and not data:
            raise BadTar("a file that is cut off")
        view[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def skip(self) -> None:
        while self._left:
            data = self._file.read(min(self._left, 256 * 1024))
            if not data:
                raise BadTar("a file that is cut off")
            self._left -= len(data)
        self._file.read(self._padding)
        self._padding = 0
