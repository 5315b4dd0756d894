"""What is tried in each browser. A walk returns None where all of it works, and where it cannot be
tried because of the browser's driver, the words for the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from accounts.models import MailDomain
from demo.servers.dovecot import MailAccount
from tests.browser.engines.driving import Hand
from tests.servers.mailboxes import Mailbox

CHROMIUM, OLD_CHROMIUM = "Chromium of the day", "Chromium 102"
FIREFOX, WEBKIT = "Firefox ESR", "WebKitGTK"


@dataclass(frozen=True)
class Place:
    """Alice, whose mailbox is empty, before a browser in which nobody has signed in."""

    hand: Hand
    account: MailAccount
    mailbox: Mailbox
    domain: MailDomain
    settings: Any
    folder: Path


Walk = Callable[[Place], str | None]

WALKS: dict[str, Walk] = {}
"""By the words of their row in docs/browsers.md, in the table's order."""
DAILY: Final[dict[str, tuple[str, ...]]] = {}
"""By the same words: the browsers in which each run tries it. All others are marked ``whole``."""


def walk(words: str, *, daily: tuple[str, ...] = ()) -> Callable[[Walk], Walk]:
    def add(made: Walk) -> Walk:
        assert words not in WALKS, words
        WALKS[words], DAILY[words] = made, daily
        return made

    return add


# Each module adds its own.
from tests.browser.engines.walks import day, reading, writing, acting, looks  # noqa: E402, F401, I001
