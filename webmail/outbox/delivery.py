"""Delivers one message: hands it over once, files its copy once, and cleans up.

A step that cannot be repeated is stored before it is done, each time in its own transaction:

READY -> HANDING   the content has been sent, but not the final dot
HANDING -> HANDED  the server accepted it
HANDED -> FILED    a copy is in Sent
FILED -> SENT      the answered message is marked, the draft and its password are deleted

If a worker is killed at READY, the message is sent again; at HANDING, it is unknown whether it was
sent; from HANDED on, only its copy is filed. A worker slower than `patience` has lost its claim
before the dot, and does not send it.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from accounts import lending, session, wire_log
from accounts.claims import Lost
from addressbook.contacts import custody
from core import clock
from mail import smtp
from mail.errors import (
    BadServerAnswer,
    PerhapsSent,
    RecipientsRefused,
    RecipientsWithheld,
    ServerUnavailable,
    SignInNeeded,
    Unreadable,
    WebmailError,
)
from mail.imap.connection import Connection
from mail.mailbox import actions
from webmail.models import Draft, OutboxMessage
from webmail.outbox import batch_copy, batch_template, counting, relay, retrying, values
from webmail.writing import copies

logger = logging.getLogger(__name__)

_STATE, _STAGE = OutboxMessage.State, OutboxMessage.Stage
# Seconds between the attempts to store a step that must not be forgotten.
_PAUSES: tuple[float, ...] = (0, 0.5, 2, 5, 10, 20)
_MOST_WORDS = 500


def deliver(pk: uuid.UUID) -> OutboxMessage | None:
    """Deliver a message that is due, or do nothing when another worker has it. Return it if it was
    just sent. Failures are stored in the row.
    """
    rows = OutboxMessage.objects.select_related("user__mail_domain", "credential", "draft")
    row = rows.claim(pk)
    if row is None:
        return None
    try:
        return _deliver(row)
    finally:
        counting.renew(row.user_id)


def _deliver(row: OutboxMessage) -> OutboxMessage | None:
    if row.is_copy and _waits(row):
        return None
    try:
        message = _hand_over(row) if row.stage == _STAGE.READY else None
        with session.imap_for(row) as imap:
            finish(imap, row, message, may_be_filed=message is None)
    except Lost:
        return None
    except WebmailError as error:
        note_failure(row, error)
        return None
    except Exception:
        # The database does not answer, or there is a bug. If this cannot be stored either,
        # `accounts.tending` finds a message that no worker has.
        with suppress(DatabaseError):
            _note_fault(row)
        raise
    return row


def _waits(row: OutboxMessage) -> bool:
    """Return whether the copy of a batch must wait; then it is put back."""
    if batch_copy.is_void(row):
        spool = row.spool
        _stop(row, _STATE.CANCELLED, sealed=b"", spool="")
        values.release(row, spool)
        return True
    wait = batch_copy.pause(row)
    if wait is not None:
        _settle(row, _STATE.HELD, **batch_copy.put_back(wait))
    return wait is not None


def finish(
    imap: Connection, row: OutboxMessage, message: bytes | None = None, *, may_be_filed: bool
) -> None:
    """Finish a message that the server accepted: file it in Sent, mark its origin, delete the
    draft.

    ``message`` is its text, if it was read already. With ``may_be_filed``, an earlier attempt may
    have filed it, so Sent is searched first.
    """
    if row.stage == _STAGE.HANDED:
        if not batch_copy.is_listed(row):
            _file(imap, row, message, may_be_filed=may_be_filed)
        _write(row, stage=_STAGE.FILED, failure="")
    _mark_origin(imap, row)
    if is_last(row) and row.draft is not None:
        _remove_copy(imap, row.draft)
    close(row)


def finish_for(imap: Connection, row: OutboxMessage) -> None:
    """Call `finish` with the connection of a page, for a message that may be filed already.
    Failures are stored in the row.
    """
    try:
        finish(imap, row, may_be_filed=True)
    except WebmailError as error:
        note_failure(row, error)


def _file(
    imap: Connection, row: OutboxMessage, message: bytes | None, *, may_be_filed: bool
) -> None:
    if may_be_filed and actions.is_filed_sent(imap, row.message_id, row.sender):
        return
    if row.is_copy:
        message = batch_copy.message(row)
    actions.file_sent(imap, message or batch_template.message(row), row.sender)


def close(row: OutboxMessage) -> None:
    """Close a message that is over: delete its draft, password and file. The file of a message to
    each stays for some days, so that its address can be corrected (`webmail.outbox.correcting`).
    """
    spool, credential = row.spool, row.credential
    stays = row.batch is not None and not row.is_copy
    with transaction.atomic():
        # This comes before the deletion of the draft, after which the row no longer names it.
        if is_last(row) and row.draft_id:
            Draft.objects.filter(pk=row.draft_id, state=Draft.State.ACCEPTED).delete()
        _write(
            row,
            state=_STATE.SENT,
            sent=row.sent or clock.now(),
            sealed=bytes(row.sealed) if stays else _without_key(row),
            spool=spool if stays else "",
            credential=None,
            draft=None,
        )
        give_back(credential)
    if not stays:
        values.release(row, spool)


def forget_file(row: OutboxMessage) -> None:
    """Delete the file of a message that has left. Only its recipients are kept."""
    spool = row.spool
    OutboxMessage.objects.filter(pk=row.pk).update(sealed=_without_key(row), spool="")
    values.release(row, spool)


def _without_key(row: OutboxMessage) -> bytes:
    try:
        return values.without_key(row)
    except Unreadable:
        return b""


def put_off(row: OutboxMessage, failure: str, words: str = "", *, at_once: bool = False) -> None:
    """Try again later. After the last attempt, a message that was never handed over has failed;
    otherwise it counts as sent without a copy.
    """
    wait = timedelta(0) if at_once else retrying.delay(row.attempts)
    columns = {"failure": failure, "server_words": values.masked(words)[:_MOST_WORDS]}
    if wait is not None:
        _settle(row, _STATE.HELD, due=clock.now() + wait, told=None, **columns)
    elif row.stage == _STAGE.READY:
        _give_up(row, **columns)
    else:
        _close_without_copy(row, failure)


def call_doubtful(row: OutboxMessage) -> None:
    """Mark a message as doubtful: its worker sent all of it, then died or hangs before
    the answer.
    """
    _stop(row, _STATE.DOUBT, failure="Broken")


def is_last(row: OutboxMessage) -> bool:
    """Return whether all other messages made of the same draft are over."""
    if row.draft_id is None:
        return True
    others = OutboxMessage.objects.filter(draft=row.draft_id).exclude(pk=row.pk)
    return not others.unfinished().exists()


def give_back(lent: lending.LentCredential | None) -> None:
    """Give the lent password back, unless another message of the same sending still needs it."""
    if lent is not None and not OutboxMessage.objects.filter(credential=lent).exists():
        lending.give_back(lent)


# --- handing over ---


def _hand_over(row: OutboxMessage) -> bytes:
    """Hand the message over. Return it, with its Bcc field."""
    envelope = values.opened(row)
    _check_custody(row, envelope.recipients)
    message = batch_template.message(row)
    notice = smtp.DeliveryNotice(row.message_id.strip("<>")) if envelope.wants_notice else None
    steps = smtp.SubmissionSteps(
        alive=lambda: _stay_alive(row),
        before_last=lambda: _write(row, stage=_STAGE.HANDING),
        taken=lambda words: _note_taken(row, words),
    )
    with wire_log.kept(row.user):
        smtp.submit(
            _server(row),
            row.sender,
            envelope.recipients,
            values.without_bcc(message),
            notice=notice,
            steps=steps,
        )
    return message


def _check_custody(row: OutboxMessage, addresses: Sequence[str]) -> None:
    """Raise RecipientsWithheld if the user, or a colleague in a shared list, noted after the
    message was accepted that a recipient is not to be written to about a pupil. About earlier notes
    the composer asked."""
    notes = custody.withheld(row.user, addresses, since=row.accepted)
    if notes:
        raise RecipientsWithheld(
            refused={address: "" for address in addresses if address.lower() in notes}
        )


def _note_taken(row: OutboxMessage, words: str) -> None:
    """Store that the server accepted the message, as soon as this is known: before QUIT."""
    # From here on, attempts are those to file it.
    taken = {"stage": _STAGE.HANDED, "sent": clock.now(), "attempts": 1}
    columns = {"server_words": values.masked(words)[:_MOST_WORDS], "failure": ""}
    # This must be stored at any cost, or the message stays doubtful for ever. A worker that waited
    # too long for the answer may find that it was already marked as doubtful.
    _insist(lambda: _write(row, (_STATE.SENDING, _STATE.DOUBT), **taken, **columns))


def _server(row: OutboxMessage) -> smtp.SmtpServer:
    if not row.user.is_active:
        raise SignInNeeded
    return relay.server() or replace(session.smtp_for(row), verdict=settings.SMTP_VERDICT_SECONDS)


def _stay_alive(row: OutboxMessage) -> None:
    if clock.now() - row.changed > OutboxMessage.ALIVE_EVERY:
        row.beat()


def _insist(write: Callable[[], None]) -> None:
    for pause in _PAUSES:
        time.sleep(pause)
        try:
            return write()
        except DatabaseError as error:
            logger.warning("a message was sent, and this cannot be written down: %s", error)
            if not connection.in_atomic_block:
                connection.close()
    return write()


# --- afterwards ---


def _mark_origin(imap: Connection, row: OutboxMessage) -> None:
    """Mark the answered message. It may be gone meanwhile, which is no failure."""
    envelope = values.opened(row)
    if envelope.origin is None:
        return
    try:
        actions.set_flag(imap, [envelope.origin], envelope.mark, True)
    except WebmailError as error:
        logger.info("origin not marked: %s", type(error).__name__)


def _remove_copy(imap: Connection, draft: Draft) -> None:
    """Delete the copy in Drafts. If that fails, no harm is done, whereas sending the message again
    would be harm.
    """
    try:
        copies.remove(imap, draft)
    except WebmailError as error:
        logger.info("copy of a draft not removed: %s", type(error).__name__)


# --- failures ---


def note_failure(row: OutboxMessage, error: WebmailError) -> None:
    """Store why a message was not sent, or has no copy, and whether it is tried again."""
    name, words = type(error).__name__, error.server_words
    logger.warning("message %s: %s at %s", row.pk, name, row.stage)
    if isinstance(error, PerhapsSent):
        _stop(row, _STATE.DOUBT, failure=name, server_words=values.masked(words))
        return
    if row.stage == _STAGE.HANDING:
        row.stage = _STAGE.READY  # the server has answered that it did not accept it
    if isinstance(error, SignInNeeded):
        _stop(row, _STATE.PASSWORD)
    elif row.stage == _STAGE.READY:
        _note_unsent(row, error)
    elif isinstance(error, Unreadable):
        _close_without_copy(row, name)
    else:
        put_off(row, name, words)


def _note_unsent(row: OutboxMessage, error: WebmailError) -> None:
    name, words = type(error).__name__, error.server_words
    if isinstance(error, (ServerUnavailable, BadServerAnswer)):
        put_off(row, name, words)
        return
    columns: dict[str, Any] = {}
    if isinstance(error, RecipientsRefused):
        words = "; ".join(dict.fromkeys(filter(None, error.refused.values())))
        columns["sealed"] = values.refused_by(row, error.refused)
    _give_up(row, failure=name, server_words=values.masked(words)[:_MOST_WORDS], **columns)


def _note_fault(row: OutboxMessage) -> None:
    logger.error("message %s stays in the outbox, at %s", row.pk, row.stage)
    if row.stage == _STAGE.HANDING:
        call_doubtful(row)
    else:
        put_off(row, "Broken")


def _close_without_copy(row: OutboxMessage, failure: str) -> None:
    """Finish a message that was sent but could not be copied to Sent. The row keeps ``failure``, so
    that the user learns that the copy is missing.
    """
    close(row)
    OutboxMessage.objects.filter(pk=row.pk).update(failure=failure)


def _give_up(row: OutboxMessage, **columns: Any) -> None:
    """Give up sending. The draft can be edited again, unless it belongs to a batch of messages."""
    _stop(row, _STATE.FAILED, **columns)
    if row.batch is None and row.draft_id:
        own = Draft.objects.filter(pk=row.draft_id, state=Draft.State.ACCEPTED)
        own.update(state=Draft.State.WRITING)


def _stop(row: OutboxMessage, state: str, **columns: Any) -> None:
    """Stop until the user decides. Meanwhile the message holds no password."""
    credential = row.credential
    with transaction.atomic():
        _settle(row, state, credential=None, **columns)
        give_back(credential)


def _settle(row: OutboxMessage, state: str, **columns: Any) -> None:
    """Store the state after an attempt, unless another worker has claimed the message meanwhile.

    The stage is stored again too: a worker that lost the database connection while it stored the
    stage cannot know whether the row has it.
    """
    try:
        _write(row, state=state, stage=row.stage, **columns)
    except Lost:
        logger.info("message %s was taken up by another", row.pk)


def _write(row: OutboxMessage, states: tuple[str, ...] = (), /, **columns: Any) -> None:
    """Change the row that this worker has claimed. A stage is only stored while the message is
    being sent, unless other ``states`` are given.
    """
    if "stage" in columns:
        columns.setdefault("state", _STATE.SENDING)
    row.beat(states, **columns)
