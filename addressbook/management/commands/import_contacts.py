"""`import_contacts FILE`: an old address book read, and with ``--dry-run`` only said."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from addressbook import importers
from addressbook.importers import codes
from addressbook.importers.describe import describe
from addressbook.importers.reading import Reading

POLICIES = ("merge", "keep", "skip", "replace")


class Command(BaseCommand):
    help = (
        "Reads old contacts from SUN, HORDE or another program and tells what is in them. Nothing"
        " is written yet: --dry-run alone is there, and needs neither database nor owner; --owner,"
        " --by-owner and --policy change nothing in it. With --json the result is one JSON object"
        " on standard output. Ends with 0, or with 1 when the file is refused."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--source", choices=("auto", "sun", "horde", "other"), default="auto")
        whose = parser.add_mutually_exclusive_group()
        whose.add_argument("--owner", metavar="ADDRESS", help="whose contacts they become")
        whose.add_argument("--by-owner", action="store_true", help="the file says whose they are")
        parser.add_argument("--policy", choices=POLICIES, default="merge", help="of duplicates")
        parser.add_argument("--dry-run", action="store_true", help="read and tell, write nothing")
        parser.add_argument("--json", action="store_true", help="the result as JSON")

    def handle(self, *args: object, **options: object) -> None:
        reading = importers.read(self._content(options["file"]), source=str(options["source"]))
        if not options["dry_run"]:
            raise CommandError("Only the dry run is here yet: add --dry-run.")
        if options["json"]:
            self.stdout.write(json.dumps(describe(reading), indent=1))
        else:
            self._tell(reading)
        if reading.outcome == "reject":
            sys.exit(1)

    @staticmethod
    def _content(path: object) -> bytes:
        """The file, and one byte of what is beyond the limit."""
        try:
            with Path(str(path)).open("rb") as file:
                return file.read(importers.LARGEST_FILE + 1)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error

    def _tell(self, reading: Reading) -> None:
        """Counts and reasons in words, no cells."""
        if reading.outcome == "reject":
            self.stdout.write(codes.REJECTS[reading.reject_code])
            return
        kind = " ".join(filter(None, (reading.source, reading.format, reading.charset)))
        self.stdout.write(f"{kind}: {len(reading.contacts)} contacts, {len(reading.groups)} groups")
        reasons = codes.SKIPS | codes.REJECTS
        for skipped in reading.skipped:
            self.stdout.write(f"line {skipped.line}: {reasons[skipped.reason]}")
        for warned in reading.warnings:
            self.stdout.write(f"record {warned.record}: {codes.WARNINGS[warned.code]}")
