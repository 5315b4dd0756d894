"""The jobs whose end the pages of a session await, and the toasts about actions."""

from __future__ import annotations

import json
from typing import Any

from django.urls import reverse

from accounts import tending
from accounts.http import SignedInRequest, safe_next
from core.htmx import wants_partial
from mail.mailbox.bulk import packed
from webmail import tasks
from webmail.jobs import mail_jobs
from webmail.models import MailJob, Transfer
from webmail.presentation import action_words, failures

RUNNING = "mail_jobs"
"""The session's key of the jobs in the mailbox that its pages await."""
TRANSFERS = "transfers"
"""The session's key of the transfers that its pages await."""
MOST_SHOWN = 20
# Above one of these limits the way back is kept in a row, not in the form of the toast,
# which disappears after ten seconds.
MOST_IN_FORM = 250
LONGEST_FORM = 4_000


def start_job(request: SignedInRequest, job: MailJob) -> dict[str, Any]:
    """Start a job that was just made, and let the pages of the session await it. Return the toast
    that says so; for a job that ended at once, the toast about its end."""
    if job.is_finished:
        return end_toast(job)
    waiting = [pk for pk in request.session.get(RUNNING, []) if pk != job.pk]
    request.session[RUNNING] = [*waiting, job.pk][-MOST_SHOWN:]
    tending.hand_over(tasks.do_mail_job, job.pk)
    job.refresh_from_db()
    return (
        end_toast(job) if job.is_finished else {"message": action_words.doing(job.verb, job.total)}
    )


def end_toast(job: MailJob) -> dict[str, Any]:
    """Return the toast about a job that has ended, with the way back."""
    words = action_words.done(job.verb, job.done, job.gone)
    if job.state == MailJob.State.FAILED:
        words = f"{words} {failures.of_job(job.failure)}"
    if count := job.work.get("adrift"):
        words = f"{words} {action_words.adrift(count)}"
    undo = None
    if job.can_be_undone and job.verb != "undo":
        following = reverse("mail:folder", args=[job.folder])
        undo = {"url": reverse("mail:job_undo", args=[job.pk]), "fields": [("next", following)]}
    return {"message": words, "undo": undo}


def begin_transfer(request: SignedInRequest, job: Transfer) -> None:
    """Start a transfer, and let the pages of the session await it."""
    waiting = [pk for pk in request.session.get(TRANSFERS, []) if pk != str(job.pk)]
    request.session[TRANSFERS] = [*waiting, str(job.pk)][-MOST_SHOWN:]
    tending.hand_over(tasks.do_transfer, job.pk)


def forget_transfer(request: SignedInRequest, job: Transfer) -> None:
    """Let the pages of the session no longer await a transfer."""
    awaited = request.session.get(TRANSFERS, [])
    if str(job.pk) in awaited:
        request.session[TRANSFERS] = [pk for pk in awaited if pk != str(job.pk)]


def done_toast(
    request: SignedInRequest,
    action: mail_jobs.RequestedAction,
    result: mail_jobs.ActionProgress,
) -> dict[str, Any]:
    """Return the toast about a finished action, with the form that undoes it; or the toast that a
    job has begun."""
    if result.job is not None:
        return start_job(request, result.job)
    work = result.work
    undo: dict[str, Any] | None = None
    if work.undo and action.verb != "undo":
        steps = json.dumps(packed(work.undo), separators=(",", ":"))
        following = safe_next(request) or reverse("mail:folder", args=[action.folder])
        if work.done > MOST_IN_FORM or len(steps) > LONGEST_FORM:
            job = mail_jobs.keep(request.user, action, work)
            undo = {"url": reverse("mail:job_undo", args=[job.pk]), "fields": [("next", following)]}
        else:
            fields = [("verb", "undo"), ("steps", steps), ("next", following)]
            url = reverse("mail:act", args=[action.folder])
            undo = {"url": url, "fields": fields, "in_place": wants_partial(request)}
    return {"message": action_words.done(action.verb, work.done, work.gone), "undo": undo}
