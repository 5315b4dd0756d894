"""A page of a folder's list, the newest arrival first."""

from __future__ import annotations

from dataclasses import dataclass

from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.imap.values import Fetched, Selected

MOST_ROWS = 200


@dataclass(frozen=True)
class Page:
    """``number`` is one-based; ``exists`` counts the whole folder; ``rows`` are newest first."""

    folder: str
    uidvalidity: int
    exists: int
    number: int
    size: int
    rows: tuple[Fetched, ...]
    has_next: bool


def page(
    imap: Connection, folder: str, number: int = 1, size: int = 50, after: int | None = None
) -> Page:
    """One page by sequence number: SELECT and FETCH, so that it costs the same in a folder of any
    size. At most 200 rows.

    ``after`` is the UID of the last row shown: the page begins right below it, wherever arrivals
    have pushed it meanwhile (one small command more). When it has vanished, ``number`` decides.
    """
    number, size = max(1, number), min(max(1, size), MOST_ROWS)
    selected = imap.select(folder)
    last = _last(imap, selected, number, size, after)
    first = max(1, last - size + 1)
    rows = fetch.page_by_sequence(imap, first, last) if last > 0 else ()
    return Page(
        folder=selected.folder,
        uidvalidity=selected.uidvalidity,
        exists=selected.exists,
        number=number,
        size=size,
        rows=rows,
        has_next=last > 0 and first > 1,
    )


def _last(imap: Connection, selected: Selected, number: int, size: int, after: int | None) -> int:
    """The sequence number of the page's newest message; 0 or less when there is none."""
    if after is not None and selected.exists:
        sequence = fetch.sequence_of(imap, after)
        if sequence is not None:
            return sequence - 1
    return selected.exists - (number - 1) * size
