"""Zip files: what is in them, and one file out of them, within limits that a bomb would break.

Python's zipfile reads the format; what it believes is checked here, since it believes a lot: its
check for overlapping files came with 3.11.8.
"""

from __future__ import annotations

import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from webmail.mime import headers
from webmail.previews.failures import NoPreview, Reason

MOST_MEMBERS = 5_000
MOST_NESTED = 3
"""How many archives may stand in one another, the outermost counted."""
LARGEST_MEMBER = 50_000_000
"""Bytes of one file, unpacked."""
LARGEST_TOTAL = 2_000_000_000
"""Bytes of all files, unpacked, as the archive declares them."""

# Text packs 3 to 30 times; deflate at its limit 1032 times. Small files may do as they like.
_HIGHEST_RATIO = 200
_FREE_OF_RATIO = 5_000_000
# LZMA's dictionary, up to 4 GB, is chosen by the file.
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2})
_IS_ENCRYPTED = 0x1
_IS_UTF8 = 0x800
_LOCAL_HEAD = 30
_PIECE = 65_536
_DAMAGE = (
    zipfile.BadZipFile,
    OSError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    LookupError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive. ``index`` names it in ``extract``; ``path`` is fit to be shown
    (``"2026/Notes.odt"``), ``name`` its last part, fit to save. Sizes in bytes, as declared."""

    index: int
    path: str
    name: str
    size: int
    packed_size: int
    is_encrypted: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of an archive in its own order, without its folders. ``size``: all of them,
    unpacked. ``is_truncated``: there are more than ``MOST_MEMBERS``."""

    members: tuple[Member, ...]
    size: int
    is_truncated: bool = False


def listing(content: bytes) -> Listing:
    """What a zip file holds. Raises NoPreview: BOMB, DAMAGED or TOO_LARGE."""
    infos = _infos(content)
    members = [
        _member(index, info) for index, info in enumerate(infos[:MOST_MEMBERS]) if not info.is_dir()
    ]
    return Listing(tuple(members), sum(info.file_size for info in infos), len(infos) > MOST_MEMBERS)


def extract(content: bytes, path: Sequence[int], *, limit: int = LARGEST_MEMBER) -> bytes:
    """The file that ``path`` names: an index of the listing, or several, each but the last naming
    an archive inside the one before. ``limit`` in bytes. Raises NoPreview."""
    if not 0 < len(path) <= MOST_NESTED:
        raise NoPreview(Reason.BOMB, "archives in archives in archives")
    for index in path:
        content = _extract(content, index, limit)
    return content


def _extract(content: bytes, index: int, limit: int) -> bytes:
    infos = _infos(content)
    if not 0 <= index < min(len(infos), MOST_MEMBERS) or infos[index].is_dir():
        raise NoPreview(Reason.DAMAGED, "no such file in the archive")
    info = infos[index]
    if info.flag_bits & _IS_ENCRYPTED:
        raise NoPreview(Reason.ENCRYPTED)
    if info.compress_type not in _METHODS:
        raise NoPreview(Reason.UNSUPPORTED, f"method {info.compress_type}")
    if info.file_size > limit:
        raise NoPreview(Reason.TOO_LARGE, f"{info.file_size} bytes")
    return _read(content, info, limit)


def _read(content: bytes, info: zipfile.ZipInfo, limit: int) -> bytes:
    """The declared size is only a claim: what comes out is counted."""
    out = bytearray()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(info) as member:
            while piece := member.read(_PIECE):
                out += piece
                if len(out) > limit:
                    raise NoPreview(Reason.BOMB, "larger than it declares")
    except _DAMAGE as error:
        raise NoPreview(Reason.DAMAGED, type(error).__name__) from error
    return bytes(out)


_MOST_HEADS = 50_000


def _infos(content: bytes) -> list[zipfile.ZipInfo]:
    # Each head costs some 600 bytes once it is read, and may be as small as 46 in the file.
    if content.count(b"PK\x01\x02") > _MOST_HEADS:
        raise NoPreview(Reason.TOO_LARGE, "too many files")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
    except _DAMAGE as error:
        raise NoPreview(Reason.DAMAGED, type(error).__name__) from error
    _refuse_bombs(infos, len(content))
    return infos


def _refuse_bombs(infos: list[zipfile.ZipInfo], size: int) -> None:
    total = sum(info.file_size for info in infos)
    if total > LARGEST_TOTAL:
        raise NoPreview(Reason.BOMB, f"{total} bytes unpacked")
    if total > _FREE_OF_RATIO and total > _HIGHEST_RATIO * size:
        raise NoPreview(Reason.BOMB, "packed too well to be true")
    for info in infos:
        if info.file_size > max(_FREE_OF_RATIO, _HIGHEST_RATIO * info.compress_size):
            raise NoPreview(Reason.BOMB, "packed too well to be true")
    end = -1
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise NoPreview(Reason.BOMB, "files that share their bytes")
        end = info.header_offset + _LOCAL_HEAD + info.compress_size
    if end > size:
        raise NoPreview(Reason.DAMAGED, "cut off")


def _member(index: int, info: zipfile.ZipInfo) -> Member:
    path = _path(info)
    return Member(
        index=index,
        path=path,
        name=path.rpartition("/")[2],
        size=info.file_size,
        packed_size=info.compress_size,
        is_encrypted=bool(info.flag_bits & _IS_ENCRYPTED),
    )


def _path(info: zipfile.ZipInfo) -> str:
    """The path to show: each step a safe file name; no root, no drive, no way up."""
    steps = re.split(r"[/\\]+", _decoded(info)[:1000])
    # Of "." and ".." nothing is left.
    safe = [headers.safe_name(step) for step in steps]
    return "/".join(step for step in safe if step) or f"{info.header_offset}"


# Lines and corners of boxes in cp437; capitals with accents in cp850, which French Windows writes.
_BOXES = re.compile("[\u2500-\u259f]")


def _decoded(info: zipfile.ZipInfo) -> str:
    """The name as its author wrote it. The format knows cp437 and UTF-8 (APPNOTE.TXT appendix D),
    but macOS writes UTF-8 without saying so, and Windows the code page of its language."""
    if info.flag_bits & _IS_UTF8:
        return info.orig_filename
    try:
        raw = info.orig_filename.encode("cp437")
    except UnicodeEncodeError:
        return info.orig_filename
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp850" if _BOXES.search(info.orig_filename) else "cp437")
