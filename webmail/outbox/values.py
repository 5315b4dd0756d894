"""The values of the outbox: the message as accepted, and the sealed part of its row."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.sealed import files as sealed_files
from mail.errors import Unreadable
from mail.imap.values import MessageRef
from webmail.models import OutboxMessage
from webmail.writing import sealing
from webmail.writing.documents import StoredDocument
from webmail.writing.recipients import Filling

_FOLDER = "outbox"
# The end of the names of templates; the others end in a hexadecimal digit.
_TEMPLATE = "each"
_ADDRESS = re.compile(r"(?<![^\s<>()\[\],;:@\"])[^\s<>()\[\],;:@\"]++@[^\s<>()\[\],;:\"]+")


@dataclass(frozen=True, slots=True)
class Submission:
    """One message to be sent. ``message`` is its bytes, with the Bcc field for the copy in Sent;
    ``recipients`` are the addresses of the envelope; ``sender`` is the address of From and of the
    envelope; ``number`` is its number among the messages made of one draft, from 0. A submission
    without recipients is the copy in Sent of all others (`webmail.outbox.batch_copy`).
    ``documents`` are the names of files that only this message has. With ``each``, it is one of
    several to each: it is made when it is sent, ``message`` is empty, and ``size`` is an estimate.
    """

    message: bytes
    recipients: tuple[str, ...]
    message_id: str
    sender: str
    number: int = 0
    documents: tuple[str, ...] = ()
    each: Filling | None = None
    size: int = 0


@dataclass(frozen=True, slots=True)
class EachPart:
    """What one of several messages to each has of its own: the recipient, the values of the
    placeholders by their keys, and the documents, whose ``spool`` is the number of a file beside
    the template (`webmail.outbox.batch_template`)."""

    name: str
    address: str
    values: tuple[tuple[str, str], ...] = ()
    documents: tuple[StoredDocument, ...] = ()


@dataclass(frozen=True, slots=True)
class SealedEnvelope:
    """The sealed part of a row. ``people`` are names and addresses in To, Cc and Bcc; ``mark`` is
    the flag for the message that it answers or forwards; ``refused`` maps addresses to the server's
    text; ``key`` is that of the file in the spool, in hexadecimal, "" when the file is gone;
    ``documents`` are the names of files that only these recipients got; ``each`` is the message's
    own part of a message to each, whose file is the template.
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
    each: EachPart | None = None


def seal(row: OutboxMessage, envelope: SealedEnvelope) -> bytes:
    fields = asdict(envelope)
    if not envelope.documents:
        del fields["documents"]  # workers of the previous version do not know this field
    sealed = json.dumps(fields)
    if envelope.each is None:
        del fields["each"]
        sealed = json.dumps(fields)
    else:
        # A worker of the previous version would give up a message with a field that it does not
        # know. At a text in place of an object it notes a fault, and the message is tried again.
        sealed = json.dumps(sealed)
    return sealing.seal(row.pk, row.user_id, sealed.encode())


def opened(row: OutboxMessage) -> SealedEnvelope:
    """Return the envelope of a row. Raises Unreadable when the server's key was changed, and for a
    row that was emptied.
    """
    try:
        read = json.loads(sealing.opened(row.pk, row.user_id, row.sealed))
        fields: dict[str, Any] = json.loads(read) if isinstance(read, str) else read
        origin, each = fields.pop("origin"), fields.pop("each", None)
        return SealedEnvelope(
            recipients=tuple(fields.pop("recipients")),
            people=_pairs(fields.pop("people")),
            refused=_pairs(fields.pop("refused")),
            documents=tuple(fields.pop("documents", ())),
            origin=MessageRef(**origin) if origin else None,
            each=_each(each) if each else None,
            **fields,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable from error


def _each(fields: dict[str, Any]) -> EachPart:
    return EachPart(
        fields["name"],
        fields["address"],
        _pairs(fields["values"]),
        tuple(StoredDocument(**document) for document in fields["documents"]),
    )


def refused_by(row: OutboxMessage, refused: Mapping[str, str]) -> bytes:
    """Return the row's envelope sealed with the recipients that the server refused."""
    return seal(row, replace(opened(row), refused=tuple(refused.items())))


def without_key(row: OutboxMessage) -> bytes:
    """Return the row's envelope sealed without the key of its deleted file: the user still sees the
    recipients.
    """
    return seal(row, replace(opened(row), key="", each=None))


def masked(words: str) -> str:
    """Return a server's text with its addresses masked: it is stored unsealed, for the support
    desk.
    """
    return _ADDRESS.sub("…", words)


def path(spool: str) -> Path:
    return Path(settings.SPOOL) / _FOLDER / f"{spool}.sealed"


def new_template_name() -> str:
    """Return a new name for the file of a template (`webmail.outbox.batch_template`)."""
    return sealed_files.new_name()[: -len(_TEMPLATE)] + _TEMPLATE


def paths(spool: str) -> list[Path]:
    """Return the file of a message, or of a template with the documents beside it."""
    beside = folder().glob(f"{spool}-*.sealed") if spool.endswith(_TEMPLATE) else ()
    return [path(spool), *beside]


def remove(spool: str) -> None:
    """Delete the files of this name."""
    for file in paths(spool):
        with suppress(OSError):  # the spool cannot be written
            file.unlink(missing_ok=True)


def release(row: OutboxMessage, spool: str) -> None:
    """Delete the files of a message that is over, unless other messages are made of them."""
    others = OutboxMessage.objects.filter(user_id=row.user_id, batch=row.batch, spool=spool)
    if spool and not (spool.endswith(_TEMPLATE) and others.exists()):
        remove(spool)


def spooled() -> list[Path]:
    """Return all files of the outbox."""
    return list(folder().glob("*.sealed"))


def folder() -> Path:
    return Path(settings.SPOOL) / _FOLDER


def message(row: OutboxMessage) -> bytes:
    """Return the message with its Bcc field. Raises Unreadable when it is gone or damaged."""
    try:
        with sealed_files.read_sealed(path(row.spool), bytes.fromhex(opened(row).key)) as file:
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
