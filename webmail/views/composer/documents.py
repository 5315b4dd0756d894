"""The documents of a message to each: uploaded, matched with the recipients, matched by hand."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from django.contrib import messages
from django.http import (
    FileResponse,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import render as render_template
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import session
from accounts.http import SignedInRequest, asked_here, login_required
from mail.errors import FileRefused, WebmailError
from webmail.middleware import in_place
from webmail.models import Draft
from webmail.views.composer.shared import refused
from webmail.views.composer.uploads import announced_size, body
from webmail.views.page import read_folders
from webmail.views.policies import INERT, editor_page, policy
from webmail.writing import documents, drafts, settling


@require_http_methods(["GET", "POST"])
@editor_page
@asked_here
@login_required
def sheet(request: SignedInRequest, number: uuid.UUID) -> HttpResponse:
    """Show the documents and their recipients; a POST decides about them. A script of the composer
    gets the part about documents alone."""
    draft = drafts.find(request.user, number)
    shown = settling.sheet(request.user, draft)
    if request.method == "POST":
        if shown and (words := settling.answer(draft, shown, request.POST)):
            messages.warning(request, words)
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        return HttpResponseRedirect(reverse("mail:draft_documents", args=[number]) + query)
    if in_place(request):
        return _part(request, draft)
    with session.imap(request) as imap:
        sides = read_folders(imap, "")
    context = {"number": number, "sheet": shown, "folders": sides.shown}
    return render_template(request, "webmail/compose/documents.html", context)


@require_POST
@login_required
def add(request: SignedInRequest, number: uuid.UUID) -> HttpResponse:
    """Add a document, or a zip of documents, from the body of the request. Its name is in
    ``X-File-Name`` (percent-encoded). Answer with JSON: ``count`` is the number of documents added,
    ``words`` are about those refused."""
    name = unquote(request.headers.get("X-File-Name", ""))
    try:
        draft = drafts.begin(request.user, number)
        added = documents.add(request.user, draft, name, _all_of(request))
    except WebmailError as error:
        return refused(error)
    if added.refusal:
        words = [documents.refusal_words(added)]
        return JsonResponse({"count": 0, "words": words}, status=422)
    return JsonResponse({"count": added.count, "words": documents.fault_words(added)})


@require_POST
@login_required
def remove(request: SignedInRequest, number: uuid.UUID) -> HttpResponse:
    """Remove all documents of a draft."""
    draft = drafts.find(request.user, number)
    documents.remove(draft)
    if in_place(request):
        return _part(request, draft)
    return HttpResponseRedirect(reverse("mail:draft", args=[number]))


@require_GET
@login_required
@policy(INERT)
def download(
    request: SignedInRequest, number: uuid.UUID, file_number: uuid.UUID
) -> HttpResponseBase:
    """Return a document as a download; it is never shown in a page."""
    draft = drafts.find(request.user, number)
    row = documents.find(draft, file_number)
    response = FileResponse(
        documents.open_(draft, row),
        as_attachment=True,
        filename=documents.about(draft, row).name,
        content_type="application/octet-stream",
    )
    response["Content-Length"] = row.size
    response["Cache-Control"] = "private, no-store"
    return response


def _all_of(request: SignedInRequest) -> Iterator[bytes]:
    """Yield the body in pieces. Raises FileRefused if it is shorter than announced."""
    size = 0
    for piece in body(request):
        size += len(piece)
        yield piece
    if size < announced_size(request):
        raise FileRefused("cut")


def _part(request: SignedInRequest, draft: Draft) -> HttpResponse:
    context: dict[str, Any] = {"documents": settling.sheet(request.user, draft)}
    return render_template(request, "webmail/compose/_documents.html", context)
