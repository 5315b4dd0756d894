"""Messages of the commands to the user on stderr: progress and refusals."""

from __future__ import annotations

import sys


class Refused(Exception):
    """The command cannot continue. The text says why and what to do; no traceback is shown."""


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
