"""How many connections the server gives to one user, and to one address."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from django.conf import settings
from django.utils.translation import gettext

from accounts.health.findings import Finding, ok, warn
from mail.errors import BadServerAnswer, ServerUnavailable, SignInNeeded
from mail.imap.connection import Connection
from webmail.doctor.live import known
from webmail.doctor.live.mailbox import LiveMailbox

_BREATH: Final = 1.0
MOST: Final = 25
"""The connections that are opened at once; Debian's Courier allows 20 from one address."""


def findings(live: LiveMailbox, most: int = MOST) -> Iterator[Finding]:
    """Open connections as one user until the server gives no more, and close them at once."""
    name = known.program(live.imap())
    opened: list[Connection] = []
    words = ""
    try:
        while len(opened) < most - 1:  # one is open already
            opened.append(_patiently(live))
    except (BadServerAnswer, ServerUnavailable, SignInNeeded) as error:
        words = error.server_words
    finally:
        for connection in opened:
            connection.close()
    yield _finding(len(opened) + 1, most, name, words)


def _patiently(live: LiveMailbox) -> Connection:
    """Return a new connection. A refusal is believed when it is repeated: a server takes a moment
    to notice that others have ended.
    """
    try:
        return live.opened()
    except (ServerUnavailable, SignInNeeded):
        time.sleep(_BREATH)
    return live.opened()


def _finding(count: int, most: int, name: str, words: str) -> Finding:
    if count >= most:
        return ok(
            gettext("It gives one user %(count)d connections at once, or more.") % {"count": count}
        )
    text = gettext("It gives one user %(count)d connections at once, and no more.") % {
        "count": count
    }
    wanted = gettext(
        "One user needs up to %(each)d for each web process, and one for each open page; all users"
        " come from one address. Settings: %(setting)s. %(words)s"
    ) % {
        "each": settings.IMAP_CONNECTIONS,
        "setting": known.setting(known.CONNECTIONS, name),
        "words": words,
    }
    return warn(text, wanted.strip())
