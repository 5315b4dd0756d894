"""Messages of a database that was restored from a backup: they may have left since it was made."""

from __future__ import annotations

from django.db.models import Q

from accounts.claims import new_runner
from accounts.http import SignedInRequest
from webmail import clock
from webmail.imap.connection import Connection
from webmail.mailbox import actions
from webmail.models import OutboxMessage
from webmail.outbox import delivery

_STATE, _STAGE = OutboxMessage.State, OutboxMessage.Stage


def hold_restored() -> int:
    """Mark as perhaps sent what may have left after the backup; return how many. Nobody may run
    meanwhile. What is scheduled for later has not left, and stays."""
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
    """Look into the person's folder of sent mail for what may have left: what lies there was sent.
    About the rest the person decides."""
    rows = OutboxMessage.objects.of(request.user).filter(
        state=_STATE.DOUBT, failure=OutboxMessage.RESTORED
    )
    for row in rows.select_related("draft", "credential", "user")[:most]:
        if not actions.is_filed_sent(imap, row.message_id, row.sender):
            row.leave([_STATE.DOUBT], _STATE.DOUBT, failure=OutboxMessage.RESTORED_UNFILED)
            continue
        taken = {"runner": new_runner(), "stage": _STAGE.FILED, "failure": ""}
        if row.leave([_STATE.DOUBT], _STATE.SENDING, **taken):
            delivery.finish_for(imap, row)
