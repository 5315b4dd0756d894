"""Sets of UIDs as IMAP writes them (RFC 9051 section 9, sequence-set): ``3:5,9``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

LINE = 7_500
"""The greatest length of a set in bytes: with its command it stays below the 8,000 bytes that RFC
7162 asks servers to accept.
"""
_HIGHEST = 2**32 - 1
_PIECE = re.compile(r"([1-9][0-9]{0,9})(?::([1-9][0-9]{0,9}))?")


def compressed(uids: Iterable[int]) -> str:
    """Return the set of ``(9, 3, 4, 5)`` as ``"3:5,9"``. Repeated UIDs count once."""
    ranges = _ranges(sorted(set(uids)))
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in ranges)


def expanded(text: str, limit: int) -> tuple[int, ...]:
    """Return the UIDs of ``"3:5,9"`` in order: ``(3, 4, 5, 9)``.

    Raises ValueError for text that is no set, for ``*``, and for more than ``limit`` UIDs, which
    would fill the memory.
    """
    uids: list[int] = []
    for piece in text.split(","):
        match = _PIECE.fullmatch(piece)
        if match is None:
            raise ValueError(f"Not a set of UIDs: {piece[:40]!r}")
        low, high = int(match[1]), int(match[2] or match[1])
        if not low <= high <= _HIGHEST or len(uids) + high - low >= limit:
            raise ValueError("A set of UIDs counts upwards, and not too far.")
        uids.extend(range(low, high + 1))
    return tuple(sorted(set(uids)))


def head(uids: Sequence[int], most: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Split sorted ``uids``: return the first of them, as many as one command holds and ``most``
    allows, and the rest.

    Five thousand consecutive UIDs take only ``1:5000``; scattered ones fill a line.
    """
    room, before = LINE, 0
    for place, uid in enumerate(uids[:most]):
        if uid != before + 1 or not place:
            # Reserve room for the end of a range: "," and twice the longest number.
            room -= 2 * len(str(uid)) + 2
        if room < 0:
            return tuple(uids[:place]), tuple(uids[place:])
        before = uid
    return tuple(uids[:most]), tuple(uids[most:])


def _ranges(uids: Sequence[int]) -> list[list[int]]:
    ranges: list[list[int]] = []
    for uid in uids:
        if ranges and uid == ranges[-1][1] + 1:
            ranges[-1][1] = uid
        else:
            ranges.append([uid, uid])
    return ranges
