"""The rows of a list, as far as messages tell them. All but flags never changes: it is asked for
once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.imap.response import UNREADABLE
from webmail.imap.values import Fetched, Marked, MessageRef, Selected
from webmail.mailbox.memory import Memory
from webmail.mime.addresses import Address
from webmail.mime.structure import Part, Shown, choose

# A row has no room for more; a message to a whole academy names thousands.
MOST_PEOPLE = 10
LONGEST_SUBJECT = 500
KIND = "row2"
CALENDAR = "text/calendar"
# Of a part's parameters those that say how to read it.
_TOLD = frozenset({"charset", "format", "delsp"})


@dataclass(frozen=True, slots=True)
class Summary:
    """One message as a list knows it. ``size`` in bytes; ``received`` and ``sent`` are aware.
    ``people`` are those it went to (To, then Cc), ten at most, as are the authors in ``from_``.
    Of one that is not ``is_readable`` its own words are not known.
    ``text`` is the part that says what it says, without what only files have; None for no such.
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


def summary(fetched: Fetched) -> Summary:
    envelope, shown = fetched.envelope, choose(fetched.structure)
    return Summary(
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


def _text(shown: Shown) -> Part | None:
    for part in (*shown.text, *shown.html):
        if part.media_type.startswith("text/") and part.number:
            known = {n: parameter for n, parameter in part.parameters.items() if n in _TOLD}
            return Part(part.number, part.media_type, known, encoding=part.encoding)
    return None


def of(
    imap: Connection, selected: Selected, marks: Sequence[Marked], memory: Memory
) -> tuple[Summary, ...]:
    """The rows of these messages of the open folder, in their order; those that are gone are left
    out. One command for those that the memory does not know, none when it knows all.
    """
    names = {mark.uid: _name(selected, mark.uid) for mark in marks}
    kept = memory.get_many(KIND, names.values())
    missing = [uid for uid, name in names.items() if name not in kept]
    fresh = _asked(imap, missing) if missing else {}
    memory.put_many(KIND, {names[uid]: _packed(row) for uid, row in fresh.items()})
    rows = []
    for mark in marks:
        if row := fresh.get(mark.uid):
            rows.append(row)
        elif (packed := kept.get(names[mark.uid])) is not None:
            ref = MessageRef(selected.folder, selected.uidvalidity, mark.uid)
            rows.append(_unpacked(packed, ref, mark.flags))
    return tuple(rows)


def _asked(imap: Connection, uids: Iterable[int]) -> dict[int, Summary]:
    rows = fetch.rows(imap, uids)
    return {row.ref.uid: summary(row) for row in rows}


def _name(selected: Selected, uid: int) -> str:
    return f"{selected.uidvalidity} {uid} {selected.folder}"


def _packed(row: Summary) -> list[Any]:
    return [
        row.size,
        _seconds(row.received),
        _seconds(row.sent),
        row.subject,
        _pairs(row.from_),
        _pairs(row.people),
        row.attachment + 2 * row.invitation + 4 * row.urgent + 8 * (not row.is_readable),
        row.text
        and [row.text.number, row.text.media_type, dict(row.text.parameters), row.text.encoding],
    ]


def _unpacked(packed: list[Any], ref: MessageRef, flags: frozenset[str]) -> Summary:
    size, received, sent, subject, from_, people, marks, text = packed
    return Summary(
        ref=ref,
        flags=flags,
        size=size,
        received=_moment(received),
        sent=_moment(sent),
        subject=subject,
        from_=tuple(Address(*pair) for pair in from_),
        people=tuple(Address(*pair) for pair in people),
        attachment=bool(marks & 1),
        invitation=bool(marks & 2),
        urgent=bool(marks & 4),
        is_readable=not marks & 8,
        text=text and Part(text[0], text[1], text[2], encoding=text[3]),
    )


def _pairs(people: Iterable[Address]) -> list[list[str]]:
    return [[person.name, person.address] for person in people]


def _seconds(moment: datetime | None) -> int | None:
    return int(moment.timestamp()) if moment else None


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
