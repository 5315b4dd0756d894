"""The single copy in Sent of a message to each, which lists its recipients.

The copy is a row of the batch without recipients (`OutboxMessage.is_copy`). It begins as handed
over, so that it only has to be filed, and is filed when no message of its batch is on its way any
more. A message that leaves later, because its user sent it again, has a copy of its own.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q

from core import clock
from mail.errors import Unreadable
from mail.mime import build
from mail.mime.addresses import Address
from webmail.models import OutboxMessage
from webmail.models.writing import OutboxMessageQuerySet
from webmail.outbox import values

_STATE, _STAGE = OutboxMessage.State, OutboxMessage.Stage
_PAUSE = timedelta(seconds=20)
_LONG_PAUSE = timedelta(minutes=10)
_MOVING = (_STATE.HELD, _STATE.SCHEDULED, _STATE.SENDING)
# States in which the copy is not filed yet: messages handed over now will still be listed in it.
_TO_COME = (_STATE.HELD, _STATE.SCHEDULED, _STATE.PASSWORD)
_GONE = Q(stage__in=(_STAGE.HANDED, _STAGE.FILED))


def copy_of(row: OutboxMessage) -> OutboxMessage | None:
    """Return the copy of a message's batch, unless the sending was undone."""
    if row.batch is None:
        return None
    rows = OutboxMessage.objects.filter(user_id=row.user_id, batch=row.batch, recipients=0)
    return rows.exclude(state=_STATE.CANCELLED).first()


def is_listed(row: OutboxMessage) -> bool:
    """Return whether a message that was handed over will be listed in the copy of its batch, and
    needs no copy of its own. Its stage is stored before this is called, and the copy is claimed
    before it searches for messages that were handed over.
    """
    copy = copy_of(row)
    return copy is not None and not row.is_copy and copy.state in _TO_COME


def pause(row: OutboxMessage) -> timedelta | None:
    """Return how long a copy must still wait, or None when it is time to file it."""
    messages = _messages(row)
    if messages.filter(state__in=_MOVING).exists():
        return _PAUSE
    if messages.filter(_GONE).exists():
        return None
    return _LONG_PAUSE


def is_void(row: OutboxMessage) -> bool:
    """Return whether no recipient got or will get the message, because all of it was given up or
    undone.
    """
    messages = _messages(row)
    return not messages.filter(_GONE).exists() and not messages.unfinished().exists()


def message(row: OutboxMessage) -> bytes:
    """Return the copy, with the recipients who got the message in its Bcc field. Raises
    Unreadable.
    """
    people = []
    for sent in _messages(row).filter(_GONE).order_by("number"):
        try:
            people += [Address(*person) for person in values.opened(sent).people]
        except Unreadable:
            continue
    field = build.folded("Bcc", build.written(people)) + b"\r\n" if people else b""
    return field + values.without_bcc(values.message(row))


def put_back(wait: timedelta) -> dict[str, object]:
    """Return the columns of a copy that waits: waiting is not a failed attempt."""
    return {"due": clock.now() + wait, "told": None, "attempts": 0, "failure": ""}


def _messages(row: OutboxMessage) -> OutboxMessageQuerySet:
    rows = OutboxMessage.objects.filter(user_id=row.user_id, batch=row.batch).addressed()
    return rows.exclude(state=_STATE.CANCELLED)
