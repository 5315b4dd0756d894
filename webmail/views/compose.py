"""Writing: new, reply, forward. What was written never leaves the screen before it was sent."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages as toasts
from django.db import DatabaseError
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, pgettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts import session
from accounts.forms import SignInForm
from accounts.http import AnyRequest, SignedInRequest, login_required
from accounts.models import User
from addressbook.contacts import collected, groups
from webmail import dates, outbox, rendering
from webmail.errors import (
    FolderChanged,
    NotFound,
    OverQuota,
    PerhapsSent,
    RecipientsRefused,
    SenderRefused,
    ServerUnavailable,
    SignInNeeded,
    TooLarge,
    WebmailError,
)
from webmail.forms import ComposeForm, attachments_room
from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.imap.values import MessageRef
from webmail.mailbox import reading
from webmail.middleware import in_place, note
from webmail.mime import addresses, build, headers, quoting
from webmail.mime.addresses import Address
from webmail.mime.build import Attachment, Outgoing
from webmail.mime.envelope import Envelope
from webmail.preferences import Preferences
from webmail.presentation import files, links, words
from webmail.views import composer
from webmail.views.folders import read_folders

logger = logging.getLogger(__name__)


@require_GET
@composer.document
@login_required
def reply(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """An answer to the sender, or with ``?all=1`` to everybody."""
    everyone = request.GET.get("all") == "1"
    origin = MessageRef(folder, *ref)
    with session.imap(request) as imap:
        opened = reading.open_message(imap, origin, mark_seen=False, as_text=True)
        sides = read_folders(imap, folder)
    envelope = opened.fetched.envelope
    to, cc = quoting.reply_recipients(
        from_=envelope.from_,
        reply_to=envelope.reply_to,
        to=envelope.to,
        cc=envelope.cc,
        own={request.user.address.lower()},
        everyone=everyone,
    )
    initial = {
        "to": _written(to),
        "cc": _written(cc),
        "subject": quoting.reply_subject(envelope.subject),
        "body": "\n\n" + quoting.quote(reading.unsigned(opened.text), _attribution(envelope)),
        "kind": "reply_all" if everyone else "reply",
    }
    return _page(request, _begun(initial, origin), sides)


@require_GET
@composer.document
@login_required
def forward(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """The message inside a new one, its attachments kept unless unticked."""
    origin = MessageRef(folder, *ref)
    with session.imap(request) as imap:
        renderer = rendering.Renderer(request, origin)
        opened = reading.open_message(imap, origin, mark_seen=False, rendering=renderer)
        quoted = reading.quotable(imap, origin)
        sides = read_folders(imap, folder)
    envelope = opened.fetched.envelope
    head = [
        (pgettext("sender", "From:"), _written(envelope.from_)),
        (gettext("Date:"), dates.when_long(envelope.date)),
        (pgettext("recipients", "To:"), _written(envelope.to)),
        (gettext("Subject:"), envelope.subject),
    ]
    initial = {
        "subject": quoting.forward_subject(envelope.subject),
        "body": "\n\n" + quoting.forwarded(quoted, head, gettext("Forwarded message")),
        "kind": "forward",
    }
    cards = [files.attachment_card(origin, part) for part in opened.shown.attachments]
    return _page(request, _begun(initial, origin), sides, origin_attachments=cards)


@require_http_methods(["GET", "POST"])
@composer.document
def compose(request: AnyRequest) -> HttpResponseBase:
    """A new message; and where every message being written is posted to."""
    if request.method == "POST":
        return _send(request)
    return _new(request)


@login_required
def _new(request: SignedInRequest) -> HttpResponse:
    with session.imap(request) as imap:
        sides = read_folders(imap, "")
    group = ", ".join(_group(request))
    in_copy = request.GET.get("as") == "bcc"
    initial = {
        "to": "" if in_copy else group or _line(request.GET.get("to", "")),
        "cc": _line(request.GET.get("cc", "")),
        "bcc": group if in_copy else "",
        "subject": _line(request.GET.get("subject", "")),
        "body": request.GET.get("body", "")[:100_000],
        "kind": "new",
    }
    return _page(request, ComposeForm(initial=initial), sides)


def _group(request: SignedInRequest) -> tuple[str, ...]:
    """Those in the group of contacts that ``?group=`` names: thirty people would not fit into
    the address of a page."""
    asked = request.GET.get("group", "")
    if not re.fullmatch(r"[0-9]{1,18}", asked):
        return ()
    found = groups.find(request.user, int(asked))
    if found is None:
        raise NotFound
    return groups.recipients(found)


def _line(text: str) -> str:
    return " ".join(text.split())[:2000]


def _begun(initial: dict[str, Any], origin: MessageRef) -> ComposeForm:
    initial["origin_folder"] = origin.folder
    initial["origin_ref"] = links.ref_segment(origin)
    return ComposeForm(initial=initial)


def _written(people: Sequence[Address]) -> str:
    return ", ".join(addresses.format(person) for person in people)


def _attribution(envelope: Envelope) -> str:
    sender = envelope.from_[0].shown if envelope.from_ else gettext("(unknown sender)")
    if envelope.date is None:
        return gettext("%(sender)s wrote:") % {"sender": sender}
    return gettext("On %(day)s at %(time)s, %(sender)s wrote:") % {
        "day": dates.day_in_full(envelope.date),
        "time": timezone.localtime(envelope.date).strftime("%H:%M"),
        "sender": sender,
    }


def _send(request: AnyRequest) -> HttpResponse:
    """Send what was posted. Whatever goes wrong, the same page comes back with the text in it."""
    form = ComposeForm(request.POST, request.FILES)
    try:
        if refused := _sign_in_again(request):
            return _refused(request, form, status=refused.failure_status, sign_in=refused)
        if not isinstance(request.user, User):
            raise SignInNeeded
        if not form.is_valid():
            return _refused(request, form, status=422)
        with session.imap(request) as imap:
            outgoing = _outgoing(request.user, form, _kept(imap, form), _thread(imap, form))
            sent = outbox.send(
                imap,
                session.smtp(request),
                outgoing,
                origin=form.origin,
                forwarded=form.cleaned_data["kind"] == "forward",
            )
        _collect(request.user, request.preferences, outgoing)
    except SignInNeeded as error:
        if in_place(request):
            raise
        return _refused(request, form, status=error.status, error=error)
    except WebmailError as error:
        note(error)
        return _refused(request, form, status=error.status, error=error)
    return _sent(request, form, sent)


def _collect(user: User, preferences: Preferences, outgoing: Outgoing) -> None:
    """Remember whom he writes to. The message has left: what fails here is no reason to say that it
    has not, lest it be sent twice."""
    if preferences.collect != "on":
        return
    people = (*outgoing.to, *outgoing.cc, *outgoing.bcc)
    try:
        collected.record(user, [(person.name, person.address) for person in people])
    except DatabaseError as error:
        logger.warning("sent, but its recipients not remembered: %s", type(error).__name__)


def _sign_in_again(request: AnyRequest) -> SignInForm | None:
    """Without script a person whose session ended gives the password in the form itself.

    Comes back with the sign-in when that was refused.
    """
    if not request.POST.get("password"):
        return None
    again = SignInForm(request.POST, request=request)
    # Another person's sign-in would send, from his address, what the first one wrote.
    if again.is_valid() and request.user.is_authenticated and again.user != request.user:
        again.add_error(None, SignInForm.wrong_person)
    if not again.is_valid():
        return again
    again.login(request)
    return None


def _kept(imap: Connection, form: ComposeForm) -> list[Attachment]:
    """The forwarded message's attachments that stayed ticked: straight from the server."""
    if form.origin is None:
        return []
    kept: list[Attachment] = []
    left = settings.MESSAGE_LIMIT - form.attached
    for number in dict.fromkeys(form.cleaned_data["keep"]):
        part = reading.find_part(imap, form.origin, number)
        content = reading.content(imap, form.origin, part, limit=max(0, left))
        left -= len(content) * 4 // 3
        name = files.attachment_card(form.origin, part).name
        kept.append(Attachment(name=name, media_type=part.media_type, content=content))
    return kept


