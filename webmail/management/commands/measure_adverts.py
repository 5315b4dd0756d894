"""``bin/manage measure_adverts FOLDER...``: measure the judgement on folders of messages."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from mail.judgement import languages, measuring, message
from mail.judgement.known import Rules
from mail.judgement.measuring import Measured, Tally

_MOST_SIGNS = 12


class Command(BaseCommand):
    help = (
        "Judge the .eml files of each folder, and of the folders in it, and print how many were set"
        " aside or marked, by set and by language, with 95 % intervals, the time of a verdict and"
        " the signs that decided most often. A set bears the name of its folder. Needs neither"
        " network nor database, and ignores what users have taught. A file that cannot be read is"
        " named on standard error, and the command then ends with status 1."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folders", nargs="+", metavar="FOLDER")
        parser.add_argument(
            "--no-server",
            action="store_true",
            help="ignore the results that receiving servers wrote into the messages",
        )
        parser.add_argument(
            "--languages",
            default="",
            metavar="fr,en",
            help="judge as mail of a reader to whom known people write in these languages alone",
        )

    def handle(self, *args: object, **options: object) -> None:
        named = options["folders"]
        folders = [Path(str(name)) for name in named] if isinstance(named, list) else []
        self.rules = measuring.NO_SERVER if options["no_server"] else Rules()
        self.usual = frozenset(filter(None, str(options["languages"]).split(",")))
        if unknown := sorted(self.usual - languages.NAMED):
            raise CommandError(f"{unknown[0]}: not one of {', '.join(sorted(languages.NAMED))}")
        self.is_all_read = True
        for folder in folders:
            if not folder.is_dir():
                raise CommandError(f"{folder}: not a folder")
        for folder in folders:
            measured = list(self._measured(folder))
            self.stdout.write("\n".join(_lines(folder.resolve().name, measured)) + "\n")
        if not self.is_all_read:
            sys.exit(1)

    def _measured(self, folder: Path) -> Iterator[Measured]:
        for file in sorted(folder.rglob("*.eml")):
            try:
                with file.open("rb") as opened:
                    raw = opened.read(message.LARGEST)
            except OSError as error:
                self.stderr.write(f"{file}: {error.strerror}")
                self.is_all_read = False
            else:
                yield measuring.measure(raw, self.rules, time.process_time, self.usual)


def _lines(name: str, measured: Sequence[Measured]) -> Iterator[str]:
    yield f"{'set':<20}{'messages':>9}  {'set aside or marked':<30}as fraud"
    yield _row(name, measuring.tally(measured))
    for code, counted in measuring.by_language(measured).items():
        yield _row(f"  {code}", counted)
    yield f"median of a verdict: {measuring.median_ms(measured):.1f} ms"
    for moved, title in ((True, "set aside or marked for"), (False, "left for")):
        signs = measuring.telling(measured, moved=moved)[:_MOST_SIGNS]
        yield f"{title}: " + (", ".join(f"{code} {count}" for code, count in signs) or "nothing")


def _row(name: str, counted: Tally) -> str:
    moved = _share(counted.moved, counted.messages)
    frauds = _share(counted.frauds, counted.messages)
    return f"{name:<20}{counted.messages:>9}  {moved:<30}{frauds}"


def _share(part: int, total: int) -> str:
    low, high = measuring.interval(part, total)
    share = part / total if total else 0.0
    return f"{part} = {share:.1%} ({low:.1%} to {high:.1%})"
