"""The messages that the pages of a session watch until they have left.

The session stores their state, sealed, so that loading a page needs no database query for them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from binascii import Error as NotBase64
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest

from accounts.http import SignedInRequest
from accounts.models import User
from mail.errors import Unreadable
from webmail.models import OutboxMessage
from webmail.outbox import values
from webmail.writing import sealing

KEY, MOST = "outbox_not_left", 20
MOVING, RETRIED, BY_HAND, PASSWORD, LEFT = "moving", "retried", "by hand", "password", "left"
_STATE, _STAGE = OutboxMessage.State, OutboxMessage.Stage
_WAITING = (_STATE.HELD, _STATE.SENDING, _STATE.PASSWORD)
_HERE = (_STAGE.READY, _STAGE.HANDING)


@dataclass(frozen=True)
class Awaited:
    """One message, or the messages made of one draft. ``pk`` is that of the first; ``state`` is one
    of the five above; ``due`` is the time of the next try in ISO 8601, else ""; ``waiting`` of
    ``count`` messages have not left.
    """

    pk: str
    subject: str
    state: str
    due: str = ""
    waiting: int = 1
    count: int = 1

    @property
    def next_try(self) -> datetime:
        return datetime.fromisoformat(self.due)


def known(request: HttpRequest) -> tuple[Awaited, ...]:
    """Return the entries of the session, oldest first."""
    user, entries = request.user, []
    if not isinstance(user, User):
        return ()
    for pk, sealed in request.session.get(KEY, []):
        try:
            opened = sealing.opened(uuid.UUID(pk), user.pk, base64.b64decode(sealed))
            entries.append(Awaited(pk=pk, **json.loads(opened)))
        except (Unreadable, ValueError, TypeError, NotBase64):
            continue  # sealed with another key, or of an older version
    return tuple(entries)


def add(request: SignedInRequest, rows: Sequence[OutboxMessage]) -> None:
    """Watch messages made of one draft, except those scheduled for later."""
    pk = str(rows[0].pk)
    others = [entry for entry in known(request) if entry.pk != pk]
    if not any(is_waiting(row) for row in rows):
        return keep(request, others)
    return keep(request, [*others, standing(pk, rows)])


def forget(request: SignedInRequest, rows: Iterable[OutboxMessage]) -> None:
    """Stop watching these messages, since the user has taken them back."""
    gone = {str(row.pk) for row in rows}
    keep(request, [entry for entry in known(request) if entry.pk not in gone])


def keep(request: SignedInRequest, awaited: Sequence[Awaited]) -> None:
    """Store ``awaited`` in the session, unless it has the same value already."""
    newest = tuple(awaited[-MOST:])
    if newest == known(request):
        return
    sealed_entries = []
    for entry in newest:
        fields = asdict(entry)
        pk = fields.pop("pk")
        sealed = sealing.seal(uuid.UUID(pk), request.user.pk, json.dumps(fields).encode())
        sealed_entries.append([pk, base64.b64encode(sealed).decode()])
    request.session[KEY] = sealed_entries


def rows_of(
    request: SignedInRequest, awaited: Sequence[Awaited]
) -> list[tuple[Awaited, list[OutboxMessage]]]:
    """Return the entries, each with its messages as they stand now; without messages if they were
    undone.
    """
    mine = OutboxMessage.objects.of(request.user).addressed().exclude(state=_STATE.CANCELLED)
    first = {str(row.pk): row for row in mine.filter(pk__in=[entry.pk for entry in awaited])}
    batches: dict[uuid.UUID, list[OutboxMessage]] = {}
    if named := [row.batch for row in first.values() if row.batch]:
        for row in mine.filter(batch__in=named).order_by("number"):
            batches.setdefault(row.batch, []).append(row)  # type: ignore[arg-type]  # it has one
    pairs: list[tuple[Awaited, list[OutboxMessage]]] = []
    for entry in awaited:
        known_row = first.get(entry.pk)
        if known_row is None:
            pairs.append((entry, []))
        else:
            pairs.append((entry, batches[known_row.batch] if known_row.batch else [known_row]))
    return pairs


def is_waiting(row: OutboxMessage) -> bool:
    """Return whether a message is due and has not left. A scheduled message is not late; a failed
    or doubtful one waits for its user.
    """
    return row.state in _WAITING and row.stage in _HERE


def standing(pk: str, rows: Sequence[OutboxMessage]) -> Awaited:
    """Return the state of the messages of one draft: one that is being sent takes precedence over
    waiting ones.
    """
    waiting = sorted(filter(is_waiting, rows), key=lambda row: (_state(row) != MOVING, row.due))
    state = _state(waiting[0]) if waiting else LEFT
    return Awaited(
        pk=pk,
        subject=_subject(rows[0]),
        state=state,
        due=waiting[0].due.isoformat() if state == RETRIED else "",
        waiting=len(waiting),
        count=len(rows),
    )


def digest(awaited: Iterable[Awaited]) -> str:
    """Return a digest of the states that a page has shown already, for its address."""
    facts = [(entry.pk, entry.state, entry.due, entry.waiting) for entry in awaited]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:12] if facts else ""


def _state(row: OutboxMessage) -> str:
    if row.state == _STATE.PASSWORD:
        return PASSWORD
    if row.state == _STATE.SENDING or not row.failure:
        return MOVING
    # without beat, nothing is retried
    return BY_HAND if settings.CELERY_TASK_ALWAYS_EAGER else RETRIED


def _subject(row: OutboxMessage) -> str:
    try:
        return values.opened(row).subject
    except Unreadable:
        return ""
