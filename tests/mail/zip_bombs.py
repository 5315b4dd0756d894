"""Zip files that are small and would take gigabytes, and others that deceive who reads them."""

from __future__ import annotations

import bz2
import functools
import lzma
import os
import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")


@dataclass(frozen=True, slots=True)
class Entry:
    """A member as it shall be written, with what it claims. ``local_method``: where the local
    header says another one; ``start``: where the directory lets it begin."""

    name: bytes
    packed: bytes
    size: int
    method: int = 8
    checksum: int = 0
    flags: int = 0
    local_method: int | None = None
    start: int | None = None
    extra: bytes = b""
    mode: int = 0


def made(entries: Iterable[Entry], *, comment: bytes = b"") -> bytes:
    """A zip, written by hand, so that it may lie."""
    body, directory, count = bytearray(), bytearray(), 0
    for entry in entries:
        start = len(body) if entry.start is None else entry.start
        method = entry.method if entry.local_method is None else entry.local_method
        sizes = (entry.checksum, len(entry.packed), entry.size, len(entry.name))
        if entry.start is None:
            body += _LOCAL.pack(b"PK\x03\x04", 20, entry.flags, method, 0, 0x21, *sizes, 0)
            body += entry.name + entry.packed
        directory += _CENTRAL.pack(
            b"PK\x01\x02", 20, 20, entry.flags, entry.method, 0, 0x21, *sizes,
            len(entry.extra), 0, 0, 0, entry.mode << 16, start,
        )  # fmt: skip
        directory += entry.name + entry.extra
        count += 1
    return bytes(body + directory) + _end(count, len(directory), len(body), comment)


def _end(count: int, size: int, offset: int, comment: bytes) -> bytes:
    count = min(count, 0xFFFF)
    return (
        struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, size, offset, len(comment))
        + comment
    )


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def whole(name: bytes, content: bytes) -> Entry:
    """A member that tells the truth."""
    return Entry(name, deflated(content), len(content), checksum=zlib.crc32(content))


def _zeros(packer: bz2.BZ2Compressor | lzma.LZMACompressor, size: int) -> bytes:
    piece = bytes(1_000_000)
    packed = b"".join(packer.compress(piece) for _ in range(size // len(piece)))
    return packed + packer.flush()


@functools.cache
def bzip2(name: bytes, size: int = 200_000_000) -> Entry:
    """bzip2 takes a gigabyte of zeros in 700 bytes, and Python inflates it in one go."""
    return Entry(name, _zeros(bz2.BZ2Compressor(), size), size, method=12)


@functools.cache
def lzma_alone(name: bytes, size: int = 200_000_000) -> Entry:
    # The smallest of its settings that Python writes: packing shall not take the time of the test.
    filters = [{"id": lzma.FILTER_LZMA1, "preset": 0}]
    packed = _zeros(lzma.LZMACompressor(lzma.FORMAT_RAW, filters=filters), size)
    properties = bytes([0x5D]) + struct.pack("<L", 1 << 18)
    return Entry(
        name, struct.pack("<BBH", 9, 4, len(properties)) + properties + packed, size, method=14
    )


@functools.cache
def _deflated_zeros(size: int = 300_000_000) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = bytes(1_000_000)
    packed = [packer.compress(piece) for _ in range(size // len(piece))]
    return b"".join(packed) + packer.flush()


def zeros(name: bytes) -> Entry:
    """A thousand to one, and it says so."""
    return Entry(name, _deflated_zeros(), 300_000_000)


def bragger(name: bytes) -> Entry:
    """A few bytes that claim to be four gigabytes."""
    return replace(whole(name, b"a"), size=0xFFFFFFFE)


def with_zip64_lie(name: bytes) -> Entry:
    size = struct.pack("<HHQ", 1, 8, 1 << 62)
    return replace(whole(name, b"a"), size=0xFFFFFFFF, extra=size)


def overlapping(name: bytes) -> bytes:
    """Each member is the same bytes (D. Fifield, A better zip bomb, 2019)."""
    kernel = whole(name, bytes(5_000_000))
    return made([kernel] + [replace(kernel, name=_other(name, n), start=0) for n in range(2_000)])


def _other(name: bytes, number: int) -> bytes:
    return b"%d-%b" % (number, name)


def quoting(name: bytes, count: int = 500) -> bytes:
    """The local header of each member is a stored block in the one before: all share the last's
    data, and each is a valid member."""
    size = 2_000_000
    kernel = deflated(bytes(size))
    body, following, found = kernel, b"", []
    for number in reversed(range(count)):
        own = _other(name, number) if number else name
        quoted = struct.pack("<BHH", 0, len(following), len(following) ^ 0xFFFF)
        body = quoted + body if following else body
        claims = (20, 0, 8, 0, 0x21, 0, len(body), size, len(own), 0)
        found.append((own, len(body)))
        following = _LOCAL.pack(b"PK\x03\x04", *claims) + own
        body = following + body
    directory = b"".join(
        _CENTRAL.pack(
            b"PK\x01\x02", 20, 20, 0, 8, 0, 0x21, 0, packed, size, len(own), 0, 0, 0, 0, 0,
            len(body) - packed - len(own) - _LOCAL.size,
        )
        + own
        for own, packed in found
    )  # fmt: skip
    return body + directory + _end(count, len(directory), len(body), b"")


def many(name: bytes, count: int) -> bytes:
    """Members of nothing."""
    return made(Entry(_other(name, n), b"", 0, method=0) for n in range(count))


def long_names(name: bytes, count: int = 700) -> bytes:
    """A directory of 45 MB: names as long as they may be."""
    return made(
        Entry(os.urandom(32_000).hex().encode() + name, b"", 0, method=0) for _ in range(count)
    )


def nested(name: bytes) -> bytes:
    """Zips in zips, ten in each, each of the innermost a bomb."""
    content = made([zeros(name)])
    for level in range(5):
        content = made([whole(b"%d-%d.zip" % (level, n), content) for n in range(10)])
    return content


def in_itself() -> bytes:
    """A zip whose only member is a zip whose only member is a zip, as far as a reader looks."""
    content = b""
    for _ in range(30):
        content = made([whole(b"r/r.zip", content)])
    return content


def contradicting(name: bytes) -> bytes:
    """bzip2 in the local header, deflate in the directory."""
    return made([replace(whole(name, b"a" * 1_000), local_method=12)])


def bombs(name: bytes) -> dict[str, Callable[[], bytes]]:
    """Each by what it is. ``name`` is that of a member that is certainly read."""
    return {
        "bzip2": lambda: made([bzip2(name)]),
        "bzip2 that says it is small": lambda: made([replace(bzip2(name), size=1_000)]),
        "LZMA": lambda: made([lzma_alone(name)]),
        "LZMA that says it is small": lambda: made([replace(lzma_alone(name), size=1_000)]),
        "a thousand to one": lambda: made([zeros(name)]),
        "a thousand to one that says it is small": lambda: made([replace(zeros(name), size=1_000)]),
        "a size beyond all measure": lambda: made([bragger(name)]),
        "a size of zip64 beyond all measure": lambda: made([with_zip64_lie(name)]),
        "members that are one another": lambda: overlapping(name),
        "members that quote one another": lambda: quoting(name),
        "as many members as may be": lambda: many(name, 50_000),
        "members without number": lambda: many(name, 150_000),
        "a huge directory": lambda: long_names(name),
        "zips in zips": lambda: nested(name),
        "a zip that holds itself": in_itself,
        "two methods": lambda: contradicting(name),
    }
