"""Stream attachments to the browser; each stream owns its connection and returns it at the end."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from mail import zips
from mail.imap import fetch
from mail.imap.connection import Connection
from mail.imap.pool import Lease
from mail.imap.values import MessageRef
from mail.mailbox import reading
from mail.mime import containers
from mail.mime.structure import Part
from mail.mime.text import TransferDecoder


class LeasedStream:
    """Pieces of bytes for a StreamingHttpResponse, which always calls ``close``.

    A generator would not do: if it is never started, its ``finally`` does not run and its lease is
    not returned. A response that a middleware drops, because the session has ended, is never
    closed; its lease is abandoned when Python deletes the stream.
    """

    def __init__(self, lease: Lease, pieces: Iterator[bytes]) -> None:
        self._lease = lease
        self._pieces = pieces
        weakref.finalize(self, lease.abandon).atexit = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pieces
        finally:
            self.close()

    def close(self) -> None:
        """Return the connection. Further calls do nothing."""
        self._lease.release()


def begin(lease: Lease, pieces: Callable[[Connection], Iterator[bytes]]) -> LeasedStream:
    """Return a stream of the pieces. Errors that ``pieces`` raises at its call are raised here."""
    try:
        return LeasedStream(lease, pieces(lease.connection))
    except BaseException:
        lease.release()
        raise


def decoded(imap: Connection, ref: MessageRef, part: Part) -> Iterator[bytes]:
    """Yield a part without its transfer encoding. The first piece is fetched at once, so that a
    missing message is raised before the response begins."""
    decoder = TransferDecoder(part.encoding)
    encoded = fetch.chunks(imap, ref, part.number)

    def pieces() -> Iterator[bytes]:
        for piece in encoded:
            yield decoder.feed(piece)
        yield decoder.close()

    return pieces()


# --- several files as one zip ---


def zipped(
    imap: Connection, ref: MessageRef, files: Sequence[tuple[str, Part]], when: datetime
) -> Iterator[bytes]:
    """Yield a zip of parts under the given names, which must differ. The zip is written while parts
    are fetched, with no more than a piece of one in memory."""
    small = _Small(imap, ref, [part for _name, part in files])
    members = (
        zips.NewMember(name, small.get(part) or _pieces_of(imap, ref, part), part.size)
        for name, part in files
    )
    return zips.streamed(members, when.timetuple()[:6])


_SMALL = 32 * 1024
_SMALL_AT_ONCE = 100


class _Small:
    """The contents of small parts, many of which are fetched by one command: a message may have ten
    thousand."""

    def __init__(self, imap: Connection, ref: MessageRef, parts: Iterable[Part]) -> None:
        self._imap, self._ref = imap, ref
        self._following = iter(
            [
                part.number
                for part in parts
                if part.size < _SMALL and not containers.is_held(part.number)
            ]
        )
        self._fetched: dict[str, bytes] = {}

    def get(self, part: Part) -> list[bytes]:
        """Return the decoded part, or nothing where it must be fetched by itself. Call this for
        each part, in order."""
        if part.size < _SMALL and not self._fetched:
            numbers = list(islice(self._following, _SMALL_AT_ONCE))
            self._fetched = fetch.parts(self._imap, self._ref, numbers, _SMALL)
        content = self._fetched.pop(part.number, b"")
        # The size is the server's claim: a longer content was cut.
        if not content or len(content) >= _SMALL:
            return []
        decoder = TransferDecoder(part.encoding)
        return [decoder.feed(content), decoder.close()]


def _pieces_of(imap: Connection, ref: MessageRef, part: Part) -> Iterator[bytes]:
    if containers.is_held(part.number):
        return iter((reading.held(imap, ref, part.number)[1],))
    return decoded(imap, ref, part)
