"""Lists, the reader, and what one does with messages from either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages as toasts
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts import session
from accounts.http import SignedInRequest, login_required, safe_next
from accounts.models import MailDomain
from webmail import rendering
from webmail.forms import ActForm, ImagesForm, ListForm
from webmail.htmx import render, wants_partial
from webmail.imap.connection import Connection
from webmail.imap.values import FLAGGED, SEEN, Folder, MessageRef
from webmail.mailbox import actions, folders, listing, reading
from webmail.mime import authentication
from webmail.mime.addresses import Address
from webmail.presentation import letters, links, lists, reader
from webmail.presentation.people import face_of
from webmail.views import people


def home(request: HttpRequest) -> HttpResponse:
    """Where a signed-in person begins."""
    if getattr(request.user, "is_local_administrator", False):
        return redirect("admin:index")
    return redirect("mail:folder", "INBOX")


@dataclass(frozen=True)
class Sides:
    """The folder list as shown, and the folder that is open."""

    shown: lists.FolderList
    current: Folder | None

    @property
    def special_use(self) -> str:
        return self.current.special_use if self.current else ""

    @property
    def own_verb(self) -> str:
        """The verb that moves messages to the open folder: of no use in it."""
        return next((verb for verb, use in TARGETS.items() if use == self.special_use), "")


def read_folders(imap: Connection, current: str) -> Sides:
    found = folders.list_folders(imap)
    shown = lists.folder_list(folders.tree(found), current)
    return Sides(shown, next((folder for folder in found if folder.name == current), None))


def _list_context(
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
    own_mail = lists.is_own_mail(sides.special_use)
    met = (one for row in page.rows for one in lists.people_of(row, own_mail=own_mail))
    shown = lists.mail_page(
        page,
        label=row.label if row else folder,
        unseen=(sides.current and sides.current.unseen) or 0,
        special_use=sides.special_use,
        full_dates=request.preferences.dates == "full",
        current=current,
        faces=people.faces(request.user, met),
    )
    return {
        "folders": sides.shown,
        "current": folder,
        "here": sides.own_verb,
        "page": shown,
        "folder_label": shown.label,
    }


@require_GET
@login_required
def message_list(request: SignedInRequest, folder: str) -> HttpResponse:
    """One page of a folder; for the scrolling list only the rows that come next."""
    with session.imap(request) as imap:
        context = _list_context(request, imap, folder)
    if not wants_partial(request):
        context["toast"] = request.session.pop(TOAST, None)
    scrolling = request.htmx.target == "more"
    partial = "webmail/_message_rows.html" if scrolling else ""
    return render(request, "webmail/message_list.html", context, partial=partial)


@require_GET
@login_required
def message(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """An opened message; for htmx the reader alone, with the folder counts beside it.

    ``?view=text``: its text, although it has HTML; ``?zoom=150``: larger than it is.
    """
    return _reader(request, MessageRef(folder, *ref), as_text=request.GET.get("view") == "text")


@require_POST
@login_required
def images(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """Images from elsewhere: shown in this message, in all of its author, or no longer."""
    message_ref = MessageRef(folder, *ref)
    form = ImagesForm(request.POST)
    if form.is_valid():
        with session.imap(request) as imap:
            author = rendering.author(imap, message_ref)
        rendering.choose(request, message_ref, author, form.cleaned_data["show"])
    if wants_partial(request):
        return _reader(request, message_ref)
    return redirect(links.message_url(message_ref))


def _reader(request: SignedInRequest, ref: MessageRef, *, as_text: bool = False) -> HttpResponse:
    renderer = rendering.Renderer(request, ref)
    with session.imap(request) as imap:
        opened = reading.open_message(imap, ref, as_text=as_text, rendering=renderer)
        if wants_partial(request):
            context = _counts_context(imap, ref.folder)
        else:
            context = _list_context(request, imap, ref.folder, ref)
            context["toast"] = request.session.pop(TOAST, None)
    context["opened"] = shown(request, opened, renderer)
    context["zoom"] = reader.zoom(request.GET.get("zoom", ""))
    context["zooms"] = reader.zoom_steps(links.message_url(ref), as_text=as_text)
    return render(request, "webmail/message.html", context)


def _counts_context(imap: Connection, folder: str) -> dict[str, Any]:
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


def shown(
    request: SignedInRequest, opened: reading.Opened, renderer: rendering.Renderer
) -> reader.OpenedMessage:
    """The message for the template, and its HTML kept for its frame."""
    envelope = opened.fetched.envelope
    faces = people.faces(request.user, (*envelope.from_, *envelope.to, *envelope.cc))
    bar = None
    if opened.rendered:
        renderer.keep(opened.rendered)
        author = Address("", renderer.images.author)
        bar = letters.images_bar(
            opened.fetched.ref,
            opened.rendered.html,
            **asdict(renderer.images),
            offers_contacts=bool(face_of(author, faces).card_url)
            and "images" not in request.preferences.locked,
        )
    return reader.opened_message(
        opened,
        domains=MailDomain.objects.all().names(),
        verdicts=authentication.read(opened.headers, settings.AUTHSERV_ID),
        images=bar,
        compose_prefix=rendering.compose_prefix(),
        faces=faces,
        borrowed=people.borrowed(request.user, envelope.from_[0]) if envelope.from_ else None,
    )


TOAST = "toast"  # in the session: what the next whole page says, with its undoing
FLAG_VERBS = {
    "flag": (FLAGGED, True),
    "unflag": (FLAGGED, False),
    "seen": (SEEN, True),
    "unseen": (SEEN, False),
}
UNDOING = {"flag": "unflag", "unflag": "flag", "seen": "unseen", "unseen": "seen"}
TARGETS = {"trash": "\\Trash", "archive": "\\Archive", "junk": "\\Junk"}


@require_POST
@login_required
def act(request: SignedInRequest, folder: str) -> HttpResponse:
    """One verb on the chosen messages of a folder, with its undoing in a toast."""
    form = ActForm(request.POST)
    if not form.is_valid():
        if "to" in form.errors:
            words = gettext("Nothing was done: choose a folder.")
        else:
            words = gettext("Nothing was done: choose at least one message.")
        return _nothing_done(request, folder, words)
    verb = form.cleaned_data["verb"]
    refs = [MessageRef(folder, *pair) for pair in form.cleaned_data["refs"]]
    with session.imap(request) as imap:
        target = _target(imap, verb, form.cleaned_data["to"])
        if target == folder:
            words = gettext("Nothing was done: these messages are in this folder already.")
            return _nothing_done(request, folder, words)
        undo = _perform(imap, folder, verb, refs, target)
        if wants_partial(request):
            sides = read_folders(imap, folder)
    words = _done("undo" if form.cleaned_data["undoing"] else verb, len(refs))
    toast = {"message": words, "undo": undo}
    if not wants_partial(request):
        request.session[TOAST] = toast
        return HttpResponseRedirect(safe_next(request) or reverse("mail:folder", args=[folder]))
    gone = verb not in FLAG_VERBS
    opened = form.cleaned_data["opened"]
    row = sides.shown.find(folder)
    context = {
        "folders": sides.shown,
        "page": row and {"total": row.messages, "unseen": row.unseen},
        "current": folder,
        "refs": [links.ref_segment(ref) for ref in refs],
        "verb": verb,
        "opened_ref": opened,
        "message_gone": gone and opened in request.POST.getlist("refs"),
        "toast": toast if gone or verb == "unseen" else None,
    }
    return render_template(request, "webmail/_acted.html", context)


def _target(imap: Connection, verb: str, to: str) -> str:
    """The folder that the verb moves messages to; "" for one that leaves them where they are."""
    if verb in FLAG_VERBS:
        return ""
    if verb == "inbox":
        return "INBOX"
    return to if verb == "move" else folders.ensure(imap, TARGETS[verb])


def _perform(
    imap: Connection, folder: str, verb: str, refs: Sequence[MessageRef], target: str
) -> dict[str, Any] | None:
    """Do it; returns the form that undoes it, None when the server does not tell the new UIDs."""
    if verb in FLAG_VERBS:
        actions.set_flag(imap, refs, *FLAG_VERBS[verb])
        moved: Sequence[MessageRef] = refs
        undoing, back = UNDOING[verb], ""
    else:
        moved = actions.move(imap, refs, to=target)
        undoing, back = "move", folder
    if not moved:
        return None
    fields = [("refs", links.ref_segment(ref)) for ref in moved]
    fields += [("verb", undoing), ("to", back), ("undoing", "1")]
    fields += [("next", reverse("mail:folder", args=[folder]))]
    return {"url": reverse("mail:act", args=[moved[0].folder]), "fields": fields}


def _done(verb: str, count: int) -> str:
    match verb:
        case "flag":
            words = ngettext("%(count)d message flagged.", "%(count)d messages flagged.", count)
        case "unflag":
            words = ngettext(
                "Flag removed from %(count)d message.",
                "Flag removed from %(count)d messages.",
                count,
            )
        case "seen":
            words = ngettext(
                "%(count)d message marked as read.", "%(count)d messages marked as read.", count
            )
        case "unseen":
            words = ngettext(
                "%(count)d message marked as unread.", "%(count)d messages marked as unread.", count
            )
        case "trash":
            words = ngettext(
                "%(count)d message moved to the trash.",
                "%(count)d messages moved to the trash.",
                count,
            )
        case "undo":
            words = ngettext(
                "%(count)d message is as it was.", "%(count)d messages are as they were.", count
            )
        case "archive":
            words = ngettext("%(count)d message archived.", "%(count)d messages archived.", count)
        case "junk":
            words = ngettext(
                "%(count)d message moved to junk.", "%(count)d messages moved to junk.", count
            )
        case _:
            words = ngettext("%(count)d message moved.", "%(count)d messages moved.", count)
    return words % {"count": count}


def _nothing_done(request: SignedInRequest, folder: str, words: str) -> HttpResponse:
    if wants_partial(request):
        context = {"level": "warn", "title": words}
        return render_template(request, "webmail/_notice.html", context, status=422)
    toasts.warning(request, words)
    return redirect("mail:folder", folder)
