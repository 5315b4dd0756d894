"""Whether a message wants to deceive, judged apart from whether it is an advert."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from mail.judgement import domains, institutions, phrases
from mail.judgement.known import KnownCorrespondents
from mail.judgement.message import Message, host_of
from mail.judgement.own_server import ServerVerdict
from mail.mime import links

# Names that are imitated: those of the authority, the State, and the support for mailboxes.
_AUTHORITY = re.compile(
    r"\b(?:rectorat|academie d|inspection academique|dsden|education nationale|ministere|assistance"
    r" (?:academique|informatique|messagerie)|support (?:informatique|messagerie|technique|webmail)"
    r"|service (?:informatique|messagerie|des impots)|administrateur (?:systeme|messagerie|reseau)"
    r"|webmaster|it (?:help ?desk|support|service)|mail(?:box)? (?:admin|support|team)|impots|dgfip"
    r"|finances publiques|tresor public|antai|(?:agence|centre|service) des? (?:contraventions"
    r"|amendes)|assurance maladie|ameli|cpam|gendarmerie|police nationale|franceconnect)\b"
)
_ADDRESS = re.compile(r"[\w.+'-]{1,64}@([\w-]{1,63}(?:\.[\w-]{1,63}){1,9})")
_PHONE = re.compile(r"\+?\d(?:[ .()/-]{0,2}\d){7,14}")
_NAMED_HOST = re.compile(
    r"(?:https?://)?(?:www\.)?([\w-]{1,63}(?:\.[\w-]{1,63}){1,6})(?:[/?#]\S*)?"
)
# The number of a message's links to one host from which on the host counts the clicks of a mailing.
_REDIRECTOR = 3
# To be given a password, or an account "validated"; not: to change one's password.
_ASKED = """
avec votre mot de passe|et votre mot de passe|et mot de passe|identifiant et mot
identifiants habituels|adresse et mot de passe|votre mot de passe actuel|conserver le meme mot
conserver votre mot de passe|conserver mon mot|valide* votre compte|valider votre compte
validez votre compte|valider votre boite|validez votre boite|validation de votre compte
reactiver votre|reactivez votre|verifier votre compte|verifiez votre compte|verifiez votre identite
confirmez votre identite|confirmez votre compte|confirmer votre compte|with your password
email password|email and password|username and password|validate your|re validate|revalidate
verify your account|verify your identity|keep your current password|keep same password
confirm your account|login here|log in here
"""
_BILL = """
will be charged|has been charged|been debited|auto renew*|automatic renewal|renewal|renewed
subscription has|a ete debite*|sera debite*|renouvellement automatique|sera preleve*|a ete preleve*
been billed|be billed|auto debit*
"""
_CALL = """
call us|call our|to cancel|cancel this|toll free|contact our|dispute|refund department|helpline
pour annuler|appelez|contester|annulation|billing department|support number|customer care
"""


@dataclass(frozen=True)
class Judged:
    """``signs``: stable codes of what deceives. ``is_sure``: enough of it to shut its links."""

    signs: tuple[str, ...] = ()
    is_sure: bool = False


# How far each sign goes by itself; from 1.0 a message is held for a fraud.
_WEIGHTS = {
    "own_domain_forged": 0.7,
    "lookalike_domain": 0.6,
    "lookalike_link": 0.6,
    "link_differs": 0.6,
    "link_hidden": 0.7,
    "authority_imitated": 0.6,
    "colleague_imitated": 0.6,
    "password_asked": 0.6,
    "password_urgent": 0.5,
    "payment_urgent": 0.4,
    "bill_to_call": 0.7,
    "sender_refused": 0.4,
}


def judge(
    message: Message, words: list[str], server: ServerVerdict, known: KnownCorrespondents
) -> Judged:
    """Judge what deceives in a message; nothing in one of the authority's own domain that passed
    our server's check: a warning quotes what it warns of."""
    verdicts = server.verdicts
    is_own = domains.is_in(message.domain, server.own) or domains.is_of_state(message.domain)
    if is_own and verdicts.dmarc == "pass":
        return Judged()
    signs = tuple(_signs(message, words, server, known, is_own=is_own))
    return Judged(signs, sum(_WEIGHTS[sign] for sign in signs) >= 1.0)


