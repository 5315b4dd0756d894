"""Read the members of a zip file on disk in bounded memory. `mail.zips` reads one in memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from mail import zips
from mail.zips import BadZip, ZipFault, ZipMember

_PIECE = 64 * 1024


def members(file: BinaryIO, size: int) -> list[ZipMember]:
    """Return all members, in the order of their positions in the file. Raises BadZip."""
    before = max(0, size - zips.END)
    file.seek(before)
    unsorted = zips.members(_exactly(file, size - before), before=before)
    return sorted(unsorted, key=lambda member: member.start)


def pieces(file: BinaryIO, member: ZipMember) -> Iterator[bytes]:
    """Yield a member's bytes. Raises BadZip, also at the end where the content differs from its
    declared size or checksum."""
    file.seek(member.start)
    head = file.read(zips.LOCAL + len(member.raw_name))
    length = zips.local_length(head, member)
    file.seek(member.start + length)
    size, checksum = 0, 0
    for piece in zips.unpacked(_packed(file, member), member.method, member.size):
        size, checksum = size + len(piece), zlib.crc32(piece, checksum)
        if size > member.size:
            raise BadZip(ZipFault.BOMB, "larger than it declares")
        yield piece
    if size < member.size or checksum != member.checksum:
        raise BadZip(ZipFault.DAMAGED, "other bytes than it declares")


def _packed(file: BinaryIO, member: ZipMember) -> Iterator[bytes]:
    left = member.packed_size
    while left:
        piece = file.read(min(left, _PIECE))
        if not piece:
            raise BadZip(ZipFault.DAMAGED, "a member that is cut off")
        left -= len(piece)
        yield piece


def _exactly(file: BinaryIO, size: int) -> bytes:
    content = file.read(size)
    if len(content) < size:
        raise BadZip(ZipFault.DAMAGED, "a file that is cut off")
    return content
