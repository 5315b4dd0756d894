"""List the files of a zip and extract one of them, within limits that stop zip bombs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mail import zips
from mail.mime import headers
from mail.previews.failures import NoPreview, Reason

MOST_MEMBERS = 5_000
MOST_NESTED = 3
"""The greatest depth of archives inside archives, the outermost included."""
LARGEST_MEMBER = 50_000_000
"""The largest file that is extracted, in bytes when unpacked."""
LARGEST_TOTAL = 2_000_000_000
"""Limit for all files together, in unpacked bytes as the archive declares them."""

# Text is packed 3 to 30 times smaller, and deflate reaches 1032 times at most. Files up to
# ``_FREE_OF_RATIO`` bytes may have any ratio.
_HIGHEST_RATIO = 200
_FREE_OF_RATIO = 5_000_000


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """One file of an archive. ``index`` names it in ``extract``; ``path`` is safe to show
    (``"2026/Notes.odt"``); ``name`` is the last part of the path, safe as a file name. Sizes are in
    bytes, as the archive declares them."""

    index: int
    path: str
    name: str
    size: int
    packed_size: int
    is_encrypted: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of an archive in its own order, without its folders. ``size`` is the sum of their
    unpacked sizes. ``is_truncated`` means that there are more than ``MOST_MEMBERS``."""

    members: tuple[ArchiveFile, ...]
    size: int
    is_truncated: bool = False


def listing(content: bytes) -> Listing:
    """Return the content of a zip file. Raises NoPreview: BOMB, DAMAGED or TOO_LARGE."""
    all_members = members(content)
    files = [
        _member(index, member)
        for index, member in enumerate(all_members[:MOST_MEMBERS])
        if not member.is_folder
    ]
    return Listing(
        tuple(files), sum(member.size for member in all_members), len(all_members) > MOST_MEMBERS
    )


def extract(content: bytes, path: Sequence[int], *, limit: int = LARGEST_MEMBER) -> bytes:
    """Return the file that ``path`` names: one index of the listing, or several, where each index
    but the last names an archive inside the archive before it. ``limit`` is in bytes. Raises
    NoPreview."""
    if not 0 < len(path) <= MOST_NESTED:
        raise NoPreview(Reason.BOMB, "archives in archives in archives")
    for index in path:
        content = _extract(content, index, limit)
    return content


def _extract(content: bytes, index: int, limit: int) -> bytes:
    all_members = members(content)
    if not 0 <= index < min(len(all_members), MOST_MEMBERS) or all_members[index].is_folder:
        raise NoPreview(Reason.DAMAGED, "no such file in the archive")
    try:
        return zips.read_member(content, all_members[index], limit=limit)
    except zips.BadZip as error:
        raise refused(error) from error


_REASONS = {
    zips.ZipFault.DAMAGED: Reason.DAMAGED,
    zips.ZipFault.BOMB: Reason.BOMB,
    zips.ZipFault.TOO_LARGE: Reason.TOO_LARGE,
    zips.ZipFault.TOO_MANY: Reason.TOO_LARGE,
    zips.ZipFault.ENCRYPTED: Reason.ENCRYPTED,
    zips.ZipFault.METHOD: Reason.UNSUPPORTED,
}


def refused(error: zips.BadZip) -> NoPreview:
    """Translate the error of ``mail.zips`` into a reason that the user is told."""
    return NoPreview(_REASONS[error.fault], str(error))


def members(content: bytes) -> list[zips.ZipMember]:
    """Return all members of a zip. Raises NoPreview where the zip declares sizes beyond the
    limits."""
    try:
        all_members = zips.members(content)
    except zips.BadZip as error:
        raise refused(error) from error
    _refuse_bombs(all_members, len(content))
    return all_members


def _refuse_bombs(all_members: list[zips.ZipMember], size: int) -> None:
    total = sum(member.size for member in all_members)
    if total > LARGEST_TOTAL:
        raise NoPreview(Reason.BOMB, f"{total} bytes unpacked")
    if total > _FREE_OF_RATIO and total > _HIGHEST_RATIO * size:
        raise NoPreview(Reason.BOMB, "packed too well to be true")
    for member in all_members:
        if member.size > max(_FREE_OF_RATIO, _HIGHEST_RATIO * member.packed_size):
            raise NoPreview(Reason.BOMB, "packed too well to be true")


def _member(index: int, member: zips.ZipMember) -> ArchiveFile:
    path = _path(member)
    return ArchiveFile(
        index=index,
        path=path,
        name=path.rpartition("/")[2],
        size=member.size,
        packed_size=member.packed_size,
        is_encrypted=member.is_encrypted,
    )


def _path(member: zips.ZipMember) -> str:
    """Return the path to show. Each step is a safe file name; the root, drives and ``..`` are
    removed."""
    steps = re.split(r"[/\\]+", member.name[:1000])
    # Nothing is left of "." and "..".
    safe = [headers.safe_name(step) for step in steps]
    return "/".join(step for step in safe if step) or f"{member.start}"
