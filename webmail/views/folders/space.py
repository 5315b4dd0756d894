"""The space that mail takes up, and the actions that free it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from accounts import session
from accounts.http import SignedInRequest, asked_here, login_required
from core.htmx import TOAST
from mail.errors import OverQuota
from mail.imap import quota
from mail.imap.connection import Connection
from mail.mailbox import folders
from mail.mailbox import space as weighing
from mail.mailbox.actions import DELETE, MOVE, MailStep
from mail.mailbox.space import MESSAGE, WeighedFolder
from webmail.forms.folders import CleanForm
from webmail.jobs import mail_jobs
from webmail.presentation import folders as presentation
from webmail.presentation import space as sizes
from webmail.views.page import memory, shown_folders
from webmail.views.transfers.awaited import end_toast, start_job

SECONDS = 5.0
"""Seconds that a request may weigh messages; the next request continues."""


@require_GET
@asked_here
@login_required
def space(request: SignedInRequest) -> HttpResponse:
    """Show the senders, years and messages that take up most space, each with a way to the
    trash."""
    with session.imap(request) as imap:
        known = folders.list_folders(imap, sizes=True)
        weighed = weighing.weigh(imap, known, memory(request), SECONDS)
        rows = weighing.largest(imap, weighed, sizes.MOST_MESSAGES)
        full = presentation.fullness(quota.ask_quota(imap))
        shown = shown_folders(imap, known)
    context = {
        "folders": shown,
        "fullness": full,
        "survey": sizes.survey(weighed, rows, shown),
        "toast": request.session.pop(TOAST, None),
    }
    return render_template(request, "webmail/space/space.html", context)


@require_POST
@login_required
def clean(request: SignedInRequest) -> HttpResponse:
    """Move the messages of a sender or a year, or one message, to the trash after a confirmation.
    This can be undone, from the toast and from the page of jobs. If the mailbox is too full for
    that, the page offers to delete them for good."""
    form = CleanForm(request.POST)
    if not form.is_valid():
        raise Http404
    asked = form.cleaned_data
    with session.imap(request) as imap:
        known = folders.list_folders(imap, sizes=True)
        weighed = weighing.weigh(imap, known, memory(request), SECONDS)
        steps = _steps(asked, weighed)
        if steps and not asked["confirmed"] and asked["kind"] != MESSAGE:
            return _ask(request, imap, asked, steps, weighed)
        try:
            toast = _cleaned(request, imap, steps, for_good=asked["for_good"])
        except OverQuota:
            return _ask(request, imap, asked, steps, weighed, is_full=True)
    request.session[TOAST] = toast
    return redirect("mail:space")


def _steps(asked: dict[str, Any], weighed: tuple[WeighedFolder, ...]) -> tuple[MailStep, ...]:
    if asked["kind"] == MESSAGE:
        ref = asked["ref"]
        return (MailStep("", ref.folder, ref.uidvalidity, (ref.uid,)),)
    return weighing.chosen(weighed, asked["kind"], asked["value"])


def _ask(
    request: SignedInRequest,
    imap: Connection,
    asked: dict[str, Any],
    steps: tuple[MailStep, ...],
    weighed: tuple[WeighedFolder, ...],
    *,
    is_full: bool = False,
) -> HttpResponse:
    group = None
    if asked["kind"] != MESSAGE:
        groups = weighing.groups(weighed, asked["kind"])
        group = next(
            weighed_group for weighed_group in groups if weighed_group.value == asked["value"]
        )
    known = folders.list_folders(imap)
    context = {
        "folders": shown_folders(imap, known),
        "group": sizes.line(group) if group else None,
        "count": group.count if group else 1,
        "kind": asked["kind"],
        "value": asked["value"],
        "can_expunge": imap.has("UIDPLUS"),
        "is_full": is_full,
    }
    return render_template(request, "webmail/space/space_clean.html", context)


def _cleaned(
    request: SignedInRequest, imap: Connection, steps: tuple[MailStep, ...], *, for_good: bool
) -> dict[str, Any]:
    if not steps:
        return {"message": gettext("Nothing was done: there are no messages.")}
    if for_good:
        done = [replace(step, verb=DELETE) for step in steps]
    else:
        trash = folders.ensure(imap, folders.TRASH)
        done = [replace(step, verb=MOVE, to=trash) for step in steps]
    action = mail_jobs.RequestedAction("delete" if for_good else "trash", steps[0].folder)
    result = mail_jobs.do(request, imap, action, done)
    if result.job is not None:
        return start_job(request, result.job)
    return end_toast(mail_jobs.keep(request.user, action, result.work))
