"""What is tried on each server, through the pages. A check returns None where all of it works, and
where the server's protocol leaves it out, the words for the table.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.matrix.places import Place

Check = Callable[[Place], str | None]

CHECKS: dict[str, Check] = {}
"""By the words of their row in docs/servers.md, in the table's order."""


def check(words: str) -> Callable[[Check], Check]:
    def add(made: Check) -> Check:
        assert words not in CHECKS, words
        CHECKS[words] = made
        return made

    return add


def not_offered(what: str) -> str:
    return f"not offered: {what}"


# Each module adds its own.
from tests.matrix.checks import (  # noqa: E402, I001
    lists,  # noqa: F401
    reading,  # noqa: F401
    filing,  # noqa: F401
    marking,  # noqa: F401
    arranging,  # noqa: F401
    finding,  # noqa: F401
    writing,  # noqa: F401
    rules,  # noqa: F401
    sharing,  # noqa: F401
    connecting,  # noqa: F401
    carrying,  # noqa: F401
)
