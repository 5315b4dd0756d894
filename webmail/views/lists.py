"""The list of a folder's messages, and the folders and tags around it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts import session
from accounts.http import SignedInRequest, login_required
from addressbook.contacts.finding import newest_addresses
from webmail import outbox
from webmail.adverts import judging, pulling
from webmail.adverts.judging import LookResult
from webmail.forms.messages import ListForm, SnippetsForm
from webmail.htmx import TOAST, render, wants_partial
from webmail.imap.connection import Connection
from webmail.imap.values import FetchedMessage, MessageRef
from webmail.mailbox import folders, listing
from webmail.mailbox import snippets as beginnings
from webmail.mailbox.listing import MOST_ROWS, ListPage, ListPlace
from webmail.mailbox.ordering import MOST_ADDRESSES, View
from webmail.mailbox.summaries import MessageSummary
from webmail.models import FolderChoice
from webmail.presentation import adverts, lists
from webmail.presentation.links import ref_name
from webmail.presentation.people import Faces
from webmail.unwritable import is_unwritable
from webmail.views import people
from webmail.views.page import Sides, known_tags, memory, read_folders
from webmail.writing import drafts

logger = logging.getLogger(__name__)

NOTHING_LOOKED = LookResult()


def home(request: HttpRequest) -> HttpResponse:
    """Redirect a signed-in user to the first page."""
    if getattr(request.user, "is_local_administrator", False):
        return redirect("admin:index")
    if not request.user.is_authenticated:
        return redirect("mail:folder", judging.INBOX)
    return redirect("mail:folder", _start_folder(cast(SignedInRequest, request)))


def _start_folder(request: SignedInRequest) -> str:
    """The folder that the person begins in, as long as there is one of that name."""
    wanted = request.preferences.start_folder
    if wanted == judging.INBOX:
        return wanted
    with session.imap(request) as imap:
        known = {folder.name for folder in folders.outline(imap) if folder.selectable}
    return wanted if wanted in known else judging.INBOX


# Of a search, for the passages of what it found.
_MOST_WORDS, _LONGEST_WORD = 5, 60


@require_GET
@login_required
def message_list(request: SignedInRequest, folder: str) -> HttpResponse:
    """One page of a folder; for the scrolling list only the rows that come next, and for one that
    heard of news those that arrived (``?newer=``).
    """
    form = ListForm.of(request.GET)
    if form.came_after:
        return _arrived(request, folder, *form.came_after)
    with session.imap(request) as imap:
        outbox.settle(request, imap)
        context = list_context(request, imap, folder, form=form)
    if not wants_partial(request):
        context["toast"] = request.session.pop(TOAST, None)
    partial = (
        "webmail/list/_message_rows.html" if request.htmx.target in ("more", "previous") else ""
    )
    if request.htmx.target == "previous":
        context["page"] = lists.without_next(context["page"])
    elif partial:
        context["page"] = lists.without_previous(context["page"])
    return render(request, "webmail/list/message_list.html", context, partial=partial)


@require_GET
@login_required
def snippets(request: SignedInRequest, folder: str) -> HttpResponse:
    """The beginnings of the messages that a script names, by their names. The script asks after the
    list, which does not wait for them. Found messages may be of several folders; theirs are the
    passages with the ``words`` of the search.
    """
    form = SnippetsForm({"refs": request.GET.getlist("refs")})
    texts: dict[MessageRef, str] = {}
    if form.is_valid():
        named = form.cleaned_data["refs"][:MOST_ROWS]
        refs = [MessageRef(other or folder, *pair) for other, *pair in named]
        words = [word[:_LONGEST_WORD] for word in request.GET.getlist("words")[:_MOST_WORDS]]
        with session.imap(request) as imap:
            for of_folder in _by_folder(refs):
                texts |= beginnings.around(imap, of_folder, words)
    return JsonResponse({ref_name(ref, folder): words for ref, words in texts.items()})


def _by_folder(refs: Iterable[MessageRef]) -> Iterable[list[MessageRef]]:
    groups: dict[str, list[MessageRef]] = {}
    for ref in refs:
        groups.setdefault(ref.folder, []).append(ref)
    return groups.values()


def _arrived(request: SignedInRequest, folder: str, uidvalidity: int, uid: int) -> HttpResponse:
    """Rows alone: they are put above those of a page that is there."""
    with session.imap(request) as imap:
        newer = listing.newer(imap, folder, uid, uidvalidity, memory(request))
        looked = look(request, imap, folder, newer.rows)
        if looked.changed:
            newer = listing.newer(imap, folder, uid, uidvalidity, memory(request))
        special_use = read_folders(imap, folder, anew=False).special_use
    page = lists.arrived(
        newer.rows,
        on_top=newer.on_top,
        special_use=special_use,
        full_dates=request.preferences.dates == "full",
        faces=_faces(request, newer.rows, special_use),
    )
    groups = lists.tagged(page.groups, known_tags(request))
    page = replace(page, groups=groups, withheld=newer.withheld)
    context = {"page": page, "advert_line": advert_line(request, folder, looked)}
    return render_template(request, "webmail/list/_message_rows.html", context)


def look(
    request: SignedInRequest, imap: Connection, folder: str, rows: Iterable[MessageSummary]
) -> LookResult:
    """Judge what is new in the inbox, which is open; ``rows`` are of its list. No command, and a
    query a minute at most, when nothing is new. While the database takes nothing, nothing is
    judged: the list is shown."""
    if folder != judging.INBOX:
        return LookResult()
    try:
        return _judge(request, imap, rows)
    except DatabaseError as error:
        if not is_unwritable(error):
            raise
        logger.warning("new mail not judged: the database takes nothing")
        return LookResult(changed=imap.open_folder != judging.INBOX)


def _judge(
    request: SignedInRequest, imap: Connection, rows: Iterable[MessageSummary]
) -> LookResult:
    selected = imap.known()
    newest = max(selected.uidnext - 1, *(row.ref.uid for row in rows), 0)
    is_pulled = pulling.sight(request, imap, newest)
    if not judging.is_due(request, selected.uidvalidity, newest):
        return LookResult(changed=is_pulled)
    looked = judging.look(request, imap, newest, memory(request))
    outbox.note_reports(request.user, looked.reports)
    return replace(looked, changed=looked.changed or is_pulled)


def advert_line(
    request: SignedInRequest, folder: str, looked: LookResult = NOTHING_LOOKED
) -> adverts.AdvertLine | None:
    """The inbox's line about today's adverts; None for another folder."""
    if folder != judging.INBOX:
        return None
    aside = judging.aside(request)
    pulled = pulling.untold(request.user)
    return adverts.line(aside.adverts, aside.junk, pulled, has_more=looked.has_more)


def list_context(
    request: SignedInRequest,
    imap: Connection,
    folder: str,
    current: FetchedMessage | None = None,
    form: ListForm | None = None,
) -> dict[str, Any]:
    """``current``: the opened message; its row is on the page, unless the address names another."""
    form = form or ListForm.of(request.GET)
    place = form.place
    if current and place == ListPlace():
        place = ListPlace(row=current.ref.uid, sequence=current.sequence)
    size, view = form.size or int(request.preferences.page_size), list_view(request, folder, form)

    def asked() -> ListPage:
        return listing.page(imap, folder, place, size, view, memory(request))

    page = asked()
    looked = look(request, imap, folder, page.rows)
    if looked.changed:
        page = asked()
    sides = read_folders(imap, folder)
    row = sides.shown.find(folder)
    shown = lists.mail_page(
        page,
        label=row.label if row else folder,
        unseen=(sides.current and sides.current.unseen) or 0,
        special_use=sides.special_use,
        full_dates=request.preferences.dates == "full",
        current=current.ref if current else None,
        faces=_faces(request, page.named, sides.special_use),
    )
    return {
        "folders": sides.shown,
        "current": folder,
        "here": sides.own_verb,
        "page": replace(shown, groups=lists.tagged(shown.groups, known_tags(request))),
        "folder_label": shown.label,
        "advert_line": advert_line(request, folder, looked),
        "begun": _begun(request, sides, page),
        "can_expunge": imap.has("UIDPLUS"),
    }


def _begun(request: SignedInRequest, sides: Sides, page: ListPage) -> dict[str, Any] | None:
    """Drafts without a copy, which the Drafts folder shows beside its messages; None for another
    folder."""
    if sides.current is None or sides.special_use != folders.DRAFTS:
        return None
    return {"drafts": drafts.beside(request.user, sides.current.name, page.uidvalidity)}


def _faces(request: SignedInRequest, rows: Iterable[MessageSummary], special_use: str) -> Faces:
    """The known faces among the people that the rows name; one query."""
    own_mail = lists.is_own_mail(special_use)
    return people.faces(
        request.user, (person for row in rows for person in lists.people_of(row, own_mail=own_mail))
    )


def list_view(request: SignedInRequest, folder: str, form: ListForm | None = None) -> View:
    """The order and filter of a folder: those of the address, which are remembered, else the
    last."""
    form = form or ListForm.of(request.GET)
    by_threads = request.preferences.conversations == "on"
    remembered = FolderChoice.objects.order_of(request.user, folder, threads=by_threads)
    sort, up, threads = form.order or remembered
    if (sort, up, threads) != remembered:
        FolderChoice.objects.choose_order(request.user, folder, sort, up, threads)
    view = view_of(request, sort, down=not up, only=form.filter)
    return replace(view, threads=threads)


def view_of(request: SignedInRequest, sort: str, *, down: bool, only: str) -> View:
    """A view with what it must know of the person."""
    if only != "contacts":
        return View(sort, down, only)
    return View(sort, down, only, newest_addresses(request.user, MOST_ADDRESSES + 1))


def counts_context(imap: Connection, folder: str, *, anew: bool = True) -> dict[str, Any]:
    """Return what stands beside a message and around a list; ``anew`` False where no count has
    changed: by what the connection listed last."""
    sides = read_folders(imap, folder, anew=anew)
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
