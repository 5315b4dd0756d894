"""``bin/manage check_mail_server``: try on the real mail server what the webmail will ask of it."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation
from django.utils.translation import gettext

from webmail import probing
from webmail.doctor import live, printing
from webmail.doctor.live.connections import MOST

_STOPPED = 130
_LONGEST_PASSWORD = 4096


class Command(BaseCommand):
    help = (
        "Sign in to a mailbox and try what the webmail asks of its server, in a folder of its own"
        " that is removed at the end. Print what works, what will be slower or missing, and the"
        " server's setting to change. The password is asked for. The exit status is 1 if something"
        " is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--login", required=True, help="A login or an address, as users type.")
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="Read the password from the standard input, to the end of its line.",
        )
        parser.add_argument("--address", default="", help="The mailbox's address, if it differs.")
        parser.add_argument(
            "--probe",
            action="store_true",
            help="Also send messages to the mailbox, one of them through a rule.",
        )
        parser.add_argument(
            "--connections",
            type=int,
            default=MOST,
            help=f"How many connections to open at once, at most 100; {MOST} without.",
        )
        parser.add_argument(
            "--language", choices=("en", "fr"), help="The language of the findings."
        )
        parser.add_argument("--json", action="store_true", help="Print the findings as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        language = options["language"] or translation.get_language() or "en"
        with translation.override(language), _stoppable():
            box = probing.mailbox_of(options["login"], _password(options), options["address"])
            if box is None:
                raise CommandError(gettext("No mail domain has this login."))
            most = min(max(options["connections"], 1), 100)
            try:
                is_well = self._examine(box, live.LiveOptions(options["probe"], most), options)
            except KeyboardInterrupt:
                self.stderr.write(gettext("Stopped. The folder of the check is removed."))
                raise SystemExit(_STOPPED) from None
        if not is_well:
            raise SystemExit(1)

    def _examine(
        self, box: probing.ProbeMailbox, wanted: live.LiveOptions, options: dict[str, Any]
    ) -> bool:
        levels: set[str] = set()
        values = {}
        with closing(live.examine(box, wanted)) as parts:
            for part, findings in parts:
                levels |= {finding.level for finding in findings}
                values[part.name] = printing.as_values(findings)
                if findings and not options["json"]:
                    printing.write(self, part.title, findings)
        if options["json"]:
            self.stdout.write(json.dumps(values, ensure_ascii=False, indent=2))
        return "bad" not in levels


def _password(options: dict[str, Any]) -> str:
    """Return the password, which no other process sees and no shell remembers."""
    if options["password_stdin"]:
        return sys.stdin.readline(_LONGEST_PASSWORD).rstrip("\r\n")
    password = gettext("Password")
    return getpass(f"{password}: ")


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let an end by SIGTERM remove the folder, as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
