"""The values of the outbox: the message as it was accepted, and the sealed part of its row."""

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
    """One message to be sent. ``message``: its bytes, with the Bcc field for the copy in Sent;
    ``recipients``: the addresses of the envelope; ``sender``: that of From and of the envelope;
    ``number``: among those that were made of one draft, from 0 on. One without recipients is the
    copy in Sent of all the others (`webmail.outbox.batch_copy`). ``documents``: names of the files
    that this message alone has.
    """

    message: bytes
    recipients: tuple[str, ...]
    message_id: str
    sender: str
    number: int = 0
    documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SealedEnvelope:
    """The sealed part of a row. ``people``: name and address of those in To, Cc and Bcc; ``mark``:
    the flag that the message it answers or forwards gets; ``refused``: address and the server's
    words; ``key``: of the file in the spool, in hexadecimal, "" when that is gone; ``documents``:
    names of the files that these recipients alone got.
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
        del fields["documents"]  # as workers of the version before read it
    return sealing.seal(row.pk, row.user_id, json.dumps(fields).encode())


def opened(row: OutboxMessage) -> SealedEnvelope:
    """Raises Unreadable when the server's key was changed, and for a row that was emptied."""
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
    """The row's envelope with those whom the server refused."""
    return seal(row, replace(opened(row), refused=tuple(refused.items())))


def without_key(row: OutboxMessage) -> bytes:
    """The row's envelope after its file is gone: the user still sees the recipients."""
    return seal(row, replace(opened(row), key=""))


def masked(words: str) -> str:
    """A server's words without the addresses in them: they stand in the open, for the support
    desk."""
    return _ADDRESS.sub("…", words)


def path(spool: str) -> Path:
    return Path(settings.SPOOL) / _FOLDER / f"{spool}.sealed"


def spooled() -> list[Path]:
    """All files of the outbox."""
    return list(folder().glob("*.sealed"))


def folder() -> Path:
    return Path(settings.SPOOL) / _FOLDER


def message(row: OutboxMessage) -> bytes:
    """The message, with its Bcc field. Raises Unreadable when it is gone or damaged."""
    try:
        with sealed_files.read(path(row.spool), bytes.fromhex(opened(row).key)) as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise Unreadable from error


def head(content: bytes) -> bytes:
    """The header of a message, without a copy of all the rest."""
    end = content.find(b"\r\n\r\n")
    return content if end < 0 else content[:end]


def without_bcc(content: bytes) -> bytes:
    """The message as it leaves, without its Bcc."""
    before = head(content)
    fields = re.split(rb"\r\n(?![ \t])", before)
    others = [field for field in fields if field[:4].lower() != b"bcc:"]
    if len(others) == len(fields):
        return content
    return b"\r\n".join(others) + content[len(before) :]


def _pairs(rows: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((first, second) for first, second in rows)
