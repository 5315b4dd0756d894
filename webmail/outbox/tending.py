"""The periodic care of the outbox: recovers messages of dead workers, and deletes old rows."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.db.models import Exists, OuterRef

from core import clock
from webmail.models import Draft, OutboxMessage
from webmail.outbox import counting, delivery, values

_STATE = OutboxMessage.State
_MOST_FORGOTTEN = 1_000
# How often a message whose worker died is taken up again at once; then it waits, since it may be
# the message that kills workers.
_AT_ONCE = 3
# Seconds after which a file without a row is deleted: a row is written right after its file.
_ORPHAN_SECONDS = 60 * 60


def revive(row: OutboxMessage) -> None:
    """Put off the message of a dead worker. One that may have been handed over is doubtful."""
    if row.stage == OutboxMessage.Stage.HANDING:
        delivery.call_doubtful(row)
    else:
        delivery.put_off(row, "Broken", at_once=row.attempts < _AT_ONCE)
    counting.renew(row.user_id)


def tidy() -> None:
    """Delete expired rows, drafts whose messages have all left, and files that no row names."""
    now = clock.now()
    _ask_for_passwords()
    over = OutboxMessage.objects.filter(state__in=(_STATE.SENT, _STATE.CANCELLED))
    unsent = OutboxMessage.objects.filter(draft=OuterRef("pk")).unfinished()
    accepted = Draft.objects.filter(state=Draft.State.ACCEPTED)
    accepted.filter(~Exists(unsent), changed__lt=now - timedelta(hours=1)).delete()
    late = OutboxMessage.objects.filter(state=_STATE.SENT).exclude(spool="")
    for row in late.filter(sent__lt=now - OutboxMessage.CORRECTED_FOR)[:_MOST_FORGOTTEN]:
        delivery.forget_file(row)
    over.filter(changed__lt=now - OutboxMessage.KEPT).delete()
    named = set(OutboxMessage.objects.exclude(spool="").values_list("spool", flat=True))
    old = clock.of_files(values.folder()) - _ORPHAN_SECONDS
    for file in values.spooled():
        with suppress(OSError):
            if file.stem.partition("-")[0] not in named and file.stat().st_mtime < old:
                file.unlink()


def _ask_for_passwords() -> None:
    """Tell users of scheduled messages whose password has changed, before the messages are due."""
    scheduled = OutboxMessage.objects.filter(state=_STATE.SCHEDULED, credential__isnull=False)
    for row in scheduled.select_related("user", "credential").defer("sealed"):
        lent = row.credential
        if lent and lent.changed != row.user.mail_password_changed:
            row.leave([_STATE.SCHEDULED], _STATE.PASSWORD, credential=None)
            delivery.give_back(lent)
            counting.renew(row.user_id)
