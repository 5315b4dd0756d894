"""``bin/manage load_school_holidays``: load the holidays of the three zones from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from addressbook.contacts import holidays

_LARGEST = 1_000_000


class Command(BaseCommand):
    help = (
        "Write school holidays from a JSON file; without one, those that come with the product"
        " (addressbook/school_holidays.json, from the ministry's calendar). Rows that the file does"
        " not name stay."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path | None = options["file"]
        try:
            if file and file.stat().st_size > _LARGEST:
                raise CommandError(f"{file} is larger than {_LARGEST} bytes")
            text = file.read_text(encoding="utf-8") if file else holidays.own_file()
            new, changed = holidays.load(text)
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stderr.write(f"{new} made, {changed} changed")
