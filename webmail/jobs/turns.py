"""Moves out of one folder, one after another.

A server may copy a message for each of two sessions that move it at the same moment: Dovecot does,
by MOVE as by COPY. Two windows or an impatient double key would leave copies.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from django.core.cache import cache

from accounts.models import User
from mail.errors import ServerBusy
from mail.imap.connection import Connection, canonical
from mail.mailbox.actions import MOVE, MailStep

LONGEST = 60
"""Seconds after which a turn is over, because the process that had it has died."""
PATIENCE = 15.0
"""Seconds until a page gives up waiting for another window of its user."""
_PAUSE = 0.02


def turns(user: User, imap: Connection) -> Callable[[MailStep], AbstractContextManager[None]]:
    """Return the turns of a user's steps, as `mail.mailbox.bulk.run` takes them."""
    return lambda step: leaving(user, imap, step.folder) if step.verb == MOVE else nullcontext()


@contextmanager
def leaving(user: User, imap: Connection, folder: str) -> Iterator[None]:
    """Make the turn of a move out of this folder. Without Redis every move has its turn at once.
    Raises ServerBusy."""
    key, own = f"moving:{user.pk}:{canonical(folder)}", secrets.token_hex(8)
    _wait(imap, key, own)
    try:
        yield
    finally:
        if cache.get(key) == own:
            cache.delete(key)


def _wait(imap: Connection, key: str, own: str) -> None:
    """Wait for the turn. Raises ServerBusy."""
    if cache.add(key, own, LONGEST):
        return
    deadline = time.monotonic() + PATIENCE
    while not cache.add(key, own, LONGEST):
        if time.monotonic() > deadline:
            raise ServerBusy("Another window moves messages of this folder.")
        time.sleep(_PAUSE)
    # The server tells now which messages are gone: Dovecot would copy them still.
    imap.command("NOOP")
