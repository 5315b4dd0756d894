"""``bin/manage backup FOLDER``: back up the database and the spool while the webmail runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from webmail import backups
from webmail.backups.contents import KEYS


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

    def handle(self, *args: Any, folder: Path, to: list[str], **options: Any) -> None:
        try:
            manifest = backups.make(folder, to or settings.BACKUP_RECIPIENTS)
        except (backups.BackupRefused, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{folder}: database and spool as of {manifest.made}.")
        if manifest.encryption:
            self.stdout.write(f"Encrypted by {manifest.encryption}.")
        else:
            self.stdout.write("Not encrypted: keep it where nobody else reads it, or use --to.")
        self.stdout.write(f"Keep these settings elsewhere, as they are: {', '.join(KEYS)}.")
