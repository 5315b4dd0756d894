"""Actions on messages, from a list or from the reader."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.contrib import messages as toasts
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import session
from accounts.http import SignedInRequest, login_required, safe_next
from core.htmx import TOAST, wants_partial
from mail.errors import FolderChanged, OverQuota
from mail.imap import fetch, search
from mail.imap.connection import Connection, canonical
from mail.imap.values import MessageRef
from mail.mailbox import actions, folders, listing, threads, verbs
from mail.mailbox.actions import ARCHIVE, CLEAR, SET, MailStep
from mail.mailbox.verbs import VERBS, Target, Verb
from webmail.adverts import teaching
from webmail.forms.messages import ActForm
from webmail.jobs import mail_jobs
from webmail.models import FolderChoice
from webmail.presentation import action_words, links
from webmail.presentation.tags import Chip, chips
from webmail.views.list.page import view_of
from webmail.views.list.results import searched
from webmail.views.page import known_tags, memory, read_folders
from webmail.views.transfers import exports
from webmail.views.transfers.awaited import done_toast

RECENT, MOST_RECENT = "recent_folders", 5
# Above this number, the list is loaded again instead of its rows.
MOST_RENEWED = 200


@dataclass(frozen=True)
class _Asked:
    """A validated request for an action. ``chosen`` holds the messages, by folder, in steps that
    have no verb yet."""

    verb: Verb
    folder: str
    chosen: tuple[MailStep, ...]
    form: ActForm

    @property
    def count(self) -> int:
        return sum(len(step.uids) for step in self.chosen)

    @property
    def is_everything(self) -> bool:
        return self.form.is_everything


@require_POST
@login_required
def act(request: SignedInRequest, folder: str) -> HttpResponse:
    """Do what a verb says to the selected messages of a folder, and show a toast with the way back.
    Some verbs ask first for a folder, a tag, or a confirmation."""
    form = ActForm(request.POST)
    if not form.is_valid():
        return _nothing_done(request, folder, _what_is_missing(form))
    verb = VERBS[form.cleaned_data["verb"]]
    with session.imap(request) as imap:
        chosen = _chosen(request, imap, folder, form)
        allowed = actions.of_others(imap, chosen) if verb.judges else chosen
        if chosen and not allowed:
            return _nothing_done(request, folder, action_words.own_mail())
        asked = _Asked(verb, folder, allowed, form)
        if verb.asks or (verb.name == "delete" and not form.cleaned_data["confirmed"]):
            return _ask(request, imap, asked)
        if verb.name == "download":
            return exports.of_selection(request, imap, folder, asked.chosen)
        target = _target(imap, asked)
        if refusal := _refusal(imap, asked, target):
            return _nothing_done(request, folder, refusal)
        action = mail_jobs.RequestedAction(verb.name, folder, target if verb.needs == "to" else "")
        steps = _steps(request, asked, target)
        lessons = teaching.lessons(imap, verb.name, steps)
        try:
            result = mail_jobs.do(request, imap, action, steps)
        except OverQuota:
            if not _is_for_trash(imap, asked, target):
                raise
            # Where not even the trash takes anything, this is the only way to make room.
            return _ask(request, imap, replace(asked, verb=VERBS["delete"]), is_full=True)
        teaching.teach(request, lessons)
        # Beside a job the page asks for its list again; its line may have dropped just now.
        renews = wants_partial(request) and result.job is None
        renewed = _renewed(request, imap, asked) if renews else {}
    if verb.needs == "to":
        _remember(request, target)
    toast = done_toast(request, action, result)
    if not wants_partial(request):
        request.session[TOAST] = toast
        return HttpResponseRedirect(safe_next(request) or reverse("mail:folder", args=[folder]))
    return _acted(request, asked, {**renewed, "toast": toast}, is_running=result.job is not None)


@require_GET
@login_required
def selection(request: SignedInRequest, folder: str) -> HttpResponse:
    """Select all messages of a list. For htmx, answer with the words and fields of the bar of
    actions; otherwise with a page of verbs."""
    form = ActForm({**request.GET.dict(), "verb": "choose", "all": "1", "uidvalidity": "1"})
    form.is_valid()
    with session.imap(request) as imap:
        uids = _all_of(request, imap, folder, form)
        uidvalidity, withheld = imap.known().uidvalidity, verbs.withheld(imap.known())
        sides = None if wants_partial(request) else read_folders(imap, folder)
    sort, down, only = form.sort_and_filter
    context = {
        "count": len(uids),
        "fields": [
            ("all", "1"),
            ("uidvalidity", uidvalidity),
            ("until", max(uids, default=0) + 1),
            ("sort", sort),
            ("up", "" if down else "1"),
            ("only", only),
        ],
        "current": folder,
        "act_url": reverse("mail:act", args=[folder]),
        "verb": request.GET.get("verb", ""),
        "withheld": withheld,
    }
    if sides is None:
        return render_template(request, "webmail/list/_selection.html", context)
    row = sides.shown.find(folder)
    context |= {
        "folders": sides.shown,
        "here": sides.own_verb,
        "label": row.label if row else folder,
    }
    return render_template(request, "webmail/list/selection.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def purge(request: SignedInRequest, folder: str) -> HttpResponse:
    """Ask for confirmation, then remove all messages of the folder that are marked as deleted,
    whichever program marked them. A mail server without UIDPLUS offers no other way."""
    with session.imap(request) as imap:
        if request.method == "POST":
            count = actions.purge(imap, folder)
            mail_jobs.note_deleted(request, count, "for good")
            request.session[TOAST] = {"message": action_words.done("delete", count), "undo": None}
            return redirect("mail:folder", folder)
        count = actions.marked_deleted(imap, folder)
        sides = read_folders(imap, folder)
    row = sides.shown.find(folder)
    context = {
        "folders": sides.shown,
        "current": folder,
        "count": count,
        "label": row.label if row else folder,
        "back_url": reverse("mail:folder", args=[folder]),
    }
    return render_template(request, "webmail/actions/purge.html", context)


# --- what is asked for ---


def _all_of(
    request: SignedInRequest, imap: Connection, folder: str, form: ActForm
) -> tuple[int, ...]:
    """Return the UIDs of all messages in the list that the form describes. The list hides messages
    that are marked as deleted."""
    sort, down, only = form.sort_and_filter
    view = view_of(request, sort, down=down, only=only)
    matching = listing.matching(imap, folder, view, memory(request))
    hidden = set(search.uids(imap, "DELETED"))
    return tuple(uid for uid in matching if uid not in hidden)


def _chosen(
    request: SignedInRequest, imap: Connection, folder: str, form: ActForm
) -> tuple[MailStep, ...]:
    if VERBS[form.cleaned_data["verb"]].needs == "steps":
        return ()
    if form.is_everything and form.cleaned_data["found"]:
        return actions.by_folder(searched(request, form.cleaned_data["found"]))
    if form.is_everything:
        uids = _all_of(request, imap, folder, form)
        uidvalidity = form.cleaned_data["uidvalidity"]
        if imap.known().uidvalidity != uidvalidity:
            raise FolderChanged("The folder was made anew since its messages were counted.")
        until = form.cleaned_data["until"] or max(uids, default=0) + 1
        return (MailStep("", folder, uidvalidity, tuple(sorted(u for u in uids if u < until))),)
    refs = [MessageRef(place or folder, *pair) for place, *pair in form.cleaned_data["refs"]]
    if form.cleaned_data["threads"]:
        return actions.by_folder(threads.whole(imap, refs, memory(request)))
    return actions.by_folder(refs)


def _target(imap: Connection, asked: _Asked) -> str:
    """Return the folder that the verb brings messages to; "" for a verb that leaves them in
    place."""
    if asked.verb.special_use:
        return folders.ensure(imap, asked.verb.special_use)
    match asked.verb.target:
        case Target.INBOX:
            return "INBOX"
        case Target.CHOSEN:
            return canonical(asked.form.cleaned_data["to"])
        case Target.ADVERTS:
            return folders.ensure_named(imap, settings.ADVERTS_FOLDER)
    return ""


def _is_for_trash(imap: Connection, asked: _Asked, target: str) -> bool:
    """Return whether the messages go to the trash, by a button or by dragging."""
    if asked.verb.name == "move":
        trash = folders.special(folders.outline(imap), folders.TRASH)
        return trash is not None and trash.name == target
    return asked.verb.special_use == folders.TRASH


def _refusal(imap: Connection, asked: _Asked, target: str) -> str:
    """Return the reason why nothing is done; "" if the action is possible."""
    if asked.verb.needs == "steps":
        return ""
    if not asked.count:
        return gettext("Nothing was done: there are no messages.")
    if target and all(canonical(step.folder) == target for step in asked.chosen):
        return gettext("Nothing was done: these messages are in this folder already.")
    if asked.verb.name in {"tag", "retag"}:
        keywords = asked.form.changed_tags[0] | {asked.form.cleaned_data["tag"]} - {""}
        if not _keeps(imap, asked, keywords):
            return gettext("Nothing was done: the mail server keeps no tags in this folder.")
    return ""


def _keeps(imap: Connection, asked: _Asked, keywords: Iterable[str]) -> bool:
    """Return whether the folders of the messages keep these keywords."""
    return all(
        imap.require(step.first).keeps(keyword) for step in asked.chosen for keyword in keywords
    )


def _steps(request: SignedInRequest, asked: _Asked, target: str) -> list[MailStep]:
    verb = asked.verb
    if verb.needs == "steps":
        return list(asked.form.cleaned_data["steps"])
    if verb.needs == "tag" or verb.flags:
        return [
            replace(step, verb=way, flag=flag)
            for step in asked.chosen
            for way, flag in _marks(asked)
        ]
    by_year = verb.special_use == folders.ARCHIVE and request.preferences.archive == "year"
    way = ARCHIVE if by_year else verb.step
    return [
        replace(step, verb=way, to=target)
        for step in asked.chosen
        if not target or canonical(step.folder) != target
    ]


def _marks(asked: _Asked) -> list[tuple[str, str]]:
    """Return pairs of SET or CLEAR and a flag or keyword."""
    if not asked.verb.step:
        put, removed = (sorted(keywords) for keywords in asked.form.changed_tags)
        return [*((SET, keyword) for keyword in put), *((CLEAR, keyword) for keyword in removed)]
    flags = asked.verb.flags or (asked.form.cleaned_data["tag"],)
    return [(asked.verb.step, flag) for flag in flags]


# --- what is asked first ---


def _ask(
    request: SignedInRequest, imap: Connection, asked: _Asked, *, is_full: bool = False
) -> HttpResponse:
    """Ask for what the action still needs: in a dialog, or on a page without a script. ``is_full``:
    the mailbox is full, so that the dialog offers to delete for good."""
    context: dict[str, Any] = {
        "kind": asked.verb.name,
        "count": asked.count,
        "fields": _fields(request),
        "act_url": reverse("mail:act", args=[asked.folder]),
        "back_url": safe_next(request) or reverse("mail:folder", args=[asked.folder]),
        "current": asked.folder,
        "can_expunge": imap.has("UIDPLUS"),
        "is_full": is_full,
    }
    partial = wants_partial(request)
    if asked.verb.name == "choose" or not partial:
        context["folders"] = read_folders(imap, asked.folder).shown
        context["recent"] = _recent(request, context["folders"], asked.folder)
        context["can_move"] = _can_move(imap, asked)
    if asked.verb.name == "tags":
        context["tags"] = _tag_counts(request, imap, asked)
    if not partial:
        return render_template(request, "webmail/actions/ask.html", context)
    response = render_template(request, "webmail/actions/_ask.html", context)
    response["HX-Retarget"], response["HX-Reswap"] = "#ask", "innerHTML"
    return response


def _can_move(imap: Connection, asked: _Asked) -> bool:
    """Return whether all the messages may leave their folders. At most one command for each folder
    that is not the user's own."""
    shared = {folder.name for folder in folders.kept_folders(imap) if folder.owner}
    return not any(
        "move" in verbs.withheld(imap.require(step.first))
        for step in asked.chosen
        if step.folder in shared
    )


