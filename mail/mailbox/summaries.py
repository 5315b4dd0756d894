"""The values of messages for the rows of a list. All but the flags never change, so they are
fetched once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from mail.imap import fetch
from mail.imap.connection import Connection
from mail.imap.response import UNREADABLE
from mail.imap.values import FetchedMessage, MessageMarks, MessageRef, Selected
from mail.mailbox.kept import ConnectionCache
from mail.mime.addresses import Address
from mail.mime.structure import Part, ShownParts, choose

# People named in a row; a message to a whole academy names thousands.
MOST_PEOPLE = 10
LONGEST_SUBJECT = 500
# Rows that a connection keeps, at about two kilobytes each.
MOST_KEPT = 500
CALENDAR = "text/calendar"
# The parameters of a part that are needed to decode it.
_TOLD = frozenset({"charset", "format", "delsp"})


@dataclass(frozen=True, slots=True)
class MessageSummary:
    """One message as a list shows it.

    ``size`` is in bytes; ``received`` and ``sent`` are aware. ``people`` are its recipients (To,
    then Cc), at most ten; so are the authors in ``from_``. If ``is_readable`` is False, the
    sender's values are unknown. ``text`` is the part with the message's text, without what only
    files have; None if there is none.
    """

    ref: MessageRef
    flags: frozenset[str]
    size: int
    received: datetime | None
    sent: datetime | None
    subject: str
    from_: tuple[Address, ...]
    people: tuple[Address, ...]
    attachment: bool
    invitation: bool = False
    urgent: bool = False
    text: Part | None = None
    is_readable: bool = True


def summary(fetched: FetchedMessage) -> MessageSummary:
    envelope, shown = fetched.envelope, choose(fetched.structure)
    return MessageSummary(
        ref=fetched.ref,
        flags=fetched.flags,
        size=fetched.size,
        received=fetched.received,
        sent=envelope.date,
        subject=envelope.subject[:LONGEST_SUBJECT],
        from_=envelope.from_[:MOST_PEOPLE],
        people=(*envelope.to, *envelope.cc)[:MOST_PEOPLE],
        attachment=bool(shown.attachments) and fetched.structure is not UNREADABLE,
        invitation=any(part.media_type == CALENDAR for part in fetched.structure.walk()),
        urgent=fetched.urgent,
        text=_text(shown),
        is_readable=fetched.is_readable,
    )


def _text(shown: ShownParts) -> Part | None:
    for part in (*shown.text, *shown.html):
        if part.media_type.startswith("text/") and part.number:
            parameters = tuple(pair for pair in part.parameters.items() if pair[0] in _TOLD)
            return _part(part.number, part.media_type, parameters, part.encoding)
    return None


@lru_cache(maxsize=1024)
def _part(
    number: str, media_type: str, parameters: tuple[tuple[str, str], ...], encoding: str
) -> Part:
    """Return a part, cached: most messages have the same, and rows that are kept then share it."""
    return Part(number, media_type, dict(parameters), encoding=encoding)


def summaries_of(
    imap: Connection, selected: Selected, marks: Sequence[MessageMarks]
) -> tuple[MessageSummary, ...]:
    """Return the rows of these messages of the open folder in their order, without those that are
    gone. Sends one command for rows that the connection does not have, none if it has all.
    """
    cache = ConnectionCache[MessageSummary].of(imap, "rows", MOST_KEPT)
    place = selected.folder, selected.uidvalidity
    missing = [mark.uid for mark in marks if (*place, mark.uid) not in cache]
    fresh = fetch.rows(imap, missing) if missing else ()
    rows = {row.ref.uid: summary(row) for row in fresh}
    for mark in marks:
        if row := cache.get((*place, mark.uid)):
            is_same = row.flags == mark.flags
            rows[mark.uid] = row if is_same else replace(row, flags=mark.flags)
    cache.add({(*place, uid): row for uid, row in rows.items()})
    return tuple(rows[mark.uid] for mark in marks if mark.uid in rows)
