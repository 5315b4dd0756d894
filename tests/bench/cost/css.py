"""Style sheets and style attributes."""

from tests.bench.cost.attacks import mailed
from tests.bench.cost.letters import html

WORDS = "<p class=a>Bonjour</p>"


@mailed
def harmless() -> bytes:
    """A short message, to compare the others with."""
    return html(WORDS, "p { color: red }")


@mailed
def blanks() -> bytes:
    """A sheet with 40,000 blanks."""
    return html(WORDS, "a" + " " * 40_000 + "b{}")
