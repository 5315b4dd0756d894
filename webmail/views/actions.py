"""What one does with messages, from a list or from the reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages as toasts
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from accounts import session
from accounts.http import SignedInRequest, login_required, safe_next
from webmail.forms import ActForm
from webmail.htmx import wants_partial
from webmail.imap.connection import Connection
from webmail.imap.values import FLAGGED, SEEN, MessageRef
from webmail.mailbox import actions, folders
from webmail.presentation import links
from webmail.views.folders import TARGETS, read_folders
from webmail.views.lists import TOAST

FLAG_VERBS = {
    "flag": (FLAGGED, True),
    "unflag": (FLAGGED, False),
    "seen": (SEEN, True),
    "unseen": (SEEN, False),
}
UNDOING = {"flag": "unflag", "unflag": "flag", "seen": "unseen", "unseen": "seen"}


@require_POST
@login_required
def act(request: SignedInRequest, folder: str) -> HttpResponse:
    """One verb on the chosen messages of a folder, with its undoing in a toast."""
    form = ActForm(request.POST)
    if not form.is_valid():
        if "to" in form.errors:
            words = gettext("Nothing was done: choose a folder.")
        else:
            words = gettext("Nothing was done: choose at least one message.")
        return _nothing_done(request, folder, words)
    verb = form.cleaned_data["verb"]
    refs = [MessageRef(folder, *pair) for pair in form.cleaned_data["refs"]]
    with session.imap(request) as imap:
        target = _target(imap, verb, form.cleaned_data["to"])
        if target == folder:
            words = gettext("Nothing was done: these messages are in this folder already.")
            return _nothing_done(request, folder, words)
        undo = _perform(imap, folder, verb, refs, target)
        if wants_partial(request):
            sides = read_folders(imap, folder)
    words = _done("undo" if form.cleaned_data["undoing"] else verb, len(refs))
    toast = {"message": words, "undo": undo}
    if not wants_partial(request):
        request.session[TOAST] = toast
        return HttpResponseRedirect(safe_next(request) or reverse("mail:folder", args=[folder]))
    gone = verb not in FLAG_VERBS
    opened = form.cleaned_data["opened"]
    row = sides.shown.find(folder)
    context = {
        "folders": sides.shown,
        "page": row and {"total": row.messages, "unseen": row.unseen},
        "current": folder,
        "refs": [links.ref_segment(ref) for ref in refs],
        "verb": verb,
        "opened_ref": opened,
        "message_gone": gone and opened in request.POST.getlist("refs"),
        "toast": toast if gone or verb == "unseen" else None,
    }
    return render_template(request, "webmail/_acted.html", context)


def _target(imap: Connection, verb: str, to: str) -> str:
    """The folder that the verb moves messages to; "" for one that leaves them where they are."""
    if verb in FLAG_VERBS:
        return ""
    if verb == "inbox":
        return "INBOX"
    return to if verb == "move" else folders.ensure(imap, TARGETS[verb])


def _perform(
    imap: Connection, folder: str, verb: str, refs: Sequence[MessageRef], target: str
) -> dict[str, Any] | None:
    """Do it; returns the form that undoes it, None when the server does not tell the new UIDs."""
    if verb in FLAG_VERBS:
        actions.set_flag(imap, refs, *FLAG_VERBS[verb])
        moved: Sequence[MessageRef] = refs
        undoing, back = UNDOING[verb], ""
    else:
        moved = actions.move(imap, refs, to=target)
        undoing, back = "move", folder
    if not moved:
        return None
    fields = [("refs", links.ref_segment(ref)) for ref in moved]
    fields += [("verb", undoing), ("to", back), ("undoing", "1")]
    fields += [("next", reverse("mail:folder", args=[folder]))]
    return {"url": reverse("mail:act", args=[moved[0].folder]), "fields": fields}


def _done(verb: str, count: int) -> str:
    match verb:
        case "flag":
            words = ngettext("%(count)d message flagged.", "%(count)d messages flagged.", count)
        case "unflag":
            words = ngettext(
                "Flag removed from %(count)d message.",
                "Flag removed from %(count)d messages.",
                count,
            )
        case "seen":
            words = ngettext(
                "%(count)d message marked as read.", "%(count)d messages marked as read.", count
            )
        case "unseen":
            words = ngettext(
                "%(count)d message marked as unread.", "%(count)d messages marked as unread.", count
            )
        case "trash":
            words = ngettext(
                "%(count)d message moved to the trash.",
                "%(count)d messages moved to the trash.",
                count,
            )
        case "undo":
            words = ngettext(
                "%(count)d message is as it was.", "%(count)d messages are as they were.", count
            )
        case "archive":
            words = ngettext("%(count)d message archived.", "%(count)d messages archived.", count)
        case "junk":
            words = ngettext(
                "%(count)d message moved to junk.", "%(count)d messages moved to junk.", count
            )
        case _:
            words = ngettext("%(count)d message moved.", "%(count)d messages moved.", count)
    return words % {"count": count}


def _nothing_done(request: SignedInRequest, folder: str, words: str) -> HttpResponse:
    if wants_partial(request):
        context = {"level": "warn", "title": words}
        return render_template(request, "webmail/_notice.html", context, status=422)
    toasts.warning(request, words)
    return redirect("mail:folder", folder)
