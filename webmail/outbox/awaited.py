"""The messages whose end the pages of a session await, from sending on until they have left.

The session holds what a page says of them, sealed: a page that is loaded asks no database for it.
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
from webmail.errors import Unreadable
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
    """A message, or those that were made of one draft. ``pk`` is the first one's; ``state`` one of
    the five above; ``due`` the time of the next try in ISO 8601, else ""; ``waiting`` of ``count``
    messages have not left."""

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
    """What the session says, the oldest first."""
    user, found = request.user, []
    if not isinstance(user, User):
        return ()
    for pk, sealed in request.session.get(KEY, []):
        try:
            said = sealing.opened(uuid.UUID(pk), user.pk, base64.b64decode(sealed))
            found.append(Awaited(pk=pk, **json.loads(said)))
        except (Unreadable, ValueError, TypeError, NotBase64):
            continue  # of another key, or of an older version
    return tuple(found)


def add(request: SignedInRequest, rows: Sequence[OutboxMessage]) -> None:
    """Await messages that were made of one draft; not those that are to leave later."""
    pk = str(rows[0].pk)
    others = [one for one in known(request) if one.pk != pk]
    if not any(is_waiting(row) for row in rows):
        return keep(request, others)
    return keep(request, [*others, standing(pk, rows)])


def forget(request: SignedInRequest, rows: Iterable[OutboxMessage]) -> None:
    """Their user has taken them back."""
    gone = {str(row.pk) for row in rows}
    keep(request, [one for one in known(request) if one.pk not in gone])


def keep(request: SignedInRequest, awaited: Sequence[Awaited]) -> None:
    """Write down what is awaited, where anything of it is new."""
    newest = tuple(awaited[-MOST:])
    if newest == known(request):
        return
    kept = []
    for one in newest:
        said = asdict(one)
        pk = said.pop("pk")
        sealed = sealing.seal(uuid.UUID(pk), request.user.pk, json.dumps(said).encode())
        kept.append([pk, base64.b64encode(sealed).decode()])
    request.session[KEY] = kept


def rows_of(
    request: SignedInRequest, awaited: Sequence[Awaited]
) -> list[tuple[Awaited, list[OutboxMessage]]]:
    """Each with its messages as they stand now; none where they were taken back."""
    mine = OutboxMessage.objects.of(request.user).letters().exclude(state=_STATE.CANCELLED)
    first = {str(row.pk): row for row in mine.filter(pk__in=[one.pk for one in awaited])}
    batches: dict[uuid.UUID, list[OutboxMessage]] = {}
    if named := [row.batch for row in first.values() if row.batch]:
        for row in mine.filter(batch__in=named).order_by("number"):
            batches.setdefault(row.batch, []).append(row)  # type: ignore[arg-type]  # it has one
    found: list[tuple[Awaited, list[OutboxMessage]]] = []
    for one in awaited:
        known_row = first.get(one.pk)
        if known_row is None:
            found.append((one, []))
        else:
            found.append((one, batches[known_row.batch] if known_row.batch else [known_row]))
    return found


def is_waiting(row: OutboxMessage) -> bool:
    """Whether it is to leave and has not left. What is scheduled is not late, what failed or is in
    doubt waits for its user."""
    return row.state in _WAITING and row.stage in _HERE


def standing(pk: str, rows: Sequence[OutboxMessage]) -> Awaited:
    """How messages of one draft stand, the one that moves before those that wait."""
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
    """What a page has said already, without a word of it: it stands in an address."""
    said = [(one.pk, one.state, one.due, one.waiting) for one in awaited]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:12] if said else ""


def _state(row: OutboxMessage) -> str:
    if row.state == _STATE.PASSWORD:
        return PASSWORD
    if row.state == _STATE.SENDING or not row.failure:
        return MOVING
    return BY_HAND if settings.CELERY_TASK_ALWAYS_EAGER else RETRIED  # without beat nobody tries


def _subject(row: OutboxMessage) -> str:
    try:
        return values.opened(row).subject
    except Unreadable:
        return ""