def _signs(
    message: Message,
    words: list[str],
    server: ServerVerdict,
    known: KnownCorrespondents,
    *,
    is_own: bool,
) -> Iterator[str]:
    if server.verdicts.is_refused:
        yield "own_domain_forged" if is_own else "sender_refused"
    if domains.imitates(message.domain, server.own):
        yield "lookalike_domain"
    yield from _of_links(message, server)
    yield from _of_names(message, words, known, server, is_own=is_own)
    yield from _of_words(message, words)


def _of_links(message: Message, server: ServerVerdict) -> Iterator[str]:
    hosts = message.hosts()
    own = domains.registered(message.domain)
    others = {host for host in hosts if domains.registered(host) != own}
    if any(domains.imitates(host, server.own) for host in others):
        yield "lookalike_link"
    notes = [links.note(link.address, link.words) for link in message.links[:100]]
    if any(note and note.is_alarming for note in notes):
        yield "link_hidden"
    if _differs(message, hosts):
        yield "link_differs"


def _differs(message: Message, hosts: list[str]) -> bool:
    """Whether the words of a link are the address of one site and it leads to another, that is
    neither the sender's nor a mailing's counter."""
    counted = Counter(map(domains.registered, hosts))
    for link in message.links[:100]:
        target = domains.registered(host_of(link.address))
        named = _NAMED_HOST.fullmatch(link.words.strip().lower()[:300])
        if not target or not named or "." not in named[1]:
            continue
        shown = domains.registered(links.host(named[1]))
        own = domains.registered(message.domain)
        if shown not in (target, own) and target == own:
            continue
        if shown != target and counted[target] < _REDIRECTOR and target != own:
            return True
    return False


def _of_names(
    message: Message,
    words: list[str],
    known: KnownCorrespondents,
    server: ServerVerdict,
    *,
    is_own: bool,
) -> Iterator[str]:
    name = phrases.fold(message.sender.name)
    written = _ADDRESS.search(name)
    if written and domains.registered(written[1]) != domains.registered(message.domain):
        yield "authority_imitated"
    if is_own or _is_allowed(message, known):
        return
    named = institutions.named(phrases.split(name))
    is_its_own = institutions.owns(named, message.domain) and not server.verdicts.is_refused
    if not written and not is_its_own and _AUTHORITY.search(name):
        yield "authority_imitated"
    # A colleague may write from a private mailbox; only a request for money makes it suspicious.
    if name and _sorted(name) in map(_sorted, known.names) and _asks_money(words):
        yield "colleague_imitated"


def _is_allowed(message: Message, known: KnownCorrespondents) -> bool:
    return message.sender.address.lower() in known.addresses or domains.is_in(
        message.domain, known.domains
    )


def _sorted(name: str) -> str:
    """A name, whichever of its words comes first."""
    return " ".join(sorted(phrases.fold(name).split()))


def _asks_money(words: list[str]) -> bool:
    return bool(_hits(phrases.PAYING, words) or _hits(phrases.URGENT, words))


def _of_words(message: Message, words: list[str]) -> Iterator[str]:
    """Urgency, a request, and what it is after; each alone stands in honest messages too."""
    is_urgent = bool(_hits(phrases.URGENT, words))
    is_asked = bool(_hits(phrases.REQUEST, words))
    has_way = bool(message.hosts()) or "text/html" in message.files
    if has_way and _hits(_ASKED, words):
        yield "password_asked"
    if is_urgent and is_asked and has_way and _hits(phrases.PRESSING, words):
        yield "password_urgent"
    if is_urgent and is_asked and has_way and _hits(phrases.PAYING, words):
        yield "payment_urgent"
    if _calls_about_bill(message, words):
        yield "bill_to_call"


def _calls_about_bill(message: Message, words: list[str]) -> bool:
    """A bill nobody asked for, and a telephone to protest against it: the fraud has no link."""
    return bool(
        _hits(_BILL, words)
        and _hits(_CALL, words)
        and _PHONE.search(message.text)
        and len(set(message.hosts())) <= 1
    )


def _hits(written: str, words: list[str]) -> list[str]:
    return phrases.phrases_of(written).found(words)
