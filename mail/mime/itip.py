"""Answers to invitations: iTIP (RFC 5546 section 3.2.3) by mail, which is iMIP (RFC 6047)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import format_datetime

from mail.mime import build
from mail.mime.addresses import Address

ANSWERS = ("accepted", "tentative", "declined")
_LINE = 75
"""The greatest length of a content line in octets (RFC 5545 section 3.1)."""


@dataclass(frozen=True)
class Reply:
    """An invited user's answer. ``attendee`` is the address that the organiser invited, ``answer``
    one of `ANSWERS`. ``occurrence``, ``start`` and ``end`` are those of the invitation. ``text`` is
    the readable text; ``moment`` is the aware time of the answer.
    """

    sender: Address
    organiser: Address
    attendee: Address
    answer: str
    uid: str
    sequence: int
    summary: str
    comment: str
    subject: str
    text: str
    original_id: str
    moment: datetime
    message_id: str
    product: str
    start: datetime | date | None = None
    end: datetime | date | None = None
    occurrence: datetime | date | None = None


def message(reply: Reply) -> bytes:
    """Return the answer as ``multipart/alternative``: a readable text and the calendar object.

    Raises ValueError as `build.message` does.
    """
    fields = [
        ("Date", [format_datetime(reply.moment)]),
        ("From", build.written([reply.sender])),
        ("To", build.written([reply.organiser])),
        ("Subject", [build.encode(build.checked(reply.subject))]),
        ("Message-ID", [build.checked_id(reply.message_id)]),
        ("User-Agent", [build.encode(build.checked(reply.product))]),
        ("MIME-Version", ["1.0"]),
    ]
    original_ids = build.message_ids(reply.original_id)
    if original_ids:
        fields[5:5] = [("In-Reply-To", [original_ids[0]]), ("References", [original_ids[0]])]
    lines = [build.folded(name, values) for name, values in fields if any(values)]
    parts = [build.text_part(reply.text), _calendar_part(calendar(reply))]
    return b"\r\n".join([*lines, build.multipart("alternative", parts, reply.message_id)])


def calendar(reply: Reply) -> bytes:
    """Return the VCALENDAR object of the answer in UTF-8."""
    return b"".join(_folded(line) for line in _lines(reply))


def _lines(reply: Reply) -> Iterator[str]:
    yield "BEGIN:VCALENDAR"
    yield "VERSION:2.0"
    yield f"PRODID:-//{_text(reply.product)}//FR"
    yield "METHOD:REPLY"
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(reply.uid)}"
    yield f"SEQUENCE:{reply.sequence}"
    yield f"DTSTAMP:{_utc(reply.moment)}"
    for name, moment in (
        ("RECURRENCE-ID", reply.occurrence),
        ("DTSTART", reply.start),
        ("DTEND", reply.end),
    ):
        if moment is not None:
            yield f"{name}{_moment(moment)}"
    if reply.summary:
        yield f"SUMMARY:{_text(reply.summary)}"
    yield f"ORGANIZER:mailto:{build.checked(reply.organiser.address)}"
    yield (
        f"ATTENDEE;PARTSTAT={reply.answer.upper()}{_name(reply.attendee)}"
        f":mailto:{build.checked(reply.attendee.address)}"
    )
    if reply.comment:
        yield f"COMMENT:{_text(reply.comment)}"
    yield "END:VEVENT"
    yield "END:VCALENDAR"


def _calendar_part(content: bytes) -> bytes:
    encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return (
        b"Content-Type: text/calendar; charset=utf-8; method=REPLY\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + encoded
    )


def _text(value: str) -> str:
    """Return a TEXT value (RFC 5545 section 3.3.11), without other control characters."""
    escaped = re.sub(r"([\\;,])", r"\\\1", value.replace("\r\n", "\n"))
    return re.sub(r"[\x00-\x1f\x7f]", "", escaped.replace("\n", "\\n"))


def _name(person: Address) -> str:
    name = re.sub(r'["\x00-\x1f\x7f]', "", person.name)
    return f';CN="{name}"' if name else ""


def _moment(moment: datetime | date) -> str:
    if not isinstance(moment, datetime):
        return f";VALUE=DATE:{moment:%Y%m%d}"
    if moment.tzinfo is None:
        return f":{moment:%Y%m%dT%H%M%S}"
    return f":{_utc(moment)}"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _folded(line: str) -> bytes:
    """Return a content line with its end, in pieces of at most 75 octets that split no
    character.
    """
    pieces, piece = [], b""
    for character in line:
        encoded = character.encode("utf-8", "replace")
        if len(piece) + len(encoded) > _LINE:
            pieces.append(piece)
            piece = b" "
        piece += encoded
    return b"\r\n".join([*pieces, piece]) + b"\r\n"
