"""Restore a backup into an empty installation, and hold messages that may have been sent since."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.utils import translation
from django.utils.translation import gettext

from accounts.models import Announcement
from core import clock, dates
from webmail import outbox
from webmail.backups import contents, databases, encryption
from webmail.backups.contents import BackupRefused, Manifest

_TOLD_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Restored:
    """The result. ``held`` is the number of messages in the outbox that may have been sent since
    the backup. ``has_other_key`` means that passwords, second factors and files sealed with the
    former key cannot be opened."""

    manifest: Manifest
    held: int
    has_other_key: bool


def restore(folder: Path, identity: Path | None = None) -> Restored:
    """Check the backup, fill spool and database, run newer migrations, hold the outbox, and
    announce the restore to users. ``identity`` is the file of age's key. Raises BackupRefused,
    without any change, where the backup is damaged, cannot be decrypted or is newer than this
    version, or the installation is not empty."""
    manifest = contents.read_manifest(folder)
    contents.check(folder, manifest)
    _check_place(manifest)
    program = manifest.encryption
    database, spool = (folder / manifest.file(name) for name in (contents.DATABASE, contents.SPOOL))
    for path in (database, spool):
        encryption.check(path, program, identity)
    with (
        encryption.reading(spool, program, identity) as archive,
        _filled_spool(archive),
        encryption.reading(database, program, identity) as dump,
    ):
        databases.load(dump)
    # Sessions, counts and pages cached after the backup.
    cache.clear()
    call_command("migrate", verbosity=0)
    held = outbox.hold_restored()
    _announce(manifest)
    return Restored(manifest, held, not contents.is_of_known_key(manifest))


def _check_place(manifest: Manifest) -> None:
    # The version that made the backup worked beside the changes that it did not know, and so does
    # every version that knows all others.
    if unknown := set(manifest.migrations) - set(manifest.beyond) - databases.known_migrations():
        raise BackupRefused(
            f"The backup is of a newer version ({manifest.version}):"
            f" {', '.join(sorted(unknown)[:3])} is not known here."
        )
    if manifest.vendor != connection.vendor:
        raise BackupRefused(
            f"The backup is of a database of {manifest.vendor}, and DATABASE_URL names one of"
            f" {connection.vendor}."
        )
    if not databases.is_empty():
        raise BackupRefused(
            "The database is not empty. Restore into a new one: createdb, then DATABASE_URL."
        )
    if any(settings.SPOOL.rglob("*.sealed")):
        raise BackupRefused(f"The spool {settings.SPOOL} is not empty: set it aside first.")


@contextmanager
def _filled_spool(archive: IO[bytes]) -> Iterator[None]:
    """Extract the files of the backup into the spool; remove them where the block fails."""
    spool = settings.SPOOL
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with tarfile.open(fileobj=archive, mode="r|") as files:
            files.extractall(spool, filter=_sealed_files)  # noqa: S202  sealed files alone
        yield
    except (tarfile.TarError, OSError) as error:
        _remove_files(spool)
        raise BackupRefused(f"The spool could not be filled: {error}") from error
    except BaseException:
        _remove_files(spool)
        raise


def _sealed_files(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
    """Filter an archive: only sealed files inside the spool are extracted, readable for the
    webmail's account alone."""
    if not (member.isfile() and member.name.endswith(".sealed")):
        return None
    filtered = tarfile.data_filter(member, path)
    return filtered.replace(mode=0o600, deep=False)


def _remove_files(spool: Path) -> None:
    for path in spool.rglob("*.sealed"):
        path.unlink()


def _announce(manifest: Manifest) -> None:
    with translation.override(settings.LANGUAGE_CODE):
        when = dates.when_long(manifest.when)
        Announcement.objects.create(
            level=Announcement.Level.WARNING,
            title=gettext("The webmail was restored from a backup"),
            text=gettext(
                "It is as it was on %(when)s. Your mail is whole: it lies on the mail server."
                " Contacts, preferences, drafts and scheduled messages of the time after that are"
                " lost: please look at what you had planned, and at your outbox."
            )
            % {"when": when},
            since=clock.now(),
            until=clock.now() + _TOLD_FOR,
        )