def _fields(request: SignedInRequest) -> list[tuple[str, str]]:
    """Return the fields of the posted form, without its verb and token."""
    left_out = {"csrfmiddlewaretoken", "verb", "to", "confirmed", "tag", "tags", "had", "off"}
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name not in left_out
        for value in values
    ]


def _recent(request: SignedInRequest, shown: Any, current: str) -> list[Any]:
    """Return the rows of the folders that messages were last moved to, if they still exist."""
    rows = [shown.find(name) for name in request.session.get(RECENT, [])]
    return [row for row in rows if row and row.usable and row.name != current]


def _remember(request: SignedInRequest, target: str) -> None:
    others = [name for name in request.session.get(RECENT, []) if name != target]
    request.session[RECENT] = [target, *others][:MOST_RECENT]


def _tag_counts(
    request: SignedInRequest, imap: Connection, asked: _Asked
) -> list[tuple[Chip, bool, bool]]:
    """Return each tag, whether it can be put on some of the messages, and whether it can be removed
    from some. For more messages than a page shows, both are offered without asking the server."""
    known = known_tags(request)
    if asked.is_everything or asked.count > MOST_RENEWED:
        return [(chip, True, True) for chip in known]
    tagged: list[tuple[Chip, ...]] = []
    for step in asked.chosen:
        imap.require(step.first)
        tagged += [chips(mark.flags, known) for mark in fetch.marks(imap, step.uids)]
    counts = [(chip, sum(chip in row for row in tagged)) for chip in known]
    return [(chip, count < len(tagged), count > 0) for chip, count in counts]


