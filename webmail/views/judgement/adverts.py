"""Adverts and junk: the judgement of new mail continued, the folders of adverts and junk, and the
senders that the user blocked or allowed."""

from __future__ import annotations

from contextlib import suppress

from django.conf import settings
from django.contrib import messages as toasts
from django.http import HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import session
from accounts.http import SignedInRequest, login_required
from core import clock
from core.htmx import TOAST, wants_partial
from mail.mailbox import folders
from webmail import outbox
from webmail.adverts import judging, pulling, teaching, week
from webmail.forms.messages import NewSenderForm
from webmail.jobs import mail_jobs
from webmail.models import Judgement, SenderChoice, Unsubscription
from webmail.presentation import adverts
from webmail.views.judgement.script import renew_adverts
from webmail.views.list.page import advert_line
from webmail.views.page import memory, read_folders
from webmail.views.transfers.awaited import done_toast

MOST_LEFT = 20
"""The most mailings that the page names."""
MOST_ASIDE = 100
"""The most senders of mail set aside that the page names."""


@require_POST
@login_required
def judge(request: SignedInRequest) -> HttpResponse:
    """Continue to judge the inbox if a former request ran out of time. Return the line of the
    inbox, and tell the list to renew itself if it changed."""
    with session.imap(request) as imap:
        imap.select(judging.INBOX)
        looked = judging.look(request, imap, 0, memory(request))
        outbox.note_reports(request.user, looked.reports)
    if not wants_partial(request):
        return redirect("mail:folder", judging.INBOX)
    context = {"advert_line": advert_line(request, judging.INBOX, looked)}
    response = render_template(request, "webmail/adverts/_advert_line.html", context)
    if looked.changed:
        response["HX-Trigger-After-Swap"] = "mail:refresh"
    return response


@require_POST
@login_required
def close(request: SignedInRequest) -> HttpResponse:
    """Hide the line of the inbox about adverts for today."""
    judging.close_line(request)
    pulling.tell(request.user)
    if not wants_partial(request):
        return redirect("mail:folder", judging.INBOX)
    context = {"advert_line": advert_line(request, judging.INBOX)}
    return render_template(request, "webmail/adverts/_advert_line.html", context)


@require_GET
@login_required
def aside(request: SignedInRequest, kind: str) -> HttpResponse:
    """Redirect to the folder of adverts or of junk, whose name depends on the server."""
    with session.imap(request) as imap:
        known = folders.outline(imap)
    if kind == "junk":
        folder = folders.special(known, folders.JUNK)
    else:
        folder = folders.named(known, settings.ADVERTS_FOLDER)
    return redirect("mail:folder", folder.name if folder else judging.INBOX)


@require_http_methods(["GET", "POST"])
@login_required
def senders(request: SignedInRequest) -> HttpResponse:
    """Show the senders of mail set aside this week, the blocked and the always allowed senders, and
    the mailings that the user left. A POST adds or removes a sender, or brings back and keeps the
    mail of one."""
    choices = SenderChoice.objects.all()
    form = NewSenderForm(request.POST or None)
    if request.method == "POST":
        if kept := request.POST.get("keep"):
            _keep(request, kept)
            return redirect("mail:senders")
        if removed := request.POST.get("remove"):
            if choices.of(request.user).filter(name=removed).delete()[0]:
                renew_adverts(request)
                toasts.success(request, gettext("Removed: %(sender)s.") % {"sender": removed})
            return redirect("mail:senders")
        if form.is_valid() and _choose(request, form):
            renew_adverts(request)
            toasts.success(request, gettext("Saved."))
            return redirect("mail:senders")
    with session.imap(request) as imap:
        aside = week.senders(imap, request.user)
        sides = read_folders(imap, "")
    rows = list(choices.of(request.user))
    counted = Judgement.objects.all().aside_since(request.user, clock.now() - week.WEEK)
    context = {
        "form": form,
        "week": adverts.week_line(*counted),
        "aside": aside[:MOST_ASIDE],
        "trial_end": judging.trial_end(request),
        "folders": sides.shown,
        "blocked": [row for row in rows if not row.is_allowed],
        "allowed": [row for row in rows if row.is_allowed],
        "left": Unsubscription.objects.all().of(request.user)[:MOST_LEFT],
        "toast": None if form.is_bound else request.session.pop(TOAST, None),
    }
    status = 422 if form.is_bound else 200
    return render_template(request, "webmail/adverts/senders.html", context, status=status)


def _keep(request: SignedInRequest, address: str) -> None:
    """Bring back what was set aside of one sender this week, teach that it is wanted, and always
    allow the sender. The messages are found by the folders, not by the form."""
    with session.imap(request) as imap:
        set_aside = week.senders(imap, request.user)
        named = (row for row in set_aside if row.address == address and not row.is_fraud)
        aside = next(named, None)
        if aside is None:
            toasts.warning(request, gettext("Nothing was done: there are no messages."))
            return
        lessons = teaching.lessons(imap, "inbox", aside.steps)
        action = mail_jobs.RequestedAction("inbox", aside.steps[0].folder)
        result = mail_jobs.do(request, imap, action, aside.steps)
    teaching.teach(request, lessons)
    toast = done_toast(request, action, result)
    with suppress(ValueError):  # an address that nobody could allow: its mail is back all the same
        SenderChoice.objects.all().choose(request.user, address, is_allowed=True)
        kept = gettext("Mail from %(sender)s always stays in your inbox.") % {"sender": address}
        toast["message"] = f"{toast['message']} {kept}"
        renew_adverts(request)
    request.session[TOAST] = toast


def _choose(request: SignedInRequest, form: NewSenderForm) -> bool:
    wanted = form.cleaned_data
    try:
        SenderChoice.objects.all().choose(
            request.user, wanted["name"], is_allowed=wanted["choice"] == "allow"
        )
    except ValueError:
        form.add_error("name", gettext("This is neither an address nor a domain."))
        return False
    return True
