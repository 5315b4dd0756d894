"""The judgement on an open message, and the reader's answers to it: open its links, report it,
leave the mailing, block or allow the sender."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError

from accounts import session, session_cache
from accounts.http import SignedInRequest, login_required
from webmail import tasks
from webmail.adverts import correspondence, judging, reporting, teaching, unsubscribing
from webmail.adverts.classify import domains
from webmail.errors import FilesShut
from webmail.forms.messages import SenderForm
from webmail.htmx import TOAST
from webmail.imap import fetch
from webmail.imap.values import ADVERT, DRAFT, JUNK, MessageRef
from webmail.mailbox import actions, folders
from webmail.mailbox.actions import MOVE, Step
from webmail.mailbox.bulk import packed
from webmail.mailbox.reading import OpenedMessage
from webmail.mime import authentication, headers
from webmail.mime import unsubscribing as ways_out
from webmail.mime.headers import Headers
from webmail.mime.html import SafeHtml
from webmail.models import Judgement, SenderChoice
from webmail.presentation import action_words, adverts
from webmail.presentation import links as addresses
from webmail.presentation.adverts import Mailing, Notice
from webmail.reader import html
from webmail.views.adverts_script import renew_adverts

_OPENED = "links_opened"
_MOST_OPENED = 100
_KIND = "shut"


def judgement_of(request: SignedInRequest, opened: OpenedMessage) -> Judgement | None:
    """The judgement on an open message. One query."""
    return judging.judgement(request, opened.headers)


def notice(
    request: SignedInRequest, opened: OpenedMessage, judgement: Judgement | None
) -> Notice | None:
    """The notice above an open message; None for a wanted message like any other."""
    ref, flags = opened.fetched.ref, opened.fetched.flags
    is_shut = _is_shut(request, ref, judgement)
    if opened.rendered:
        session_cache.put(request, _KIND, _name(ref), is_shut)
    if judgement is None or judgement.taught == "wanted":
        return None
    is_marked = bool(flags & {ADVERT, JUNK})
    kind = judgement.kind if judgement.is_moved or is_marked else ""
    if kind == "fraud":
        kind = "junk"
    if not kind and not judgement.is_fraud:
        return None
    return Notice(
        kind="" if kind == "wanted" else kind,
        is_marked=is_marked,
        reasons=tuple(judgement.reasons) if kind else (),
        deceits=tuple(judgement.fraud) if judgement.is_fraud else (),
        are_links_shut=is_shut,
        links_url=addresses.message_url(ref, "links"),
        report_url=addresses.message_url(ref, "report") if settings.REPORT_ADDRESS else "",
        has_links=bool(opened.rendered and opened.rendered.html.has_links),
    )


def safe(request: SignedInRequest, ref: MessageRef, page: SafeHtml) -> SafeHtml:
    """The HTML of a message, its links shut where they are to be; for after it was rendered. No
    command for whoever has the message open, or has just had its frame rendered."""
    is_shut = _is_shut_now(request, ref)
    return replace(page, body=adverts.without_targets(page.body)) if is_shut else page


def _is_shut_now(request: SignedInRequest, ref: MessageRef) -> bool:
    is_shut = session_cache.get(request, _KIND, _name(ref))
    if is_shut is None:
        digest = html.digest(request, ref)
        if digest is None:
            with session.imap(request) as imap:
                digest = judging.digest_of(headers.parse(fetch.headers(imap, ref)))
        is_shut = _is_shut(request, ref, judging.judgement_of(request, digest))
        session_cache.put(request, _KIND, _name(ref), is_shut)
    return bool(is_shut)


def require_open(request: SignedInRequest, ref: MessageRef) -> None:
    """Raises `FilesShut` for the files of a fraud that its reader did not open. No command for
    whoever has the message open."""
    if _is_shut_now(request, ref):
        raise FilesShut(
            message_url=addresses.message_url(ref),
            links_url=addresses.message_url(ref, "links"),
        )


def mailing(
    request: SignedInRequest, opened: OpenedMessage, judgement: Judgement | None
) -> Mailing | None:
    """The ways out of a mailing, and of a message that its person brought back the way to keep its
    sender; None for any other. One query for those, else none."""
    fields, ref = opened.headers, opened.fetched.ref
    ways = ways_out.read(fields)
    sender = _author(fields)
    is_back = judgement is not None and judgement.kind != "wanted" == judgement.taught
    if not sender or not (ways or is_back):
        return None
    allowed, blocked = SenderChoice.objects.all().named(request.user)
    domain = sender.rpartition("@")[2]
    query = {"to": ways.mail, "subject": ways.subject or "unsubscribe", "body": ways.body}
    return Mailing(
        sender=sender,
        domain="" if _is_everybodys(domain) or fields.get("List-Post") else domain,
        unsubscribe_url=addresses.message_url(ref, "unsubscribe"),
        one_click=bool(ways.one_click) and _is_sure(fields),
        mail_url=f"{html.compose_prefix()}{urlencode(query)}" if ways.mail else "",
        web_url=ways.web,
        choice_url=addresses.message_url(ref, "sender"),
        choice=_choice_for({sender, domain}, allowed, blocked),
        is_back=is_back,
    )


def _choice_for(names: set[str], allowed: frozenset[str], blocked: frozenset[str]) -> str:
    if names & allowed:
        return SenderForm.ALLOW
    return SenderForm.BLOCK if names & blocked else ""


@require_POST
@login_required
def links(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """The links of this message lead somewhere from now on, in this session."""
    message_ref = MessageRef(folder, *ref)
    with session.imap(request) as imap:
        fetch.headers(imap, message_ref)
    opened = [name for name in request.session.get(_OPENED, ()) if name != _name(message_ref)]
    request.session[_OPENED] = [*opened, _name(message_ref)][-_MOST_OPENED:]
    session_cache.put(request, _KIND, _name(message_ref), False)
    return redirect(addresses.message_url(message_ref))


@require_POST
@login_required
def report(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """The message goes to the authority as it came, then to the junk; from there it can be taken
    back. One's own messages do not."""
    if not settings.REPORT_ADDRESS:
        raise Http404
    message_ref = MessageRef(folder, *ref)
    undo = None
    with session.imap(request) as imap:
        if folders.is_own(imap, folder):
            request.session[TOAST] = {"message": action_words.own_mail(), "undo": None}
            return redirect(addresses.message_url(message_ref))
        judgement = judging.judgement(request, headers.parse(fetch.headers(imap, message_ref)))
        reporting.report(request, imap, message_ref, judgement)
        junk = folders.ensure(imap, folders.JUNK)
        step = Step(MOVE, folder, message_ref.uidvalidity, (message_ref.uid,), junk)
        lessons = teaching.lessons(imap, "junk", [step])
        if folder != junk:
            undo = actions.perform(imap, actions.prepare(imap, step)).undo
    teaching.teach(request, lessons)
    request.session[TOAST] = {"message": reported_words(), "undo": _way_back(folder, undo)}
    return redirect("mail:folder", folder)


