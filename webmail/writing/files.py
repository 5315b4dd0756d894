"""The files of a message that is being written: encrypted in the spool, or left on the mail server
until they are needed.

The key of a file is sealed in its row, the file itself is in the spool. Neither reveals anything
without the other and the server's key.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Max, Sum
from django.utils.translation import gettext, gettext_lazy

from accounts.models import MailDomain, User
from accounts.sealed import files as sealed_files
from accounts.session import smtp_server
from core import clock
from mail import smtp
from mail.errors import FileRefused, PartNotFound, TooLarge, Unreadable, WebmailError
from mail.imap import fetch as imap_fetch
from mail.imap.connection import Connection
from mail.imap.values import MessageRef
from mail.mailbox import reading
from mail.mime import containers, headers
from mail.mime.build import decoded_size, encoded_size
from mail.mime.text import TransferDecoder
from mail.previews import detect
from webmail.models import Draft, DraftFile
from webmail.writing import sealing

logger = logging.getLogger(__name__)
TEXT_ROOM = 64 * 1024
"""The number of bytes of a message that its files leave for its text and headers."""
MOST_MESSAGES = 10
"""The number of full messages that the files of one user may take in the spool."""
IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
"""The types of images in a text, which every mail program shows."""
NO_IMAGE = gettext_lazy("This is no image that mail programs show.")
_BINARY = "application/octet-stream"
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,120}")
# The seconds for which the submission server's limit is cached, and for which the server is not
# asked again after it did not answer.
_LIMIT_KEPT, _SILENCE_KEPT = 3600, 300
_LIMIT_PATIENCE = 3.0
# A row is written directly after its file.
_ORPHAN_SECONDS = 2 * 60 * 60
_FOLDER = "drafts"


@dataclass(frozen=True, slots=True)
class FileValues:
    """A file of a draft. ``size`` is in bytes, without any encoding. ``cid`` is set for an image in
    the text. ``origin`` and ``part`` are its place on the mail server, if it came from there; the
    part ``""`` is the whole message."""

    name: str
    media_type: str
    size: int
    cid: str = ""
    origin: MessageRef | None = None
    part: str = ""


def room(domain: MailDomain | None, *, asks: bool = True) -> int:
    """Return how many bytes the files of one message may have together, without any encoding. The
    limit is the smaller of ours and the submission server's. The server is asked once an hour;
    without ``asks`` only a cached answer counts, since a page must not wait for it."""
    return decoded_size(_message_limit(domain, asks=asks) - TEXT_ROOM)


def add(
    user: User,
    draft: Draft,
    name: str,
    media_type: str,
    chunks: Iterable[bytes],
    *,
    cid: str = "",
    announced: int | None = None,
) -> DraftFile:
    """Store a file while it arrives. No clear text touches the disk. With a ``cid`` it is an image
    in the text. ``announced`` is the number of bytes that it must have.

    Raises FileRefused, TooLarge; nothing is stored then.
    """
    left = _place_for(user, draft)
    if announced is not None and announced > left:
        raise TooLarge(limit=left)
    counted = _Counted(chunks, left)
    key, spool = sealed_files.new_key(), sealed_files.new_name()
    _write(spool, key, counted)
    try:
        _check(counted, announced, is_image=bool(cid))
        if cid:
            media_type = detect.detect(bytes(counted.head)).media_type
        about = FileValues(safe_name(name), checked_type(media_type), counted.size, cid)
        return _note(user, draft, about, spool, key)
    except BaseException:
        path_of(spool).unlink(missing_ok=True)
        raise


def of_part(
    user: User,
    draft: Draft,
    origin: MessageRef,
    number: str,
    name: str,
    media_type: str,
    size: int,
    *,
    cid: str = "",
) -> DraftFile:
    """Add a part of a message on the server, or with ``""`` the whole message. Its content stays
    there until `fetch`. ``size`` is the number of bytes that the server tells. The row has
    `number_of_part`; an existing row is returned. Raises FileRefused, TooLarge."""
    pk = number_of_part(draft, origin, number)
    if row := draft.files.filter(pk=pk).first():
        return row
    if size > _place_for(user, draft):
        raise TooLarge(limit=room(user.mail_domain))
    about = FileValues(safe_name(name), checked_type(media_type), size, cid, origin, number)
    return _note(user, draft, about, "", b"", pk)


def number_of_part(draft: Draft, origin: MessageRef, number: str) -> uuid.UUID:
    """Return the number of a message's part as a file of a draft."""
    return uuid.uuid5(draft.pk, f"{origin.folder} {origin.uidvalidity}-{origin.uid} {number}")


