"""The list of a folder's messages, and their snippets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.views.decorators.http import require_GET

from accounts import session
from accounts.http import SignedInRequest, login_required
from core.htmx import TOAST, render, wants_partial
from mail.imap.values import MessageRef
from mail.mailbox import folders, listing
from mail.mailbox import snippets as beginnings
from mail.mailbox.listing import MOST_ROWS
from webmail import outbox
from webmail.adverts import judging
from webmail.forms.messages import ListForm, SnippetsForm
from webmail.presentation import lists
from webmail.presentation.links import ref_name
from webmail.views.list.page import advert_line, faces_of, list_context, look
from webmail.views.page import known_tags, memory, read_folders


def home(request: HttpRequest) -> HttpResponse:
    """Redirect a signed-in user to the first page."""
    if getattr(request.user, "is_local_administrator", False):
        return redirect("admin:index")
    if not request.user.is_authenticated:
        return redirect("mail:folder", judging.INBOX)
    return redirect("mail:folder", _start_folder(cast(SignedInRequest, request)))


def _start_folder(request: SignedInRequest) -> str:
    """Return the folder that the user starts in; the inbox if that no longer exists."""
    wanted = request.preferences.start_folder
    if wanted == judging.INBOX:
        return wanted
    with session.imap(request) as imap:
        known = {folder.name for folder in folders.outline(imap) if folder.selectable}
    return wanted if wanted in known else judging.INBOX


# The words of a search, for the passages around them.
_MOST_WORDS, _LONGEST_WORD = 5, 60


@require_GET
@login_required
def message_list(request: SignedInRequest, folder: str) -> HttpResponse:
    """Show a page of a folder. The scrolling list gets the next rows alone; a list that heard of
    new mail gets the new rows (``?newer=``)."""
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
    """Answer with JSON: the snippets of the messages that a script names. The script requests them
    after the list, which does not wait for them. Messages found by a search may be of several
    folders; their snippets are passages around the ``words`` of the search."""
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
    """Return the new rows, which the script puts above the others."""
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
        faces=faces_of(request, newer.rows, special_use),
    )
    groups = lists.tagged(page.groups, known_tags(request))
    page = replace(page, groups=groups, withheld=newer.withheld)
    context = {"page": page, "advert_line": advert_line(request, folder, looked)}
    return render_template(request, "webmail/list/_message_rows.html", context)
