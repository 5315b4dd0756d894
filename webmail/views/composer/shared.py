"""Functions that the views of drafts and of the composer share: files of a draft, and answers about
a draft."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from accounts import session
from accounts.http import SignedInRequest
from core.htmx import TOAST
from mail.errors import DraftChanged, SignInNeeded, WebmailError
from webmail.middleware import in_place, note
from webmail.models import Draft, DraftFile
from webmail.presentation import failures
from webmail.presentation.files import kind_of
from webmail.presentation.words import size as size_in_words
from webmail.writing import copies, files, offering


def put_away(request: SignedInRequest, draft: Draft) -> None:
    """Remove the copy of a draft that was discarded, and let the next page say so, with the way
    back. A copy on a mail server that is not available stays."""
    offering.forget(request, draft.pk)
    words = gettext("Draft discarded. It can be taken back for seven days.")
    try:
        with session.imap(request) as imap:
            copies.take_over(imap, request.user, draft)
            copies.remove(imap, draft)
    except SignInNeeded:
        raise
    except WebmailError as error:
        note(error)
        words = gettext("Draft discarded; its copy in the Drafts folder could not be removed.")
    undo = {"url": reverse("mail:draft_reopen", args=[draft.pk]), "fields": []}
    request.session[TOAST] = {"message": words, "undo": undo}


def lead_to(request: SignedInRequest, url: str, words: str = "") -> HttpResponse:
    """Redirect to an address of the composer. A script gets the address as JSON, opens it in a pane
    or a window, and says what became of the message (js/dock.js)."""
    if in_place(request):
        return JsonResponse({"url": url, "said": words})
    return HttpResponseRedirect(url)


def saved_words(draft: Draft) -> str:
    """Return "Saved at 14:32"."""
    time = timezone.localtime(draft.changed).strftime("%H:%M")
    return gettext("Saved at %(time)s") % {"time": time}


def file_card(row: DraftFile) -> dict[str, Any]:
    """Return a file as the composer's list shows it. ``size`` is in words; ``url`` leads to the
    file, ``remove_url`` removes it."""
    about = files.about(row)
    where = [row.draft_id, row.pk]
    kind, kind_class = kind_of(about.name)
    return {
        "id": str(row.pk),
        "name": about.name,
        "type": about.media_type,
        "size": size_in_words(about.size),
        "size_bytes": about.size,
        "kind": kind,
        "kind_class": kind_class,
        "cid": about.cid,
        "url": reverse("mail:draft_file", args=where),
        "remove_url": reverse("mail:draft_file_remove", args=where),
    }


def refused(error: WebmailError) -> JsonResponse:
    """Answer a script with an error in words; a changed draft has its new revision beside them."""
    if isinstance(error, SignInNeeded):
        raise error
    answer: dict[str, Any] = {"words": failures.of_draft(error), "way": failures.way_out(error)}
    if isinstance(error, DraftChanged):
        answer["revision"] = error.revision
    return JsonResponse(answer, status=error.status)