def _thread(imap: Connection, form: ComposeForm) -> tuple[str, ...]:
    """The References of an answer (RFC 5322 section 3.6.4), oldest first; none if it is gone."""
    if form.origin is None or form.cleaned_data["kind"] == "forward":
        return ()
    try:
        origin = headers.parse(fetch.headers(imap, form.origin))
    except (NotFound, FolderChanged):
        return ()
    known = origin.get("References") or origin.get("In-Reply-To")
    return build.message_ids(f"{known} {origin.get('Message-ID')}")[-50:]


def _outgoing(
    user: User, form: ComposeForm, kept: list[Attachment], references: tuple[str, ...]
) -> Outgoing:
    if not addresses.is_valid(user.address):  # an odd login, or what was typed in the admin
        raise SenderRefused
    cleaned = form.cleaned_data
    uploaded = [
        Attachment(
            name=file.name or "",
            media_type=file.content_type or "application/octet-stream",
            content=file.read(),
        )
        for file in cleaned["attachments"]
    ]
    return Outgoing(
        sender=Address(user.name, user.address),
        to=cleaned["to"],
        cc=cleaned["cc"],
        bcc=cleaned["bcc"],
        subject=cleaned["subject"],
        text=cleaned["body"],
        date=timezone.localtime(),
        message_id=build.message_id(user.address.rpartition("@")[2], uuid.uuid4().hex),
        in_reply_to=references[-1] if references else "",
        references=references,
        attachments=(*kept, *uploaded),
        user_agent=settings.PRODUCT_NAME,
    )


