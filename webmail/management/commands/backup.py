"""``bin/manage backup FOLDER``: database and spool, while the webmail runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webmail import backups
from webmail.backups.contents import KEYS


class Command(BaseCommand):
    help = "Write the database and the spool into a new folder, while the webmail runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="A folder that is new or empty.")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            manifest = backups.make(folder)
        except (backups.BackupRefused, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{folder}: database and spool as of {manifest.made}.")
        self.stdout.write(f"Keep these settings elsewhere, as they are: {', '.join(KEYS)}.")
