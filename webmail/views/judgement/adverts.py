"""Adverts and junk: the judgement of new mail continued, the folders of adverts and junk, and the
senders that the user blocked or allowed."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib import messages as toasts
from django.http import HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import session
from accounts.http import SignedInRequest, login_required
from core import clock
from core.htmx import wants_partial
from mail.mailbox import folders
from webmail import outbox
from webmail.adverts import judging, pulling
from webmail.forms.messages import NewSenderForm
from webmail.models import Judgement, SenderChoice, Unsubscription
from webmail.presentation import adverts
from webmail.views.judgement.script import renew_adverts
from webmail.views.list.page import advert_line
from webmail.views.page import memory, read_folders

MOST_LEFT = 20
"""The most mailings that the page names."""
WEEK = timedelta(days=7)
_WEEK_CLOSED = "adverts_week_closed"  # in the session: the week whose line was closed


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
    """Show the blocked and the always allowed senders, and the mailings that the user left. A POST
    adds a sender."""
    choices = SenderChoice.objects.all()
    form = NewSenderForm(request.POST or None)
    if request.method == "POST":
        if removed := request.POST.get("remove"):
            if choices.of(request.user).filter(name=removed).delete()[0]:
                renew_adverts(request)
                toasts.success(request, gettext("Removed: %(sender)s.") % {"sender": removed})
            return redirect("mail:senders")
        if request.POST.get("close_week"):
            request.session[_WEEK_CLOSED] = _week()
            return redirect("mail:senders")
        if form.is_valid() and _choose(request, form):
            renew_adverts(request)
            toasts.success(request, gettext("Saved."))
            return redirect("mail:senders")
    with session.imap(request) as imap:
        sides = read_folders(imap, "")
    rows = list(choices.of(request.user))
    context = {
        "form": form,
        "week": _week_line(request),
        "folders": sides.shown,
        "blocked": [row for row in rows if not row.is_allowed],
        "allowed": [row for row in rows if row.is_allowed],
        "left": Unsubscription.objects.all().of(request.user)[:MOST_LEFT],
    }
    status = 422 if form.is_bound else 200
    return render_template(request, "webmail/adverts/senders.html", context, status=status)


def _week() -> str:
    """Return the current week in the user's time zone."""
    year, week, _day = timezone.localdate().isocalendar()
    return f"{year}-{week}"


def _week_line(request: SignedInRequest) -> str:
    """Return the number of adverts of the last seven days in words; "" if there were none, or if
    the user closed the line of this week."""
    if request.session.get(_WEEK_CLOSED) == _week():
        return ""
    aside, back = Judgement.objects.all().adverts_since(request.user, clock.now() - WEEK)
    return adverts.week_line(aside, back)


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
