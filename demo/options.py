"""The options of `bin/demo`. This module uses the standard library alone."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

_DESCRIPTION = """\
Start the webmail with a demo academy: its people, their mail, and its own servers
(IMAP, SMTP, job queue), all on this machine alone. Stop it with Ctrl-C. Its data are kept
in var/demo.

Each of these variables names a real server to use instead:
  WEBMAIL_IMAP_URL  imaps://mail.example:993    (its mailboxes stay unchanged)
  WEBMAIL_SMTP_URL  smtp://mail.example:587
  DATABASE_URL      postgresql://user:password@host/name
  REDIS_URL         redis://host:6379/0
"""


@dataclass(frozen=True)
class Options:
    port: int
    json: bool
    reset: bool
    office: bool = False


def read(arguments: Sequence[str]) -> Options:
    """Return the options. Ends the process with a message for an unknown argument (status 2) or for
    help (status 0)."""
    parser = argparse.ArgumentParser(
        prog="bin/demo",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=8000,
        metavar="N",
        help="port of the web server (default: 8000)",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print one line of JSON on stdout when everything is ready",
    )
    parser.add_argument(
        "--reset", action="store_true", help="delete everything done in the demo and start over"
    )
    parser.add_argument(
        "--office",
        action="store_true",
        help="install LibreOffice first (900 MB), for previews of .doc, .ppt, .rtf and so on",
    )
    parsed = parser.parse_args(arguments)
    return Options(port=parsed.port, json=parsed.json, reset=parsed.reset, office=parsed.office)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a number from 1 to 65535")
    return int(text)
