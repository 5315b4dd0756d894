"""`bin/demo`: makes the environment with the system's Python, then goes on in it."""

from __future__ import annotations

import os
import sys

from demo import environment, options, packages
from demo.words import Refused, say


def main() -> int:
    options.read(sys.argv[1:])
    try:
        environment.prepare()
    except Refused as refused:
        say(str(refused))
        return 1
    if "WEBMAIL_IMAP_URL" not in os.environ:
        packages.ensure([packages.DOVECOT])
    # The same process goes on: whoever started it may stop it by the pid he knows.
    python = str(environment.PYTHON)
    os.execv(python, [python, "-m", "demo.launch", *sys.argv[1:]])  # noqa: S606


if __name__ == "__main__":
    sys.exit(main())
