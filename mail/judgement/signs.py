"""The signs that a message gives, each with its weight: above nothing for an advert or junk, below
for a wanted message."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from mail.judgement import attachments, domains, institutions, phrases
from mail.judgement.message import Message
from mail.judgement.own_server import ServerVerdict
from mail.judgement.turns import Turns
from mail.mime import links
from mail.mime.addresses import Address

_MOST_PEOPLE = 50
# Words of a message that is written in a hurry.
_SHORT = 70


@dataclass(frozen=True)
class Sign:
    """A stable code, and how much it weighs."""

    code: str
    weight: float


# Fields that services for mailings write (their documentation names them).
_MAILER_FIELDS = frozenset(
    """
    feedback-id x-csa-complaints x-mailgun-sid x-mailgun-tag x-sg-eid x-sg-id x-mc-user
    x-mandrill-user x-campaign x-campaignid x-campaign-id x-mailin-eid x-mailin-campaign x-sib-id
    x-mj-mid x-mailjet-campaign x-mailjet-trackopen x-ses-outgoing x-pm-message-id x-sfmc-stack
    x-job x-cmail-gameid x-ac-mailer x-elqpod x-emv-mid x-emarsys-environment x-dm-campaign
    x-rpcampaign x-mailing-id x-mailingid x-klaviyo-message-id x-hs-cid x-report-abuse
    x-report-abuse-to x-abuse x-campaign-name x-tm-id x-envoi x-routage x-emailing
    """.split()
)
_MAILER = re.compile(
    r"phplist|mailchimp|sendinblue|brevo|mailjet|sarbacane|mailing|newsletter|campaign|phpmailer"
    r"|swiftmailer|acymailing|emailing|getresponse|activecampaign|hubspot|interspire|klaviyo"
    r"|dolist|mass ?mail|bulk|sendy|mautic|e-?deal|cabestan|splio|dialog insight",
    re.IGNORECASE,
)
# Headers of programs for discussion lists (Sympa, Mailman). Services for mailings do not write
# them.
_LIST_FIELDS = (
    "X-Loop", "X-Sequence", "List-Post", "List-Archive", "X-BeenThere", "X-Mailman-Version",
    "List-Subscribe", "List-Owner",
)  # fmt: skip
_NAMES_OF_LIST = ("List-Post", "List-Id", "Mailing-List", "X-Loop")
# One digit a turn, and a limit: an amount in which digits could be split in two ways takes longer
# than a life to be looked for in a long number.
_PRICE = re.compile(
    r"\d(?:[ .,]?\d){0,14} ?(?:€|euros?\b|eur\b|£|usd\b)|[$£€] ?\d|\b(?:usd|eur) ?\d"
)
_PERCENT = re.compile(r"\d ?%")
_REPLY = re.compile(r"(?:re|rep|tr|fw|fwd|sv|aw)\s*:", re.IGNORECASE)
_LONG_CODE = re.compile(r"[?/=][A-Za-z0-9_-]{24,}|[?&](?:utm_|mc_eid|uid|cid|trk|email)[a-z_]*=")
_SHOUT = re.compile(r"[A-ZÀ-Þ]{4,}")
_FILES = frozenset(
    """
    application/pdf text/calendar application/ics application/msword application/vnd.ms-excel
    application/vnd.openxmlformats-officedocument.wordprocessingml.document
    application/vnd.openxmlformats-officedocument.spreadsheetml.sheet
    application/vnd.oasis.opendocument.text application/vnd.oasis.opendocument.spreadsheet
    """.split()
)


_ROLE = re.compile(
    r"\b(?:principale?|proviseure?|directeur|directrice|direction|chef|cheffe|rectrice|recteur"
    r"|inspect(?:eur|rice)|dasen|secretariat|gestionnaire|intendance|headmaster|headteacher"
    r"|head teacher|rectorat|academie|college|lycee|ecole|service|support|assistance|admin"
    r"|administrateur|administration|helpdesk|it|team|equipe|ressources humaines|rh|paie"
    r"|comptabilite)\b"
)
# Endings that cost next to nothing, where most registered names are thrown away in a month.
_CHEAP_ENDINGS = frozenset(
    """
    top xyz online site click icu shop live buzz cfd sbs rest monster quest cyou space website fun
    store club vip work info link support digital pro tk ml ga cf gq bond lol beauty skin help
    today world life services center
    """.split()
)
# Services that send polls in the name of a user, to the addresses that the user gave.
_POLLS = frozenset("doodle.com framadate.org framaforms.org framasoft.org renater.fr".split())
_SHORTENERS = frozenset(
    """
    bit.ly tinyurl.com t.co goo.gl ow.ly is.gd buff.ly cutt.ly rebrand.ly rb.gy shorturl.at t.ly
    urlz.fr urlr.me lc.cx s.id tiny.cc v.gd short.io linktr.ee
    """.split()
)
_FREE_PAGES = frozenset(
    """
    weebly.com wixsite.com wix.com webflow.io github.io netlify.app vercel.app web.app
    firebaseapp.com pages.dev workers.dev r2.dev herokuapp.com glitch.me repl.co blogspot.com
    wordpress.com jimdosite.com jimdofree.com square.site godaddysites.com duckdns.org ngrok.io
    ngrok-free.app onrender.com surge.sh ipfs.io backblazeb2.com amazonaws.com azurewebsites.net
    blob.core.windows.net windows.net sharepoint.com forms.gle docs.google.com sites.google.com
    forms.office.com typeform.com jotform.com formstack.com googleapis.com translate.goog
    framer.app carrd.co notion.site canva.site gitbook.io
    """.split()
)

# Of a mailing list (RFC 2919), of one who passed it on with what was found of it before (RFC 8617)
# or by hand (RFC 5322).
_PASSED_ON = frozenset({"list-id", "arc-seal", "resent-from"})


def signs_of_message(message: Message, words: list[str], server: ServerVerdict) -> list[Sign]:
    """All signs but those of what is known and learnt. Those of words that say nothing are left
    out."""
    signs = [
        *_of_sending(message),
        *_of_sender(message, server),
        *_of_links(message),
        *(Sign(code, 1.0) for code in attachments.signs(message.attachments)),
        *_of_server(message, server),
        *_of_answer(message, server),
        *_of_look(message),
        *_of_words(message, words),
    ]
    return [sign for sign in signs if sign.weight]


def is_bulk(message: Message) -> bool:
    """Whether a program sent it to many: by its own fields."""
    fields = {name.lower() for name, _ in message.headers.fields}
    precedence = message.headers.get("Precedence").lower()
    return (
        "list-unsubscribe" in fields
        or precedence in ("bulk", "junk")
        or bool(fields & _MAILER_FIELDS)
    )


def is_list(message: Message) -> bool:
    """Whether a program for discussion lists passed it on: by its own fields. `List-Id` alone is
    written by services for mailings too."""
    fields = {name.lower() for name, _ in message.headers.fields}
    talks = sum(name.lower() in fields for name in _LIST_FIELDS)
    is_of_group = message.headers.get("Mailing-List")[:20].lower().startswith("list ")
    return is_of_group or (
        talks >= 2 and ("list-post" in fields or "x-loop" in fields or talks >= 3)
    )


def _of_sending(message: Message) -> Iterator[Sign]:
    fields = {name.lower() for name, _ in message.headers.fields}
    program = f"{message.headers.get('X-Mailer')} {message.headers.get('User-Agent')}"
    if is_list(message):
        yield Sign("discussion_list", -2.6)
    elif is_bulk(message):
        yield Sign("bulk_sending", 0.5 + 0.2 * ("list-unsubscribe-post" in fields))
    if fields & _MAILER_FIELDS or _MAILER.search(program):
        yield Sign("mass_mailer", 0.3)
    if message.headers.get("Auto-Submitted").lower().startswith("auto"):
        yield Sign("automatic", -0.6)


def _of_sender(message: Message, server: ServerVerdict) -> Iterator[Sign]:
    domain = message.domain
    name = phrases.split(phrases.fold(message.sender.name))
    is_personal = domain in domains.MAILBOX_PROVIDERS
    is_role = bool(_ROLE.search(" ".join(name)))
    if is_personal:
        yield Sign("role_elsewhere" if is_role else "personal_mailbox", 1.0)
    elif is_role and not domains.is_in(domain, server.own) and not domains.is_of_state(domain):
        yield Sign("role_elsewhere", 0.5)
    own = institutions.named(name)
    is_sure = server.verdicts.dmarc == "pass"
    if own and not institutions.owns(own, domain):
        yield Sign("institution_imitated", 1.0)
    elif is_sure and institutions.is_institutions(domain):
        yield Sign("institution", 1.0)
    if is_sure and institutions.is_of_schools(domain):
        yield Sign("school_network", -4.0)
    if is_sure and domains.is_in(domain, _POLLS) and not is_bulk(message):
        yield Sign("poll", -2.0)
    if domain.rpartition(".")[2] in _CHEAP_ENDINGS:
        yield Sign("cheap_domain", 1.0)
    if _answers_personal(message) and not is_personal:
        yield Sign("reply_personal", 1.0)


def _answers_personal(message: Message) -> bool:
    return not domains.MAILBOX_PROVIDERS.isdisjoint(message.reply_domains)


def _of_links(message: Message) -> Iterator[Sign]:
    hosts = set(message.hosts()[:200])
    if message.scanned:
        yield Sign("link_to_scan", 1.0)
    if not hosts:
        yield Sign("no_link", 1.0)
        return
    own = domains.registered(message.domain)
    if all(domains.registered(host) != own for host in hosts):
        yield Sign("links_elsewhere", 1.0)
    else:
        yield Sign("links_home", 1.0)
    if any(links.is_ip(host) for host in hosts):
        yield Sign("link_to_number", 1.0)
    if any(domains.is_in(host, _SHORTENERS) for host in hosts):
        yield Sign("link_shortened", 1.0)
    if any(domains.is_in(host, _FREE_PAGES) for host in hosts):
        yield Sign("link_to_free_page", 1.0)
    if any(host.rpartition(".")[2] in _CHEAP_ENDINGS for host in hosts):
        yield Sign("cheap_link", 1.0)
    if len(hosts) == 1 and len(message.links) <= 2:
        yield Sign("single_link", 1.0)


def _of_server(message: Message, server: ServerVerdict) -> Iterator[Sign]:
    if server.spam:
        yield Sign("server_spam", 9.0)
    elif server.spam is False:
        yield Sign("server_passed", 1.0)
    if not server.spam and server.ratio is not None and server.ratio > 0.45:
        yield Sign("server_doubt", min(1.2, server.ratio * 1.2))
    verdicts = server.verdicts
    if verdicts.is_refused:
        yield Sign("sender_unverified", 1.0)
    elif verdicts.spf in ("softfail", "fail") and verdicts.dkim != "pass":
        yield Sign("sender_unverified", 0.5)
    if is_unproved(message, server):
        yield Sign("institution_unproved", 1.0)
    elif domains.is_in(message.domain, server.own) and not verdicts.is_refused:
        yield Sign("own_domain", -3.0)
    elif domains.is_of_state(message.domain) and not verdicts.is_refused:
        yield Sign("state_domain", -3.0)
    elif not verdicts.is_refused and message.domain in _recipients(message):
        yield Sign("same_domain", -1.5)


def is_unproved(message: Message, server: ServerVerdict) -> bool:
    """Whether a message bears the domain of an institution that signs all of its mail, and is not
    its own, by what our server found. Lists and forwards, which break signatures, are not
    judged by this."""
    if not institutions.signs_all_mail(message.domain) or _is_passed_on(message):
        return False
    verdicts = server.verdicts
    if verdicts.dmarc:
        return verdicts.dmarc == "fail"
    return bool(verdicts) and "pass" not in (verdicts.dkim, verdicts.spf)


def _is_passed_on(message: Message) -> bool:
    fields = {name.lower() for name, _ in message.headers.fields}
    return is_list(message) or not fields.isdisjoint(_PASSED_ON)


def _recipients(message: Message) -> set[str]:
    """The domains it is addressed to."""
    to = _people(message, "To", "Cc")
    return {domain for recipient in to if (domain := recipient.address.rpartition("@")[2].lower())}


def _people(message: Message, *fields: str) -> list[Address]:
    """The first of each field: one may name thousands."""
    return [address for name in fields for address in message.headers.addresses(name, _MOST_PEOPLE)]


def _of_answer(message: Message, server: ServerVerdict) -> Iterator[Sign]:
    fields = message.headers
    before = f"{fields.get('In-Reply-To')} {fields.get('References')}".lower()
    ids = re.findall(r"<[^<>\s]{1,300}@([^<>\s@]{1,253})>", before[:5000])
    if any(domains.is_in(domain, server.own) for domain in ids):
        yield Sign("reply", -4.0)
    elif ids and message.has_quote:
        yield Sign("reply", -1.8)
    elif ids:
        yield Sign("reply", -0.9)
    elif _REPLY.match(message.subject) and not message.has_quote:
        yield Sign("false_reply", 0.7)
    is_elsewhere = not _answers_list(message) and any(
        _is_elsewhere(domain, message.domain) for domain in message.reply_domains
    )
    is_hidden = not any("@" in address.address for address in _people(message, "To", "Cc"))
    if is_elsewhere:
        # Answers are to go elsewhere, and nobody sees who else was written to: a stolen mailbox.
        yield Sign("reply_elsewhere", 2.2 if is_hidden else 0.9)
    if is_hidden and message.sender.address:
        yield Sign("hidden_recipients", 0.5)


def _answers_list(message: Message) -> bool:
    """Whether answers go to the list that passed the message on, as its own fields name it."""
    named = " ".join(message.headers.get(name)[:2000] for name in _NAMES_OF_LIST).lower()
    return bool(named) and all(
        domains.registered(domain) in named for domain in message.reply_domains
    )


def _is_elsewhere(domain: str, sender: str) -> bool:
    return bool(domain and sender) and domains.registered(domain) != domains.registered(sender)


def _of_look(message: Message) -> Iterator[Sign]:
    if any(kind in _FILES for kind in message.files):
        yield Sign("attachment", -0.7)
    if message.pixels or _counts_clicks(message):
        yield Sign("tracking", 0.4)
    if message.pictures - message.pixels >= 3:
        yield Sign("pictures", 0.3)
    if message.is_html_only:
        yield Sign("html_only", 0.2)
    if len(_SHOUT.findall(message.subject)) >= 3 or message.subject.count("!") >= 2:
        yield Sign("loud_subject", 0.5)
    if re.search("[\U0001f300-\U0001faff\u2600-\u27bf\u2b50]", message.subject):
        yield Sign("loud_subject", 0.4)


def _counts_clicks(message: Message) -> bool:
    coded = Counter(
        domains.registered(host)
        for link, host in zip(message.links, message.hosts(), strict=False)
        if _LONG_CODE.search(link.address)
    )
    return any(count >= 2 for count in coded.values())


@dataclass(frozen=True)
class _Scale:
    """Weight of the first ``most`` turns of phrase; ``free``: so many say nothing."""

    code: str
    written: str
    each: float
    most: int
    free: float = 0.0


_SUBJECTS = (
    _Scale("warning_words", phrases.WARNING, 0.5, 4),
    _Scale("secret_words", phrases.DISCRETION, 1.0, 3),
    _Scale("available_words", phrases.AVAILABLE, 1.0, 3),
    _Scale("gift_card_words", phrases.GIFT_CARDS, 1.0, 3),
    _Scale("parcel_words", phrases.PARCEL, 0.5, 4),
    _Scale("law_words", phrases.LAW, 0.5, 4),
    _Scale("code_words", phrases.CODE, 0.5, 4),
    _Scale("mailbox_words", phrases.MAILBOX, 0.5, 4),
    _Scale("document_words", phrases.DOCUMENT, 0.5, 4),
    _Scale("bank_words", phrases.BANK, 0.5, 4),
    _Scale("wealth_words", phrases.WEALTH, 0.5, 4),
    _Scale("urgent_words", phrases.URGENT, 0.5, 4),
    _Scale("request_words", phrases.REQUEST, 0.5, 4),
    _Scale("paying_words", phrases.PAYING, 0.5, 4),
    _Scale("pressing_words", phrases.PRESSING, 0.5, 4),
)
_SCALES = (
    *_SUBJECTS,
    _Scale("offer_words", phrases.OFFER, 0.75, 6),
    _Scale("selling_words", phrases.SELLING, 0.5, 6, free=0.5),
    _Scale("junk_words", phrases.JUNK, 0.85, 6, free=0.6),
    _Scale("opt_out", phrases.OPT_OUT, 0.3, 2),
    _Scale("order_words", phrases.ORDER, -0.9, 4),
    _Scale("school_words", phrases.SCHOOL, -0.25, 5, free=1.0),
    _Scale("personal_words", phrases.PERSONAL, -0.5, 4),
    _Scale("community_words", phrases.COMMUNITY, -0.45, 5),
)


@cache
def _lists() -> Turns:
    return Turns({scale.code: scale.written for scale in _SCALES})


def _of_words(message: Message, words: list[str]) -> Iterator[Sign]:
    hits = Counter(_lists().counted(words))
    density = phrases.density(len(words))
    for scale in _SCALES:
        counted = min(max(0.0, hits[scale.code] - scale.free), scale.most)
        yield Sign(scale.code, round(density * scale.each * counted, 3))
    for sign in _together(message, hits, len(words)):
        yield Sign(sign.code, round(density * sign.weight, 3))
    folded = phrases.fold(f"{message.subject}\n{message.text}"[:20_000])
    prices = len(set(_PRICE.findall(folded)))
    yield Sign("prices", 0.35 * min(prices, 2) + 0.35 * bool(_PERCENT.search(folded)))


def _together(message: Message, hits: Mapping[str, int], length: int) -> Iterator[Sign]:
    """Yield what is said by several things at once, each of which honest mail says too."""
    hosts = message.hosts()
    own = domains.registered(message.domain)
    leads_away = bool(hosts) and all(domains.registered(host) != own for host in hosts)
    is_from_elsewhere = message.domain in domains.MAILBOX_PROVIDERS or _answers_personal(message)
    has_picture = bool(message.pictures) or any(
        kind.startswith("image/") or kind == "application/pdf" for kind in message.files
    )
    money = hits["gift_card_words"] + hits["bank_words"] + hits["paying_words"]
    if hits["secret_words"] and (money or hits["available_words"]) and not hosts:
        yield Sign("secret_transfer", 1.0)
    if hits["available_words"] and length < _SHORT and not hosts and is_from_elsewhere:
        yield Sign("call_for_service", 1.0)
    if hits["code_words"] >= 2 and has_picture and hits["request_words"]:
        yield Sign("code_to_scan", 1.0)
    if hits["parcel_words"] and hits["paying_words"] and leads_away:
        yield Sign("parcel_to_pay", 1.0)
    if hits["mailbox_words"] and hits["request_words"] and leads_away:
        yield Sign("mailbox_to_confirm", 1.0)
    if hits["document_words"] and leads_away:
        yield Sign("document_elsewhere", 1.0)
    if hits["law_words"] >= 3 and (is_from_elsewhere or message.files):
        yield Sign("law_threat", 1.0)
    if hits["bank_words"] and hits["urgent_words"] and leads_away:
        yield Sign("bank_elsewhere", 1.0)
