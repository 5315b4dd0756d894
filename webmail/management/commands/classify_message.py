"""``bin/manage classify_message FILE...``: classify messages and print the reasons."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand

from mail.judgement import codes, message, verdict
from mail.judgement.known import KnownCorrespondents
from mail.judgement.verdict import Verdict
from webmail.presentation.adverts import REASONS


class Command(BaseCommand):
    help = (
        "Print for each message whether it is wanted, an advert, junk or a fraud, and why: one line"
        " for each file, with --json one JSON object. Needs neither database nor Redis, and ignores"
        " what users have taught. A file that cannot be read is named on standard error, and the"
        " command then ends with status 1."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument(
            "--known",
            nargs="+",
            action="extend",
            default=[],
            metavar="ADDRESS",
            help="addresses of people one knows, or whole domains",
        )
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: object, **options: object) -> None:
        correspondents = _known(list(map(str, _listed(options["known"]))))
        is_all_read = True
        for name in map(str, _listed(options["files"])):
            try:
                with Path(name).open("rb") as file:
                    raw = file.read(message.LARGEST)
            except (OSError, ValueError) as error:  # a ValueError means a name with a null byte
                reason = error.strerror if isinstance(error, OSError) else str(error)
                self.stderr.write(f"{name}: {reason}")
                is_all_read = False
            else:
                scanned = codes.scan(codes.pictures(raw))
                judged = verdict.judge(raw, correspondents, scanned=scanned)
                self._tell(name, judged, as_json=bool(options["json"]))
        if not is_all_read:
            sys.exit(1)

    def _tell(self, name: str, judged: Verdict, *, as_json: bool) -> None:
        codes = [*judged.reasons, *judged.fraud]
        if as_json:
            reasons = [{"code": code, "text": str(REASONS[code])} for code in codes]
            line = {"file": name, "verdict": judged.kind, "score": judged.score, "reasons": reasons}
            self.stdout.write(json.dumps(line))
        else:
            words = " ".join(str(REASONS[code]) for code in codes)
            self.stdout.write(f"{name}: {judged.kind} ({judged.score:.2f}) {words}")


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _known(given: list[str]) -> KnownCorrespondents:
    lowered = [text.lower().strip("<> ") for text in given]
    return KnownCorrespondents(
        addresses=frozenset(text for text in lowered if not _is_domain(text)),
        domains=frozenset(text.lstrip("@") for text in lowered if _is_domain(text)),
    )


def _is_domain(text: str) -> bool:
    return "@" not in text[1:]
