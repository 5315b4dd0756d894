"""The list of a folder's messages, and what stands around it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts import session
from accounts.http import SignedInRequest, login_required
from webmail.forms import ListForm
from webmail.htmx import render, wants_partial
from webmail.imap.connection import Connection
from webmail.imap.values import MessageRef
from webmail.mailbox import listing
from webmail.presentation import lists
from webmail.views.folders import read_folders

TOAST = "toast"  # in the session: what the next whole page says, with its undoing


def home(request: HttpRequest) -> HttpResponse:
    """Where a signed-in person begins."""
    if getattr(request.user, "is_local_administrator", False):
        return redirect("admin:index")
    return redirect("mail:folder", "INBOX")


@require_GET
@login_required
def message_list(request: SignedInRequest, folder: str) -> HttpResponse:
    """One page of a folder; for the scrolling list only the rows that come next."""
    with session.imap(request) as imap:
        context = list_context(request, imap, folder)
    if not wants_partial(request):
        context["toast"] = request.session.pop(TOAST, None)
    scrolling = request.htmx.target == "more"
    partial = "webmail/_message_rows.html" if scrolling else ""
    return render(request, "webmail/message_list.html", context, partial=partial)


def list_context(
    request: SignedInRequest, imap: Connection, folder: str, current: MessageRef | None = None
) -> dict[str, Any]:
    form = ListForm(request.GET)
    page = listing.page(
        imap,
        folder,
        number=form.number,
        size=int(request.preferences.page_size),
        after=form.after_uid,
    )
    sides = read_folders(imap, folder)
    row = sides.shown.find(folder)
    shown = lists.mail_page(
        page,
        label=row.label if row else folder,
        unseen=(sides.current and sides.current.unseen) or 0,
        special_use=sides.special_use,
        full_dates=request.preferences.dates == "full",
        current=current,
    )
    return {
        "folders": sides.shown,
        "current": folder,
        "here": sides.own_verb,
        "page": shown,
        "folder_label": shown.label,
    }


def counts_context(imap: Connection, folder: str) -> dict[str, Any]:
    sides = read_folders(imap, folder)
    row = sides.shown.find(folder)
    label = row.label if row else folder
    return {
        "folders": sides.shown,
        "current": folder,
        "here": sides.own_verb,
        "folder_label": label,
        "page": {
            "label": label,
            "url": reverse("mail:folder", args=[folder]),
            "total": row.messages if row else 0,
            "unseen": row.unseen if row else 0,
        },
    }
