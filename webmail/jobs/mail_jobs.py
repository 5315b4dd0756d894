"""Actions on many messages: the request runs the first second, a job does the rest.

The job's row holds what `mail.mailbox.bulk` says between any two commands, written down before a
command is sent and after its answer: a worker that takes it up after a dropped line, or when
another was killed, does nothing twice. It borrows the user's password until it is over. While a
worker has a job, a `Heartbeat` gives a sign of life every few seconds: a worker that was killed
gives none, and another takes the job up within a minute.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from accounts import audit, lending, session
from accounts.claims import Heartbeat, Lost
from accounts.http import SignedInRequest
from accounts.models import AuditEvent, User
from core import clock
from mail.errors import MessageNotFound, ServerUnavailable, SignInNeeded, WebmailError
from mail.imap import uid_sets
from mail.imap.connection import Connection
from mail.mailbox import bulk, folders
from mail.mailbox.actions import BegunStep, MailStep
from mail.mailbox.bulk import MOST_MESSAGES, BulkWork, packed, unpacked
from webmail.jobs import brought, share_jobs
from webmail.jobs.turns import turns
from webmail.models import MailJob

State = MailJob.State

SECONDS = 0.8
"""The seconds of an action that the request does itself; a job does the rest."""
MANY = 100
"""The number of messages deleted at once from which the audit log records it."""
_SURE = 5.0
"""Seconds after which a worker checks again that the job is still its own: it may have
been frozen.
"""


_DELETES = {"delete": "for good", "trash": "trash"}


@dataclass(frozen=True)
class RequestedAction:
    """A requested action as the user sees it: the verb of the form, the folder where it was
    requested, and the target folder if the user chose one.
    """

    verb: str
    folder: str
    to: str = ""


@dataclass(frozen=True)
class ActionProgress:
    """The progress of a request. ``job`` does the rest, or tells why it stopped."""

    work: BulkWork
    job: MailJob | None = None


def do(
    request: SignedInRequest,
    imap: Connection,
    action: RequestedAction,
    steps: Iterable[MailStep],
    *,
    emptied: Sequence[tuple[str, int]] = (),
) -> ActionProgress:
    """Do the first second of an action. If there is a rest, the caller starts its job after the
    connection is given back.

    ``emptied``: folders (name, UIDVALIDITY) to delete at the end if they are empty. Raises
    MessageNotFound when none of the messages exists any more, and any error that stopped the action
    before it did anything.
    """
    work = asked = BulkWork(tuple(step for step in steps if step.uids))
    deadline = time.monotonic() + SECONDS
    try:
        for work in bulk.run(imap, asked, turns(request.user, imap)):
            brought.note(request.user, work.undo)
            if work.begun is None and time.monotonic() > deadline:
                break
    except ServerUnavailable:
        # A single command needs no job: the user sees its result in the list.
        if work.total <= bulk.FIRST:
            raise
    except WebmailError as error:
        if not work.done:
            raise
        return ActionProgress(
            work, _note(request.user, action, work, State.FAILED, type(error).__name__)
        )
    if action.verb in _DELETES:
        note_deleted(request, work.total, _DELETES[action.verb])
    if work.is_over:
        folders.remove_empty(imap, emptied)
        if work.gone and not work.done:
            raise MessageNotFound("None of the messages is there any more.")
        return ActionProgress(work)
    job = _note(request.user, action, work, State.WAITING)
    job.credential = lending.lend(request)
    job.work["emptied"] = list(emptied)
    job.save(update_fields=["credential", "work"])
    return ActionProgress(work, job)


def note_deleted(request: SignedInRequest, count: int, way: str) -> None:
    """Write a line into the audit log about many deleted messages, by their number alone."""
    if count >= MANY:
        audit.record(AuditEvent.Kind.MAIL_DELETED, request, messages=count, way=way)


def keep(user: User, action: RequestedAction, work: BulkWork) -> MailJob:
    """Store a finished action whose undo data is too long for a form."""
    return _note(user, action, work, State.DONE)


def run(pk: int) -> None:
    """Do a job, or its rest. If it is over, or another worker has it, do nothing."""
    job = MailJob.objects.select_related("user__mail_domain", "credential").claim(pk)
    if job is None:
        return
    try:
        with Heartbeat(job) as heartbeat, session.imap_for(job) as imap:
            if job.verb in share_jobs.VERBS:
                _share_on(job, imap, heartbeat)
            else:
                _go_on(job, imap, heartbeat)
    except SignInNeeded:
        _stop(job, State.PASSWORD)
    except ServerUnavailable as error:
        wait_again(job, type(error).__name__)
    except WebmailError as error:
        _stop(job, State.FAILED, type(error).__name__)
    except Exception:
        _stop(job, State.FAILED, "Broken")
        raise


def cancel(job: MailJob) -> bool:
    """Stop a job. Steps already done stay done, and can be undone. Return False if the job was
    over.
    """
    if not job.leave(MailJob.UNFINISHED, State.CANCELLED):
        return False
    lending.give_back(job.credential)
    return True


def resume(request: SignedInRequest, job: MailJob) -> bool:
    """Resume a job with the password that the user has given. The caller starts the job."""
    return job.leave([State.PASSWORD], State.WAITING, attempts=0, credential=lending.lend(request))


def way_back(job: MailJob) -> tuple[MailStep, ...]:
    """Return the steps that undo the job."""
    return _read(job).undo


def undo(request: SignedInRequest, imap: Connection, job: MailJob) -> ActionProgress | None:
    """Undo a job once, which may need a job again. Return None if it was undone already or still
    runs. Raises the errors of `do`; it can then be tried again.
    """
    own = MailJob.objects.filter(pk=job.pk)
    if not own.filter(is_undone=False).exclude(state__in=MailJob.UNFINISHED).update(is_undone=True):
        return None
    job.refresh_from_db()
    try:
        return do(request, imap, RequestedAction("undo", job.folder), way_back(job))
    except WebmailError:
        own.update(is_undone=False)
        raise


def wait_again(job: MailJob, failure: str = "Broken") -> None:
    """Let the job be tried again later, or fail after too many attempts."""
    if job.attempts < MailJob.MOST_ATTEMPTS:
        job.end(State.WAITING)
    else:
        _stop(job, State.FAILED, failure)


def tidy() -> None:
    """Delete expired jobs and lent passwords."""
    lending.forget_overdue()
    late = clock.now() - MailJob.KEPT
    MailJob.objects.filter(changed__lt=late).exclude(state=State.RUNNING).delete()


def _note(
    user: User, action: RequestedAction, work: BulkWork, state: MailJob.State, failure: str = ""
) -> MailJob:
    return MailJob.objects.create(
        user=user,
        verb=action.verb,
        folder=action.folder,
        to=action.to,
        total=work.total,
        state=state,
        failure=failure,
        **_columns(work),
    )


def _share_on(job: MailJob, imap: Connection, heartbeat: Heartbeat) -> None:
    if share_jobs.go_on(job, imap, heartbeat):
        _stop(job, State.DONE)


def _go_on(job: MailJob, imap: Connection, heartbeat: Heartbeat) -> None:
    emptied = [(str(name), int(number)) for name, number in job.work.get("emptied", [])]
    for work in bulk.run(imap, _read(job), turns(job.user, imap)):
        heartbeat.got_on()
        brought.note(job.user, work.undo)
        if not _write_down(job, work):
            return
    folders.remove_empty(imap, emptied)
    _stop(job, State.DONE)


def _write_down(job: MailJob, work: BulkWork) -> bool:
    """Store the state of the work. Return False if the job was cancelled or another worker has it:
    this worker must then stop. What it did before a cancellation is stored nevertheless, for the
    undo.

    After a slow answer, the claim is checked again: a worker that was frozen meanwhile (SIGSTOP, a
    paused virtual machine) may have lost its job, and would copy messages again that another worker
    has copied.
    """
    columns = _columns(work)
    columns["work"]["emptied"] = job.work.get("emptied", [])
    while True:
        asked = time.monotonic()
        try:
            job.beat(**columns)
        except Lost:
            job.mine().filter(state=State.CANCELLED).update(**columns, changed=clock.now())
            return False
        if time.monotonic() - asked < _SURE:
            return True


def _columns(work: BulkWork) -> dict[str, Any]:
    columns: dict[str, Any] = {"left": packed(work.left), "undo": packed(work.undo)}
    if begun := work.begun:
        chosen = uid_sets.compressed(begun.chosen)
        (step,) = packed([begun.step])
        columns["begun"] = [step, chosen, begun.uidvalidity, begun.uidnext]
    if work.adrift:
        columns["adrift"] = work.adrift
    return {"work": columns, "done": work.done, "gone": work.gone}


def _read(job: MailJob) -> BulkWork:
    columns: dict[str, Any] = job.work
    begun = None
    if "begun" in columns:
        row, chosen, uidvalidity, uidnext = columns["begun"]
        (step,) = unpacked([row])
        uids = uid_sets.expanded(chosen, MOST_MESSAGES) if chosen else ()
        begun = BegunStep(step, uids, uidvalidity, uidnext)
    return BulkWork(
        unpacked(columns["left"]),
        done=job.done,
        gone=job.gone,
        undo=unpacked(columns["undo"]),
        begun=begun,
        adrift=columns.get("adrift", 0),
    )


def _stop(job: MailJob, state: MailJob.State, failure: str = "") -> None:
    """End the job, or let it wait for its user, and give the password back. Do nothing to a job
    that was cancelled or that another worker has.
    """
    if job.end(state, failure=failure):
        lending.give_back(job.credential)
