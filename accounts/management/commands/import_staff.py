"""``bin/manage import_staff FILE``: make staff records of a staff file."""

from __future__ import annotations

import os
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import staff_import
from accounts.models import StaffImport

SOME_REFUSED, TO_CONFIRM = 3, 4
_SECONDS = 2  # between two lines of progress


class Command(BaseCommand):
    help = (
        "Import a CSV file of staff records: every row is checked first, then all are written or"
        " none. Exit status: 0 if all rows were imported; 1 if nothing was written; 3 if some rows"
        " were refused and all others were imported; 4 if nothing was written because more than a"
        " tenth of the records would be deactivated (--confirm)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--dry-run", action="store_true", help="check and count, but write nothing"
        )
        parser.add_argument(
            "--deactivate-missing",
            action="store_true",
            help="the file is complete: deactivate the records that are not in it",
        )
        parser.add_argument(
            "--confirm",
            action="store_true",
            help="allow deactivating more than a tenth of the records",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not (path.is_file() and os.access(path, os.R_OK)):
            raise CommandError(f"{path} is no file that can be read.")
        job = staff_import.begin(
            path.name,
            None,
            staff_import.Options(
                is_trial=options["dry_run"],
                deactivate_missing=options["deactivate_missing"],
                is_confirmed=options["confirm"],
            ),
        )
        try:
            staff_import.run(job.pk, lambda: path.open("rb"), self._progress())
        except KeyboardInterrupt:
            staff_import.cancel(job, StaffImport.UNFINISHED)
            raise CommandError("Interrupted: nothing was written.") from None
        job.refresh_from_db()
        self._report(job)

    def _progress(self) -> staff_import.Progress:
        last_report = time.monotonic()

        def tell(job: StaffImport) -> None:
            nonlocal last_report
            if time.monotonic() - last_report >= _SECONDS:
                last_report = time.monotonic()
                self.stderr.write(f"{job.rows} rows checked ({job.percent} %)")

        return tell

    def _report(self, job: StaffImport) -> None:
        """Report the result in words, and by the exit status."""
        if job.state == StaffImport.State.WAITING:
            staff_import.cancel(job)
            raise CommandError("Another import is running. Try again when it has ended.")
        for refusal in job.kept_refusals:
            other = f" (line {refusal.other})" if refusal.other else ""
            where = f"line {refusal.line}: {refusal.column_words}".rstrip(": ")
            self.stderr.write(f"{where}: {refusal.words}{other}")
        if job.is_report_cut:
            self.stderr.write("… and more")
        if job.state == StaffImport.State.FAILED:
            raise CommandError(self._why(job))
        self.stdout.write(self._counts(job))
        if job.state == StaffImport.State.TO_CONFIRM:
            raise CommandError(
                f"{job.deactivated} records would be deactivated, more than a tenth. Nothing was"
                " written yet: confirm it in the admin, or run this again with --confirm.",
                returncode=TO_CONFIRM,
            )
        if job.refused:
            raise CommandError(f"{job.refused} rows were refused.", returncode=SOME_REFUSED)

    @staticmethod
    def _why(job: StaffImport) -> str:
        words = job.get_failure_display()
        if job.missing_words:
            words += f" ({', '.join(job.missing_words)})"
        return f"{words} (line {job.failure_line})" if job.failure_line else words

    @staticmethod
    def _counts(job: StaffImport) -> str:
        names = ("created", "updated", "unchanged", "deactivated", "replaced")
        counts = ", ".join(f"{name} {getattr(job, name)}" for name in names)
        tried = "Tried, nothing written: " if job.is_trial else ""
        return f"{tried}rows {job.rows}, refused {job.refused}, {counts}"
