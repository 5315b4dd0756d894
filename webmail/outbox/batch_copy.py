"""The one copy in Sent of a message to each, which lists its recipients.

The copy is a row of the batch that goes to nobody (`OutboxMessage.is_copy`). It begins as handed
over, so that only filing is left of it, and it is filed when nothing of its batch is on its way any
more. A message that leaves after that, since its user sent it again, has a copy of its own.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q

from webmail import clock
from webmail.errors import Unreadable
from webmail.mime import build
from webmail.mime.addresses import Address
from webmail.models import OutboxMessage
from webmail.models.writing import OutboxMessageQuerySet
from webmail.outbox import values

_STATE, _STAGE = OutboxMessage.State, OutboxMessage.Stage
_PAUSE = timedelta(seconds=20)
_LONG_PAUSE = timedelta(minutes=10)
_MOVING = (_STATE.HELD, _STATE.SCHEDULED, _STATE.SENDING)
# The copy is not being filed, and was not: what was handed over is found when it is.
_TO_COME = (_STATE.HELD, _STATE.SCHEDULED, _STATE.PASSWORD)
_GONE = Q(stage__in=(_STAGE.HANDED, _STAGE.FILED))


def copy_of(row: OutboxMessage) -> OutboxMessage | None:
    """The copy of a message's batch, unless it was taken back."""
    if row.batch is None:
        return None
    rows = OutboxMessage.objects.filter(user_id=row.user_id, batch=row.batch, recipients=0)
    return rows.exclude(state=_STATE.CANCELLED).first()


def is_listed(row: OutboxMessage) -> bool:
    """Whether a message that was handed over will stand in the copy of its batch, and needs none of
    its own. Its stage is written down before this is asked, and the copy is claimed before it looks
    for those that were handed over."""
    copy = copy_of(row)
    return copy is not None and not row.is_copy and copy.state in _TO_COME


def pause(row: OutboxMessage) -> timedelta | None:
    """For how long a copy must wait still; None when it is time to file it."""
    messages = _messages(row)
    if messages.filter(state__in=_MOVING).exists():
        return _PAUSE
    if messages.filter(_GONE).exists():
        return None
    return _LONG_PAUSE


def is_void(row: OutboxMessage) -> bool:
    """Whether nobody got the message, nor will: all of it was given up or taken back."""
    messages = _messages(row)
    return not messages.filter(_GONE).exists() and not messages.unfinished().exists()


def message(row: OutboxMessage) -> bytes:
    """The copy, with those who got the message in its Bcc field. Raises Unreadable."""
    people = []
    for sent in _messages(row).filter(_GONE).order_by("number"):
        try:
            people += [Address(*person) for person in values.opened(sent).people]
        except Unreadable:
            continue
    field = build.folded("Bcc", build.written(people)) + b"\r\n" if people else b""
    return field + values.without_bcc(values.message(row))


def put_back(wait: timedelta) -> dict[str, object]:
    """The columns of a copy that waits: waiting is no attempt that failed."""
    return {"due": clock.now() + wait, "told": None, "attempts": 0, "failure": ""}


def _messages(row: OutboxMessage) -> OutboxMessageQuerySet:
    rows = OutboxMessage.objects.filter(user_id=row.user_id, batch=row.batch).addressed()
    return rows.exclude(state=_STATE.CANCELLED)
