"""The reader: one opened message."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts import session
from accounts.http import SignedInRequest, login_required
from core.converters import CONTROLS, LONGEST_NAME
from core.htmx import TOAST, render, wants_partial
from mail.errors import ServerUnavailable, ThreadsTooSlow
from mail.imap.connection import Connection
from mail.imap.values import SEEN, MessageRef
from mail.mailbox import reading, threads
from mail.mailbox import snippets as beginnings
from mail.mailbox.summaries import MessageSummary
from webmail.adverts import judging
from webmail.forms.messages import ImagesForm, ListForm
from webmail.forms.search import SearchForm
from webmail.presentation import conversations, links, reader
from webmail.presentation.conversations import Conversation
from webmail.presentation.folder_list import FolderList
from webmail.presentation.marks import Marks
from webmail.presentation.results import Asked
from webmail.presentation.tags import chips
from webmail.reader import html
from webmail.views.list.page import counts_context, list_context
from webmail.views.list.results import beside_results, results_context
from webmail.views.page import known_tags, memory
from webmail.views.reader.page import shown

# The header of a script's request for a message that the user may open next (js/ahead.js).
AHEAD = "X-Ahead"


@require_GET
@login_required
def message(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """Show a message; for htmx the reader alone, with the counts of the folders.

    ``?view=text`` shows the text of a message that has HTML; ``?zoom=150`` enlarges it;
    ``?threads=1`` shows its conversation. With the header ``X-Ahead`` the message is loaded ahead:
    alone, and it stays unread until it is shown.
    """
    return _reader(request, MessageRef(folder, *ref), as_text=request.GET.get("view") == "text")


@require_POST
@login_required
def seen(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """Mark a message that was loaded ahead as read when it is shown, and update the counts.
    ``?beside=`` says that the list beside it is not a folder's."""
    with session.imap(request) as imap:
        reading.show(imap, MessageRef(folder, *ref))
        context = counts_context(imap, folder)
    if "beside" in request.GET:
        del context["page"]
    return render_template(request, "webmail/list/_acted.html", context)


