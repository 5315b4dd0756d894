"""The addresses at which the composer begins a message or continues a draft."""

from __future__ import annotations

import uuid

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts import session
from accounts.http import AnyRequest, SignedInRequest, login_required
from mail.imap.connection import Connection
from mail.imap.values import MessageRef
from webmail.views.composer.posted import posting
from webmail.views.composer.posted.begun import begun_page, draft_page, open_begun
from webmail.views.composer.posted.groups import group_text
from webmail.views.page import folders_beside, read_folders
from webmail.views.policies import editor_page
from webmail.writing import beginning, copies, drafts, offering, resending
from webmail.writing.beginning import Begun, Writer


@require_GET
@editor_page
@login_required
def reply(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """Begin an answer to the sender; to everybody with ``?all=1``, to the list with ``?list=1``."""
    everyone = request.GET.get("all") == "1"
    to_list = request.GET.get("list") == "1"

    def begin(imap: Connection, writer: Writer, origin: MessageRef) -> Begun:
        return beginning.reply(imap, writer, origin, everyone=everyone, to_list=to_list)

    return open_begun(request, MessageRef(folder, *ref), begin)


@require_GET
@editor_page
@login_required
def forward(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """Begin a new message with this one inside, and with its attachments, which the user may
    untick. With ``?as=attachment`` this message is a file of the new one."""
    attached = request.GET.get("as") == "attachment"
    begin = beginning.forward_attached if attached else beginning.forward
    return open_begun(request, MessageRef(folder, *ref), begin)


@require_GET
@editor_page
@login_required
def resend(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """Begin the message of a delivery report again, for the recipients that it did not reach."""
    return open_begun(request, MessageRef(folder, *ref), resending.begin)


@require_GET
@editor_page
@login_required
def edit(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """Begin a new message with the content of this one; continue it where it is a draft."""
    origin = MessageRef(folder, *ref)
    writer = Writer.of(request.user, request.preferences)
    with session.imap(request) as imap:
        known = copies.known(imap, request.user, origin)
        if known is None or known.is_changed:
            begun = beginning.edit(imap, writer, origin)
            sides = read_folders(imap, folder)
    if known is None:
        return begun_page(request, writer, begun, sides)
    if known.is_changed:
        # Another program changed the copy: that is newer, and ours stays among the versions.
        return begun_page(request, writer, begun, sides, draft=known.draft)
    # The query keeps the composer in its pane or its window.
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return redirect(reverse("mail:draft", args=[known.draft.pk]) + query)


@require_GET
@editor_page
@login_required
def draft(request: SignedInRequest, number: uuid.UUID) -> HttpResponse:
    """Continue a draft."""
    row = drafts.find(request.user, number)
    offering.forget(request, number)
    return draft_page(request, row)


@require_http_methods(["GET", "POST"])
@editor_page
def compose(request: AnyRequest) -> HttpResponseBase:
    """Begin a new message. Every form of the composer is posted to this address."""
    if request.method == "POST":
        return posting.answer(request)
    return _new(request)


@login_required
def _new(request: SignedInRequest) -> HttpResponse:
    sides = folders_beside(request)
    group = group_text(request)
    in_copy = request.GET.get("as") == "bcc"
    writer = Writer.of(request.user, request.preferences)
    begun = beginning.new(
        writer,
        to="" if in_copy else group or _line(request.GET.get("to", "")),
        cc=_line(request.GET.get("cc", "")),
        bcc=group if in_copy else _line(request.GET.get("bcc", "")),
        subject=_line(request.GET.get("subject", "")),
        text=request.GET.get("body", "")[:100_000],
    )
    return begun_page(request, writer, begun, sides)


def _line(text: str) -> str:
    return " ".join(text.split())[:2000]
