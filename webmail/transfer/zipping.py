"""Write a zip file piece by piece, by several processes in turn.

Members are deflated as a stream, and their sizes follow their content (APPNOTE.TXT 6.3.10 section
4.3.9). At a `pause` the open member is flushed to a whole byte, and `state` contains all that
another process needs to continue, since deflate blocks are independent of the process that made
them. The central directory is kept in separate records, from which the end of the file is made.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_EXTRA64 = struct.Struct("<2H3Q")
_DESCRIPTOR64 = struct.Struct("<4sL2Q")
_FLAGS = 0x808  # sizes follow the member; the name is UTF-8
_NEEDS = 45  # version 4.5: zip64
_UNIX_FILE = 0o100644 << 16
_UNIX_FOLDER = 0o040755 << 16 | 0x10
_LONGEST_COMMENT = 0xFFFF
_MOST = 0xFFFFFFFF
_LEVEL = 1
_LAST_BLOCK = b"\x03\x00"  # an empty block


@dataclass
class _Member:
    name: str
    moment: int
    start: int
    checksum: int = 0
    packed: int = 0
    size: int = 0
    comment: str = ""


class Zip:
    """A zip file. ``position`` is the number of bytes written so far."""

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        state = state or {}
        self.position: int = state.get("position", 0)
        self.count: int = state.get("count", 0)
        member = state.get("member")
        self._member = _Member(**member) if member else None
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._records = bytearray()

    def state(self) -> dict[str, Any]:
        """Return the values that a process needs to continue after `pause`, as JSON values."""
        member = asdict(self._member) if self._member else None
        return {"position": self.position, "count": self.count, "member": member}

    @property
    def open_name(self) -> str:
        """The name of the open member; ``""`` where none is open."""
        return self._member.name if self._member else ""

    def open(self, name: str, when: datetime | None, comment: str = "") -> bytes:
        """Begin a member, and return the bytes to write."""
        self._member = _Member(name, _dos(when), self.position, comment=comment)
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        raw = name.encode()
        moment, day = self._member.moment & 0xFFFF, self._member.moment >> 16
        # A zip64 field means that the sizes after the member have eight bytes each.
        head = _LOCAL.pack(b"PK\x03\x04", _NEEDS, _FLAGS, 8, moment, day, 0, _MOST, _MOST,
                           len(raw), 20)  # fmt: skip
        return self._counted(head + raw + struct.pack("<2H2Q", 1, 16, 0, 0))

    def write(self, data: bytes) -> bytes:
        """Add bytes to the open member, and return those to write, which may come later."""
        member = self._opened
        member.checksum = zlib.crc32(data, member.checksum)
        member.size += len(data)
        return self._packed(self._packer.compress(data))

    def close(self) -> bytes:
        """End the member, and return the bytes to write."""
        member = self._opened
        last = self._packed(self._packer.flush(zlib.Z_FULL_FLUSH) + _LAST_BLOCK)
        sizes = (member.checksum, member.packed, member.size)
        self._records += _record(member)
        self.count += 1
        self._member = None
        return last + self._counted(_DESCRIPTOR64.pack(b"PK\x07\x08", *sizes))

    def pause(self) -> bytes:
        """Return the bytes that must be written before another process may continue."""
        return self._packed(self._packer.flush(zlib.Z_FULL_FLUSH)) if self._member else b""

    def take_records(self) -> bytes:
        """Return the central directory of the members closed since the last call."""
        records = bytes(self._records)
        self._records.clear()
        return records

    def finish(self, records: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the end of the file, which contains all records that were taken."""
        start = self.position
        for piece in records:
            yield self._counted(piece)
        size = self.position - start
        end = self.position
        count = self.count
        yield self._counted(
            _END64.pack(b"PK\x06\x06", 44, _NEEDS, _NEEDS, 0, 0, count, count, size, start)
            + _LOCATOR64.pack(b"PK\x06\x07", 0, end, 1)
        )
        few, small, low = min(count, 0xFFFF), min(size, _MOST), min(start, _MOST)
        yield self._counted(_END.pack(b"PK\x05\x06", 0, 0, few, few, small, low, 0))

    @property
    def _opened(self) -> _Member:
        if self._member is None:
            raise RuntimeError("No member is open.")
        return self._member

    def _packed(self, data: bytes) -> bytes:
        self._opened.packed += len(data)
        return self._counted(data)

    def _counted(self, data: bytes) -> bytes:
        self.position += len(data)
        return data


def entries(records: bytes) -> Iterator[tuple[str, str]]:
    """Yield the names and comments in records of the central directory."""
    at = 0
    while at + _CENTRAL.size <= len(records):
        name, extra, comment = _CENTRAL.unpack_from(records, at)[10:13]
        start = at + _CENTRAL.size
        end = start + name + extra + comment
        yield records[start : start + name].decode(), records[end - comment : end].decode()
        at = end


def _record(member: _Member) -> bytes:
    raw, comment = member.name.encode(), member.comment.encode()[:_LONGEST_COMMENT]
    moment, day = member.moment & 0xFFFF, member.moment >> 16
    mode = _UNIX_FOLDER if member.name.endswith("/") else _UNIX_FILE
    extra = _EXTRA64.pack(1, 24, member.size, member.packed, member.start)
    return (
        _CENTRAL.pack(b"PK\x01\x02", 3 << 8 | _NEEDS, _NEEDS, _FLAGS, 8, moment, day,
                      member.checksum, _MOST, _MOST, len(raw), len(extra), len(comment), 0, 0,
                      mode, _MOST)
        + raw
        + extra
        + comment
    )  # fmt: skip


def _dos(when: datetime | None) -> int:
    """Return the moment in DOS format, from 1980 on, to two seconds."""
    if when is None or not 1980 <= when.year < 2107:
        return 0x21 << 16
    day = (when.year - 1980) << 9 | when.month << 5 | when.day
    return day << 16 | when.hour << 11 | when.minute << 5 | when.second // 2
