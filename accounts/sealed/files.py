"""Files that wait in the spool for a job: encrypted on disk, readable as streams.

A file is split into pieces of 256 KB, each sealed with AES-256-GCM under its number. The last piece
is marked, so that a truncated file is noticed. The key is stored elsewhere, in the job's row.
"""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core import clock

_PIECE = 256 * 1024
_TAG = 16


class DamagedFile(OSError):
    """The file was changed or truncated, or the key belongs to another file."""


class Unwritable(OSError):
    """The spool cannot be written to: it is full, read-only, or missing."""


def new_key() -> bytes:
    return AESGCM.generate_key(256)


def new_name() -> str:
    """Return a new random file name of hexadecimal digits."""
    return secrets.token_hex(16)


def write(path: Path, key: bytes, chunks: Iterable[bytes]) -> None:
    """Seal ``chunks`` into a new file that only its owner can read; the folder is made if needed.
    Raises Unwritable when the spool cannot be written to, and the errors of ``chunks``; no file is
    left then."""
    source = _ChunkSource(chunks)
    try:
        _write(path, key, source)
    except OSError as error:
        if error is source.error:
            raise
        raise Unwritable(error.errno, error.strerror) from error


class _ChunkSource:
    """Chunks from elsewhere, whose errors are told apart from those of the disk."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.error: OSError | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._chunks
        except OSError as error:
            self.error = error
            raise


def _write(path: Path, key: bytes, chunks: Iterable[bytes]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    is_whole = False
    try:
        with os.fdopen(descriptor, "wb") as file:
            for sealed in _sealed(AESGCM(key), chunks):
                file.write(sealed)
        is_whole = True
    finally:
        if not is_whole:
            with suppress(OSError):
                path.unlink()


def read_sealed(path: Path, key: bytes) -> BinaryIO:
    """Return the content as a stream. Raises OSError when the file is gone; reading raises
    DamagedFile."""
    return io.BufferedReader(_UnsealedStream(path.open("rb"), AESGCM(key)), _PIECE)


def remove_older(folder: Path, pattern: str, seconds: int) -> None:
    """Remove files that are older than ``seconds``, because nobody has fetched them."""
    late = clock.of_files(folder) - seconds
    for path in folder.glob(pattern):
        with suppress(OSError):
            if path.stat().st_mtime < late:
                path.unlink()


def _sealed(cipher: AESGCM, chunks: Iterable[bytes]) -> Iterator[bytes]:
    number, waiting = 0, bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) > _PIECE:
            yield cipher.encrypt(_nonce(number), memoryview(waiting)[:_PIECE], b"more")
            del waiting[:_PIECE]
            number += 1
    yield cipher.encrypt(_nonce(number), bytes(waiting), b"last")


def _nonce(number: int) -> bytes:
    """Return the nonce of a piece. A key seals one file alone, so no number is used twice
    with it."""
    return number.to_bytes(12, "big")


class _UnsealedStream(io.RawIOBase):
    def __init__(self, file: BinaryIO, cipher: AESGCM) -> None:
        self._file = file
        self._cipher = cipher
        self._number = 0
        self._open = memoryview(b"")
        self._is_last = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # the stubs name no type for it here
        if not self._open and not self._is_last:
            self._unseal()
        size = min(len(view), len(self._open))
        view[:size], self._open = self._open[:size], self._open[size:]
        return size

    def readall(self) -> bytes:
        """Return the rest of the content, piece by piece as it was sealed. `readinto` would be
        asked for 8 KB at a time."""
        pieces = [self._open]
        while not self._is_last:
            self._unseal()
            pieces.append(self._open)
        self._open = memoryview(b"")
        return b"".join(pieces)

    def _unseal(self) -> None:
        sealed = self._file.read(_PIECE + _TAG)
        for mark in (b"more", b"last"):
            with suppress(InvalidTag):
                opened = self._cipher.decrypt(_nonce(self._number), sealed, mark)
                self._open = memoryview(opened)
                self._is_last = mark == b"last"
                self._number += 1
                return
        raise DamagedFile("The spooled file is damaged.")

    def close(self) -> None:
        self._file.close()
        super().close()
