"""``bin/manage doctor``: report what is wrong with this installation, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from webmail.doctor import ExaminedPart, examine, is_well

_SIGNS = {"ok": "✓", "warn": "!", "bad": "✗"}


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
            self.stdout.write(json.dumps(_values(examined), ensure_ascii=False, indent=2))
        else:
            self._print(examined)
        if not is_well(examined):
            raise SystemExit(1)

    def _print(self, examined: Iterable[ExaminedPart]) -> None:
        styles = {"ok": self.style.SUCCESS, "warn": self.style.WARNING, "bad": self.style.ERROR}
        for part in examined:
            self.stdout.write(self.style.MIGRATE_HEADING(str(part.part.title)))
            for finding in part.findings:
                style = styles[finding.level]
                self.stdout.write(f"  {style(_SIGNS[finding.level])} {finding.text}")
                if finding.advice:
                    self.stdout.write(f"      {finding.advice}")


def _values(examined: Iterable[ExaminedPart]) -> dict[str, list[dict[str, str]]]:
    return {
        part.part.name: [
            {"level": finding.level, "text": finding.text, "advice": finding.advice}
            for finding in part.findings
        ]
        for part in examined
    }
