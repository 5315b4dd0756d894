"""Signs that need no language: how a message is made, who vouches for it, what its names look like
and where its links lead. They are weighed by themselves.

No message of the corpus can teach these weights, since whoever invents a message does not invent
how it was sent. Each is the number of doubts that a sign is worth: one is met in honest mail,
several at once are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from email.utils import parsedate_to_datetime

from mail.judgement import domains, institutions, phrases
from mail.judgement.message import Message, host_of
from mail.judgement.signs import Sign, is_bulk, is_list

LIMIT = 4.0
"""The doubts from which on nobody wants a message, whatever its words."""
WEIGHTS: Mapping[str, float] = {
    # the sender
    "no_sender": 2.0,
    "name_unrelated": 1.0,
    "made_up_mailbox": 0.6,
    "made_up_domain": 0.8,
    "deep_domain": 0.4,
    "rented_sender": 1.5,
    "number_in_name": 0.7,
    "pictogram_in_name": 1.0,
    "cheap_domain": 0.8,
    "institution_imitated": 1.5,
    "institution_in_subject": 0.5,
    "authority_imitated": 1.0,
    # who vouches for it
    "unvouched": 1.0,
    "signed_by_other": 0.7,
    "foreign_id": 0.3,
    "sender_refused": 1.5,
    "institution_unproved": 1.5,
    "far_date": 0.3,
    "vouched_mailing": -0.7,
    # what is written so that filters do not read it
    "pictogram_in_subject": 0.5,
    "styled_letters": 2.0,
    "unseen_letters": 2.0,
    "mixed_letters": 2.0,
    "hidden_filler": 1.5,
    # how it is made
    "leads_away": 1.0,
    "page_alone": 0.4,
    "picture_link": 0.4,
    "picture_for_text": 0.8,
    "wordless": 0.3,
    "plain_text": -1.0,
    "discussion_list": 0.4,
    # where it leads
    "one_target": 0.3,
    "coded_link": 0.3,
    "coded_fragment": 0.8,
    "made_up_host": 0.6,
    "object_store": 1.0,
    "user_in_link": 1.0,
    "cheap_link": 0.5,
    "link_to_free_page": 0.7,
    "link_shortened": 0.7,
    "link_to_scan": 1.0,
    "link_to_number": 1.0,
    # what it brings
    "page_attached": 1.0,
    "form_attached": 2.0,
    "program_attached": 1.0,
    "archive_locked": 1.0,
    # to whom
    "foreign_language": 1.0,
    "hidden_recipients": 0.8,
    "to_itself": 0.8,
    "false_reply": 0.6,
    # who is known to be honest
    "reply": 0.5,
    "own_domain": 1.0,
    "state_domain": 1.0,
    "same_domain": 1.0,
    "school_network": 1.0,
    "poll": 1.0,
    "institution": -3.0,
}
"""Doubts by code; below nothing for what takes doubts away. The signs that bear a negative amount
already count with it."""
_OWN_CODES = frozenset(
    """
    no_sender name_unrelated made_up_mailbox made_up_domain deep_domain rented_sender number_in_name
    pictogram_in_name institution_in_subject unvouched signed_by_other foreign_id far_date
    vouched_mailing pictogram_in_subject styled_letters unseen_letters mixed_letters hidden_filler
    leads_away page_alone picture_link picture_for_text wordless plain_text one_target coded_link
    coded_fragment made_up_host object_store user_in_link to_itself institution_unproved
    foreign_language
    """.split()
)
_MOST_LINKS = 200
_MOST_HEAD = 2000
_MOST_SIGNATURES = 20
_MOST_PEOPLE = 50
# Words of a message that a picture speaks for; and of one that hardly says anything.
_PICTURED, _WORDLESS = 60, 12
# Letters that nobody sees, above which they are no line of preview.
_FILLER = 200
_DEEP = 4
_FAR = timedelta(days=2)
_LEAST_LABEL = 8
_SIGNED_BY = re.compile(r"(?:^|[;\s])d\s*=\s*([a-z0-9.-]{1,253})", re.IGNORECASE)
_HOST_OF_ID = re.compile(r"@([^<>\s@]{1,253})>?\s*$")
_NO_DOMAIN = re.compile(r"[^a-z0-9.-]")
# Letters that take no room, between the letters of a word that a filter looks for.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u3164\ufeff]"
)
_WORD = re.compile(r"\w{2,60}")
_LATIN, _LOOKS_LATIN = re.compile(r"[A-Za-z]"), re.compile("[\u0370-\u052f\u13a0-\u13ff]")
# Letters of mathematics, in circles or of double width, which are read as plain ones.
_STYLED = re.compile(
    "[\u1d00-\u1d7f\u24b6-\u24e9\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff\U0001f130-\U0001f189]"
)
_PICTOGRAM = re.compile("[\u2600-\u27bf\u2b00-\u2bff\U0001f300-\U0001faff]")
_NUMBER = re.compile(r"\d{5,}|[A-Z]{2,20}\d{2,}")
_TOKEN = re.compile(r"[A-Za-z0-9_=-]{40,}")
_CODED_FRAGMENT = re.compile(r"#.{0,400}(?:@|%40|[A-Za-z0-9=+/_-]{10,})")
_USER = re.compile(r"https?://[^/?#]{0,400}@", re.IGNORECASE)
# Groups of consonants that are one sound, and a run of them that no tongue speaks.
_SOUNDS = re.compile(r"sch|tsch|ch|ck|th|ng|sh|ph|tz|pf|nd|st|ss|ll|tt|nt|rt|cht|ght")
_UNSPOKEN = re.compile(r"[bcdfghjklmnpqrstvwxz]{5,}")
_HEXADECIMAL = re.compile(r"[0-9a-f]{12,}")
_NUMBERS = re.compile(r"\d+")
# Hosts that anybody may send from by filling in a form.
_RENTED = frozenset(
    """
    firebaseapp.com web.app onmicrosoft.com amazonses.com hubspotemail.net zendesk.com sendgrid.net
    mailgun.org duckdns.org ddns.net appspotmail.com
    """.split()
)
# Stores of files, where anybody may put up a page.
_STORES = frozenset(
    """
    storage.googleapis.com s3.amazonaws.com amazonaws.com blob.core.windows.net web.core.windows.net
    digitaloceanspaces.com linodeobjects.com r2.dev backblazeb2.com oraclecloud.com ipfs.io
    dweb.link cloudflare-ipfs.com fleek.co pinata.cloud w3s.link nftstorage.link wasabisys.com
    aliyuncs.com
    """.split()
)


def structure_signs(message: Message, length: int, codes: frozenset[str]) -> Iterator[Sign]:
    """Yield the signs of a message of ``length`` words that has signs of these ``codes``, each with
    the amount 1."""
    codes_found = (
        *_of_sender(message),
        *_of_vouching(message),
        *_of_letters(message),
        *_of_making(message, length),
        *_of_links(message),
    )
    yield from (Sign(code, 1.0) for code in dict.fromkeys(codes_found) if code not in codes)


def doubts(signs: Iterable[Sign]) -> list[Sign]:
    """The signs that structure is judged by, each with its share of the sum."""
    shares: dict[str, float] = {}
    for sign in signs:
        if weight := WEIGHTS.get(sign.code):
            shares[sign.code] = weight * (sign.weight if sign.weight < 0 else 1.0)
    return [Sign(code, share) for code, share in shares.items()]


def is_structure(code: str) -> bool:
    """Whether a sign is of this module alone, and learnt by no model."""
    return code in _OWN_CODES


def _of_sender(message: Message) -> Iterator[str]:
    local, _, domain = message.sender.address[:320].lower().rpartition("@")
    if "." not in domain or _NO_DOMAIN.search(domain):
        yield "no_sender"
    labels = domain.split(".")
    if _is_made_up(local):
        yield "made_up_mailbox"
    if any(map(_is_made_up, labels[:-1])):
        yield "made_up_domain"
    if len(labels) >= _DEEP:
        yield "deep_domain"
    if domains.is_in(domain, _RENTED):
        yield "rented_sender"
    yield from _of_name(message, local, domain)


def _of_name(message: Message, local: str, domain: str) -> Iterator[str]:
    name = message.sender.name[:200]
    words = phrases.split(phrases.fold(name))
    address = re.sub(r"[^a-z0-9]", "", f"{local}{domain}")
    long_words = [word for word in words if len(word) > 2]
    if any(map(_is_latin, long_words)) and not any(word in address for word in long_words):
        yield "name_unrelated"
    if _PICTOGRAM.search(name):
        yield "pictogram_in_name"
    if _NUMBER.search(name):
        yield "number_in_name"
    own = institutions.named(phrases.split(phrases.fold(message.subject[:200])))
    if own and not institutions.owns(own, domain):
        yield "institution_in_subject"


def _is_latin(word: str) -> bool:
    return word.isascii()


def _is_made_up(label: str) -> bool:
    """Whether a program made up the name: no tongue speaks it, or figures stand among its
    letters."""
    if len(label) < _LEAST_LABEL:
        return False
    numbers = _NUMBERS.findall(label)
    figures = sum(map(len, numbers))
    is_mingled = len(numbers) >= 2 and figures >= 3
    is_unspoken = _UNSPOKEN.search(_SOUNDS.sub("s", label)) is not None
    return is_mingled or is_unspoken or _HEXADECIMAL.fullmatch(label) is not None


def _of_vouching(message: Message) -> Iterator[str]:
    """Yield whether anybody stands for the address in From: who takes back what can't be delivered,
    who signed, and who numbered the message."""
    own = domains.registered(message.domain)
    signers = _signers(message)
    bounces = message.headers.addresses("Return-Path", 1)
    bounce = bounces[0].address.rpartition("@")[2].lower() if bounces else ""
    is_aligned = own in signers
    if bounce and domains.registered(bounce) != own and not is_aligned and not is_list(message):
        yield "unvouched"
    if signers and not is_aligned:
        yield "signed_by_other"
    numbered = _HOST_OF_ID.search(message.headers.get("Message-ID")[-_MOST_HEAD:])
    if not numbered or domains.registered(numbered[1]) != own:
        yield "foreign_id"
    if is_aligned and is_bulk(message):
        yield "vouched_mailing"
    if _is_far(message):
        yield "far_date"


def _signers(message: Message) -> set[str]:
    """The registered domains that say they signed it."""
    signatures = message.headers.get_all("DKIM-Signature")[:_MOST_SIGNATURES]
    matches = (_SIGNED_BY.search(signature[:_MOST_HEAD]) for signature in signatures)
    return {domains.registered(match[1]) for match in matches if match}


def _is_far(message: Message) -> bool:
    """Whether it says that it was written days before or after it came."""
    came = message.headers.get("Received")[:_MOST_HEAD].rpartition(";")[2].strip()
    try:
        written, arrived = (
            parsedate_to_datetime(text) for text in (message.headers.get("Date")[:100], came[:100])
        )
        return abs(written.timestamp() - arrived.timestamp()) > _FAR.total_seconds()
    except (ValueError, TypeError, OverflowError, OSError):
        return False


def _of_letters(message: Message) -> Iterator[str]:
    """Yield what is written in letters that a reader takes for others, or does not see."""
    shown = f"{message.subject}\n{message.sender.name[:200]}"
    if _UNSEEN.search(shown):
        yield "unseen_letters"
    if _STYLED.search(f"{shown}\n{message.domain[:253]}"):
        yield "styled_letters"
    if any(_LATIN.search(word) and _LOOKS_LATIN.search(word) for word in _WORD.findall(shown)):
        yield "mixed_letters"
    if _PICTOGRAM.search(message.subject):
        yield "pictogram_in_subject"
    if message.hidden > _FILLER and message.hidden > sum(map(str.isalnum, message.text)):
        yield "hidden_filler"


def _of_making(message: Message, length: int) -> Iterator[str]:
    is_page = message.is_html_only or bool(_page_links(message))
    if message.is_html_only:
        yield "page_alone"
    if not is_page:
        yield "plain_text"
    if message.pictures and length < _PICTURED:
        yield "picture_for_text"
    if length < _WORDLESS:
        yield "wordless"
    sender = message.sender.address.lower()
    recipients = [
        person for name in ("To", "Cc") for person in message.headers.addresses(name, _MOST_PEOPLE)
    ]
    if sender and any(person.address.lower() == sender for person in recipients):
        yield "to_itself"


def _page_links(message: Message) -> list[str]:
    """The web addresses under words or pictures: those of a page, not of a text."""
    return [
        link.address
        for link in message.links[:_MOST_LINKS]
        if link.words != link.address and host_of(link.address)
    ]


def _of_links(message: Message) -> Iterator[str]:
    addresses = [link.address for link in message.links[:_MOST_LINKS] if host_of(link.address)]
    hosts = set(map(host_of, addresses))
    own = domains.registered(message.domain)
    if _page_links(message) and own not in map(domains.registered, hosts):
        yield "leads_away"
    if any(not link.words.strip() for link in message.links[:_MOST_LINKS] if host_of(link.address)):
        yield "picture_link"
    if len(addresses) >= 2 and len(set(addresses)) == 1:
        yield "one_target"
    yield from _of_addresses(addresses)
    if any(_is_made_up(label) for host in hosts for label in host.split(".")[:-1]):
        yield "made_up_host"
    if any(domains.is_in(host, _STORES) for host in hosts):
        yield "object_store"


def _of_addresses(addresses: Sequence[str]) -> Iterator[str]:
    cut = [address[:_MOST_HEAD] for address in addresses]
    if any(map(_TOKEN.search, cut)):
        yield "coded_link"
    if any(map(_CODED_FRAGMENT.search, cut)):
        yield "coded_fragment"
    if any(map(_USER.match, cut)):
        yield "user_in_link"
