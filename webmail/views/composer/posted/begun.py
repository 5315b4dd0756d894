"""The composer's page with a message that was begun, or with a draft."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages as toasts
from django.http import HttpResponse

from accounts import session
from accounts.http import SignedInRequest
from mail.errors import WebmailError
from mail.imap.connection import Connection
from mail.imap.values import MessageRef
from mail.mime.structure import Part
from webmail.models import Draft
from webmail.views.composer.posted.form import form_of
from webmail.views.composer.posted.page import page
from webmail.views.page import folders_beside, read_folders
from webmail.writing import beginning, drafts, posted
from webmail.writing.beginning import Begun, Writer


def open_begun(
    request: SignedInRequest,
    origin: MessageRef,
    begin: Callable[[Connection, Writer, MessageRef], Begun],
) -> HttpResponse:
    """Show the composer with the message that ``begin`` makes of ``origin``."""
    writer = Writer.of(request.user, request.preferences)
    with session.imap(request) as imap:
        begun = begin(imap, writer, origin)
        sides = read_folders(imap, origin.folder)
    return begun_page(request, writer, begun, sides)


def begun_page(
    request: SignedInRequest,
    writer: Writer,
    begun: Begun,
    sides: Any,
    *,
    draft: Draft | None = None,
) -> HttpResponse:
    """Show the composer with a message. No row is made: the page has a number of its own until
    the user writes something. A page that is loaded again has the number that its address names,
    by which the browser finds what was typed; once a row has it, the page is that of the draft."""
    asked = posted.number(request.GET.get("draft", ""))
    if draft is None and asked and (began := drafts.began(request.user, asked)):
        return draft_page(request, began)
    number, revision = (draft.pk, draft.revision) if draft else (drafts.free(asked), 0)
    form, warnings = form_of(begun.content, number, revision)
    return page(
        request,
        form,
        sides,
        draft=draft,
        parts=begun.parts,
        mine=writer.identities,
        warnings=(*begun.warnings, *warnings),
    )


def draft_page(request: SignedInRequest, draft: Draft) -> HttpResponse:
    """Show the composer with a draft. Without the mail server it opens too, unless it keeps parts
    of the answered message: they could not be shown, and would be lost when it is saved."""
    content = drafts.content(draft)
    parts: tuple[Part, ...] = ()
    if content.origin and content.keep:
        with session.imap(request) as imap:
            parts = _kept_parts(imap, content.origin, content.keep)
    sides = folders_beside(request)
    notices = list(toasts.get_messages(request))
    form, warnings = form_of(content, draft.pk, draft.revision)
    return page(
        request,
        form,
        sides,
        draft=draft,
        parts=parts,
        # The reasons why a message was refused stay while it is corrected, longer than a toast.
        warnings=[
            *warnings,
            *(notice.message for notice in notices if notice.level >= toasts.WARNING),
        ],
        messages=[notice for notice in notices if notice.level < toasts.WARNING],
    )


def _kept_parts(imap: Connection, origin: MessageRef, numbers: Sequence[str]) -> tuple[Part, ...]:
    """Return the parts of the answered message that a draft keeps, if they are still there."""
    try:
        return beginning.parts(imap, origin, numbers)
    except WebmailError:
        return ()