def number_of_adopted(draft: Draft, number: str) -> str:
    """Return the number that a file of another draft has, or would have, in this one."""
    return str(uuid.uuid5(draft.pk, number))


def adopt(
    user: User, draft: Draft, numbers: Sequence[str], *, with_attachments: bool = False
) -> dict[str, str]:
    """Make images of the user's other drafts images of this one, and return their new numbers by
    the former ones; ``with_attachments`` also the other files. Both drafts share the file in the
    spool. Files of other users, and those for which the draft has no room, are left out. Two
    queries, and three for each new file."""
    copies = {
        original: number_of_adopted(draft, original) for original in map(str, _numbers(numbers))
    }
    if not copies:
        return {}
    own = kinds(draft, copies.values())
    wanted = [original for original, here in copies.items() if here not in own]
    rows = (
        DraftFile.objects.filter(user=user, pk__in=wanted) if wanted else DraftFile.objects.none()
    )
    for row in rows if with_attachments else rows.filter(is_inline=True):
        with suppress(FileRefused, TooLarge, Unreadable):
            about, key = _opened(row)
            if about.size > _place_for(user, draft):
                continue
            here = uuid.UUID(copies[str(row.pk)])
            own[str(_note(user, draft, about, row.spool, key, here).pk)] = True
    return {original: here for original, here in copies.items() if here in own}


def fetch(imap: Connection, row: DraftFile) -> DraftFile:
    """Copy a file that is still on the mail server into the spool. A second call does nothing.
    Raises MessageNotFound, PartNotFound, FolderChanged, TooLarge."""
    if row.spool:
        return row
    about, _key = _opened(row)
    if about.origin is None:
        raise PartNotFound
    key, spool = sealed_files.new_key(), sealed_files.new_name()
    counted = _Counted(_from_server(imap, about.origin, about.part), room(row.user.mail_domain))
    _write(spool, key, counted)
    sealed = _sealed(row.pk, row.user_id, about, key)
    own = DraftFile.objects.filter(pk=row.pk, spool="")
    if not own.update(spool=spool, sealed=sealed, size=counted.size):  # another request was first
        path_of(spool).unlink(missing_ok=True)
    row.refresh_from_db()
    return row


def open_(row: DraftFile) -> BinaryIO:
    """Return the content as a stream. Raises PartNotFound if it is not in the spool, and Unreadable
    if the server's key has changed. Reading a damaged file raises OSError."""
    _about, key = _opened(row)
    if not row.spool:
        raise PartNotFound("The file was not fetched yet.")
    try:
        return sealed_files.read_sealed(path_of(row.spool), key)
    except OSError as error:
        raise PartNotFound("The file is gone from the spool.") from error


def about(row: DraftFile) -> FileValues:
    """Return the values of a file. Raises Unreadable."""
    return _opened(row)[0]


def find(user: User, draft: uuid.UUID, number: uuid.UUID) -> DraftFile:
    """Return a file of a draft that is being written. Raises PartNotFound, also for another
    user's."""
    rows = DraftFile.objects.filter(user=user, draft_id=draft, draft__state=Draft.State.WRITING)
    row = rows.filter(pk=number).first()
    if row is None:
        raise PartNotFound
    return row


def of(draft: Draft) -> tuple[DraftFile, ...]:
    """Return the files that are not removed, in the order in which they were added."""
    return tuple(draft.files.filter(removed=None))


