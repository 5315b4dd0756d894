"""The user's reactions to the judgement on a message: open its links, report it, leave the mailing,
block or allow the sender."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from accounts import session, tending
from accounts.http import SignedInRequest, login_required
from core.htmx import TOAST
from mail.imap import fetch
from mail.imap.values import MessageRef
from mail.mailbox import folders
from mail.mailbox.actions import MOVE, MailStep
from mail.mime import headers
from mail.mime import unsubscribing as ways_out
from webmail import tasks
from webmail.adverts import judging, reporting, teaching, unsubscribing
from webmail.forms.messages import SenderForm
from webmail.jobs import mail_jobs
from webmail.models import SenderChoice
from webmail.presentation import action_words
from webmail.presentation import links as addresses
from webmail.views.judgement.judgements import author_of, is_everybodys, is_vouched_for, open_links
from webmail.views.judgement.script import renew_adverts
from webmail.views.transfers.awaited import done_toast


@require_POST
@login_required
def links(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """Open the links of this message, for this session."""
    message_ref = MessageRef(folder, *ref)
    with session.imap(request) as imap:
        fetch.headers(imap, message_ref)
    open_links(request, message_ref)
    return redirect(addresses.message_url(message_ref))


@require_POST
@login_required
def report(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """Report the message to the authority as it arrived, then move it to the junk, which can be
    undone. Own messages cannot be reported."""
    if not settings.REPORT_ADDRESS:
        raise Http404
    message_ref = MessageRef(folder, *ref)
    toast: dict[str, Any] = {"undo": None}
    with session.imap(request) as imap:
        if folders.is_own(imap, folder):
            request.session[TOAST] = {"message": action_words.own_mail(), "undo": None}
            return redirect(addresses.message_url(message_ref))
        judgement = judging.judgement(request, headers.parse(fetch.headers(imap, message_ref)))
        reporting.report(request, imap, message_ref, judgement)
        junk = folders.ensure(imap, folders.JUNK)
        step = MailStep(MOVE, folder, message_ref.uidvalidity, (message_ref.uid,), junk)
        lessons = teaching.lessons(imap, "junk", [step])
        if folder != junk:
            action = mail_jobs.RequestedAction("junk", folder)
            toast = done_toast(request, action, mail_jobs.do(request, imap, action, [step]))
    teaching.teach(request, lessons)
    request.session[TOAST] = {"message": reported_words(), "undo": toast["undo"]}
    return redirect("mail:folder", folder)


def reported_words() -> str:
    """Return the words about a report and its consequences."""
    return gettext(
        "Reported to the authority, and moved to junk. Somebody looks at it there: if others got it"
        " too, it can be taken out of all mailboxes."
    )


@require_POST
@login_required
def sender(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """Block or allow the author of a message, or the author's whole domain. The author is read from
    the message, not from the form."""
    message_ref = MessageRef(folder, *ref)
    form = SenderForm(request.POST)
    with session.imap(request) as imap:
        author = author_of(headers.parse(fetch.headers(imap, message_ref)))
    if form.is_valid() and author:
        message = _choose(request, author, form.cleaned_data["choice"])
        renew_adverts(request)
        request.session[TOAST] = {"message": message, "undo": None}
    return redirect(addresses.message_url(message_ref))


@require_POST
@login_required
def unsubscribe(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """Leave the mailing by one click, by a job. The address to call is read from the message, not
    from the form."""
    message_ref = MessageRef(folder, *ref)
    with session.imap(request) as imap:
        fields = headers.parse(fetch.headers(imap, message_ref))
    ways = ways_out.unsubscribe_ways(fields)
    if not ways.one_click or not is_vouched_for(fields):
        raise Http404
    asked = unsubscribing.ask(request.user, author_of(fields), ways.one_click)
    tending.hand_over(tasks.unsubscribe, asked.pk)
    words = gettext(
        "You leave this mailing: its sender is being told. What comes of it stands under "
        "“Adverts and senders”."
    )
    request.session[TOAST] = {"message": words, "undo": None}
    return redirect(addresses.message_url(message_ref))


def _choose(request: SignedInRequest, author: str, choice: str) -> str:
    """Save the user's choice about a sender. Return the words of the toast."""
    choices, domain = SenderChoice.objects.all(), author.rpartition("@")[2]
    if choice == SenderForm.FORGET:
        choices.of(request.user).filter(name__in=[author, domain]).delete()
        return gettext("Nothing special is done with mail from %(sender)s any more.") % {
            "sender": author
        }
    is_domain = choice == SenderForm.BLOCK_DOMAIN and not is_everybodys(domain)
    name, is_allowed = domain if is_domain else author, choice == SenderForm.ALLOW
    try:
        choices.choose(request.user, name, is_allowed=is_allowed)
    except ValueError:
        return gettext("Nothing was done: the sender has no usable address.")
    if is_allowed:
        return gettext("Mail from %(sender)s always stays in your inbox.") % {"sender": name}
    return gettext("New mail from %(sender)s goes to the adverts from now on.") % {"sender": name}
