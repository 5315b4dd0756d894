"""Messages in a database restored from a backup: they may have left since the backup was made."""

from __future__ import annotations

from django.db.models import Q

from accounts.claims import new_runner
from accounts.http import SignedInRequest
from core import clock
from mail.imap.connection import Connection
from mail.mailbox import actions
from webmail.models import OutboxMessage
from webmail.outbox import delivery

_STATE, _STAGE = OutboxMessage.State, OutboxMessage.Stage


def hold_restored() -> int:
    """Mark messages that may have left after the backup as doubtful; return how many. No worker may
    run meanwhile. Messages scheduled for later have not left, and stay.
    """
    now = clock.now()
    may_have_left = Q(state__in=(_STATE.HELD, _STATE.SENDING, _STATE.PASSWORD))
    may_have_left |= Q(state=_STATE.SCHEDULED, due__lte=now)
    rows = OutboxMessage.objects.filter(may_have_left, stage__in=(_STAGE.READY, _STAGE.HANDING))
    return rows.update(
        state=_STATE.DOUBT,
        stage=_STAGE.HANDING,
        failure=OutboxMessage.RESTORED,
        runner="",
        changed=now,
    )


def look(request: SignedInRequest, imap: Connection, most: int) -> None:
    """Search the user's folder for sent mail for messages that may have left. Those found there
    were sent; the user decides about the rest.
    """
    rows = OutboxMessage.objects.of(request.user).filter(
        state=_STATE.DOUBT, failure=OutboxMessage.RESTORED
    )
    for row in rows.select_related("draft", "credential", "user")[:most]:
        if not actions.is_filed_sent(imap, row.message_id, row.sender):
            row.leave([_STATE.DOUBT], _STATE.DOUBT, failure=OutboxMessage.RESTORED_UNFILED)
            continue
        columns = {"runner": new_runner(), "stage": _STAGE.FILED, "failure": ""}
        if row.leave([_STATE.DOUBT], _STATE.SENDING, **columns):
            delivery.finish_for(imap, row)