def named(draft: Draft, numbers: Sequence[str]) -> tuple[DraftFile, ...]:
    """Return the draft's files with these numbers, in their order. Unknown numbers are ignored."""
    rows = {str(row.pk): row for row in draft.files.filter(pk__in=_numbers(numbers))}
    return tuple(rows[number] for number in dict.fromkeys(numbers) if number in rows)


def kinds(draft: Draft, numbers: Iterable[str]) -> dict[str, bool]:
    """Return which of these numbers are files of the draft, removed ones included, each with
    whether it is an image in the text. One query."""
    rows = draft.files.filter(pk__in=_numbers(numbers)).values_list("pk", "is_inline")
    return {str(pk): is_inline for pk, is_inline in rows}


def remove(row: DraftFile) -> None:
    """Remove a file from the draft. It is kept for a week, since a version may have it."""
    DraftFile.objects.filter(pk=row.pk, removed=None).update(removed=clock.now())


def settle(draft: Draft, numbers: Sequence[str]) -> None:
    """Set the files of a draft that was saved with these numbers: others are removed, and removed
    ones among them are restored."""
    wanted = _numbers(numbers)
    rows = DraftFile.objects.filter(draft=draft)
    rows.filter(removed=None).exclude(pk__in=wanted).update(removed=clock.now())
    rows.filter(pk__in=wanted).exclude(removed=None).update(removed=None)


def prune() -> None:
    """Delete files that were removed a week ago, and files of the spool without a row."""
    week = clock.now() - Draft.VERSIONS_KEPT
    DraftFile.objects.filter(removed__lt=week).delete()
    remove_orphans(
        settings.SPOOL / _FOLDER,
        DraftFile.objects.exclude(spool="").values_list("spool", flat=True),
    )


def remove_orphans(folder: Path, known: Iterable[str]) -> None:
    """Delete files of the spool that no row names and that are older than any request."""
    named = set(known)
    late = clock.of_files(folder) - _ORPHAN_SECONDS
    for path in folder.glob("*.sealed"):
        if path.name.partition(".")[0] not in named and path.stat().st_mtime < late:
            path.unlink(missing_ok=True)


def safe_name(name: str) -> str:
    """Return a file's name without path, control characters and marks of direction, cut to 200
    characters before its extension. It is never empty."""
    return headers.safe_name(re.split(r"[/\\]", name)[-1]) or gettext("file")


def checked_type(media_type: str) -> str:
    """Return a media type that may be written into a message, or ``application/octet-stream``."""
    bare = media_type.partition(";")[0].strip().lower()
    return bare if _TYPE.fullmatch(bare) and not bare.startswith("multipart/") else _BINARY


# --- limits ---


def _message_limit(domain: MailDomain | None, *, asks: bool = True) -> int:
    limit: int = settings.MESSAGE_LIMIT
    if domain is None:
        return limit
    name = f"size-limit:{domain.smtp_host}:{domain.smtp_port}"
    size: int | None = cache.get(name)
    if size is None and not asks:
        return limit
    if size is None:
        size = _asked_limit(domain)
        cache.set(name, max(size, 0), _LIMIT_KEPT if size >= 0 else _SILENCE_KEPT)
    return min(limit, size) if size > 0 else limit


def _asked_limit(domain: MailDomain) -> int:
    """Return the limit that the submission server names, 0 if it names none, -1 if it does not
    answer."""
    server = replace(smtp_server(domain, "", ""), timeout=_LIMIT_PATIENCE)
    try:
        return smtp.size_limit(server)
    except WebmailError:
        return -1


def _place_for(user: User, draft: Draft) -> int:
    """Return how many bytes one more file may have. Raises FileRefused."""
    there = DraftFile.objects.filter(draft=draft, removed=None)
    if there.count() >= settings.FILES_PER_MESSAGE:
        raise FileRefused("many")
    limit = _message_limit(user.mail_domain) - TEXT_ROOM
    taken = sum(encoded_size(size) for size in there.values_list("size", flat=True))
    left_in_spool = MOST_MESSAGES * settings.MESSAGE_LIMIT - in_spool(user)
    return max(0, min(decoded_size(limit - taken), left_in_spool))


