"""Delete all data kept about a user, by an administrator at the user's request."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from accounts import kept, sessions
from accounts.models import User, UserSession
from addressbook.contacts import endings
from addressbook.imports.jobs import path_of as path_of_import
from addressbook.models.imports import ImportFile
from webmail.models import DataExport, DraftDocument, DraftFile, OutboxMessage
from webmail.outbox import values as outbox_values
from webmail.personal import contents, exporting
from webmail.transfer import jobs as transfers
from webmail.writing import documents, files

STAYS = ("accounts.AuditEvent", "accounts.StaffRecord")
"""Kinds that are not deleted: entries of the audit log expire by themselves, and the staff record
belongs to the authority."""


@dataclass(frozen=True, slots=True)
class DeletionPreview:
    """The data that would be deleted and those that would stay, by kind. ``unsent`` is the number
    of messages that would never be sent."""

    gone: tuple[tuple[kept.StoredData, int], ...]
    stays: tuple[tuple[kept.StoredData, int], ...]
    unsent: int

    @property
    def total(self) -> int:
        return sum(number for _kind, number in self.gone)


def preview(user: User) -> DeletionPreview:
    counted = contents.count(user)
    return DeletionPreview(
        gone=tuple(pair for pair in counted if not _stays(pair[0])),
        stays=tuple(pair for pair in counted if _stays(pair[0])),
        unsent=OutboxMessage.objects.of(user).unfinished().count(),
    )


def forget(user: User) -> None:
    """Delete the user with every row that refers to the user, all sessions and all files in the
    spool. A later sign-in creates a new, empty user. Messages and rules on the mail server stay.
    Colleagues who used groups of the user are told."""
    endings.tell_of_owner(user)
    for own in UserSession.objects.of(user):
        sessions.end(own)
    paths = _files(user)
    user.delete()
    for path in paths:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _files(user: User) -> list[Path]:
    """Return the user's files in the spool. Conversions of office files expire within an hour."""
    drafts = DraftFile.objects.filter(user=user).exclude(spool="")
    apiece = DraftDocument.objects.filter(draft__user=user).exclude(spool="")
    imports = ImportFile.objects.filter(job__user=user).exclude(spool="")
    messages = OutboxMessage.objects.of(user).exclude(spool="").values_list("spool", flat=True)
    exports = DataExport.objects.of(user).exclude(spool="")
    return [
        *(files.path_of(row.spool) for row in drafts),
        *(documents.path_of(row.spool) for row in apiece),
        *map(path_of_import, imports),
        *(path for spool in set(messages) for path in outbox_values.paths(spool)),
        *(exporting.path_of(row.spool) for row in exports),
        *transfers.paths_of(user),
    ]


def _stays(kind: kept.StoredData) -> bool:
    return bool(set(kind.models) & set(STAYS))
