"""The list of a folder's messages as several pages show it, with the counts around it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.db import Error as DatabaseError
from django.urls import reverse

from accounts.http import SignedInRequest
from addressbook.contacts.finding import newest_addresses
from core.unwritable import is_unwritable
from mail.imap.connection import Connection
from mail.imap.values import FetchedMessage
from mail.mailbox import folders, listing
from mail.mailbox.listing import ListPage, ListPlace
from mail.mailbox.ordering import MOST_ADDRESSES, View
from mail.mailbox.summaries import MessageSummary
from webmail import outbox
from webmail.adverts import judging, pulling, week
from webmail.adverts.judging import LookResult
from webmail.forms.messages import ListForm
from webmail.models import FolderChoice
from webmail.presentation import adverts, lists
from webmail.presentation.people import Faces
from webmail.serving.origins import is_from_our_page
from webmail.views.page import Sides, known_tags, memory, read_folders
from webmail.views.reader import people
from webmail.writing import drafts

logger = logging.getLogger(__name__)
NOTHING_LOOKED = LookResult()


def look(
    request: SignedInRequest, imap: Connection, folder: str, rows: Iterable[MessageSummary]
) -> LookResult:
    """Judge the new mail of the inbox, which is open; ``rows`` are those of its list. Without new
    mail this takes no command, and at most one query a minute. If the database cannot be written
    nothing is judged, and the list is shown as it is."""
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
    """Return the inbox's line about adverts; None for another folder."""
    if folder != judging.INBOX:
        return None
    aside = judging.aside(request)
    pulled = pulling.untold(request.user)
    in_week = week.count(request)
    return adverts.line(aside.adverts, aside.junk, pulled, in_week, has_more=looked.has_more)


def list_context(
    request: SignedInRequest,
    imap: Connection,
    folder: str,
    current: FetchedMessage | None = None,
    form: ListForm | None = None,
) -> dict[str, Any]:
    """Return the context of a folder's list. ``current`` is the open message; its row is on the
    page, unless the URL names another page."""
    form = form or ListForm.of(request.GET)
    place = form.place
    if current and place == ListPlace():
        place = ListPlace(row=current.ref.uid, sequence=current.sequence)
    size, view = form.size or int(request.preferences.page_size), list_view(request, folder, form)

    def asked() -> ListPage:
        has_news = current is not None
        return listing.page(imap, folder, place, size, view, memory(request), has_news=has_news)

    # An opened message has opened the folder: its state comes with the counts of all.
    sides = read_folders(imap, folder) if current else None
    page = asked()
    looked = look(request, imap, folder, page.rows)
    if looked.changed:
        page, sides = asked(), None
    sides = sides or read_folders(imap, folder)
    row = sides.shown.find(folder)
    shown = lists.mail_page(
        page,
        label=row.label if row else folder,
        unseen=(sides.current and sides.current.unseen) or 0,
        special_use=sides.special_use,
        full_dates=request.preferences.dates == "full",
        current=current.ref if current else None,
        faces=faces_of(request, page.named, sides.special_use),
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
    """Return the drafts without a copy, which the folder Drafts shows beside its messages; None for
    another folder."""
    if sides.current is None or sides.special_use != folders.DRAFTS:
        return None
    return {"drafts": drafts.beside(request.user, sides.current.name, page.uidvalidity)}


def faces_of(request: SignedInRequest, rows: Iterable[MessageSummary], special_use: str) -> Faces:
    """Return the faces of the people that the rows name, if they are known. One query."""
    own_mail = lists.is_own_mail(special_use)
    return people.faces(
        request.user, (person for row in rows for person in lists.people_of(row, own_mail=own_mail))
    )


def list_view(request: SignedInRequest, folder: str, form: ListForm | None = None) -> View:
    """Return the order and filter of a folder: those of the URL, else the last ones. They are
    remembered where a page of the webmail asks for them: a link from elsewhere changes nothing."""
    form = form or ListForm.of(request.GET)
    by_threads = request.preferences.conversations == "on"
    remembered = FolderChoice.objects.order_of(request.user, folder, threads=by_threads)
    sort, up, threads = form.order or remembered
    if (sort, up, threads) != remembered and is_from_our_page(request):
        FolderChoice.objects.choose_order(request.user, folder, sort, up, threads)
    view = view_of(request, sort, down=not up, only=form.filter)
    return replace(view, threads=threads)


def view_of(request: SignedInRequest, sort: str, *, down: bool, only: str) -> View:
    """Return a view; a filter by contacts gets the user's addresses."""
    if only != "contacts":
        return View(sort, down, only)
    return View(sort, down, only, newest_addresses(request.user, MOST_ADDRESSES + 1))


def counts_context(imap: Connection, folder: str, *, anew: bool = True) -> dict[str, Any]:
    """Return the folder list and the counts around a message. ``anew`` is False if no count has
    changed: the connection's last listing is used then."""
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
