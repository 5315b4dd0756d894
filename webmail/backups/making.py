"""Make a backup while the webmail runs."""

from __future__ import annotations

import tarfile
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from webmail import version
from webmail.backups import contents, databases
from webmail.backups.contents import BackupRefused, Manifest


def make(folder: Path) -> Manifest:
    """Write a backup into a new or empty folder. Raises BackupRefused; OSError where there is no
    room.

    A file of the spool is written before the row that names it, and removed after it. So the spool
    is copied, then the database, then what came into the spool meanwhile: every row of the backup
    has its file, but for messages that left in between, which are looked for in the folder of sent
    mail after a restore.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BackupRefused(f"{folder} is not empty.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    copied: set[str] = set()
    with tarfile.open(folder / contents.SPOOL, "w") as archive:
        _copy_spool(archive, copied)
        made = timezone.now()
        databases.dump(folder / contents.DATABASE)
        _copy_spool(archive, copied)
    manifest = Manifest(
        made=made.isoformat(),
        version=version.VERSION,
        vendor=connection.vendor,
        migrations=databases.migrations(),
        digests={
            name: contents.digest_of(folder / name) for name in (contents.DATABASE, contents.SPOOL)
        },
        key=contents.key_mark(),
    )
    for name in (contents.DATABASE, contents.SPOOL):
        (folder / name).chmod(0o600)
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
