"""The files of a backup, and its manifest."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings

DATABASE: Final = "database.dump"
SPOOL: Final = "spool.tar"
_MANIFEST: Final = "manifest.json"
_LAST: Final = "last-backup.json"
_FORMAT: Final = 1
_MOST_BYTES: Final = 1024 * 1024

KEYS: Final = (
    "WEBMAIL_SECRET_KEY",
    "WEBMAIL_LENDING_KEY",
    "WEBMAIL_NUMEN_KEYS",
    "WEBMAIL_OIDC_PRIVATE_KEY",
)
"""Settings that a restored installation needs unchanged."""


class BackupRefused(Exception):
    """A backup cannot be made, is damaged, or must not be restored here. The text is for the
    administrator."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The description of a backup. ``made`` is the time when it was begun. ``digests`` are the
    SHA-256 of each file, in hexadecimal. ``migrations`` are those applied to the database, as
    ``app.name``; ``beyond`` are those of them that the version which made the backup did not know,
    since the installation went back to it from a newer one. ``key`` tells whether two installations
    have the same secret key, and reveals nothing else of it. ``encryption`` is the program that
    decrypts the files, ``""`` where they are not encrypted."""

    made: str
    version: str
    vendor: str
    migrations: list[str]
    digests: dict[str, str]
    key: str
    form: int = _FORMAT
    encryption: str = ""
    beyond: list[str] = field(default_factory=list)

    @property
    def when(self) -> datetime:
        return datetime.fromisoformat(self.made)

    def file(self, name: str) -> str:
        """Return the file name of `DATABASE` or `SPOOL` in the folder."""
        return f"{name}.{self.encryption}" if self.encryption else name


def write(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, as the last file: a folder without one is no backup."""
    path = folder / _MANIFEST
    path.write_text(json.dumps(asdict(manifest), indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest. Raises BackupRefused where the folder holds no complete backup that this
    version can read."""
    try:
        with (folder / _MANIFEST).open("rb") as file:
            values = json.loads(file.read(_MOST_BYTES))
        # A newer version may say more in its manifest.
        names = {field.name for field in fields(Manifest)}
        manifest = Manifest(**{name: value for name, value in values.items() if name in names})
        manifest.when  # noqa: B018  refuses what is no time
    except FileNotFoundError as error:
        raise BackupRefused(f"{folder} holds no backup, or one that was not finished.") from error
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BackupRefused(f"The manifest in {folder} cannot be read: {error}") from error
    if manifest.form != _FORMAT:
        raise BackupRefused(f"This version does not know backups of the form {manifest.form}.")
    return manifest


def is_whole(folder: Path) -> bool:
    """Return whether the folder holds a manifest, which is written last."""
    return (folder / _MANIFEST).is_file()


@dataclass(frozen=True, slots=True)
class LastBackup:
    """The last backup of this installation, made by any of its machines. Its folder may have been
    moved since."""

    folder: str
    made: datetime


def note(folder: Path, made: datetime) -> None:
    """Record in the spool that a backup was made."""
    settings.SPOOL.mkdir(mode=0o700, parents=True, exist_ok=True)
    values = {"folder": str(folder.resolve()), "made": made.isoformat()}
    (settings.SPOOL / _LAST).write_text(json.dumps(values), encoding="utf-8")


def last_backup() -> LastBackup | None:
    """Return the last recorded backup; None where there is none, or its record is damaged."""
    try:
        values = json.loads((settings.SPOOL / _LAST).read_text(encoding="utf-8"))
        return LastBackup(str(values["folder"]), datetime.fromisoformat(values["made"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def check(folder: Path, manifest: Manifest) -> None:
    """Compare the files with their digests. Raises BackupRefused where one is missing or was
    changed."""
    for name in map(manifest.file, (DATABASE, SPOOL)):
        try:
            digest = digest_of(folder / name)
        except OSError as error:
            raise BackupRefused(f"{folder / name} cannot be read: {error}") from error
        if digest != manifest.digests.get(name):
            raise BackupRefused(f"{folder / name} was changed or damaged since it was written.")


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def key_mark(secret: str | None = None) -> str:
    """Return a keyed digest that identifies a secret key, by default the one in use."""
    key = settings.SECRET_KEY if secret is None else secret
    return hmac.digest(key.encode(), b"webmail backup", "sha256").hex()[:16]


def is_of_known_key(manifest: Manifest) -> bool:
    """Return whether this installation lists the secret key of the backup, in use or former."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return manifest.key in map(key_mark, keys)
