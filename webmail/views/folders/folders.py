"""The folder list beside every page, and the pages that change folders."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render as render_template
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from accounts import session
from accounts.http import SignedInRequest, login_required, safe_next
from core.htmx import TOAST, wants_partial
from mail.errors import (
    BadServerAnswer,
    FolderNotFound,
    FolderRefused,
    ServerRefused,
    ServerUnavailable,
)
from mail.imap import quota as imap_quota
from mail.imap.connection import Connection
from mail.mailbox import arranging, folders, sharing
from webmail.forms.folders import FolderForm
from webmail.jobs import mail_jobs
from webmail.models import FolderChoice, SavedSearch
from webmail.presentation import folders as presentation
from webmail.views.page import read_folders, shown_folders

MOST_FAVOURITES = 30


@require_GET
@login_required
def all_folders(request: SignedInRequest) -> HttpResponse:
    """Show all folders with their sizes, the form of a new one, and the folders with a special
    use."""
    return _all(request)


@require_GET
@login_required
def one(request: SignedInRequest, folder: str) -> HttpResponse:
    """Show the actions on one folder; in a dialog for htmx."""
    return _one(request, folder)


@require_GET
@login_required
def column(request: SignedInRequest) -> HttpResponse:
    """Return the folder list for a page that opens no mailbox, such as the pages of the account.
    The answer is empty if the mail server is not available, which is no failure of that page."""
    try:
        with session.imap(request) as imap:
            context = {"folders": read_folders(imap, "").shown}
    except (ServerUnavailable, ServerRefused, BadServerAnswer):
        return HttpResponse(status=204)
    return render_template(request, "webmail/folders/_column.html", context)


@require_GET
@login_required
def quota(request: SignedInRequest) -> HttpResponse:
    """Return the part of the page about the quota, which the page requests later, since the answer
    may take a while."""
    with session.imap(request) as imap:
        limits = imap_quota.ask_quota(imap)
    context = {"fullness": presentation.fullness(limits)}
    return render_template(request, "webmail/space/_quota.html", context)


@require_POST
@login_required
def change(request: SignedInRequest) -> HttpResponse:
    """Change the folder tree, and show a toast with the way back."""
    form = FolderForm(request.POST)
    folder = request.POST.get("folder", "")
    if not form.is_valid():
        words = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return _refused(request, "", words)
    try:
        with session.imap(request) as imap:
            now, toast = _change(request, imap, form.cleaned_data)
    except FolderRefused as error:
        return _refused(request, folder, presentation.refusal(error))
    request.session[TOAST] = toast
    return HttpResponseRedirect(_following(request, folder, now))


def _change(
    request: SignedInRequest, imap: Connection, asked: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Change a folder. Return its new name, or "" if it was removed, and the words of the toast."""
    verb, folder = asked["verb"], asked["folder"]
    now, count = _done(request, imap, asked)
    sides = read_folders(imap, now or folder)
    listed = folders.kept_folders(imap)
    delimiter = next((known.delimiter for known in listed if known.delimiter), "")
    if now and now != folder and verb != "create":
        _follow(request, folder, now, delimiter)
    if verb == "use":
        return now, {"message": presentation.use_chosen(asked["use"], _last_level(now, delimiter))}
    row = sides.shown.find(now or folder)
    label = row.label if row else _last_level(now or folder, delimiter)
    above = sides.shown.find(asked["to"]) if verb == "move" else None
    message = presentation.done(verb, label, above.label if above else asked["to"], count)
    undo = None
    if verb in {"rename", "move", "throw"} and now != folder:
        fields = [("verb", "undo"), ("folder", now), ("name", folder)]
        if following := safe_next(request):
            fields.append(("next", following))
        undo = {"url": reverse("mail:folder_change"), "fields": fields}
    return now, {"message": message, "undo": undo}


def _done(request: SignedInRequest, imap: Connection, asked: dict[str, Any]) -> tuple[str, int]:
    """Do what the form says to a folder. Return its new name, and the number of messages moved
    along with it."""
    verb, folder = asked["verb"], asked["folder"]
    now, count = folder, 0
    match verb:
        case "create":
            now = arranging.create(imap, asked["to"], asked["name"])
        case "rename":
            now = arranging.rename(imap, folder, asked["name"])
        case "move":
            now = arranging.move(imap, folder, asked["to"])
        case "throw":
            now = arranging.throw_away(imap, folder)
        case "undo":
            now = arranging.rename_to(imap, folder, asked["name"])
        case "remove":
            count, now = arranging.remove(imap, folder), ""
            mail_jobs.note_deleted(request, count, "folder")
        case "subscribe" | "unsubscribe":
            arranging.subscribe(imap, folder, on=verb == "subscribe")
        case "favour" | "unfavour":
            _favour(request, folder, on=verb == "favour")
        case "use":
            _use(request, imap, asked["use"], folder)
    return now, count


def _last_level(name: str, delimiter: str) -> str:
    return name.rpartition(delimiter)[2] if delimiter else name


