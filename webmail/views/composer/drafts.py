"""The automatic saving of the composer, the files of a draft, and the pages of drafts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from csp.constants import SELF
from django.contrib import messages as toasts
from django.http import (
    FileResponse,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import session
from accounts.http import SignedInRequest, login_required, safe_next
from core.htmx import TOAST
from mail.errors import DraftNotFound, SignInNeeded, WebmailError
from mail.mailbox import folders
from mail.mime.hypertext.html import SafeHtml
from webmail.middleware import in_place, note
from webmail.models import Draft
from webmail.views.composer.shared import file_card, lead_to, put_away, refused, saved_words
from webmail.views.composer.uploads import announced_size, body
from webmail.views.page import folders_beside
from webmail.views.policies import FRAMED, INERT, SANDBOX, policy
from webmail.writing import (
    choosing,
    cleaning,
    continuing,
    copies,
    drafts,
    files,
    making,
    offering,
    posted,
    previewing,
    rosters,
    untouched,
)
from webmail.writing.content import Content
from webmail.writing.drafts import Version

# These also save the copy in the folder Drafts, for other mail programs.
_COPIED = frozenset({"save", "close"})


@require_POST
@login_required
def save(request: SignedInRequest, number: uuid.UUID) -> HttpResponse:
    """Save the form of a composer; with ``do=save`` or ``do=close`` also in the folder Drafts.

    Answer with JSON: ``draft``, ``revision``, ``saved`` (a sentence), ``copied``. The status is 409
    if another window saved in the meantime; ``revision`` is then that window's. It is 204 if this
    window sent the message in the meantime. Before the user types anything, nothing is saved and
    the revision is 0.
    """
    data, act = request.POST, request.POST.get("do", "")
    if _is_nothing(request, number):
        words = gettext("Nothing written yet")
        return JsonResponse({"draft": str(number), "revision": 0, "saved": words, "copied": False})
    try:
        draft = drafts.save(
            request.user,
            number,
            posted.content(data),
            base=posted.revision(data),
            writer=data.get("writer", "")[:36],
            over="over" in data,
        )
        if act == "close":
            draft = drafts.close(request.user, number)
    except DraftNotFound as error:
        return HttpResponse(status=204) if _was_sent(request, number) else refused(error)
    except WebmailError as error:
        return refused(error)
    offering.forget(request, number)
    if act in _COPIED:
        _copy(request, draft)
    return JsonResponse(
        {
            "draft": str(draft.pk),
            "revision": draft.revision,
            "saved": saved_words(draft),
            "copied": draft.copy_revision == draft.revision,
        }
    )


@require_POST
@login_required
def again(request: SignedInRequest, number: uuid.UUID) -> HttpResponse:
    """Begin a new message with what a window still has of a draft that was sent or discarded; the
    new message says what it had and has not. A script gets the address of the new draft."""
    content = posted.content(request.POST)
    try:
        draft = continuing.write_again(request.user, number, content)
    except WebmailError as error:
        if in_place(request):
            return refused(error)
        raise
    if names := continuing.lost(draft, number, content, posted.beside(request.POST)):
        toasts.warning(request, continuing.lost_words(names))
    return lead_to(request, reverse("mail:draft", args=[draft.pk]))


@require_POST
@login_required
def upload(request: SignedInRequest, number: uuid.UUID) -> HttpResponse:
    """Add a file from the body of the request, sealed as it arrives and never written in clear.
    (Django would spool a multipart form in clear first.) Its name is in ``X-File-Name``
    (percent-encoded), its type in ``X-File-Type``; ``?inline=1`` is for an image inside the text.

    Answer with JSON: the file as the composer's list shows it.
    """
    name = unquote(request.headers.get("X-File-Name", ""))
    is_inline = request.GET.get("inline") == "1"
    try:
        draft = drafts.begin(request.user, number)
        row = files.add(
            request.user,
            draft,
            name,
            request.headers.get("X-File-Type", ""),
            body(request),
            cid=f"{uuid.uuid4().hex}@{number.hex[:12]}" if is_inline else "",
            announced=announced_size(request),
        )
    except WebmailError as error:
        return refused(error)
    return JsonResponse(file_card(row), status=201)


@require_GET
@login_required
@policy(INERT)
def show_file(
    request: SignedInRequest, number: uuid.UUID, file_number: uuid.UUID
) -> HttpResponseBase:
    """Return a file of a draft: an image of its text to be shown, any other as a download."""
    row = files.find(request.user, number, file_number)
    if not row.spool:
        with session.imap(request) as imap:
            row = files.fetch(imap, row)
    about, content = files.about(row), files.open_(row)
    shown = about.media_type if about.media_type in files.IMAGES and row.is_inline else ""
    response = FileResponse(
        content,
        as_attachment=not shown,
        filename=about.name,
        content_type=shown or "application/octet-stream",
    )
    response["Content-Length"] = row.size
    response["Cache-Control"] = "private, max-age=3600"
    return response


@require_GET
@login_required
@policy(FRAMED | {"img-src": [SELF, "data:"], "sandbox": SANDBOX})
def as_sent(request: SignedInRequest, number: uuid.UUID) -> HttpResponse:
    """Return the HTML of a message to each as the recipient ``?to=`` will get it, as a document
    that can run nothing, for a sandboxed frame."""
    draft = drafts.find(request.user, number)
    instead = dict(choosing.instead_of(request.GET))
    body = previewing.html(request.user, draft, request.GET.get("to", ""), instead)
    context = {"safe": SafeHtml(body, designed=True), "zoom": 100}
    return render_template(request, "webmail/reader/message_frame.html", context)


@require_POST
@login_required
def remove_file(
    request: SignedInRequest, number: uuid.UUID, file_number: uuid.UUID
) -> HttpResponse:
    """Remove a file. Without a script the whole form is posted: it is saved and shown again."""
    row = files.find(request.user, number, file_number)
    files.remove(row)
    if in_place(request):
        return HttpResponse(status=204)
    content = posted.content(request.POST)
    left = replace(content, files=tuple(name for name in content.files if name != str(file_number)))
    drafts.save(request.user, number, left, base=posted.revision(request.POST))
    return HttpResponseRedirect(reverse("mail:draft", args=[number]))


@require_POST
@login_required
def roster(request: SignedInRequest, number: uuid.UUID) -> HttpResponse:
    """Replace the roster of a message to each by the body of the request; an empty body removes it.
    Its name is in ``X-File-Name`` (percent-encoded). Answer with the composer's part about the
    roster."""
    name = unquote(request.headers.get("X-File-Name", ""))
    try:
        content = b"".join(_limited(body(request), rosters.MOST_READ))
        draft = drafts.begin(request.user, number)
    except WebmailError as error:
        return refused(error)
    if not content and not name:
        rosters.remove(draft)
        return render_template(request, "webmail/compose/_roster.html", {})
    kept = rosters.keep(request.user, draft, name, content)
    context: dict[str, Any]
    if kept.roster.refusal:
        context = {"roster": rosters.of(draft), "refusal": rosters.refusal_words(kept.roster)}
        return render_template(request, "webmail/compose/_roster.html", context, status=422)
    context = {"roster": kept, "faults": rosters.fault_words(kept.roster), "is_new": True}
    return render_template(request, "webmail/compose/_roster.html", context)


def _limited(pieces: Iterator[bytes], most: int) -> Iterator[bytes]:
    """Yield pieces until they amount to ``most`` bytes; the rest of the body is not read."""
    for piece in pieces:
        yield piece
        most -= len(piece)
        if most <= 0:
            return


@require_POST
@login_required
def discard(request: SignedInRequest, number: uuid.UUID) -> HttpResponse:
    """Discard a draft, which can be restored for seven days."""
    put_away(request, drafts.discard(request.user, number))
    return _back(request)


@require_POST
@login_required
def reopen(request: SignedInRequest, number: uuid.UUID) -> HttpResponse:
    """Open a draft again that was closed or discarded, and put its copy back into the folder
    Drafts."""
    draft = drafts.reopen(request.user, number)
    offering.forget(request, number)
    _copy(request, draft)
    words = gettext("The draft is open again.")
    return lead_to(request, reverse("mail:draft", args=[number]), words)


@require_POST
@login_required
def dismiss(request: SignedInRequest) -> HttpResponse:
    """Hide the line that offers drafts, for this session. The drafts stay."""
    offering.forget(request)
    if in_place(request):
        return HttpResponse()
    return HttpResponseRedirect(safe_next(request) or "/")


@require_GET
@login_required
def all_drafts(request: SignedInRequest) -> HttpResponse:
    """Redirect to the folder Drafts, whatever its name is."""
    with session.imap(request) as imap:
        name = folders.ensure(imap, folders.DRAFTS)
    return HttpResponseRedirect(reverse("mail:folder", args=[name]))


@require_GET
@login_required
def discarded(request: SignedInRequest) -> HttpResponse:
    """Show the discarded drafts that can be restored."""
    sides = folders_beside(request)
    context = {
        "discarded": drafts.discarded(request.user),
        "folders": sides and sides.shown,
        "toast": request.session.pop(TOAST, None),
    }
    return render_template(request, "webmail/drafts/discarded.html", context)


@require_GET
@login_required
def versions(request: SignedInRequest, number: uuid.UUID) -> HttpResponse:
    """Show the versions of a draft, at most one for each minute."""
    kept = drafts.versions(request.user, number)
    sides = folders_beside(request)
    context = {
        "number": number,
        "versions": [_shown(version) for version in kept],
        "folders": sides and sides.shown,
    }
    return render_template(request, "webmail/drafts/draft_versions.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def version(request: SignedInRequest, number: uuid.UUID, revision: int) -> HttpResponse:
    """Show a version of a draft; a POST restores it."""
    if request.method == "POST":
        drafts.restore(request.user, number, revision)
        toasts.success(request, gettext("The version is back. What stood there is a version now."))
        return HttpResponseRedirect(reverse("mail:draft", args=[number]))
    kept = drafts.version(request.user, number, revision)
    sides = folders_beside(request)
    context = {"number": number, "version": _shown(kept), "folders": sides and sides.shown}
    return render_template(request, "webmail/drafts/draft_version.html", context)


@dataclass(frozen=True)
class ShownVersion:
    """A version as its page shows it: its text alone, so that nothing in it can run."""

    revision: int
    saved: Any
    content: Content
    text: str


def _shown(version: Version) -> ShownVersion:
    written = version.content
    text = cleaning.text(written.html) if written.is_html else written.text
    return ShownVersion(version.revision, version.saved, written, text)


def _is_nothing(request: SignedInRequest, number: uuid.UUID) -> bool:
    data = request.POST
    if posted.revision(data):
        return False
    begun = data.get("untouched", "")[:64]
    is_untouched = untouched.is_untouched(posted.content(data), begun)
    return is_untouched and not Draft.objects.filter(pk=number).exists()


def _was_sent(request: SignedInRequest, number: uuid.UUID) -> bool:
    """Return whether a save arrived after its message was sent: from the window that sent it, or
    with the same words. Another window, whose words would be lost, gets an error instead."""
    data = request.POST
    return drafts.was_sent(
        request.user, number, posted.content(data), writer=data.get("writer", "")[:36]
    )


def _copy(request: SignedInRequest, draft: Draft) -> None:
    """Save the copy in the folder Drafts. If the mail server is not available nothing is raised,
    since the row is saved already."""
    if draft.copy_revision == draft.revision and draft.copy_uid is not None:
        return
    try:
        with session.imap(request) as imap:
            content = copies.take_over(imap, request.user, draft)
            copies.file(imap, draft, making.draft_copy(imap, request.user, draft, content))
    except SignInNeeded:
        raise
    except WebmailError as error:
        note(error)


def _back(request: SignedInRequest) -> HttpResponse:
    if in_place(request):
        return HttpResponse(status=204)
    return HttpResponseRedirect(safe_next(request) or reverse("mail:drafts"))