# --- what is answered ---


def _renewed(request: SignedInRequest, imap: Connection, asked: _Asked) -> dict[str, Any]:
    """Return the context of the parts that change: the folder list and, after tagging, the tags of
    the messages."""
    sides = read_folders(imap, asked.folder)
    row = sides.shown.find(asked.folder)
    context: dict[str, Any] = {
        "folders": sides.shown,
        "page": row and {"total": row.messages, "unseen": row.unseen},
    }
    if asked.verb.needs == "tag" and not _is_too_much(asked):
        context["tagged"] = _tags_now(request, imap, asked)
    return context


def _tags_now(
    request: SignedInRequest, imap: Connection, asked: _Asked
) -> dict[str, tuple[Chip, ...]]:
    known = known_tags(request)
    by_ref: dict[str, tuple[Chip, ...]] = {}
    for step in asked.chosen:
        imap.require(step.first)
        for mark in fetch.marks(imap, step.uids):
            ref = MessageRef(step.folder, step.uidvalidity, mark.uid)
            by_ref[links.ref_name(ref, asked.folder)] = chips(mark.flags, known)
    return by_ref


def _is_too_much(asked: _Asked) -> bool:
    return asked.is_everything or asked.count > MOST_RENEWED


def _rows(request: SignedInRequest, asked: _Asked, refs: list[str]) -> list[str]:
    """Return those that the page has a row for: of each conversation in a list of them, the one
    that named it."""
    by_threads = request.preferences.conversations == "on"
    choice = asked.form.cleaned_data["threads"] and FolderChoice.objects.order_of(
        request.user, asked.folder, threads=by_threads
    )
    if not choice or not choice[2]:
        return refs
    named = asked.form.cleaned_data["refs"]
    return [
        links.ref_name(MessageRef(place or asked.folder, *pair), asked.folder)
        for place, *pair in named
    ]


