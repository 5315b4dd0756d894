"""Whether the server tells of a new message by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Final

from django.utils.translation import gettext

from accounts.health.findings import Finding, ok, warn
from mail.errors import ServerRefused
from mail.imap import search, watch
from webmail.doctor.live.mailbox import LiveMailbox
from webmail.doctor.live.messages import PLAIN

_SECONDS: Final = 10.0


def findings(live: LiveMailbox) -> Iterator[Finding]:
    """Watch the mailbox as the webmail does, put a message into it, and yield how long the news
    took. The message goes into the inbox, from which it is removed at once, where the server tells
    of nothing else.
    """
    if not live.imap().has("IDLE"):
        return  # told among the extensions
    try:
        seconds = asyncio.run(_news(live))
    except ServerRefused as error:
        yield warn(
            gettext("The server does not let the mailbox be watched."),
            error.server_words or gettext("New mail is seen only when a page asks for it."),
        )
        return
    if seconds is None:
        yield warn(
            gettext("The server told of no new mail within %(s)d s.") % {"s": _SECONDS},
            gettext("Cyrus: the daemon idled. Courier: IMAP_ENHANCEDIDLE. Dovecot: inotify."),
        )
    else:
        yield ok(gettext("New mail is told within %(s).1f s.") % {"s": seconds})


async def _news(live: LiveMailbox) -> float | None:
    """Return the seconds until the news came; None when none came."""
    watched = await watch.open(live.server, live.box.login, live.box.password)
    try:
        place = live.folder() if watched.everywhere else "INBOX"
        known = _uids(live, place)
        listening = asyncio.create_task(_told(watched, place))
        await asyncio.sleep(0.5)  # the server must have begun to listen
        began = time.monotonic()
        live.imap().append(place, PLAIN)
        try:
            return await asyncio.wait_for(listening, _SECONDS) - began
        except TimeoutError:
            return None
        finally:
            live.remove(place, sorted(_uids(live, place, PLAIN_ID) - known))
    finally:
        watched.close()
        await asyncio.sleep(0)  # the loop, which ends here, closes the socket in its next turn


PLAIN_ID: Final = "check@example.invalid"


async def _told(watched: watch.Watch, place: str) -> float:
    """Wait for news of a folder. Return when they came."""
    while True:
        news = await watched.news()
        if any(state.folder == place for state in news.folders):
            return time.monotonic()


def _uids(live: LiveMailbox, folder: str, message_id: str = PLAIN_ID) -> set[int]:
    live.imap().select(folder)
    return set(search.matching(live.imap(), [b"HEADER", b"Message-ID", message_id]))
