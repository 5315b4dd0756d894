"""Attachments to the browser: generators that own their connection and give it back at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.imap.pool import Lease
from webmail.imap.values import MessageRef
from webmail.mime.structure import Part
from webmail.mime.text import TransferDecoder


@contextmanager
def kept_on_success(lease: Lease) -> Iterator[Connection]:
    """The connection, for what must be known before the stream; released if that fails."""
    try:
        yield lease.connection
    except BaseException:
        lease.release()
        raise


def part(lease: Lease, ref: MessageRef, wanted: Part) -> Iterator[bytes]:
    """The decoded bytes of a part, a few hundred KB at a time; releases the lease in every case."""
    decoder = TransferDecoder(wanted.encoding)
    try:
        for chunk in fetch.chunks(lease.connection, ref, wanted.number):
            yield decoder.feed(chunk)
        yield decoder.close()
    finally:
        lease.release()


def source(lease: Lease, ref: MessageRef) -> Iterator[bytes]:
    """The whole message as the server has it."""
    try:
        yield from fetch.chunks(lease.connection, ref, "")
    finally:
        lease.release()