def _acted(
    request: SignedInRequest, asked: _Asked, context: dict[str, Any], *, is_running: bool
) -> HttpResponse:
    opened = asked.form.cleaned_data["opened"]
    is_among = asked.form.cleaned_data["among"]
    refs = [
        links.ref_name(MessageRef(step.folder, step.uidvalidity, uid), asked.folder)
        for step in asked.chosen
        for uid in step.uids
    ]
    gone = asked.verb.leaves
    too_much = _is_too_much(asked)
    context |= {
        "current": asked.folder,
        "refs": [] if too_much else _rows(request, asked, refs),
        "verb": asked.verb.name,
        "gone": gone,
        "is_among": is_among,
        "opened_ref": opened,
        "message_gone": gone and opened in refs,
        "is_running": is_running,
    }
    # One flag that is set shows by itself, and goes by the same button: it is only said.
    if asked.verb.shows and asked.count == 1:
        context |= {"said": context["toast"]["message"], "toast": None}
    response = render_template(request, "webmail/list/_acted.html", context)
    # The list has a row for its conversation alone, which is unread by now.
    changes_row = is_among and asked.verb.name == "unseen"
    if too_much or is_running or asked.verb.name in {"wanted", "undo"} or changes_row:
        response["HX-Trigger-After-Swap"] = "mail:refresh"
    return response


def _what_is_missing(form: ActForm) -> str:
    if "to" in form.errors:
        return gettext("Nothing was done: choose a folder.")
    if "tag" in form.errors:
        return gettext("Nothing was done: choose a tag.")
    return gettext("Nothing was done: choose at least one message.")


def _nothing_done(request: SignedInRequest, folder: str, words: str) -> HttpResponse:
    if wants_partial(request):
        context = {"level": "warn", "title": words}
        return render_template(request, "webmail/_notice.html", context, status=422)
    toasts.warning(request, words)
    return redirect("mail:folder", folder)
