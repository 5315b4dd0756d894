"""Jobs in the mailbox: their progress, and how they are stopped, resumed and undone."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from accounts import session
from accounts.http import SignedInRequest, login_required, safe_next
from core.htmx import TOAST, wants_partial
from webmail.jobs import mail_jobs, share_jobs
from webmail.models import MailJob, Transfer
from webmail.presentation import action_words
from webmail.presentation import transfers as transfer_words
from webmail.views.page import read_folders
from webmail.views.transfers.awaited import RUNNING, TRANSFERS, end_toast, start_job


@require_GET
@login_required
def progress(request: SignedInRequest) -> HttpResponse:
    """Return the strip with the jobs of this session, which pages poll. It brings the toast of a
    job that has ended. When no job is left the status 286 stops the polling."""
    moving, moved = _transfers(request)
    awaited = request.session.get(RUNNING, [])
    tracked = list(MailJob.objects.all().of(request.user).filter(pk__in=awaited))
    left = [job for job in tracked if not job.is_finished]
    over = [job for job in tracked if job.is_finished]
    if len(left) != len(awaited):
        request.session[RUNNING] = [job.pk for job in left]
    context = {
        "running": [_shown(job) for job in left],
        "moving": moving,
        "toast": end_toast(over[0]) if over else moved,
    }
    status = 200 if left or moving else 286
    response = render_template(request, "webmail/jobs/_running.html", context, status=status)
    if over or moved:
        response["HX-Trigger-After-Swap"] = "mail:refresh"
    return response


def _transfers(
    request: SignedInRequest,
) -> tuple[list[transfer_words.ShownTransfer], dict[str, Any] | None]:
    """Return the unfinished transfers of this session, and the toast of one that has ended."""
    awaited = request.session.get(TRANSFERS, [])
    tracked = (
        list(Transfer.objects.all().of(request.user).filter(pk__in=awaited)) if awaited else []
    )
    left = [job for job in tracked if not job.is_finished]
    if len(left) != len(awaited):
        request.session[TRANSFERS] = [str(job.pk) for job in left]
    over = next((job for job in tracked if job.is_finished), None)
    if over is None:
        return [transfer_words.shown(job) for job in left], None
    words = f"{transfer_words.title(over)}. {transfer_words.outcome(over)}"
    return [transfer_words.shown(job) for job in left], {"message": words}


@require_GET
@login_required
def all_jobs(request: SignedInRequest) -> HttpResponse:
    """Show the user's jobs of the last days, most of which can be undone."""
    recent = MailJob.objects.all().of(request.user)[:50]
    moved = Transfer.objects.all().of(request.user)[:50]
    context = {
        "jobs": [_shown(job) for job in recent],
        "transfers": [transfer_words.shown(job) for job in moved],
    }
    return _page(request, "webmail/jobs/jobs.html", context)


@require_GET
@login_required
def one(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a job; for htmx its progress, with status 286 once it has ended."""
    job = _own(request, pk)
    context = {"job": _shown(job)}
    if wants_partial(request):
        status = 286 if job.is_finished else 200
        return render_template(request, "webmail/jobs/_job.html", context, status=status)
    return _page(request, "webmail/jobs/job.html", context)


@require_POST
@login_required
def cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    """Stop a job. The steps already done stay done; the page offers to undo them."""
    mail_jobs.cancel(_own(request, pk))
    return redirect("mail:job", pk)


@require_POST
@login_required
def resume(request: SignedInRequest, pk: int) -> HttpResponse:
    """Resume a job that waited for the password, with the password of this session."""
    job = _own(request, pk)
    if mail_jobs.resume(request, job):
        start_job(request, job)
    return redirect("mail:job", pk)


@require_POST
@login_required
def undo(request: SignedInRequest, pk: int) -> HttpResponse:
    """Undo a job, once. The undoing may itself be a job."""
    job = _own(request, pk)
    following = safe_next(request) or reverse("mail:job", args=[pk])
    with session.imap(request) as imap:
        result = mail_jobs.undo(request, imap, job)
    if result is None:
        toast: dict[str, Any] = {"message": gettext("There is nothing to take back.")}
    elif result.job:
        toast = start_job(request, result.job)
    else:
        toast = {"message": action_words.done("undo", result.work.done, result.work.gone)}
    request.session[TOAST] = toast
    return HttpResponseRedirect(following)


def _own(request: SignedInRequest, pk: int) -> MailJob:
    return get_object_or_404(
        MailJob.objects.select_related("credential"), pk=pk, user_id=request.user.pk
    )


def _shown(job: MailJob) -> dict[str, Any]:
    return {
        "row": job,
        "title": action_words.doing(job.verb, job.total),
        "outcome": end_toast(job)["message"] if job.is_finished else "",
        "done": job.done + job.gone,
        "is_of_folders": job.verb in share_jobs.VERBS,
    }


def _page(request: SignedInRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    with session.imap(request) as imap:
        context["folders"] = read_folders(imap, "").shown
    context["toast"] = request.session.pop(TOAST, None)
    return render_template(request, template, context)