def reported_words() -> str:
    """What becomes of a report."""
    return gettext(
        "Reported to the authority, and moved to junk. Somebody looks at it there: if others got it"
        " too, it can be taken out of all mailboxes."
    )


def _way_back(folder: str, undo: Step | None) -> dict[str, object] | None:
    """The form that moves it back; the report itself has left."""
    if undo is None:
        return None
    steps = json.dumps(packed([undo]), separators=(",", ":"))
    fields = [("verb", "undo"), ("steps", steps), ("next", reverse("mail:folder", args=[folder]))]
    return {"url": reverse("mail:act", args=[folder]), "fields": fields}


def report_url(request: SignedInRequest, opened: OpenedMessage) -> str:
    """The address at which the open message is reported; "" where it was already, or cannot be. One
    query where reports have an address."""
    if not settings.REPORT_ADDRESS or DRAFT in opened.fetched.flags:
        return ""
    if reporting.is_reported(request.user, judging.digest_of(opened.headers)):
        return ""
    return addresses.message_url(opened.fetched.ref, "report")


@require_POST
@login_required
def sender(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """The author of a message, or the whole domain, is blocked or always allowed from now on. Who
    he is stands in the message, not in the form."""
    message_ref = MessageRef(folder, *ref)
    form = SenderForm(request.POST)
    with session.imap(request) as imap:
        author = _author(headers.parse(fetch.headers(imap, message_ref)))
    if form.is_valid() and author:
        message = _choose(request, author, form.cleaned_data["choice"])
        renew_adverts(request)
        request.session[TOAST] = {"message": message, "undo": None}
    return redirect(addresses.message_url(message_ref))


@require_POST
@login_required
def unsubscribe(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """Leave the mailing by one click, which a job does. The address to call stands in the message,
    not in the form."""
    message_ref = MessageRef(folder, *ref)
    with session.imap(request) as imap:
        fields = headers.parse(fetch.headers(imap, message_ref))
    ways = ways_out.read(fields)
    if not ways.one_click or not _is_sure(fields):
        raise Http404
    asked = unsubscribing.ask(request.user, _author(fields), ways.one_click)
    with suppress(OperationalError):  # beat finds it
        tasks.unsubscribe.delay(asked.pk)
    words = gettext(
        "You leave this mailing: its sender is being told. What comes of it stands under "
        "“Adverts and senders”."
    )
    request.session[TOAST] = {"message": words, "undo": None}
    return redirect(addresses.message_url(message_ref))


def _choose(request: SignedInRequest, author: str, choice: str) -> str:
    """Do it, and say what was done."""
    choices, domain = SenderChoice.objects.all(), author.rpartition("@")[2]
    if choice == SenderForm.FORGET:
        choices.of(request.user).filter(name__in=[author, domain]).delete()
        return gettext("Nothing special is done with mail from %(sender)s any more.") % {
            "sender": author
        }
    is_domain = choice == SenderForm.BLOCK_DOMAIN and not _is_everybodys(domain)
    name, is_allowed = domain if is_domain else author, choice == SenderForm.ALLOW
    try:
        choices.choose(request.user, name, is_allowed=is_allowed)
    except ValueError:
        return gettext("Nothing was done: the sender has no usable address.")
    if is_allowed:
        return gettext("Mail from %(sender)s always stays in your inbox.") % {"sender": name}
    return gettext("New mail from %(sender)s goes to the adverts from now on.") % {"sender": name}


def _author(fields: Headers) -> str:
    """The author's address in lower case; "" where the message names no author, or several."""
    authors = fields.addresses("From", 2)
    return authors[0].address.lower() if len(authors) == 1 else ""


def _is_everybodys(domain: str) -> bool:
    """Whether mail from a domain may come from anybody, or from one's own authority: nobody blocks
    that as a whole."""
    return (
        domains.is_in(domain, correspondence.domains())
        or domains.is_of_state(domain)
        or domains.registered(domain) in domains.MAILBOX_PROVIDERS
    )


def _is_sure(fields: Headers) -> bool:
    """RFC 8058 section 4: only where a signature vouches for the fields. Where our server says
    nothing of signatures it is enough that the sender was not refused."""
    verdicts = authentication.read(fields, settings.AUTHSERV_ID)
    return verdicts.dkim == "pass" if verdicts.dkim else not verdicts.is_refused


def _is_shut(request: SignedInRequest, ref: MessageRef, judgement: Judgement | None) -> bool:
    if judgement is None or not judgement.is_fraud or judgement.taught == "wanted":
        return False
    return _name(ref) not in request.session.get(_OPENED, ())


def _name(ref: MessageRef) -> str:
    return json.dumps([ref.folder, ref.uidvalidity, ref.uid])
