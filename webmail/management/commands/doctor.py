"""``bin/manage doctor``: report what is wrong with this installation, and what to do about it."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from webmail.doctor import examine, is_well, printing


class Command(BaseCommand):
    help = (
        "Test settings, files, database, Redis, workers, address and mail servers, and report what"
        " is wrong and what to do about it. The exit status is 1 if something is wrong."
    )
    # The findings include Django's own checks.
    requires_system_checks: list[str] = []  # noqa: RUF012  as Django declares it

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print the findings as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        examined = examine()
        if options["json"]:
            values = {each.part.name: printing.as_values(each.findings) for each in examined}
            self.stdout.write(json.dumps(values, ensure_ascii=False, indent=2))
        else:
            for each in examined:
                printing.write(self, each.part.title, each.findings)
        if not is_well(examined):
            raise SystemExit(1)
