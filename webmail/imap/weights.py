"""FETCH of what messages weigh: by whom, and from which year."""

from __future__ import annotations

from dataclasses import dataclass

from webmail.imap import response
from webmail.imap.connection import Connection


@dataclass(frozen=True, slots=True)
class Weight:
    """What a message weighs, in bytes, the year in which it arrived (0: unknown), and whose it is:
    his address in small letters and his name, "" where the message tells none.
    """

    uid: int
    size: int
    year: int
    sender: str
    name: str


def ask(imap: Connection, uids: str) -> tuple[Weight, ...]:
    """Of a set of UIDs of the open folder. One command; those that are gone are left out."""
    lines = imap.uid("FETCH", uids, "(UID RFC822.SIZE INTERNALDATE ENVELOPE)")
    found = []
    for _, said in response.items(lines):
        uid, size = said.get(b"UID"), said.get(b"RFC822.SIZE")
        if not (isinstance(uid, int) and isinstance(size, int)):
            continue
        received = response.date(said.get(b"INTERNALDATE"))
        authors = response.authors(said.get(b"ENVELOPE"))
        first = authors[0] if authors else None
        found.append(
            Weight(
                uid=uid,
                size=size,
                year=received.year if received else 0,
                sender=first.address.lower() if first else "",
                name=first.name if first else "",
            )
        )
    return tuple(found)
