"""FETCH of the sizes, senders and years of messages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mail.imap import response
from mail.imap.connection import Connection
from mail.mime import headers

# ENVELOPE would take both sides more than twice as long to write and to read.
_ASKED = "(UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (FROM)]<0.2048>)"
_FIELDS = b"BODY[HEADER.FIELDS"
_YEAR = re.compile(rb"[ \d]\d-[A-Za-z]{3}-(\d{4}) ")


@dataclass(frozen=True, slots=True)
class MessageWeight:
    """The size of a message in bytes, the year in which it arrived (0: unknown), and its author:
    the address in lower case and the name, "" if the message has none.
    """

    uid: int
    size: int
    year: int
    sender: str
    name: str


def ask_weights(imap: Connection, uids: str) -> tuple[MessageWeight, ...]:
    """Return the weights of a set of UIDs of the open folder, without messages that are gone. Sends
    one command.
    """
    weights = []
    for _, items in response.items(imap.uid("FETCH", uids, _ASKED)):
        uid, size = items.get(b"UID"), items.get(b"RFC822.SIZE")
        if isinstance(uid, int) and isinstance(size, int):
            fields = next((items[name] for name in items if name.startswith(_FIELDS)), b"")
            sender, name = _author(response.raw_bytes(fields))
            weights.append(
                MessageWeight(uid, size, _year(items.get(b"INTERNALDATE")), sender, name)
            )
    return tuple(weights)


def _year(received: Any) -> int:
    match = _YEAR.match(received) if isinstance(received, bytes) else None
    return int(match[1]) if match else 0


@lru_cache(maxsize=4096)
def _author(fields: bytes) -> tuple[str, str]:
    """Return address and name of the author, cached: a few people write most of the mail."""
    authors = headers.parse(fields).addresses("From")
    return (authors[0].address.lower(), authors[0].name) if authors else ("", "")
