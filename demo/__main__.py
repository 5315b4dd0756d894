"""`bin/demo`: make the environment with the system's Python, and continue in it."""

from __future__ import annotations

import os
import signal
import sys

from demo import claims, environment, options, packages
from demo.words import Refused, say

_LONG_START = """\
This start installs the pinned requirements into .venv (300 MB), makes the demo academy in
var/demo (30 MB), and installs Dovecot from the system's packages where that is missing and allowed.
It takes one to two minutes; the next starts take about ten seconds."""

_WITHOUT_OFFICE = """\
LibreOffice or bubblewrap is missing: .doc, .ppt, .rtf and the like have no preview, other office
files a simple one. `bin/demo --office` installs them."""


def _prepare_office(*, wanted: bool) -> None:
    office = (packages.LIBREOFFICE, packages.BUBBLEWRAP)
    missing = packages.ensure(office) if wanted else [x for x in office if not x.present()]
    if missing and wanted:
        say("They could not be installed here. An administrator does:")
        say(f"    {packages.command(missing)}")
    elif missing:
        say(_WITHOUT_OFFICE)


def main() -> int:
    chosen = options.read(sys.argv[1:])
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        # Do this before the long work, so that a taken port is reported at once.
        claims.claim_checkout(environment.ROOT / "var" / "demo.lock", chosen.port)
        claims.need_port(chosen.port)
        if not environment.is_made():
            say(_LONG_START)
        environment.prepare()
    except Refused as refused:
        say(str(refused))
        return 1
    except KeyboardInterrupt:
        return 1
    if "WEBMAIL_IMAP_URL" not in os.environ:
        packages.ensure([packages.DOVECOT])
    _prepare_office(wanted=chosen.office)
    # This process continues: it keeps the lock, and its starter can stop it by its pid.
    python = str(environment.PYTHON)
    os.execv(python, [python, "-m", "demo.launch", *sys.argv[1:]])  # noqa: S606


if __name__ == "__main__":
    sys.exit(main())
