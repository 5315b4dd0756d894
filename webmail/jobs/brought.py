"""The messages that a user has just moved or copied into the inbox, which are no new mail.

A message that was delivered minutes ago keeps its date when it is moved, so no value of it tells
an arrival from a move that is undone. The new UIDs, which the server tells who moves it, do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.core.cache import cache

from accounts.models import User
from mail.imap.connection import canonical
from mail.imap.watch import INBOX, MOST_ARRIVED, RECENT, ArrivedMessage
from mail.mailbox.actions import DELETE, MOVE, MailStep

# An older message is no news anyway. Twice as long, since a browser asks once a minute.
_SECONDS = 2 * RECENT.total_seconds()


def note(user: User, undo: Iterable[MailStep]) -> None:
    """Note the messages that an action brought into the inbox, as told by the steps that undo it;
    of many the newest, since news name no more. One command to the cache, none for other folders.
    """
    for step in undo:
        if canonical(step.folder) == INBOX and step.verb in (MOVE, DELETE):
            uids = sorted(step.uids)[-MOST_ARRIVED:]
            keys = {_key(user, step.uidvalidity, uid): True for uid in uids}
            cache.set_many(keys, _SECONDS)


def marked(
    user: User, uidvalidity: int, arrived: Sequence[ArrivedMessage]
) -> tuple[ArrivedMessage, ...]:
    """Return the arrivals of the inbox; those that the user brought there are marked as back."""
    keys = {message.uid: _key(user, uidvalidity, message.uid) for message in arrived}
    noted = cache.get_many(keys.values()) if keys else {}
    return tuple(
        replace(message, is_back=True) if keys[message.uid] in noted else message
        for message in arrived
    )


def _key(user: User, uidvalidity: int, uid: int) -> str:
    return f"brought:{user.pk}:{uidvalidity}:{uid}"
