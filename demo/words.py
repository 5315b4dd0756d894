"""The words of the commands to the person who typed them: progress and refusals, on stderr."""

from __future__ import annotations

import sys


class Refused(Exception):
    """The command cannot go on; the text says why and what to do. No traceback is shown."""


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
