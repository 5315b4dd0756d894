"""``bin/manage import_contacts FILE``: import an old address book, or only report on it
(``--dry-run``)."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from addressbook import importers, imports
from addressbook.importers import codes
from addressbook.importers.describe import describe
from addressbook.importers.reading import Reading
from addressbook.imports import jobs, owners, reporting
from addressbook.models import ImportJob
from mail.errors import AddressBookFull

_PIECE = 256 * 1024


class Command(BaseCommand):
    help = (
        "Import old contacts from SUN, HORDE or another program: with --owner ADDRESS into one"
        " user's address book, with --by-owner into those of the users whom the file names (the"
        " LDIF of a whole SUN tree, a dump of Horde's table, a zip with one file per address). A"
        " user who has never signed in is created, and finds the contacts at the first sign-in."
        " --dry-run only reports, and needs neither database nor owner. --json writes the result"
        " as one JSON object to standard output. The exit status is 0, or 1 if the file is refused."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--source", choices=("auto", "sun", "horde", "other"), default="auto")
        whose = parser.add_mutually_exclusive_group()
        whose.add_argument("--owner", metavar="ADDRESS", help="the owner of the contacts")
        whose.add_argument("--by-owner", action="store_true", help="the file names the owners")
        parser.add_argument("--policy", choices=ImportJob.Policy.values, default="merge")
        parser.add_argument("--dry-run", action="store_true", help="only report, write nothing")
        parser.add_argument("--json", action="store_true", help="write the result as JSON")

    def handle(self, *args: object, **options: object) -> None:
        is_refused = self._dry_run(options) if options["dry_run"] else self._import(options)
        if is_refused:
            sys.exit(1)

    def _dry_run(self, options: dict[str, object]) -> bool:
        reading = importers.read_address_book(
            self._content(options["file"]), source=str(options["source"])
        )
        if options["json"]:
            self.stdout.write(json.dumps(describe(reading), indent=1))
        else:
            self._tell(reading, by_owner=bool(options["by_owner"]))
        return reading.outcome == "reject"

    def _import(self, options: dict[str, object]) -> bool:
        path = Path(str(options["file"]))
        user = self._owner(str(options["owner"] or ""), by_owner=bool(options["by_owner"]))
        try:
            job = jobs.accept_chunks(
                user,
                [(path.name[:200], _chunks(path))],
                str(options["source"]),
                uploaded_by=None,
                policy=str(options["policy"]),
            )
        except OSError as error:
            raise CommandError(f"{error.filename or path}: {error.strerror}") from error
        self._run(job)
        if options["json"]:
            self.stdout.write(json.dumps(reporting.as_json(job), indent=1))
        else:
            for line in reporting.as_text(job):
                self.stdout.write(line)
        return reporting.outcome(job) == "reject"

    @staticmethod
    def _owner(address: str, *, by_owner: bool) -> User | None:
        """Return the owner of the contacts; None if the file names the owners."""
        if by_owner:
            return None
        if not address:
            raise CommandError("Say whose they become: --owner ADDRESS, or --by-owner.")
        owner = owners.find_owner(address)
        if owner.problem:
            raise CommandError(f"{address}: {owner.problem}")
        return owners.ensure(owner)

    @staticmethod
    def _run(job: ImportJob) -> None:
        """Check and write the import in this process, without a worker. The import of a refused
        file is already over."""
        imports.run(job.pk)
        job.refresh_from_db()
        try:
            if imports.start(job):
                imports.run(job.pk)
            elif not job.is_finished:
                imports.cancel(job)
        except AddressBookFull as error:
            imports.cancel(job)
            raise CommandError(f"No room: {job.new} contacts are new.") from error
        job.refresh_from_db()

    @staticmethod
    def _content(path: object) -> bytes:
        """Return the file up to one byte beyond the limit."""
        try:
            with Path(str(path)).open("rb") as file:
                return file.read(importers.LARGEST_FILE + 1)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error

    def _tell(self, reading: Reading, *, by_owner: bool) -> None:
        """Write counts and reasons, without contents."""
        if reading.outcome == "reject":
            self.stdout.write(codes.REJECTS[reading.reject_code])
            return
        kind = " ".join(filter(None, (reading.source, reading.format, reading.charset)))
        self.stdout.write(f"{kind}: {len(reading.contacts)} contacts, {len(reading.groups)} groups")
        if by_owner:
            many = Counter(contact.owner for contact in reading.contacts)
            for owner, count in sorted(many.items()):
                self.stdout.write(f"{owner or '?'}: {count} contacts")
        reasons = codes.SKIPS | codes.REJECTS
        for skipped in reading.skipped:
            self.stdout.write(f"line {skipped.line}: {reasons[skipped.reason]}")
        for warned in reading.warnings:
            self.stdout.write(f"record {warned.record}: {codes.WARNINGS[warned.code]}")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_PIECE):
            yield chunk
