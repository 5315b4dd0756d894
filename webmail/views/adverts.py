"""Adverts and junk: the rest of new mail is judged, what was set aside is shown."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.views.decorators.http import require_GET, require_POST

from accounts import session
from accounts.http import SignedInRequest, login_required
from webmail import judging
from webmail.htmx import wants_partial
from webmail.mailbox import folders
from webmail.views.lists import advert_line, memory


@require_POST
@login_required
def judge(request: SignedInRequest) -> HttpResponse:
    """Go on judging the inbox where a request had no more time; the line of the inbox comes back,
    and where the list is another one now it is asked to renew itself."""
    with session.imap(request) as imap:
        imap.select(judging.INBOX)
        looked = judging.look(request, imap, 0, memory(request))
    if not wants_partial(request):
        return redirect("mail:folder", judging.INBOX)
    context = {"advert_line": advert_line(request, judging.INBOX, looked)}
    response = render_template(request, "webmail/_advert_line.html", context)
    if looked.changed:
        response["HX-Trigger-After-Swap"] = "mail:refresh"
    return response


@require_GET
@login_required
def aside(request: SignedInRequest, kind: str) -> HttpResponse:
    """The folder that adverts or junk were set aside in, whatever it is called on this server."""
    with session.imap(request) as imap:
        known = folders.outline(imap)
    if kind == "junk":
        found = folders.special(known, folders.JUNK)
    else:
        found = folders.named(known, settings.ADVERTS_FOLDER)
    return redirect("mail:folder", found.name if found else judging.INBOX)
