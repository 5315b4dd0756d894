"""Make a backup while the webmail runs."""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import connection

from webmail import clock, version
from webmail.backups import contents, databases, encryption
from webmail.backups.contents import BackupRefused, Manifest


def make(folder: Path, recipients: Sequence[str] = ()) -> Manifest:
    """Write a backup into a new or empty folder, encrypted for ``recipients``. Raises
    BackupRefused; OSError where there is no room.

    A file of the spool is written before the row that names it, and removed after it. So the spool
    is copied, then the database, then what came into the spool meanwhile: every row of the backup
    has its file, but for messages that left in between, which are looked for in the folder of sent
    mail after a restore.
    """
    program = encryption.program_for(recipients)
    if folder.exists() and any(folder.iterdir()):
        raise BackupRefused(f"{folder} is not empty.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    copied: set[str] = set()
    made = clock.now()
    manifest = Manifest(
        made=made.isoformat(),
        version=version.VERSION,
        vendor=connection.vendor,
        migrations=databases.migrations(),
        digests={},
        key=contents.key_mark(),
        encryption=program,
    )
    database, spool = (folder / manifest.file(name) for name in (contents.DATABASE, contents.SPOOL))
    with (
        encryption.writing(spool, program, recipients) as file,
        # "|": nobody goes back in a pipe.
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
    """Add the sealed files that are not in it yet; nothing else lies there for long."""
    for path in sorted(settings.SPOOL.rglob("*.sealed")):
        name = str(path.relative_to(settings.SPOOL))
        if name in copied or path.is_symlink():
            continue
        with suppress(FileNotFoundError):  # its message has just left
            archive.add(path, name, recursive=False)
            copied.add(name)
