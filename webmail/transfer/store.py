"""The files of transfers in the spool: sealed, in segments of some megabytes.

A job that dies loses only the segment that it was writing. Each segment has a random name and a key
of its own, derived from the row's key and that name.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from accounts.sealed import files as sealed_files

SEGMENT = 8 * 1024 * 1024
"""Bytes of a segment, and of the piece of an upload in one request."""
_SUFFIX = ".mail"
_PIECE = 256 * 1024
# Seconds. A file without a row is left over from a crash, since its row is written right after it.
ORPHAN_SECONDS = 2 * 60 * 60

Segment = tuple[str, int]
"""The name of a file, and the number of bytes sealed in it."""


def write(key: bytes, pieces: Iterable[bytes]) -> Segment:
    """Seal ``pieces`` into a new segment. Raises sealed_files.Unwritable when the spool cannot be
    written to, and the errors of ``pieces``; then no file is left behind."""
    name, size = sealed_files.new_name(), 0

    def counted() -> Iterator[bytes]:
        nonlocal size
        for piece in pieces:
            size += len(piece)
            yield piece

    sealed_files.write(path_of(name), _key(key, name), counted())
    return name, size


def read(key: bytes, segments: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Yield the content of segments in order, in pieces. Raises OSError."""
    for name, _size in segments:
        with opened(key, str(name)) as file:
            while piece := file.read(_PIECE):
                yield piece


def opened(key: bytes, name: str) -> BinaryIO:
    return sealed_files.read_sealed(path_of(name), _key(key, name))


def remove(segments: Iterable[Sequence[object]]) -> None:
    for name, _size in segments:
        with suppress(OSError):
            path_of(str(name)).unlink()


def are_there(segments: Iterable[Sequence[object]]) -> bool:
    """Return whether all files exist: a backup of the spool does not include them."""
    return all(path_of(str(name)).exists() for name, _size in segments)


def sweep(known: set[str]) -> None:
    """Delete old files that no row names."""
    for path in _folder().glob(f"*{_SUFFIX}"):
        if path.stem not in known:
            sealed_files.remove_older(path.parent, path.name, ORPHAN_SECONDS)


class Source(io.RawIOBase):
    """The content of segments as a seekable file. Seeking forward within a segment reads over the
    bytes between; seeking backward within a segment starts again at its beginning and is slow."""

    def __init__(self, key: bytes, segments: Iterable[Sequence[object]]) -> None:
        self._key = key
        self._segments = [(str(name), int(str(size))) for name, size in segments]
        self._starts, self.size = [], 0
        for _name, size in self._segments:
            self._starts.append(self.size)
            self.size += size
        self._place = 0  # the position that was requested
        self._number, self._at = -1, 0  # the open segment, and the position in it
        self._file: BinaryIO | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # the stubs name no type for it here
        if self._place >= self.size:
            return 0
        file = self._reached()
        data = file.read(min(len(view), self._left))
        if not data:
            raise sealed_files.DamagedFile("A segment is shorter than it was.")
        view[: len(data)] = data
        self._at += len(data)
        self._place += len(data)
        return len(data)

    @property
    def _left(self) -> int:
        return self._segments[self._number][1] - self._at

    def _reached(self) -> BinaryIO:
        number = self._number_of(self._place)
        inside = self._place - self._starts[number]
        if self._file is None or number != self._number or inside < self._at:
            if self._file:
                self._file.close()
            self._file = opened(self._key, self._segments[number][0])
            self._number, self._at = number, 0
        while self._at < inside:
            data = self._file.read(min(_PIECE, inside - self._at))
            if not data:
                raise sealed_files.DamagedFile("A segment is shorter than it was.")
            self._at += len(data)
        return self._file

    def _number_of(self, place: int) -> int:
        number = max(0, self._number)
        if place < self._starts[number]:
            number = 0
        while place >= self._starts[number] + self._segments[number][1]:
            number += 1
        return number

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None
        super().close()


def _key(key: bytes, name: str) -> bytes:
    return hashlib.blake2b(name.encode(), key=bytes(key), digest_size=32).digest()


def _folder() -> Path:
    folder: Path = settings.SPOOL / "transfers"
    return folder


def path_of(name: str) -> Path:
    if not (len(name) == 32 and name.isalnum()):
        raise ValueError("Not the name of a segment.")
    return _folder() / f"{name}{_SUFFIX}"
