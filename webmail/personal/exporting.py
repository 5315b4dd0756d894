"""The download of a user's own data: requested, made by a job, available for a day."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import get_language

from accounts.claims import Heartbeat
from accounts.models import User
from accounts.sealed import files as sealed_files
from accounts.sealed import rows as sealed_rows
from core import clock
from mail import zips
from mail.errors import NotFound, Unreadable
from webmail.models import DataExport
from webmail.personal import contents

State = DataExport.State
_PURPOSE = b"own data"
_FOLDER = "exports"
# A row is written before its file, and the file's name changes with each attempt.
_ORPHAN_SECONDS = 2 * 60 * 60


def ask(user: User) -> DataExport:
    """Create an export in place of earlier ones; the caller starts its job. While one is being
    made, return that one."""
    under_way = DataExport.objects.of(user).unfinished().first()
    if under_way is not None:
        return under_way
    for row in DataExport.objects.of(user):
        remove(row)
    language = get_language() or "fr"
    return DataExport.objects.create(user=user, language=language, asked=clock.now())


def latest(user: User) -> DataExport | None:
    return DataExport.objects.of(user).in_force().first()


def find_export(user: User, pk: uuid.UUID) -> DataExport:
    """Return a finished export of this user that has not expired. Raises NotFound."""
    row = DataExport.objects.of(user).in_force().filter(pk=pk, state=State.DONE).first()
    if row is None:
        raise NotFound("There is no such file any more.")
    return row


def run(pk: uuid.UUID) -> None:
    """Make the export. Do nothing when it is done, or while another worker makes it."""
    row = DataExport.objects.select_related("user__mail_domain").claim(pk)
    if row is None:
        return
    key, spool = sealed_files.new_key(), sealed_files.new_name()
    path = path_of(spool)
    try:
        with Heartbeat(row) as heartbeat, translation.override(row.language):
            sealed_files.write(path, key, _pieces(row.user, heartbeat))
    except sealed_files.Unwritable:
        row.end(State.FAILED)
        return
    except Exception:
        row.end(State.FAILED)
        raise
    sealed = sealed_rows.seal(_PURPOSE, row.pk, row.user_id, key)
    size = path.stat().st_size
    if not row.end(State.DONE, sealed=sealed, spool=spool, size=size):
        path.unlink(missing_ok=True)  # the row was removed meanwhile


def _pieces(user: User, heartbeat: Heartbeat) -> Iterator[bytes]:
    moment = timezone.localtime().timetuple()[:6]
    for piece in zips.streamed(contents.members(user), moment):
        heartbeat.got_on()
        yield piece


def opened(row: DataExport) -> BinaryIO:
    """Return the zip as a stream. Raises Unreadable when it is gone or the server's key was
    changed."""
    try:
        key = sealed_rows.opened(_PURPOSE, row.pk, row.user_id, row.sealed)
        return sealed_files.read_sealed(path_of(row.spool), key)
    except (OSError, sealed_rows.BrokenSeal) as error:
        raise Unreadable from error


def remove(row: DataExport) -> None:
    """Delete the row and its file."""
    if row.spool:
        path_of(row.spool).unlink(missing_ok=True)
    row.delete()


def tidy() -> None:
    """Delete expired exports, and files that no row names."""
    for row in DataExport.objects.all().overdue():
        remove(row)
    spooled = set(DataExport.objects.exclude(spool="").values_list("spool", flat=True))
    for path in (Path(settings.SPOOL) / _FOLDER).glob("*.sealed"):
        if path.stem not in spooled:
            sealed_files.remove_older(path.parent, path.name, _ORPHAN_SECONDS)


def path_of(spool: str) -> Path:
    return Path(settings.SPOOL) / _FOLDER / f"{spool}.sealed"
