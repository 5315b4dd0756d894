"""What the views of the composer share: the response headers of its page, its files, and the
answers about a draft."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar, cast

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.http.request import UnreadablePostError
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.clickjacking import xframe_options_sameorigin

from accounts import session
from accounts.http import SignedInRequest
from webmail.errors import (
    DraftChanged,
    FileRefused,
    SignInNeeded,
    WebmailError,
)
from webmail.htmx import TOAST
from webmail.middleware import in_place, note
from webmail.models import Draft, DraftFile
from webmail.presentation import failures
from webmail.presentation.files import kind_of
from webmail.presentation.words import size as size_in_words
from webmail.writing import (
    copies,
    files,
    offering,
)

P = ParamSpec("P")
Answer = TypeVar("Answer", bound=HttpResponseBase)

_PIECE = 64 * 1024

EDITOR = {"style-src-attr": [UNSAFE_INLINE]}


def document(view: Callable[P, Answer]) -> Callable[P, Answer]:
    """Decorate a view that answers with the composer: a page of the webmail may show it in a pane,
    and the text that is written or quoted may have style attributes. Scripts and style sheets are
    as confined as everywhere."""
    return cast(Any, xframe_options_sameorigin(edits(view)))


def edits(view: Callable[P, Answer]) -> Callable[P, Answer]:
    """Decorate a view that answers with the editor, whose text may have style attributes."""
    return cast(Any, cast(Any, csp_update(EDITOR))(view))


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


def lead_to(request: SignedInRequest, url: str) -> HttpResponse:
    """Redirect to an address of the composer. A script gets the address as JSON, and opens it in a
    pane or a window (js/dock.js)."""
    return JsonResponse({"url": url}) if in_place(request) else HttpResponseRedirect(url)


def saved_words(draft: Draft) -> str:
    """ "Saved at 14:32"."""
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


def announced_size(request: HttpRequest) -> int:
    """Return the length of the request's body in bytes, as its header announces it; else 0."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if re.fullmatch(r"[0-9]{1,15}", length) else 0


def body(request: HttpRequest) -> Iterator[bytes]:
    """Yield the request's body in pieces. Raise FileRefused where the browser breaks off."""
    try:
        while piece := request.read(_PIECE):
            yield piece
    except UnreadablePostError as error:
        raise FileRefused("cut") from error
