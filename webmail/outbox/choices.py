"""The user's decisions about a message in the outbox."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from django.db import transaction

from accounts import lending
from accounts.claims import new_runner
from accounts.http import SignedInRequest
from accounts.models import LentCredential, User
from core import clock
from mail.errors import AlreadyLeft, DraftChanged, NotFound, RecipientsRefused, Unreadable
from mail.imap.connection import Connection
from webmail.models import Draft, OutboxMessage
from webmail.outbox import batch_copy, counting, delivery, relay, restored, retrying, values

_STATE, _STAGE = OutboxMessage.State, OutboxMessage.Stage
_BEFORE_LEAVING = (_STATE.HELD, _STATE.SCHEDULED, _STATE.PASSWORD, _STATE.FAILED)
_GONE = (_STAGE.HANDED, _STAGE.FILED)
_MOST_SETTLED = 20  # for one page


def find(user: User, pk: uuid.UUID) -> OutboxMessage:
    """Return the user's message. Raises NotFound, also for another user's message."""
    rows = OutboxMessage.objects.of(user).select_related("draft", "credential")
    row = rows.filter(pk=pk).exclude(state=_STATE.CANCELLED).first()
    if row is None:
        raise NotFound
    return row


def together(row: OutboxMessage) -> list[OutboxMessage]:
    """Return the messages made of the same draft in order, without the copy of a batch."""
    if row.batch is None:
        return [row]
    rows = OutboxMessage.objects.filter(user_id=row.user_id, batch=row.batch).addressed()
    return list(rows.exclude(state=_STATE.CANCELLED).order_by("number"))


def undo_sending(user: User, pk: uuid.UUID) -> Draft | None:
    """Stop the messages that have not left yet. Return the draft, to be edited again; None when
    some of its messages have left and only the rest was stopped.

    Raises NotFound, and AlreadyLeft when no message could be stopped.
    """
    row = find(user, pk)
    if not _cancel(together(row)):
        raise AlreadyLeft
    copy = batch_copy.copy_of(row)
    if copy and batch_copy.is_void(copy):
        _cancel([copy], stage=_STAGE.HANDED)
    counting.renew(user.pk)
    draft = row.draft
    if draft is None or OutboxMessage.objects.filter(draft=draft).unfinished().exists():
        return None
    if row.batch and OutboxMessage.objects.filter(batch=row.batch, state=_STATE.SENT).exists():
        return None
    Draft.objects.filter(pk=draft.pk).update(state=Draft.State.WRITING, is_closed=False)
    draft.refresh_from_db()
    return draft


def again(request: SignedInRequest, pk: uuid.UUID, *, is_sure: bool = False) -> OutboxMessage:
    """Send a message now: before its time, after it failed, or with the password of the session. A
    message that may have been sent is sent again only if the user ``is_sure``.

    Raises NotFound, AlreadyLeft, and DraftChanged when the draft was changed since: it must then be
    sent from the composer.
    """
    row = find(request.user, pk)
    before = (*_BEFORE_LEAVING, _STATE.DOUBT) if is_sure else _BEFORE_LEAVING
    stage = _STAGE.READY if row.state == _STATE.DOUBT else row.stage
    if row.state not in before:
        raise AlreadyLeft
    with transaction.atomic():
        if row.state == _STATE.FAILED and row.batch is None:
            _take_draft(row)
        _go_on(request, row, before, stage=stage)
    counting.renew(request.user.pk)
    return row


def dismiss(request: SignedInRequest, pk: uuid.UUID) -> None:
    """Accept the outcome: a failed message leaves the list, and its draft stays; a doubtful one
    counts as sent and is filed. Raises NotFound and AlreadyLeft.
    """
    row = find(request.user, pk)
    if row.state == _STATE.DOUBT:
        _go_on(request, row, (_STATE.DOUBT,), stage=_STAGE.HANDED)
    elif row.state != _STATE.FAILED or not _cancel([row]):
        raise AlreadyLeft
    counting.renew(request.user.pk)


def reschedule(user: User, pk: uuid.UUID, due: datetime) -> OutboxMessage:
    """Change the time of a scheduled message, and lend its password as long. Raises NotFound and
    AlreadyLeft.
    """
    row = find(user, pk)
    with transaction.atomic():
        if not row.leave([_STATE.SCHEDULED], _STATE.SCHEDULED, due=due, told=None):
            raise AlreadyLeft
        lent = LentCredential.objects.filter(pk__in=filter(None, [row.credential_id]))
        lent.filter(until__lt=due + retrying.longest()).update(until=due + retrying.longest())
    return row


def settle(request: SignedInRequest, imap: Connection) -> None:
    """File copies of sent messages that could not be filed without the user, over the user's
    connection; find messages that may have left before a restore. Costs nothing if there are none.
    """
    if not counting.has_copies_to_file(request.user.pk):
        return
    waiting = OutboxMessage.objects.of(request.user).filter(state=_STATE.PASSWORD, stage__in=_GONE)
    for row in waiting.select_related("draft", "credential", "user")[:_MOST_SETTLED]:
        if row.is_copy and batch_copy.pause(row) is not None:
            continue
        if not row.leave([_STATE.PASSWORD], _STATE.SENDING, runner=new_runner()):
            continue
        delivery.finish_for(imap, row)
    restored.look(request, imap, _MOST_SETTLED)
    counting.renew(request.user.pk)


def _cancel(rows: Sequence[OutboxMessage], *, stage: str = _STAGE.READY) -> bool:
    """Take messages back. Return False when all are on their way or were sent. A thousand messages
    to each need as many statements as one."""
    all_of_them = OutboxMessage.objects.filter(pk__in=[row.pk for row in rows])
    numbers = {row.credential_id for row in rows if row.credential_id}
    lent = LentCredential.objects.filter(pk__in=numbers)
    changed = {"changed": clock.now(), "credential": None, "sealed": b"", "spool": ""}
    with transaction.atomic():
        own = all_of_them.filter(state__in=_BEFORE_LEAVING, stage=stage)
        if not own.update(state=_STATE.CANCELLED, **changed):
            return False
        for credential in lent:
            delivery.give_back(credential)
    taken = set(all_of_them.filter(state=_STATE.CANCELLED).values_list("pk", flat=True))
    files = {row.spool: row for row in rows if row.pk in taken}
    for spool, row in files.items():
        values.release(row, spool)
    return True


def _take_draft(row: OutboxMessage) -> None:
    """Mark the draft of a failed message as accepted, so that no window can change it."""
    if row.draft is None:
        return
    own = Draft.objects.filter(pk=row.draft.pk, state=Draft.State.WRITING)
    if not own.filter(changed__lte=row.changed).update(state=Draft.State.ACCEPTED):
        raise DraftChanged


def _go_on(
    request: SignedInRequest, row: OutboxMessage, before: tuple[str, ...], *, stage: str
) -> None:
    lent = None if relay.server() is not None else _lent(request, row)
    now = clock.now()
    columns = {"stage": stage, "due": now, "told": None, "attempts": 0, "failure": ""}
    after = _STATE.HELD
    if row.failure == RecipientsRefused.__name__:
        with suppress(Unreadable):
            columns["sealed"] = values.refused_by(row, {})
    if row.state == _STATE.PASSWORD and row.due > now:  # a scheduled message is scheduled again
        after, columns["due"] = _STATE.SCHEDULED, row.due
    if not row.leave(before, after, credential=lent, **columns):
        lending.give_back(lent if lent != row.credential else None)
        raise AlreadyLeft


def _lent(request: SignedInRequest, row: OutboxMessage) -> LentCredential:
    """Return the message's lent password, or lend one."""
    has_one = row.state in (_STATE.HELD, _STATE.SCHEDULED) and row.credential is not None
    return row.credential if has_one else _lend(request, row)  # type: ignore[return-value]  # see has_one


def _lend(request: SignedInRequest, row: OutboxMessage) -> LentCredential:
    return lending.lend(request, until=max(clock.now(), row.due) + retrying.longest())