def _favour(request: SignedInRequest, folder: str, *, on: bool) -> None:
    wished = session.wishes(request.user)
    others = tuple(name for name in wished.favourites if name != folder)
    if on and len(others) >= MOST_FAVOURITES:
        raise FolderRefused(arranging.TOO_MANY)
    favourites = (*others, folder) if on else others
    session.wish(request.user, replace(wished, favourites=favourites))


def _use(request: SignedInRequest, imap: Connection, use: str, folder: str) -> None:
    """Make the folder the one for sent mail, or for another special use."""
    known = {known_folder.name: known_folder for known_folder in folders.outline(imap)}
    target = known.get(folder)
    if target is None or not target.selectable or not target.addressable or target.owner:
        raise FolderNotFound(f"There is no folder {folder!r}.")
    if target.special_use == folders.INBOX:
        raise FolderRefused(arranging.SPECIAL, folders.INBOX)
    wished = session.wishes(request.user)
    # A folder has one use: its former use has no folder any more.
    special = {key: name for key, name in wished.special.items() if name != folder}
    wished = replace(wished, special=special | {use: folder})
    session.wish(request.user, wished)
    imap.wishes = wished


def _follow(request: SignedInRequest, before: str, now: str, delimiter: str) -> None:
    """Copy the user's choices for a renamed folder, and for the folders inside it, to the new
    names."""

    def moved(name: str) -> str:
        inside = delimiter and name.startswith(before + delimiter)
        return now + name.removeprefix(before) if name == before or inside else name

    wished = session.wishes(request.user)
    renamed = replace(
        wished,
        special={use: moved(name) for use, name in wished.special.items()},
        favourites=tuple(moved(name) for name in wished.favourites),
    )
    if renamed != wished:
        session.wish(request.user, renamed)
    FolderChoice.objects.all().of(request.user).move(before, now, delimiter)
    SavedSearch.objects.all().of(request.user).move(before, now, delimiter)


def _following(request: SignedInRequest, before: str, now: str) -> str:
    """Return the page that the user came from. If it was a renamed folder, return the folder; if it
    was removed, the inbox."""
    wanted = safe_next(request)
    if not wanted:
        return reverse("mail:folders")
    try:
        place = resolve(wanted.partition("?")[0])
    except Resolver404:
        return reverse("mail:folders")
    opened = place.kwargs.get("folder", "")
    if place.url_name == "folder_menu":
        return reverse("mail:folders")
    if now != before and before and (opened == before):
        thrown = not now or request.POST.get("verb") == "throw"
        return reverse("mail:folder", args=["INBOX" if thrown else now])
    return wanted


def _refused(request: SignedInRequest, folder: str, words: str) -> HttpResponse:
    """Show the form again, with its values and the reason why nothing was done."""
    notice = {"level": "bad", "title": gettext("Nothing was done."), "text": words}
    if folder:
        return _one(request, folder, notice)
    return _all(request, notice)


def _all(request: SignedInRequest, notice: dict[str, str] | None = None) -> HttpResponse:
    with session.imap(request) as imap:
        known = folders.list_folders(imap, sizes=True)
        shown = shown_folders(imap, known)
        full = presentation.fullness(imap_quota.ask_quota(imap))
        wishes = imap.wishes
    context = {
        "folders": shown,
        "sections": presentation.sections(shown, known, wishes),
        "has_sizes": any(folder.size is not None for folder in known),
        "places": presentation.places(shown),
        "uses": presentation.special_uses(known),
        "fullness": full,
        "notice": notice,
        "typed": request.POST,
        "toast": None if notice else request.session.pop(TOAST, None),
    }
    status = 422 if notice else 200
    return render_template(request, "webmail/folders/folders.html", context, status=status)


def _one(
    request: SignedInRequest, folder: str, notice: dict[str, str] | None = None
) -> HttpResponse:
    with session.imap(request) as imap:
        known = folders.outline(imap) if wants_partial(request) else folders.list_folders(imap)
        outlined = known if wants_partial(request) else folders.outline(imap)
        shown = shown_folders(imap, known, folder)
        favourites = imap.wishes.favourites
        target = next((listed for listed in outlined if listed.name == folder), None)
        can_share = target is not None and sharing.is_offered(imap, target)
    row = shown.find(folder)
    if row is None:
        raise FolderNotFound(f"There is no folder {folder!r}.")
    context = {
        "folders": shown,
        "row": row,
        "is_special": bool(row.special_use),
        "is_favourite": folder in favourites,
        "is_subscribed": bool(target and target.subscribed),
        "can_share": can_share,
        "is_in_trash": presentation.is_in_trash(folder, known),
        "places": presentation.places(shown, folder),
        "above": arranging.place_above(target) if target else "",
        "typed": request.POST.get("name", row.label),
        "notice": notice,
        "back_url": safe_next(request) or reverse("mail:folders"),
        "following": request.POST.get("next") or request.GET.get("next", ""),
    }
    status = 422 if notice else 200
    if wants_partial(request):
        return render_template(request, "webmail/folders/_folder_dialog.html", context)
    return render_template(request, "webmail/folders/folder.html", context, status=status)
