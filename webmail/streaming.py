"""Attachments to the browser: streams that own their connection and give it back at the end."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator

from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.imap.pool import Lease
from webmail.imap.values import MessageRef
from webmail.mime.structure import Part
from webmail.mime.text import TransferDecoder


class Stream:
    """Pieces of bytes for a StreamingHttpResponse, which calls ``close`` in every case.

    A generator would not do: one that was never begun runs no ``finally``, and keeps its lease.
    An answer that a middleware drops, because the session ended meanwhile, is closed by nobody:
    its lease is abandoned when Python forgets it.
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
        """Give the connection back, once."""
        self._lease.release()


def begin(lease: Lease, pieces: Callable[[Connection], Iterator[bytes]]) -> Stream:
    """A stream of what ``pieces`` gives; what it raises at its call is raised here."""
    try:
        return Stream(lease, pieces(lease.connection))
    except BaseException:
        lease.release()
        raise


def decoded(imap: Connection, ref: MessageRef, part: Part) -> Iterator[bytes]:
    """A part without its transfer encoding. The first piece is fetched at once, so that a missing
    message is raised here, before the answer has begun."""
    decoder = TransferDecoder(part.encoding)
    encoded = fetch.chunks(imap, ref, part.number)

    def pieces() -> Iterator[bytes]:
        for piece in encoded:
            yield decoder.feed(piece)
        yield decoder.close()

    return pieces()
