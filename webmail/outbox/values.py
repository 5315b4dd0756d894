"""The values of the outbox: the message as accepted, and the sealed part of its row."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts import sealed_files
from webmail.errors import Unreadable
from webmail.imap.values import MessageRef
from webmail.models import OutboxMessage
from webmail.writing import sealing

_FOLDER = "outbox"
_ADDRESS = re.compile(r"(?<![^\s<>()\[\],;:@\"])[^\s<>()\[\],;:@\"]++@[^\s<>()\[\],;:\"]+")


@dataclass(frozen=True, slots=True)
class Submission:
    """One message to be sent. ``message`` is its bytes, with the Bcc field for the copy in Sent;
    ``recipients`` are the addresses of the envelope; ``sender`` is the address of From and of the
    envelope; ``number`` is its number among the messages made of one draft, from 0. A submission
    without recipients is the copy in Sent of all others (`webmail.outbox.batch_copy`).
    ``documents`` are the names of files that only this message has.
    """

    message: bytes
    recipients: tuple[str, ...]
    message_id: str
    sender: str
    number: int = 0
    documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SealedEnvelope:
    """The sealed part of a row. ``people`` are names and addresses in To, Cc and Bcc; ``mark`` is
    the flag for the message that it answers or forwards; ``refused`` maps addresses to the server's
    text; ``key`` is that of the file in the spool, in hexadecimal, "" when the file is gone;
    ``documents`` are the names of files that only these recipients got.
    """

    recipients: tuple[str, ...]
    people: tuple[tuple[str, str], ...]
    subject: str
    key: str
    origin: MessageRef | None = None
    mark: str = ""
    wants_notice: bool = False
    refused: tuple[tuple[str, str], ...] = ()
    documents: tuple[str, ...] = ()


def seal(row: OutboxMessage, envelope: SealedEnvelope) -> bytes:
    fields = asdict(envelope)
    if not envelope.documents:
        del fields["documents"]  # workers of the previous version do not know this field
    return sealing.seal(row.pk, row.user_id, json.dumps(fields).encode())


def opened(row: OutboxMessage) -> SealedEnvelope:
    """Return the envelope of a row. Raises Unreadable when the server's key was changed, and for a
    row that was emptied.
    """
    try:
        fields: dict[str, Any] = json.loads(sealing.opened(row.pk, row.user_id, row.sealed))
        origin = fields.pop("origin")
        return SealedEnvelope(
            recipients=tuple(fields.pop("recipients")),
            people=_pairs(fields.pop("people")),
            refused=_pairs(fields.pop("refused")),
            documents=tuple(fields.pop("documents", ())),
            origin=MessageRef(**origin) if origin else None,
            **fields,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable from error


def refused_by(row: OutboxMessage, refused: Mapping[str, str]) -> bytes:
    """Return the row's envelope sealed with the recipients that the server refused."""
    return seal(row, replace(opened(row), refused=tuple(refused.items())))


def without_key(row: OutboxMessage) -> bytes:
    """Return the row's envelope sealed without the key of its deleted file: the user still sees the
    recipients.
    """
    return seal(row, replace(opened(row), key=""))


def masked(words: str) -> str:
    """Return a server's text with its addresses masked: it is stored unsealed, for the support
    desk.
    """
    return _ADDRESS.sub("…", words)


def path(spool: str) -> Path:
    return Path(settings.SPOOL) / _FOLDER / f"{spool}.sealed"


def spooled() -> list[Path]:
    """Return all files of the outbox."""
    return list(folder().glob("*.sealed"))


def folder() -> Path:
    return Path(settings.SPOOL) / _FOLDER


def message(row: OutboxMessage) -> bytes:
    """Return the message with its Bcc field. Raises Unreadable when it is gone or damaged."""
    try:
        with sealed_files.read(path(row.spool), bytes.fromhex(opened(row).key)) as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise Unreadable from error


def head(content: bytes) -> bytes:
    """Return the header of a message, without copying the rest."""
    end = content.find(b"\r\n\r\n")
    return content if end < 0 else content[:end]


def without_bcc(content: bytes) -> bytes:
    """Return the message as it leaves, without its Bcc."""
    before = head(content)
    fields = re.split(rb"\r\n(?![ \t])", before)
    others = [field for field in fields if field[:4].lower() != b"bcc:"]
    if len(others) == len(fields):
        return content
    return b"\r\n".join(others) + content[len(before) :]


def _pairs(rows: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((first, second) for first, second in rows)