def in_spool(user: User) -> int:
    """Return the bytes of a user's files in the spool; one that several drafts share counts
    once."""
    mine = DraftFile.objects.filter(user=user).exclude(spool="")
    each = mine.order_by().values("spool").annotate(bytes=Max("size"))
    return int(each.aggregate(total=Sum("bytes"))["total"] or 0)


class _Counted:
    """Count chunks as they pass. Raises TooLarge beyond ``limit`` bytes. ``head`` is the beginning,
    which tells the type of the file."""

    def __init__(self, chunks: Iterable[bytes], limit: int) -> None:
        self._chunks = chunks
        self._limit = limit
        self.size = 0
        self.head = bytearray()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.size += len(chunk)
            if self.size > self._limit:
                raise TooLarge(limit=self._limit)
            if len(self.head) < detect.HEAD:
                self.head += chunk[: detect.HEAD - len(self.head)]
            yield chunk


def _check(counted: _Counted, announced: int | None, *, is_image: bool) -> None:
    if announced is not None and counted.size != announced:
        raise FileRefused("cut")
    if not counted.size:
        raise FileRefused("empty")
    if is_image and detect.detect(bytes(counted.head)).media_type not in IMAGES:
        raise FileRefused("image")


# --- rows and spool ---


def _note(
    user: User,
    draft: Draft,
    about: FileValues,
    spool: str,
    key: bytes,
    number: uuid.UUID | None = None,
) -> DraftFile:
    """Write the row of a file. Raises FileRefused if other requests have taken the room."""
    number = number or uuid.uuid4()
    with transaction.atomic():
        Draft.objects.select_for_update().get(pk=draft.pk)
        there = DraftFile.objects.filter(draft=draft, removed=None).count()
        if there >= settings.FILES_PER_MESSAGE:
            raise FileRefused("many")
        return DraftFile.objects.create(
            id=number,
            user=user,
            draft=draft,
            sealed=_sealed(number, user.pk, about, key),
            size=about.size,
            spool=spool,
            is_inline=bool(about.cid),
        )


def _sealed(number: uuid.UUID, user_id: int, about: FileValues, key: bytes) -> bytes:
    origin = about.origin
    written = {
        "name": about.name,
        "media_type": about.media_type,
        "cid": about.cid,
        "origin": [origin.folder, origin.uidvalidity, origin.uid] if origin else None,
        "part": about.part,
        "key": key.hex(),
    }
    return sealing.seal(number, user_id, json.dumps(written).encode())


def _opened(row: DraftFile) -> tuple[FileValues, bytes]:
    try:
        values = json.loads(sealing.opened(row.pk, row.user_id, row.sealed))
        origin = MessageRef(*values["origin"]) if values["origin"] else None
        about = FileValues(
            values["name"], values["media_type"], row.size, values["cid"], origin, values["part"]
        )
        return about, bytes.fromhex(values["key"])
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable from error


def _write(spool: str, key: bytes, chunks: Iterable[bytes]) -> None:
    """Write a file into the spool. Raises FileRefused if that is impossible, and the errors of
    ``chunks``."""
    try:
        sealed_files.write(path_of(spool), key, chunks)
    except sealed_files.Unwritable as error:
        logger.error("The spool can't be written: %s", error)
        raise FileRefused("unkept") from error


def path_of(spool: str) -> Path:
    folder: Path = settings.SPOOL / _FOLDER
    return folder / f"{spool}.sealed"


def _numbers(numbers: Iterable[str]) -> list[uuid.UUID]:
    keys = []
    for number in numbers:
        try:
            keys.append(uuid.UUID(number))
        except ValueError:  # sent by a browser
            continue
    return keys


def _from_server(imap: Connection, origin: MessageRef, number: str) -> Iterator[bytes]:
    if containers.is_held(number):
        yield reading.held(imap, origin, number)[1]
        return
    encoding = reading.find_part(imap, origin, number).encoding if number else ""
    decoder = TransferDecoder(encoding)
    for piece in imap_fetch.chunks(imap, origin, number):
        yield decoder.feed(piece)
    yield decoder.close()
