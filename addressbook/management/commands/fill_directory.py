"""``bin/manage fill_directory``: fill the directory from the staff records and LDAP."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from addressbook.directory import filling
from mail.errors import WebmailError


class Command(BaseCommand):
    help = (
        "Fill the directory from the active staff records and, with WEBMAIL_DIRECTORY_LDAP_URL,"
        " from LDAP. A job does this every night."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            for source, filled in filling.fill().items():
                self.stderr.write(
                    f"{source}: {filled.written} written, {filled.gone} gone,"
                    f" {filled.unchanged} unchanged"
                )
        except WebmailError as error:
            raise CommandError(f"{error} {error.server_words}".strip()) from error