@dataclass(frozen=True)
class Problem:
    """One mistake in the form, with the field it is about."""

    field_id: str
    text: str


def _refused(
    request: AnyRequest,
    form: ComposeForm,
    *,
    status: int,
    error: WebmailError | None = None,
    sign_in: SignInForm | None = None,
) -> HttpResponse:
    """The form again, with what was written and what stood in the way: its own mistakes, a server,
    or the ``sign_in`` that was refused."""
    words = ""
    if error is not None:
        words = in_words(error)
    elif sign_in is not None:
        words = " ".join(problem.text for problem in _problems(sign_in))
    if in_place(request):
        context = {
            "title": gettext("The message was not sent."),
            "text": words,
            "problems": [] if words else _problems(form),
        }
        response = render_template(request, "webmail/_notice.html", context, status=status)
        response["HX-Retarget"], response["HX-Reswap"] = "#notices", "innerHTML"
        return response
    return _page(
        request,
        form,
        None,
        status=status,
        reenter=isinstance(error, SignInNeeded) or sign_in is not None,
        problem=words,
        error=error,
        files_lost=[file.name for file in request.FILES.getlist("attachments")],
    )


def _problems(form: Form) -> list[Problem]:
    return [
        Problem(field_id=f"id_{name}", text=str(text))
        for name, texts in form.errors.items()
        for text in texts
    ]


def in_words(error: WebmailError) -> str:
    """Why a message could not be sent, in a sentence."""
    match error:
        case RecipientsRefused():
            refused = {"addresses": ", ".join(error.refused)}
            return gettext("The mail server refused these recipients: %(addresses)s.") % refused
        case SignInNeeded():
            return gettext("Your session has ended: enter your password to send the message.")
        case SenderRefused():
            return gettext("The mail server does not let you write from this address.")
        case TooLarge():
            return gettext("The message is too large for the mail server: remove an attachment.")
        case ServerUnavailable():
            return gettext("The mail server does not answer: try again in a few minutes.")
        case PerhapsSent():
            return gettext(
                "The mail server had the whole message and did not say whether it took it. Ask one"
                " of the recipients whether it arrived, before you send it again."
            )
        case OverQuota():
            return gettext("Your mailbox is full: delete messages, then try again.")
        case _:
            return gettext("The message could not be sent.")


def _sent(request: AnyRequest, form: ComposeForm, sent: outbox.Sent) -> HttpResponse:
    if sent.filed:
        toasts.success(request, gettext("Message sent."))
    else:
        toasts.warning(
            request,
            gettext("Message sent, but no copy could be kept in “Sent”. Do not send it again."),
        )
    origin = form.origin
    if origin and sent.marked:
        url = links.message_url(origin)
    else:
        url = reverse("mail:folder", args=["INBOX"])
    if in_place(request):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def _page(
    request: HttpRequest,
    form: ComposeForm,
    sides: Any,
    *,
    status: int = 200,
    origin_attachments: Sequence[files.AttachmentCard] = (),
    **context: Any,
) -> HttpResponse:
    user = request.user
    kind = form["kind"].value() or "new"
    context |= {
        "form": form,
        "kind": kind,
        "folders": sides and sides.shown,
        "sender": user if isinstance(user, User) else None,
        "origin_attachments": origin_attachments,
        "limit": words.size(build.decoded_size(attachments_room())),
        "limit_bytes": build.decoded_size(attachments_room()),
        "cancel_url": reverse("mail:folder", args=["INBOX"]),
    }
    return render_template(request, "webmail/compose.html", context, status=status)
