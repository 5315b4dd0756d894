"""What all messages to each have in common: one sealed file, of which each message is made when its
turn comes.

The file holds the text as it was written, laid out once, with its images and attachments. The row
of a message has the rest in its sealed part: the recipient, the values of the placeholders, and the
places of the documents. Documents lie beside the file, under its name and a number. All of them are
deleted when no row names the file any more.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, BinaryIO

from accounts.sealed import files as sealed_files
from mail.errors import PartNotFound, Unreadable
from mail.mime import build
from mail.mime.build import OutgoingFile
from webmail.models import Identity, OutboxMessage
from webmail.outbox import values
from webmail.outbox.values import EachPart
from webmail.writing import content as contents
from webmail.writing import documents, making, recipients
from webmail.writing.content import Content
from webmail.writing.documents import StoredDocument
from webmail.writing.making import Enclosed, Laid
from webmail.writing.recipients import Filling

_LENGTH = 8


@dataclass(frozen=True)
class BatchTemplate:
    """The common parts of messages to each. ``written`` has the placeholders; ``laid_out`` is its
    layout, whose Content-IDs are made of ``message_id``. ``known`` are the keys of the fields whose
    placeholders may not leave unfilled. ``stored`` are the documents by their
    numbers, in the spool of the draft."""

    written: Content
    laid_out: Laid
    enclosed: Enclosed
    message_id: str
    references: tuple[str, ...]
    date: datetime
    identity: Identity
    known: frozenset[str]
    stored: Mapping[str, StoredDocument] = field(default_factory=dict)


@dataclass(frozen=True)
class SpooledTemplate:
    """A template in the spool of the outbox: the name and key of its file, and its size with that
    of the documents in bytes."""

    template: BatchTemplate
    spool: str
    key: bytes
    size: int

    def part(self, filling: Filling) -> EachPart:
        """Return what the row of one message has of its own."""
        places = _places(self.template.stored)
        own = [self.template.stored[number] for number in filling.documents]
        return EachPart(
            filling.name,
            filling.address,
            filling.values,
            tuple(replace(document, spool=str(places[document.spool])) for document in own),
        )


def write(template: BatchTemplate) -> SpooledTemplate:
    """Write a template into the spool of the outbox. Raises sealed_files.Unwritable, and
    PartNotFound when a document is gone; nothing is left then."""
    spool, key = values.new_template_name(), sealed_files.new_key()
    try:
        sealed_files.write(values.path(spool), key, _packed(template))
        for source, place in _places(template.stored).items():
            _put_beside(source, f"{spool}-{place}")
    except BaseException:
        values.remove(spool)
        raise
    size = sum(path.stat().st_size for path in values.paths(spool))
    return SpooledTemplate(template, spool, key, size)


def _places(stored: Mapping[str, StoredDocument]) -> dict[str, int]:
    """Return the number beside the template of each file that holds documents."""
    return {
        spool: place
        for place, spool in enumerate(dict.fromkeys(document.spool for document in stored.values()))
    }


def _put_beside(source: str, name: str) -> None:
    """Put a file of documents beside the template. It stays there when the draft is deleted."""
    try:
        try:
            os.link(documents.path_of(source), values.path(name))
        except FileNotFoundError:
            raise
        except OSError:  # a file system without hard links
            shutil.copyfile(documents.path_of(source), values.path(name))
            values.path(name).chmod(0o600)
    except FileNotFoundError as error:
        raise PartNotFound("The document is gone from the spool.") from error
    except OSError as error:
        raise sealed_files.Unwritable(error.errno, error.strerror) from error


def message(row: OutboxMessage) -> bytes:
    """Return a message of the outbox with its Bcc field, made now if it is one of several to each.
    Raises Unreadable when it is gone or damaged, and ContentTooCostly."""
    envelope = values.opened(row)
    if envelope.each is None:
        return values.message(row)
    try:
        with sealed_files.read_sealed(values.path(row.spool), bytes.fromhex(envelope.key)) as file:
            template = _unpacked(file)
        return _made(row, template, envelope.each)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreadable from error


def _made(row: OutboxMessage, template: BatchTemplate, part: EachPart) -> bytes:
    written = template.written
    content = recipients.filled(written, Filling(part.name, part.address, part.values))
    (laid,) = making.lay_out_each(
        written, [content], template.enclosed, template.message_id, laid=template.laid_out
    )
    own = tuple(_document(row.spool, document) for document in part.documents)
    made = making.outgoing(
        row.user,
        content,
        template.enclosed,
        message_id=row.message_id,
        date=template.date,
        references=template.references,
        identity=template.identity,
        laid=replace(laid, attachments=(*laid.attachments, *own)) if own else laid,
        known=template.known,
    )
    return build.message(made, keep_bcc=True)


def _document(spool: str, document: StoredDocument) -> OutgoingFile:
    with documents.opened(values.path(f"{spool}-{document.spool}"), document) as stream:
        return OutgoingFile(document.name, document.media_type, stream.read())


# --- the file ---


def _packed(template: BatchTemplate) -> Iterator[bytes]:
    """Yield the bytes of a template: the length of a JSON object, the object, and the contents of
    all files, each once."""
    blobs = _Blobs()
    laid, enclosed, identity = template.laid_out, template.enclosed, template.identity
    head = {
        "written": contents.to_json(template.written).decode(),
        "text": laid.text,
        "html": laid.html,
        "inline": blobs.refer(laid.inline),
        "attachments": blobs.refer(laid.attachments),
        "enclosed": blobs.refer(enclosed.attachments),
        "places": dict(enclosed.places),
        "message_id": template.message_id,
        "references": template.references,
        "date": template.date.isoformat(),
        "identity": {name: getattr(identity, name) for name in _OF_IDENTITY},
        "enforced": sorted(identity.enforced),
        "known": sorted(template.known),
        "sizes": [len(data) for data in blobs.contents],
    }
    packed = json.dumps(head).encode()
    yield len(packed).to_bytes(_LENGTH, "big")
    yield packed
    yield from blobs.contents


_OF_IDENTITY = ("address", "name", "reply_to", "footer")


class _Blobs:
    """The contents of files, each once, though an image may stand in the text and among the
    files."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []
        self._numbers: dict[int, int] = {}

    def refer(self, attachments: Sequence[OutgoingFile]) -> list[list[Any]]:
        return [
            [file.name, file.media_type, self._number(file.content), file.cid]
            for file in attachments
        ]

    def _number(self, data: bytes) -> int:
        number = self._numbers.setdefault(id(data), len(self.contents))
        if number == len(self.contents):
            self.contents.append(data)
        return number


def _unpacked(file: BinaryIO) -> BatchTemplate:
    head = json.loads(file.read(int.from_bytes(file.read(_LENGTH), "big")))
    blobs = [file.read(size) for size in head["sizes"]]
    identity = Identity(
        **{name: head["identity"][name] for name in _OF_IDENTITY if name != "footer"}
    )
    identity.footer, identity.enforced = head["identity"]["footer"], frozenset(head["enforced"])

    def files_of(name: str) -> tuple[OutgoingFile, ...]:
        return tuple(
            OutgoingFile(file_name, media_type, blobs[number], cid)
            for file_name, media_type, number, cid in head[name]
        )

    return BatchTemplate(
        written=contents.from_json(head["written"].encode()),
        laid_out=Laid(head["text"], head["html"], files_of("inline"), files_of("attachments")),
        enclosed=Enclosed(files_of("enclosed"), head["places"]),
        message_id=head["message_id"],
        references=tuple(head["references"]),
        date=datetime.fromisoformat(head["date"]),
        identity=identity,
        known=frozenset(head["known"]),
    )
