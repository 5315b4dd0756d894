"""Make a backup while the webmail runs."""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import connection

from core import clock, version
from webmail.backups import contents, databases, encryption
from webmail.backups.contents import BackupRefused, Manifest


def make(folder: Path, recipients: Sequence[str] = ()) -> Manifest:
    """Write a backup into a new or empty folder, encrypted for ``recipients``. Raises
    BackupRefused, and OSError where there is no space.

    The webmail writes a file of the spool before the row that names it, and removes it after the
    row. So the spool is copied first, then the database, then files that were added to the spool
    meanwhile. Every row of the backup then has its file, except for messages that were sent in
    between; a restore looks for those in the folder of sent mail.
    """
    program = encryption.program_for(recipients)
    if folder.exists() and any(folder.iterdir()):
        raise BackupRefused(f"{folder} is not empty.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    copied: set[str] = set()
    made = clock.now()
    migrations = databases.migrations()
    manifest = Manifest(
        made=made.isoformat(),
        version=version.VERSION,
        vendor=connection.vendor,
        migrations=migrations,
        digests={},
        key=contents.key_mark(),
        encryption=program,
        beyond=sorted(set(migrations) - databases.known_migrations()),
    )
    database, spool = (folder / manifest.file(name) for name in (contents.DATABASE, contents.SPOOL))
    with (
        encryption.writing(spool, program, recipients) as file,
        # "|": a stream that cannot seek.
        tarfile.open(fileobj=file, mode="w|") as archive,
    ):
        _copy_spool(archive, copied)
        with encryption.writing(database, program, recipients) as target:
            databases.dump(target)
        _copy_spool(archive, copied)
    manifest.digests.update({path.name: contents.digest_of(path) for path in (database, spool)})
    contents.write(folder, manifest)
    contents.note(folder, made)
    return manifest


def _copy_spool(archive: tarfile.TarFile, copied: set[str]) -> None:
    """Add the sealed files that are not in the archive yet. All other files of the spool are
    temporary."""
    for path in sorted(settings.SPOOL.rglob("*.sealed")):
        name = str(path.relative_to(settings.SPOOL))
        if name in copied or path.is_symlink():
            continue
        with suppress(FileNotFoundError):  # its message has just been sent
            archive.add(path, name, recursive=False)
            copied.add(name)
