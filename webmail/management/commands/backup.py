"""``bin/manage backup FOLDER``: back up the database and the spool while the webmail runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from webmail import backups
from webmail.backups.contents import KEYS, Manifest


class Command(BaseCommand):
    help = "Write the database and the spool into a new folder, while the webmail runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="A folder that is new or empty.")
        parser.add_argument(
            "--to",
            action="append",
            default=[],
            metavar="RECIPIENT",
            help="Encrypt it for a key of age (age1…, ssh-ed25519 …) or of GnuPG; may be repeated."
            " Default: WEBMAIL_BACKUP_RECIPIENTS.",
        )
        parser.add_argument(
            "--rotate",
            type=backups.Kept.parse,
            metavar="DAYS[,WEEKS,MONTHS]",
            help="Write it into a new folder inside FOLDER, named by its time, and keep the last"
            " one of so many days, weeks and months there.",
        )
        parser.add_argument(
            "--encrypted", action="store_true", help="Make none that would not be encrypted."
        )

    def handle(
        self,
        *args: Any,
        folder: Path,
        to: list[str],
        rotate: backups.Kept | None,
        encrypted: bool,
        **options: Any,
    ) -> None:
        recipients = to or settings.BACKUP_RECIPIENTS
        if encrypted and not recipients:
            raise CommandError("WEBMAIL_BACKUP_RECIPIENTS names no key to encrypt for, nor --to.")
        try:
            if rotate:
                folder, manifest = backups.make_in_turn(folder, rotate, recipients)
            else:
                manifest = backups.make(folder, recipients)
        except (backups.BackupRefused, OSError) as error:
            raise CommandError(str(error)) from error
        self._tell(folder, manifest)

    def _tell(self, folder: Path, manifest: Manifest) -> None:
        self.stdout.write(f"{folder}: database and spool as of {manifest.made}.")
        if manifest.encryption:
            self.stdout.write(f"Encrypted by {manifest.encryption}.")
        else:
            self.stdout.write("Not encrypted: keep it where nobody else reads it, or use --to.")
        self.stdout.write(f"Keep these settings elsewhere, as they are: {', '.join(KEYS)}.")
        self.stdout.write(f"To restore it: version {manifest.version} of the webmail, or newer.")
        if manifest.beyond:
            self.stdout.write(
                "Its database has changes of a newer version, from which this installation went"
                f" back: {', '.join(manifest.beyond)}. Versions with them restore it, too."
            )
