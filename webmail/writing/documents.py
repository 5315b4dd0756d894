"""The documents of a message to each: files that go to one recipient only.

They are uploaded one by one or as a zip, stored sealed in the spool, and matched with the
recipients by their names (`webmail.writing.matching`). No message leaves until all documents are
settled.
"""

from __future__ import annotations

import json
import logging
import mimetypes
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from threading import BoundedSemaphore
from typing import BinaryIO

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext, ngettext

from accounts.models import User
from accounts.sealed import files as sealed_files
from mail import zips
from mail.errors import FileRefused, PartNotFound, Unreadable
from mail.mime.build import OutgoingFile, decoded_size, encoded_size
from mail.previews import detect
from webmail.models import Draft, DraftDocument
from webmail.presentation.words import few, size
from webmail.writing import files, sealing
from webmail.writing.field_values import KnownRecipient
from webmail.writing.matching import Decisions, DocumentOwner, Matching, match
from webmail.writing.roster_reading import Roster

logger = logging.getLogger(__name__)
MOST = 2_000
"""The largest number of documents of one message; a roster has at most 1,900 rows."""
_FOLDER = "documents"
_MOST_NAMED = 5
_HIGHEST_RATIO = 200  # as in `mail.previews.archives`; deflate packs at most 1032 times
_FREE_OF_RATIO = 5_000_000
# Files that operating systems add to zips.
_LITTER = re.compile(r"(?:^|/)(?:__MACOSX/|\.(?!\.?/)|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
# A process reads one zip at a time; whoever waits longer than this many seconds is told to try
# again, since requests that wait have threads that others need.
_ONE_ZIP = BoundedSemaphore(1)
_ZIP_WAIT = 5.0
# Small documents lie together in one file of the spool, since thousands of files take seconds to
# make. Both in bytes.
_SMALL = 64 * 1024
_PACK = 1024 * 1024

EMPTY, ENCRYPTED, DAMAGED, TOO_HEAVY, SAME = "empty", "encrypted", "damaged", "too_heavy", "same"
NO_ZIP, BOMB, TOO_MANY, NO_ROOM = "no_zip", "bomb", "too_many", "no_room"
NO_FILES, ZIP_TOO_LARGE, BUSY = "no_files", "zip_too_large", "busy"

# The columns of a roster, by the keys of their fields.
_FILE_KEYS = ("fichier", "file", "document", "nomdufichier", "piecejointe")
_PUPIL_KEYS = ("eleve", "nomprenomeleve", "nometprenomdeleleve", "pupil")
_PUPIL_LAST = ("nomeleve", "nomdeleleve", "nomdelenfant", "nomenfant")
_PUPIL_FIRST = ("prenomeleve", "prenomdeleleve", "prenomdelenfant", "prenomenfant")


@dataclass(frozen=True, slots=True)
class Document:
    """A file for one recipient. ``folder`` is its folder in the zip, which distinguishes files of
    one name. ``is_odd`` says that its content contradicts its name."""

    pk: str
    name: str
    media_type: str
    size: int
    folder: str = ""
    is_odd: bool = False
    digest: str = ""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document with its place in the spool, from which it is read without its draft. ``key`` is
    in hexadecimal; ``at`` is its first byte in a file that it shares with others, None in one of
    its own; ``size`` is in bytes."""

    name: str
    media_type: str
    size: int
    spool: str
    key: str
    at: int | None = None


@dataclass(frozen=True, slots=True)
class RejectedFile:
    """A file that was not accepted. ``kind`` is one of `EMPTY`, `ENCRYPTED`, `DAMAGED`, `TOO_HEAVY`
    and `SAME`."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class UploadOutcome:
    """The outcome of an upload. ``refusal`` is the reason why none of its files was accepted, or
    ""."""

    count: int = 0
    faults: tuple[RejectedFile, ...] = ()
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """The documents of a draft by their keys, with the decisions about them."""

    documents: Mapping[str, Document]
    decided: Decisions

    def matched(self, members: Sequence[KnownRecipient], roster: Roster | None) -> Matching:
        names = {key: document.name for key, document in self.documents.items()}
        return match(names, persons(members, roster), self.decided)

    @property
    def names(self) -> dict[str, str]:
        return {key: document.name for key, document in self.documents.items()}


def of(draft: Draft) -> Held | None:
    """Return the documents of a draft; None without documents, which costs no query."""
    if not draft.documents_count:
        return None
    documents = {}
    for row in draft.documents.all():
        document = about(draft, row)
        documents[document.pk] = document
    return Held(documents, _decisions(draft)) if documents else None


def about(draft: Draft, row: DraftDocument) -> Document:
    """Return the values of a document. Raises Unreadable."""
    return _opened(draft, row)[0]


def find(draft: Draft, number: uuid.UUID) -> DraftDocument:
    """Return the row of a document. Raises PartNotFound, also for a document of another draft."""
    row = draft.documents.filter(pk=number).first()
    if row is None:
        raise PartNotFound
    return row


def open_(draft: Draft, row: DraftDocument) -> BinaryIO:
    """Return the content as a stream. Raises PartNotFound, Unreadable."""
    try:
        return opened(path_of(row.spool), _stored(draft, row))
    except OSError as error:
        raise PartNotFound("The document is gone from the spool.") from error


def opened(path: Path, document: StoredDocument) -> BinaryIO:
    """Return the content of a document in a file of the spool. Raises OSError."""
    stream = sealed_files.read_sealed(path, bytes.fromhex(document.key))
    if document.at is None:
        return stream
    with stream:
        stream.read(document.at)
        return BytesIO(stream.read(document.size))


def stored(draft: Draft) -> dict[str, StoredDocument]:
    """Return all documents of a draft with their places in the spool, by their numbers. Raises
    Unreadable."""
    return {str(row.pk): _stored(draft, row) for row in draft.documents.all()}


def _stored(draft: Draft, row: DraftDocument) -> StoredDocument:
    document, place = _opened(draft, row)
    return StoredDocument(
        document.name, document.media_type, document.size, row.spool, place.key.hex(), place.at
    )


def attachments(draft: Draft, numbers: Sequence[str]) -> tuple[OutgoingFile, ...]:
    """Return the content of one recipient's documents. Raises PartNotFound if one is missing, since
    the message must not leave without it."""
    rows = {str(row.pk): row for row in draft.documents.filter(pk__in=numbers)}
    return tuple(_attachment(draft, rows, number) for number in numbers)


def _attachment(draft: Draft, rows: Mapping[str, DraftDocument], number: str) -> OutgoingFile:
    row = rows.get(number)
    if row is None:
        raise PartNotFound
    document = about(draft, row)
    with open_(draft, row) as stream:
        return OutgoingFile(document.name, document.media_type, stream.read())


def weights(held: Held | None, wanted: Iterable[Sequence[str]]) -> list[int]:
    """Return the encoded size of the documents of each message, in bytes."""
    sizes = (
        {key: encoded_size(document.size) for key, document in held.documents.items()}
        if held
        else {}
    )
    return [sum(sizes.get(number, 0) for number in numbers) for numbers in wanted]


def persons(members: Sequence[KnownRecipient], roster: Roster | None) -> list[DocumentOwner]:
    """Return the recipients by the names that documents have: by the columns of a pupil if the
    roster has them, since a parent's own name may differ; else by the pupils that the address book
    ties to them, one entry for each; else by their own names."""
    lines = {row.address.casefold(): row.line for row in roster.rows} if roster else {}
    return [person for member in members for person in _persons(member, lines.get(member.key, 0))]


def _persons(member: KnownRecipient, line: int) -> list[DocumentOwner]:
    if not line and member.pupils:
        return [
            DocumentOwner(member.key, pupil.last, pupil.first, line=pupil.number)
            for pupil in member.pupils
        ]
    return [_person(member, line)]


def _person(member: KnownRecipient, line: int) -> DocumentOwner:
    values = member.values
    file = _first(values, _FILE_KEYS)
    pupil = _first(values, _PUPIL_KEYS)
    last, first = _first(values, _PUPIL_LAST), _first(values, _PUPIL_FIRST)
    if last or first:
        return DocumentOwner(member.key, last, first, file, line)
    if pupil:
        return DocumentOwner(member.key, pupil, "", file, line)
    if member.last_name or member.first_name:
        return DocumentOwner(member.key, member.last_name, member.first_name, file, line)
    return DocumentOwner(member.key, member.name, "", file, line)


def _first(values: Mapping[str, str], keys: Sequence[str]) -> str:
    return next((values[key] for key in keys if values.get(key)), "")


# --- adding and removing ---


def add(user: User, draft: Draft, name: str, chunks: Iterable[bytes]) -> UploadOutcome:
    """Add an uploaded file, which is a document or a zip of documents. No clear text touches the
    disk. Raises FileRefused if the spool cannot be written."""
    if name.lower().endswith(".zip"):
        if not _ONE_ZIP.acquire(timeout=_ZIP_WAIT):
            return UploadOutcome(refusal=BUSY)
        try:
            return _add_zip(user, draft, chunks)
        finally:
            _ONE_ZIP.release()
    return _add_files(
        user, draft, [_Upload(files.safe_name(name), "", b"".join(_whole(user, chunks)))]
    )


def remove(draft: Draft) -> None:
    """Remove all documents of a draft, with the decisions about them."""
    with transaction.atomic():
        own = Draft.objects.select_for_update().get(pk=draft.pk)
        spools = set(own.documents.values_list("spool", flat=True))
        own.documents.all().delete()
        _count(own, settled=None)
        draft.documents_count, draft.documents_settled = 0, None
    shared = set(DraftDocument.objects.filter(spool__in=spools).values_list("spool", flat=True))
    for spool in set(spools) - shared:
        path_of(spool).unlink(missing_ok=True)


def adopt(draft: Draft, former: Draft) -> None:
    """Give a draft the documents of another one, as far as they are in the spool, with the user's
    decisions. Both share the files."""
    there = [row for row in former.documents.all() if path_of(row.spool).is_file()]
    same = {str(row.pk): _same(draft, former, row) for row in there}
    if not same:
        return
    _note(draft, list(same.values()))
    numbers = {old: str(row.pk) for old, row in same.items()}
    decide(draft, _renumbered(_decisions(former), numbers))


def _renumbered(decided: Decisions, numbers: Mapping[str, str]) -> Decisions:
    """Return the decisions for documents that have other numbers now."""
    chosen = {numbers[key]: to for key, to in decided.documents.items() if key in numbers}
    opened = frozenset(numbers[key] for key in decided.opened if key in numbers)
    return replace(decided, documents=chosen, opened=opened)


def _same(draft: Draft, former: Draft, row: DraftDocument) -> DraftDocument:
    same = DraftDocument(draft=draft, size=row.size, spool=row.spool)
    values = sealing.opened(row.pk, former.user_id, row.sealed)
    same.sealed = sealing.seal(same.pk, draft.user_id, values)
    return same


def prune() -> None:
    """Delete the files of the spool that no row names."""
    spooled = DraftDocument.objects.values_list("spool", flat=True)
    files.remove_orphans(settings.SPOOL / _FOLDER, spooled)


@dataclass(frozen=True, slots=True)
class _Upload:
    name: str
    folder: str
    content: bytes


class _NoRoom(Exception):
    """There is no room for all files of an upload; ``kind`` is its refusal."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def _whole(user: User, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a file up to one byte more than a message has room for."""
    left = files.room(user.mail_domain) + 1
    for chunk in chunks:
        yield chunk[:left]
        left -= len(chunk)
        if left <= 0:
            return


def _add_zip(user: User, draft: Draft, chunks: Iterable[bytes]) -> UploadOutcome:
    content = BytesIO()
    for chunk in chunks:
        content.write(chunk)
        if content.tell() > settings.DOCUMENTS_LIMIT:
            return UploadOutcome(refusal=ZIP_TOO_LARGE)
    faults: list[RejectedFile] = []
    try:
        data = content.getvalue()
        members = _members(data)
        added = _add_files(user, draft, _unpacked(user, data, members, faults))
    except zips.BadZip as error:
        return UploadOutcome(refusal=_REFUSALS.get(error.fault, NO_ZIP))
    return replace(added, faults=(*faults, *added.faults)[:MOST])


_REFUSALS = {
    zips.ZipFault.BOMB: BOMB,
    zips.ZipFault.TOO_LARGE: BOMB,
    zips.ZipFault.TOO_MANY: TOO_MANY,
}


def _members(content: bytes) -> list[zips.ZipMember]:
    """Return the files of a zip, without those that operating systems add. Raises BadZip, also for
    a zip that declares more content than it can have."""
    members = zips.members(content, most=2 * MOST)
    total = sum(member.size for member in members)
    if total > max(_FREE_OF_RATIO, _HIGHEST_RATIO * len(content)):
        raise zips.BadZip(zips.ZipFault.BOMB)
    wanted = [
        member
        for member in members
        if not member.is_folder and not _LITTER.search(member.name.replace("\\", "/"))
    ]
    if len(wanted) > MOST:
        raise zips.BadZip(zips.ZipFault.TOO_MANY)
    return wanted


def _unpacked(
    user: User, content: bytes, members: Sequence[zips.ZipMember], faults: list[RejectedFile]
) -> Iterator[_Upload]:
    """Yield each file. A file that cannot be unpacked is a fault; a zip bomb raises BadZip."""
    limit = files.room(user.mail_domain)
    for member in members:
        folder, _slash, name = member.name.replace("\\", "/").rpartition("/")
        name = files.safe_name(name)
        try:
            data = zips.read_member(content, member, limit=limit)
        except zips.BadZip as error:
            if error.fault == zips.ZipFault.BOMB:
                raise
            faults.append(RejectedFile(name, _FAULTS.get(error.fault, DAMAGED)))
            continue
        yield _Upload(name, files.safe_name(folder) if folder else "", data)


_FAULTS = {zips.ZipFault.ENCRYPTED: ENCRYPTED, zips.ZipFault.TOO_LARGE: TOO_HEAVY}


def _add_files(user: User, draft: Draft, uploads: Iterable[_Upload]) -> UploadOutcome:
    """Seal files into the spool, then write all their rows at once. Nothing is left of an upload
    that has no room or is interrupted."""
    limit, left = files.room(user.mail_domain), room_for(user)
    held = of(draft)
    known = (
        {(document.name, document.digest) for document in held.documents.values()}
        if held
        else set()
    )
    rows: list[DraftDocument] = []
    faults: list[RejectedFile] = []
    packer = _Packer()
    is_noted = False
    try:
        for upload in uploads:
            digest = blake2b(upload.content, digest_size=16).hexdigest()
            if fault := _fault(upload, limit, (upload.name, digest) in known):
                faults.append(RejectedFile(upload.name, fault))
                continue
            known.add((upload.name, digest))
            left -= len(upload.content)
            if left < 0:
                raise _NoRoom(NO_ROOM)
            rows.append(_row(draft, upload, digest, packer))
        packer.flush()
        _note(draft, rows)
        is_noted = True
    except _NoRoom as error:
        return UploadOutcome(refusal=error.kind)
    finally:
        if not is_noted:
            for spool in packer.spools:
                path_of(spool).unlink(missing_ok=True)
    if not rows and not faults:
        return UploadOutcome(refusal=NO_FILES)
    return UploadOutcome(len(rows), tuple(faults))


def _fault(upload: _Upload, limit: int, is_known: bool) -> str:
    if not upload.content:
        return EMPTY
    if len(upload.content) > limit:
        return TOO_HEAVY
    return SAME if is_known else ""


@dataclass(frozen=True, slots=True)
class _Place:
    """The place of a document in the spool. ``at`` is its first byte in a file that it shares with
    others, None in one of its own."""

    key: bytes
    at: int | None = None


class _Packer:
    """Writes documents into the spool: small ones together, others each into a file of its own.
    ``spools`` are the names of the files that were or will be written."""

    def __init__(self) -> None:
        self.spools: list[str] = []
        self._begin()

    def _begin(self) -> None:
        self._key, self._spool = sealed_files.new_key(), sealed_files.new_name()
        self._together = bytearray()

    def add(self, content: bytes) -> tuple[str, _Place]:
        """Return the file of a document and its place there, which counts once `flush` was
        called."""
        if len(content) > _SMALL:
            key, spool = sealed_files.new_key(), sealed_files.new_name()
            self._write(spool, key, content)
            return spool, _Place(key)
        if len(self._together) + len(content) > _PACK:
            self.flush()
        spool, place = self._spool, _Place(self._key, len(self._together))
        self._together += content
        return spool, place

    def flush(self) -> None:
        """Write the small documents that were added since the last call."""
        if self._together:
            self._write(self._spool, self._key, bytes(self._together))
        self._begin()

    def _write(self, spool: str, key: bytes, content: bytes) -> None:
        self.spools.append(spool)
        try:
            sealed_files.write(path_of(spool), key, [content])
        except sealed_files.Unwritable as error:
            logger.error("The spool can't be written: %s", error)
            raise FileRefused("unkept") from error


def _row(draft: Draft, upload: _Upload, digest: str, packer: _Packer) -> DraftDocument:
    """Return the row of a document, which is not in the database yet."""
    spool, place = packer.add(upload.content)
    head = upload.content[: detect.HEAD]
    values = {
        "name": upload.name,
        "folder": upload.folder,
        "media_type": files.checked_type(mimetypes.guess_type(upload.name)[0] or ""),
        "is_odd": detect.of_beginning(head, name=upload.name).contradiction,
        "digest": digest,
        "key": place.key.hex(),
        "at": place.at,
    }
    row = DraftDocument(draft=draft, size=len(upload.content), spool=spool)
    row.sealed = sealing.seal(row.pk, draft.user_id, json.dumps(values).encode())
    return row


def _note(draft: Draft, rows: Sequence[DraftDocument]) -> None:
    """Write the rows. Raises _Full if other requests have taken the room."""
    with transaction.atomic():
        own = Draft.objects.select_for_update().get(pk=draft.pk)
        if own.documents.count() + len(rows) > MOST:
            raise _NoRoom(TOO_MANY)
        DraftDocument.objects.bulk_create(rows)
        _count(own)
    draft.documents_count = own.documents_count


def _count(own: Draft, **settled: bytes | None) -> None:
    """Store the number of documents, so that sending a message without documents needs no query."""
    own.documents_count = own.documents.count()
    values = {f"documents_{name}": value for name, value in settled.items()}
    Draft.objects.filter(pk=own.pk).update(documents_count=own.documents_count, **values)


def room_for(user: User) -> int:
    """Return how many bytes the user's next documents may take in the spool."""
    most = decoded_size(files.MOST_MESSAGES * settings.MESSAGE_LIMIT)
    return most - files.in_spool(user) - in_spool(user)


def in_spool(user: User) -> int:
    """Return the bytes of the documents of a user's drafts; those that several drafts share
    (`adopt`) count once."""
    rows = DraftDocument.objects.filter(draft__user=user).order_by()
    taken: dict[str, int] = {}
    for spool, size_in_draft in (
        rows.values("draft", "spool").annotate(bytes=Sum("size")).values_list("spool", "bytes")
    ):
        taken[spool] = max(taken.get(spool, 0), size_in_draft)
    return sum(taken.values())


# --- decisions ---


def decide(draft: Draft, decisions: Decisions) -> None:
    """Store the user's decisions in the place of the earlier ones."""
    values = {
        "documents": {key: list(to) for key, to in decisions.documents.items()},
        "opened": sorted(decisions.opened),
        "without": sorted(decisions.without),
    }
    sealed = sealing.seal(_number(draft), draft.user_id, json.dumps(values).encode())
    Draft.objects.filter(pk=draft.pk).update(documents_settled=sealed)
    draft.documents_settled = sealed


def _decisions(draft: Draft) -> Decisions:
    if not draft.documents_settled:
        return Decisions()
    try:
        values = json.loads(sealing.opened(_number(draft), draft.user_id, draft.documents_settled))
        documents = {key: tuple(to) for key, to in values["documents"].items()}
        return Decisions(documents, frozenset(values["opened"]), frozenset(values["without"]))
    except (Unreadable, ValueError, KeyError, TypeError):
        return Decisions()


def _number(draft: Draft) -> uuid.UUID:
    """Return the number for which the decisions are sealed. It differs from that of the draft's
    content."""
    return uuid.uuid5(draft.pk, "documents")


def _opened(draft: Draft, row: DraftDocument) -> tuple[Document, _Place]:
    try:
        values = json.loads(sealing.opened(row.pk, draft.user_id, row.sealed))
        document = Document(
            str(row.pk),
            values["name"],
            values["media_type"],
            row.size,
            values["folder"],
            values["is_odd"],
            values["digest"],
        )
        return document, _Place(bytes.fromhex(values["key"]), values.get("at"))
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable from error


def path_of(spool: str) -> Path:
    folder: Path = settings.SPOOL / _FOLDER
    return folder / f"{spool}.sealed"


# --- in words ---


def unsettled_words(matching: Matching) -> str:
    """Return the sentences that say what must be settled before the message leaves."""
    sentences = []
    if count := matching.open_documents:
        words = ngettext(
            "%(count)s document has no sure recipient.",
            "%(count)s documents have no sure recipient.",
            count,
        )
        sentences.append(words % {"count": intcomma(count)})
    if count := len(matching.lacking):
        words = ngettext(
            "%(count)s person has no document.", "%(count)s people have no document.", count
        )
        sentences.append(words % {"count": intcomma(count)})
    if words := uncompared_words(matching):
        sentences.append(words)
    return " ".join([*sentences, gettext("Settle this first: nothing has left.")])


def uncompared_words(matching: Matching) -> str:
    """Return the sentence about documents that were not compared with all names, or ""."""
    if not matching.uncompared:
        return ""
    words = ngettext(
        "Too many names are alike for so many documents: %(count)s document was not compared with"
        " all of them. A column “Fichier” in the list says which file each person gets.",
        "Too many names are alike for so many documents: %(count)s documents were not compared with"
        " all of them. A column “Fichier” in the list says which file each person gets.",
        matching.uncompared,
    )
    return words % {"count": intcomma(matching.uncompared)}


def refusal_words(added: UploadOutcome) -> str:
    """Return the reason why no file of an upload was accepted."""
    words = {
        NO_ZIP: gettext(
            "This zip cannot be read: it is damaged, or did not arrive whole. Make it again, or"
            " choose the files themselves."
        ),
        BOMB: gettext("This zip holds more than it should, and was not unpacked."),
        TOO_MANY: gettext("A message may have %(most)s documents.") % {"most": intcomma(MOST)},
        NO_FILES: gettext("There is no file in this zip."),
        NO_ROOM: gettext(
            "There is no room for these documents: all that you write may hold %(limit)s."
        )
        % {"limit": size(decoded_size(files.MOST_MESSAGES * settings.MESSAGE_LIMIT))},
        ZIP_TOO_LARGE: gettext(
            "A zip may have %(limit)s: make two of it, or choose the files themselves."
        )
        % {"limit": size(settings.DOCUMENTS_LIMIT)},
        BUSY: gettext("Another zip is being read just now: choose this one again in a moment."),
    }
    return words[added.refusal]


def fault_words(added: UploadOutcome) -> tuple[str, ...]:
    """Return the files of an upload that were not accepted, in one sentence for each reason."""
    sentences = []
    for kind in (DAMAGED, ENCRYPTED, TOO_HEAVY, EMPTY, SAME):
        names = [fault.name for fault in added.faults if fault.kind == kind]
        if names:
            sentences.append(_sentence(kind, len(names)) % {"names": few(names, _MOST_NAMED)})
    return tuple(sentences)


def _sentence(kind: str, count: int) -> str:
    if kind == DAMAGED:
        return ngettext(
            "This file is damaged and was not taken: %(names)s.",
            "These files are damaged and were not taken: %(names)s.",
            count,
        )
    if kind == ENCRYPTED:
        return ngettext(
            "This file has a password and was not taken: %(names)s.",
            "These files have a password and were not taken: %(names)s.",
            count,
        )
    if kind == TOO_HEAVY:
        return ngettext(
            "This file is too large for a message and was not taken: %(names)s.",
            "These files are too large for a message and were not taken: %(names)s.",
            count,
        )
    if kind == EMPTY:
        return ngettext(
            "This file is empty and was not taken: %(names)s.",
            "These files are empty and were not taken: %(names)s.",
            count,
        )
    if kind == SAME:
        return ngettext(
            "This file was there already: %(names)s.",
            "These files were there already: %(names)s.",
            count,
        )
    raise ValueError(kind)
