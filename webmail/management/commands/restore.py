"""``bin/manage restore FOLDER``: restore a backup into an empty database and an empty spool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webmail import backups


class Command(BaseCommand):
    help = (
        "Restore a backup into an empty database and an empty spool. Messages that may have been"
        " sent since are held, and users are told. Stop the webmail and its workers first."
    )
    # The checks need tables, and the database is empty.
    requires_system_checks: list[str] = []  # noqa: RUF012  as Django declares it

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="The folder that “backup” wrote.")
        parser.add_argument(
            "--identity",
            type=Path,
            metavar="FILE",
            help="The key of a backup that was encrypted by age. GnuPG finds its own.",
        )

    def handle(self, *args: Any, folder: Path, identity: Path | None, **options: Any) -> None:
        try:
            restored = backups.restore(folder, identity)
        except (backups.BackupRefused, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The webmail is as it was on {restored.manifest.made}.")
        self.stdout.write(
            f"Messages that may have left since, held until their users decide: {restored.held}."
        )
        if restored.has_other_key:
            self.stderr.write(
                self.style.WARNING(
                    "WEBMAIL_SECRET_KEY is not that of the backup: everybody must sign in again,"
                    " and second factors, lent passwords and scheduled messages cannot be opened."
                )
            )
