"""The components of the pages in each of their states, for developers, if DEBUG is on. The page
shows the product's templates with invented values. States of the pointer and the keyboard are the
style sheets' rules for ``:hover``, ``:focus-visible`` and ``:active``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import wraps
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core import clock
from core.preferences import Preferences
from mail.imap.values import ANSWERED, DRAFT, FLAGGED, FORWARDED, SEEN, Folder, MessageRef
from mail.mailbox.folders import FolderNode
from mail.mailbox.listing import ListPage
from mail.mailbox.ordering import View
from mail.mailbox.summaries import MessageSummary
from mail.mime.addresses import Address
from webmail.presentation import folder_list, lists
from webmail.presentation.tags import Chip

BUTTONS = ("primary", "tonal", "line", "quiet", "danger", "danger-fill", "icon")
STATES = (
    ("rest", "", ""),
    ("hover", "as-hover", ""),
    ("focus", "as-focus", ""),
    ("pressed", "as-active", ""),
    ("busy", "", 'aria-busy="true"'),
    ("disabled", "", "disabled"),
)
"""The name, class and attribute of each state of a button."""
NOTICES = ("ok", "info", "warn", "bad")
FAILURES = ("server_unavailable", "over_quota", "message_not_found", "server_refused")
_SHEETS = ("base.css", "mail.css", "account.css")
_STATES = {":hover": ".as-hover", ":focus-visible": ".as-focus", ":active": ".as-active"}
_STATE = re.compile(r":hover|:focus-visible|:active")
_TAG = Chip("eleves", "Élèves", 2)
# Subject, flags, with attachment, with invitation, urgent.
_ROWS: tuple[tuple[str, set[str], bool, bool, bool], ...] = (
    ("Unread", set(), True, False, False),
    ("Read", {SEEN}, False, False, False),
    ("Flagged, with a tag", {SEEN, FLAGGED, _TAG.keyword}, False, False, False),
    ("Answered", {SEEN, ANSWERED}, False, False, False),
    ("Forwarded", {SEEN, FORWARDED}, False, True, False),
    ("Draft", {SEEN, DRAFT}, False, False, False),
    (
        "Urgent, and so long that it does not fit into the row beside the date",
        set(),
        True,
        True,
        True,
    ),
)


def in_debug(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a view that exists only if DEBUG is on; otherwise it answers with 404."""

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        if not settings.DEBUG:
            raise Http404
        return view(request)

    return answer


@require_GET
@in_debug
def design(request: HttpRequest) -> HttpResponse:
    """Show every component. ``?theme=dark`` and ``?panes=below`` set these preferences."""
    chosen = {name: request.GET.get(name) for name in ("theme", "panes", "density", "accent")}
    prefs = Preferences.combine({"theme": "light"} | {k: v for k, v in chosen.items() if v}, {})
    context: dict[str, Any] = {
        "prefs": prefs,
        "buttons": BUTTONS,
        "states": STATES,
        "notices": NOTICES,
        "failures": FAILURES,
        "folders": _folders(),
        "current": "INBOX",
        "filled": _page(_summaries()),
        "empty": _page(()),
        "narrowed": _page((), only="unread"),
        "fullness": [
            SimpleNamespace(level=level, percent=percent, words=f"{percent} % of 1 GB")
            for level, percent in (("", 24), ("warn", 91), ("bad", 100))
        ],
        "toasts": [_toast("Preferences saved."), _toast("Moved to the trash.", undo=True)],
        "error": SimpleNamespace(server_words="", recipients=()),
    }
    return render(request, "webmail/design/design.html", context)


@require_GET
@in_debug
def states(_request: HttpRequest) -> HttpResponse:
    """Return the style sheets with classes in place of the states. All rules are returned, since
    their order decides which one wins."""
    text = "\n".join(map(_with_classes, _SHEETS))
    return HttpResponse(text, content_type="text/css")


def _with_classes(sheet: str) -> str:
    """Return a style sheet with classes in place of states, without fonts and imports."""
    lines = Path(str(finders.find(f"webmail/css/{sheet}"))).read_text().splitlines()
    kept = (line for line in lines if not line.startswith("@import") and "url(" not in line)
    return _STATE.sub(lambda state: _STATES[state[0]], "\n".join(kept))


def _summaries() -> tuple[MessageSummary, ...]:
    now = clock.now()
    return tuple(
        MessageSummary(
            ref=MessageRef("INBOX", 1, number),
            flags=frozenset(flags),
            size=1024 * number**3,
            received=now - timedelta(hours=7 * number),
            sent=now,
            subject=subject,
            from_=(Address("Nathalie Guérin", "nathalie.guerin@ac-exemple.fr"),),
            people=(Address("Françoise Durand", "francoise.durand@ac-exemple.fr"),),
            attachment=attachment,
            invitation=invitation,
            urgent=urgent,
        )
        for number, (subject, flags, attachment, invitation, urgent) in enumerate(_ROWS, 1)
    )


def _page(rows: tuple[MessageSummary, ...], *, only: str = "") -> lists.MailPage:
    """Return a list of these rows; a filtered list belongs to a folder with further messages."""
    page = lists.mail_page(
        ListPage(
            folder="INBOX",
            uidvalidity=1,
            exists=len(rows) or (12 if only else 0),
            total=len(rows),
            start=0,
            size=50,
            rows=rows,
            has_next=False,
            view=View(only=only),
        ),
        label="Inbox",
        unseen=2 if rows else 0,
        special_use="\\Inbox",
        full_dates=False,
        current=MessageRef("INBOX", 1, 2),
        faces={},
    )
    return replace(page, groups=lists.tagged(page.groups, [_TAG]))


def _folders() -> folder_list.FolderList:
    """Return a folder list with an unread, an open and a nested folder."""
    uses = {"INBOX": "\\Inbox", "Drafts": "\\Drafts", "Sent": "\\Sent", "Trash": "\\Trash"}
    inside = FolderNode(Folder("Classes/4e B", "/", frozenset(), unseen=2), "4e B", depth=1)
    tree = [
        FolderNode(Folder(name, "/", frozenset(), special_use=use, unseen=3), name)
        for name, use in uses.items()
    ]
    classes = FolderNode(Folder("Classes", "/", frozenset()), "Classes", (inside,))
    return folder_list.folder_list([*tree, classes], "INBOX")


def _toast(message: str, *, undo: bool = False) -> SimpleNamespace:
    way_back = SimpleNamespace(url="#", in_place=False, fields=())
    return SimpleNamespace(message=message, countdown=None, undo=way_back if undo else None)
