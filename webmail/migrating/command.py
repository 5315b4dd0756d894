"""The base of the commands ``migrate_roundcube`` and ``migrate_horde``, which differ in their
reader."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from webmail.migrating import reporting, running, source
from webmail.migrating.running import Reader, TooManyFailures, UserChoice
from webmail.migrating.writing import MovingOptions

SOME_LEFT = 3
_SECONDS = 2  # between two lines of progress


class MoveCommand(BaseCommand):
    """Moves all users of one webmail. The subclass names its reader."""

    reader: Reader
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--database",
            required=True,
            metavar="URL",
            help="postgresql://user:password@host/name, mysql://user:password@host/name or"
            " sqlite:////path; it is never written to. file:/path reads the URL from a file",
        )
        parser.add_argument("--prefix", default="", help="what the names of its tables begin with")
        parser.add_argument(
            "--login",
            default="{username}",
            metavar="TEMPLATE",
            help="the login or address here: {username} is the login there, {local} what stands"
            " before its @, {host} the mail server; {username} unless given",
        )
        parser.add_argument(
            "--only", type=Path, metavar="FILE", help="bring these logins alone, one a line"
        )
        parser.add_argument(
            "--vouch",
            action="append",
            default=[],
            metavar="DOMAIN",
            help="take identities with addresses of this domain for the user's own, unless the"
            " address is another's",
        )
        parser.add_argument(
            "--label", default="", help="tells apart two installations of the same webmail"
        )
        parser.add_argument("--dry-run", action="store_true", help="do all, and take it back")
        parser.add_argument(
            "--report", type=Path, metavar="FILE", help="a line a user: CSV, or JSON for .json"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        totals = reporting.Totals()
        choice = UserChoice(options["login"], _only(options["only"]), options["dry_run"])
        label = f":{options['label']}" if options["label"] else ""
        chosen = MovingOptions(
            f"{self.reader.NAME}{label}"[:60],
            frozenset(domain.lower() for domain in options["vouch"]),
        )
        try:
            with (
                source.opened(_url(options["database"]), options["prefix"]) as database,
                reporting.opened(options["report"]) as report,
            ):
                self.reader.need(database)
                progress = _Progress(self, self.reader.count(database))
                for outcome in running.run(self.reader, database, choice, chosen):
                    totals.add(outcome)
                    report.add(outcome)
                    progress.tell(totals)
        except source.Unreadable as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error
        except (TooManyFailures, DatabaseError, KeyboardInterrupt) as error:
            self._tell(totals, options["dry_run"])
            raise CommandError(
                f"It ended early: {type(error).__name__}. Those who are done are done: run it"
                " again for the others."
            ) from error
        self._tell(totals, options["dry_run"])
        if totals.is_partial:
            raise CommandError("Some users were left out.", returncode=SOME_LEFT)

    def _tell(self, totals: reporting.Totals, is_trial: bool) -> None:
        if is_trial:
            self.stdout.write("Tried, nothing written.")
        for line in totals.lines():
            self.stdout.write(line)


class _Progress:
    def __init__(self, command: BaseCommand, users: int) -> None:
        self._command, self._users = command, users
        self._began = self._told = time.monotonic()

    def tell(self, totals: reporting.Totals) -> None:
        now = time.monotonic()
        if now - self._told >= _SECONDS:
            self._told = now
            rate = totals.users / (now - self._began)
            words = f"{totals.users} of {self._users} users, {rate:.0f} a second"
            self._command.stderr.write(words)


def _only(path: Path | None) -> frozenset[str]:
    if path is None:
        return frozenset()
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read as UTF-8.") from error
    names = frozenset(line.strip().lower() for line in lines if line.strip())
    if not names:
        raise CommandError(f"{path} names nobody.")
    return names


def _url(text: str) -> str:
    """Return the database URL, or read it from a file: a password in the arguments would be visible
    to all accounts of the machine."""
    if not text.startswith("file:"):
        return text
    path = Path(text.removeprefix("file:"))
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read.") from error
