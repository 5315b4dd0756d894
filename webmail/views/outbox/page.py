"""Messages of the outbox as pages show them, and their start once they are accepted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from accounts import tending
from accounts.http import SignedInRequest
from core import clock
from core.htmx import TOAST
from mail.errors import Unreadable
from webmail import outbox, tasks
from webmail.models import OutboxMessage
from webmail.outbox import awaited, batch_copy, choices, correcting
from webmail.presentation import failures, sending
from webmail.presentation.sending import Standing
from webmail.writing import scheduling, working_hours

State, Stage = OutboxMessage.State, OutboxMessage.Stage
_MOVING = (State.HELD, State.SENDING)


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A message as the pages show it, or all messages made of one draft. ``left`` of ``count`` have
    left, ``back`` of them came back. ``documents`` are the names of the files that only this
    recipient gets; ``address`` is the only recipient. ``refused`` are addresses, if ``why`` does
    not name all of them."""

    row: OutboxMessage
    subject: str
    to: str
    how: str
    why: str
    said: str
    count: int = 1
    failed: int = 0
    left: int = 0
    documents: tuple[str, ...] = ()
    back: int = 0
    address: str = ""
    refused: tuple[str, ...] = ()

    @property
    def may_be_corrected(self) -> bool:
        return correcting.may_be_corrected(self.row)

    @property
    def may(self) -> frozenset[str]:
        """The possible actions: ``back``, ``now``, ``again``, ``correct``, ``when``, ``doubt``,
        ``password``."""
        row = self.row
        if row.stage != Stage.READY:
            return frozenset({"doubt"} if row.state == State.DOUBT else ())
        return {
            State.HELD: frozenset({"back", "now"}),
            State.SCHEDULED: frozenset(
                {"back", "now"} if settings.CELERY_TASK_ALWAYS_EAGER else {"back", "now", "when"}
            ),
            State.FAILED: frozenset({"again"} if row.batch else {"again", "correct"}),
            State.PASSWORD: frozenset({"password", "back"}),
        }.get(State(row.state), frozenset())

    @property
    def is_moving(self) -> bool:
        return self.row.state in _MOVING

    @property
    def typed_due(self) -> str:
        return scheduling.as_typed(self.row.due, working_hours.zone())


def announce(request: SignedInRequest, first: OutboxMessage) -> None:
    """Start the accepted messages that are due, all made of one draft; let the pages of the session
    await them, and let the next page say so, with the way back."""
    rows = choices.together(first)
    copy = batch_copy.copy_of(first)
    to_start = [*rows, *filter(None, [copy])]
    for row in to_start:
        if settings.CELERY_TASK_ALWAYS_EAGER:  # without a broker nobody comes back for it
            OutboxMessage.objects.filter(pk=row.pk, state=State.HELD).update(due=clock.now())
            row.refresh_from_db()
    started = [row for row in to_start if row.state == State.HELD and row.due <= clock.now()]
    for row in started:
        start(row)
    if started:
        first.refresh_from_db()
    rows = choices.together(first) if started else rows
    awaited.add(request, rows)
    request.session[TOAST] = _toast(first, rows)


def start(row: OutboxMessage) -> None:
    """Hand the message to a worker."""
    tending.hand_over(tasks.deliver_message, row.pk)


def _toast(row: OutboxMessage, rows: Sequence[OutboxMessage]) -> dict[str, Any]:
    undo = {"url": reverse("mail:outbox_back", args=[row.pk]), "fields": []}
    if row.state == State.SCHEDULED:
        words = gettext("Leaves on %(when)s.") % {"when": scheduling.in_words(row.due)}
        return {"message": words, "undo": undo}
    seconds = round((row.due - clock.now()).total_seconds())
    if row.state == State.HELD and seconds > 0:
        words = sending.leaving(seconds, len(rows))
        before, after = (words % {"seconds": "\0"}).split("\0")
        countdown = {"before": before, "seconds": seconds, "after": after}
        return {"message": words % {"seconds": seconds}, "undo": undo, "countdown": countdown}
    if row.state in (State.HELD, State.SENDING):
        words = ngettext(
            "The message is being sent.", "%(count)d messages are being sent.", len(rows)
        ) % {"count": len(rows)}
        return {"message": words}
    return sent_toast(rows) or {"message": line_of(row).how}


def sent_toast(rows: Iterable[OutboxMessage]) -> dict[str, Any] | None:
    """Return the toast of messages that have just left; None if none has."""
    count = sum(row.state == State.SENT or row.stage in ("handed", "filed") for row in rows)
    if not count:
        return None
    words = ngettext("Message sent.", "%(count)d messages sent.", count)
    return {"message": words % {"count": count}}


def line_of(
    row: OutboxMessage, *, count: int = 1, failed: int = 0, left: int = 0, back: int = 0
) -> OutboxEntry:
    """Return the line of a row."""
    try:
        envelope = outbox.opened(row)
    except Unreadable:
        envelope = outbox.SealedEnvelope((), (), "", "")
    standing = Standing(
        state=row.state,
        stage=row.stage,
        due=row.due,
        sent=row.sent,
        failure=row.failure,
        server_words=row.server_words,
        refused=envelope.refused,
        is_retried=not settings.CELERY_TASK_ALWAYS_EAGER,  # else there is no beat
        is_of_batch=row.batch is not None,
        is_back=row.bounced is not None,
        bounce_status=row.bounce_status,
        count=count,
        left=left,
    )
    return OutboxEntry(
        row=row,
        subject=envelope.subject or gettext("(no subject)"),
        to=sending.to_whom(envelope.people),
        how=sending.how(standing),
        why=failures.of_submission(standing),
        said=sending.said(standing),
        count=count,
        failed=failed,
        left=left,
        documents=envelope.documents,
        back=back,
        address=envelope.recipients[0] if len(envelope.recipients) == 1 else "",
        refused=_unnamed(standing),
    )


def _unnamed(standing: Standing) -> tuple[str, ...]:
    """Return all refused addresses, if the sentence names only some of them."""
    is_named = "Recipients" not in standing.failure or standing.is_back
    refused = tuple(address for address, _words in standing.refused)
    return () if is_named or len(refused) <= failures.MOST_REFUSED else refused