@require_GET
@login_required
def card(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """Show a message that is unfolded in its conversation, and mark it as read; without htmx
    redirect to its page. ``?unread=1`` says that the counts change, ``?beside=`` names the folder
    of the conversation."""
    message_ref = MessageRef(folder, *ref)
    if not wants_partial(request):
        return redirect(f"{links.message_url(message_ref)}?threads=1")
    beside = request.GET.get("beside", "")
    if not beside or len(beside) > LONGEST_NAME or CONTROLS.search(beside):
        beside = folder
    sanitiser = html.ReaderSanitiser(request, message_ref)
    with session.imap(request) as imap:
        opened = reading.open_message(imap, message_ref, sanitiser=sanitiser)
        context = counts_context(imap, beside) if "unread" in request.GET else {}
    context |= {
        "message": shown(request, opened, sanitiser),
        "card": links.ref_name(message_ref, beside),
        "act_url": reverse("mail:act", args=[beside]),
        "next_url": f"{reverse('mail:folder', args=[beside])}?threads=1",
    }
    return render_template(request, "webmail/reader/_card.html", context)


@require_POST
@login_required
def images(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """Show remote images in this message or in all messages of its author, or hide them again."""
    message_ref = MessageRef(folder, *ref)
    form = ImagesForm(request.POST)
    if form.is_valid():
        with session.imap(request) as imap:
            author = html.author(imap, message_ref)
        html.choose(request, message_ref, author, form.cleaned_data["show"])
    if wants_partial(request):
        return _reader(request, message_ref)
    return redirect(links.message_url(message_ref))


def _reader(request: SignedInRequest, ref: MessageRef, *, as_text: bool = False) -> HttpResponse:
    sanitiser = html.ReaderSanitiser(request, ref)
    searched = _searched(request)
    is_ahead = wants_partial(request) and AHEAD in request.headers
    delay = request.preferences.mark_read
    with session.imap(request) as imap:
        opened = reading.open_message(
            imap, ref, mark_seen=not is_ahead and delay == "0", as_text=as_text, sanitiser=sanitiser
        )
        by_threads = searched is None and not is_ahead and ListForm.of(request.GET).by_threads
        # Around it others of its conversation are opened, and marked as read.
        is_changed = opened.was_marked or by_threads
        if wants_partial(request):
            context = counts_context(imap, ref.folder, anew=is_changed)
            if searched:
                context |= beside_results(searched)
        elif searched is None:
            context = list_context(request, imap, ref.folder, opened.fetched)
        if not searched and context["here"] in ("advert", "junk"):
            judging.meet(request, imap, ref, opened.headers, context["here"])
        if by_threads:
            context["conversation"] = _conversation(request, imap, ref, context["folders"])
    if not wants_partial(request):
        if searched:
            context = results_context(request, searched, ref)
        # htmx has the list on its page, whose rows say it (js/steps.js).
        context["steps"] = context["page"].steps(links.ref_segment(ref))
        context["toast"] = request.session.pop(TOAST, None)
    elif not is_changed:
        context["folders"] = None  # the page has the same; those of one loaded ahead come later
    if SEEN not in opened.fetched.flags:
        context |= _seen_later(ref, delay, is_ahead=is_ahead, is_found=searched is not None)
    context["open_tags"] = chips(opened.fetched.flags, known_tags(request))
    view = marked(shown(request, opened, sanitiser), ref, searched)
    context["opened"] = replace(view, report_url="") if context["here"] == "own" else view
    context["marks"] = json.dumps(searched.wanted.marks) if searched else ""
    context["zoom"] = reader.zoom(request.GET.get("zoom", ""))
    context["zooms"] = reader.zoom_steps(links.message_url(ref), as_text=as_text)
    return render(request, "webmail/reader/message.html", context)


def _seen_later(ref: MessageRef, delay: str, *, is_ahead: bool, is_found: bool) -> dict[str, Any]:
    """Return how a script marks the message, unread so far, as read: after the ``delay`` of the
    preference ``mark_read``."""
    later: dict[str, Any] = {"stays_unread": delay != "0"}
    if delay != "never" and (is_ahead or delay != "0"):
        url = links.message_url(ref, "seen")
        later |= {"seen_after": delay, "seen_url": f"{url}?beside=1" if is_found else url}
    return later


def _searched(request: SignedInRequest) -> Asked | None:
    """Return the search that found the message; None if it was opened otherwise."""
    if not request.GET:
        return None  # as most are opened: a form takes its time
    form = SearchForm(request.GET)
    return form.asked if form.is_valid() and not form.asked.wanted.is_empty else None


def marked(
    opened: reader.MessageView, ref: MessageRef, searched: Asked | None
) -> reader.MessageView:
    """Return the message with the words of the search marked in its text (the browser marks its
    HTML), and with its name in the list of results."""
    if searched is None:
        return opened
    words = Marks(searched.wanted.marks).in_html(opened.text_html)
    mark = "&" if "?" in opened.other_url else "?"
    other = f"{opened.other_url}{mark}{searched.query}" if opened.other_url else ""
    return replace(opened, ref=links.ref_name(ref, searched.base), text_html=words, other_url=other)


# --- the conversation that it belongs to ---

MOST_UNREAD = 10


def _conversation(
    request: SignedInRequest, imap: Connection, ref: MessageRef, folders: FolderList
) -> Conversation | None:
    """Return the conversation of an open message: its first unread messages and its last one are
    open, the others folded, with the user's own answers. The connection may be closed
    afterwards."""
    try:
        members = threads.members(imap, ref, memory(request))
    except ThreadsTooSlow:
        return None
    rows = threads.in_order(members.rows)
    others = [row for row in rows if row.ref != ref]
    unread = [row for row in others if SEEN not in row.flags][:MOST_UNREAD]
    last = [row for row in others[-1:] if row is rows[-1] and row not in unread]
    opened = {row.ref: _beside(request, imap, row) for row in (*unread, *last)}
    folded = [row.ref for row in others if row.ref not in opened]
    snippets = beginnings.snippets_of(imap, folded) if folded else {}
    own: tuple[MessageSummary, ...] = ()
    is_whole = True
    if sent := next((row.name for row in folders.special if row.special_use == "\\Sent"), ""):
        try:
            own = threads.answers(imap, rows, sent)
            snippets |= _own_snippets(imap, own)
        except ServerUnavailable:
            is_whole = False
    known = conversations.KnownConversation(
        threads.in_order((*rows, *own)), members.count, opened, snippets, is_whole
    )
    return conversations.conversation(known, ref, sent)


def _own_snippets(imap: Connection, own: tuple[MessageSummary, ...]) -> dict[MessageRef, str]:
    return beginnings.snippets_of(imap, [row.ref for row in own]) if own else {}


def _beside(request: SignedInRequest, imap: Connection, row: MessageSummary) -> reader.MessageView:
    sanitiser = html.ReaderSanitiser(request, row.ref)
    return shown(request, reading.open_message(imap, row.ref, sanitiser=sanitiser), sanitiser)
