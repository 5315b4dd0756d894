"""The judgement on an open message, for the pages that show the message or parts of it."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import urlencode

from django.conf import settings

from accounts import session
from accounts.http import SignedInRequest
from accounts.sealed import cache as session_cache
from mail.errors import FilesShut
from mail.imap import fetch
from mail.imap.values import ADVERT, DRAFT, JUNK, MessageRef
from mail.judgement import domains
from mail.mailbox.reading import OpenedMessage
from mail.mime import authentication, headers
from mail.mime import unsubscribing as ways_out
from mail.mime.headers import Headers
from mail.mime.hypertext.html import SafeHtml
from webmail.adverts import correspondence, judging, reporting
from webmail.adverts.digests import digest_of
from webmail.forms.messages import SenderForm
from webmail.models import Judgement, SenderChoice
from webmail.presentation import adverts
from webmail.presentation import links as addresses
from webmail.presentation.adverts import Mailing, Notice
from webmail.reader import html

_OPENED = "links_opened"
_MOST_OPENED = 100
_KIND = "shut"


def judgement_of(request: SignedInRequest, opened: OpenedMessage) -> Judgement | None:
    """Return the judgement on an open message. One query."""
    return judging.judgement(request, opened.headers)


def notice(
    request: SignedInRequest, opened: OpenedMessage, judgement: Judgement | None
) -> Notice | None:
    """Return the notice above an open message; None for a message without one."""
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
    """Return the HTML of a message, without link targets if its links are shut. No command if the
    message is open, or its frame was rendered just before."""
    is_shut = _is_shut_now(request, ref)
    return replace(page, body=adverts.without_targets(page.body)) if is_shut else page


def _is_shut_now(request: SignedInRequest, ref: MessageRef) -> bool:
    is_shut = session_cache.get(request, _KIND, _name(ref))
    if is_shut is None:
        digest = html.digest(request, ref)
        if digest is None:
            with session.imap(request) as imap:
                digest = digest_of(headers.parse(fetch.headers(imap, ref)))
        is_shut = _is_shut(request, ref, judging.judgement_of(request, digest))
        session_cache.put(request, _KIND, _name(ref), is_shut)
    return bool(is_shut)


def require_open(request: SignedInRequest, ref: MessageRef) -> None:
    """Raise `FilesShut` for the files of a fraud whose links the user did not open. No command if
    the message is open."""
    if _is_shut_now(request, ref):
        raise FilesShut(
            message_url=addresses.message_url(ref),
            links_url=addresses.message_url(ref, "links"),
        )


def open_links(request: SignedInRequest, ref: MessageRef) -> None:
    """Let the links and files of a message open from now on, in this session."""
    opened = [name for name in request.session.get(_OPENED, ()) if name != _name(ref)]
    request.session[_OPENED] = [*opened, _name(ref)][-_MOST_OPENED:]
    session_cache.put(request, _KIND, _name(ref), False)


def mailing(
    request: SignedInRequest, opened: OpenedMessage, judgement: Judgement | None
) -> Mailing | None:
    """Return the ways to leave the mailing of a message; for a message that the user moved back
    from adverts or junk, the choice to always allow its sender; None for any other message. One
    query for the first two, else none."""
    fields, ref = opened.headers, opened.fetched.ref
    ways = ways_out.unsubscribe_ways(fields)
    sender = author_of(fields)
    is_back = judgement is not None and judgement.kind != "wanted" == judgement.taught
    if not sender or not (ways or is_back):
        return None
    allowed, blocked = SenderChoice.objects.all().named(request.user)
    domain = sender.rpartition("@")[2]
    query = {"to": ways.mail, "subject": ways.subject or "unsubscribe", "body": ways.body}
    return Mailing(
        sender=sender,
        domain="" if is_everybodys(domain) or fields.get("List-Post") else domain,
        unsubscribe_url=addresses.message_url(ref, "unsubscribe"),
        one_click=bool(ways.one_click) and is_vouched_for(fields),
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


def report_url(request: SignedInRequest, opened: OpenedMessage) -> str:
    """Return the URL that reports the open message; "" if it was reported already, or cannot be.
    One query if reports have an address."""
    if not settings.REPORT_ADDRESS or DRAFT in opened.fetched.flags:
        return ""
    if reporting.is_reported(request.user, digest_of(opened.headers)):
        return ""
    return addresses.message_url(opened.fetched.ref, "report")


def author_of(fields: Headers) -> str:
    """Return the author's address in lower case; "" if the message names no author or several."""
    authors = fields.addresses("From", 2)
    return authors[0].address.lower() if len(authors) == 1 else ""


def is_everybodys(domain: str) -> bool:
    """Return whether a domain belongs to many people or to the user's own authority, so that it
    cannot be blocked as a whole."""
    return (
        domains.is_in(domain, correspondence.domains())
        or domains.is_of_state(domain)
        or domains.registered(domain) in domains.MAILBOX_PROVIDERS
    )


def is_vouched_for(fields: Headers) -> bool:
    """Return whether the fields about the mailing can be trusted (RFC 8058 section 4): a signature
    must vouch for them. If the user's server says nothing about signatures, it is enough that it
    did not refuse the sender."""
    verdicts = authentication.server_verdicts(fields, settings.AUTHSERV_ID)
    return verdicts.dkim == "pass" if verdicts.dkim else not verdicts.is_refused


def _is_shut(request: SignedInRequest, ref: MessageRef, judgement: Judgement | None) -> bool:
    if judgement is None or not judgement.is_fraud or judgement.taught == "wanted":
        return False
    return _name(ref) not in request.session.get(_OPENED, ())


def _name(ref: MessageRef) -> str:
    return json.dumps([ref.folder, ref.uidvalidity, ref.uid])
