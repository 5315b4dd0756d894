"""Signs in the way that a message addresses its reader: whether sender and reader have anything in
common, the business of the sender, and the names of links and hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources

from mail.judgement import domains, institutions, phrases
from mail.judgement.message import Message, host_of
from mail.judgement.own_server import ServerVerdict
from mail.judgement.signs import Sign
from mail.judgement.turns import turns

# Turns of phrase of one list that are counted.
_MOST = 4
_MOST_HOSTS = 40
# Where a greeting stands, in words; and how many lines a signature has.
_GREETING, _SIGNATURE = 60, 4
_PITCH = ("introduces_itself", "asks_for_time", "seeks_contact", "follows_up", "invites_yes")
_LURE = ("lure_free", "deadline_offer", "price_talk", "proof_of_crowd", "commercial_footer")
_COMMON = ("shared_past", "intimate", "known_of", "school_matter")
_TIME = re.compile(r"\b\d{1,2} ?(?:h|heures)\b|\b\d{1,2}[:.]\d\d\b|\b\d{1,2} ?[ap]m\b")
_PERSON = re.compile(r"\b(?:Mme|M\.|Mr|Mrs|Ms|Dr|Me|Mlle)\s{1,3}([A-ZÀ-Ý][\w'’-]{1,40})")
_FIRST_NAME = re.compile(r"\b[A-ZÀ-Ý][a-zà-ÿ]{2,20}\b")
_MOST_NAMED = 3
# A telephone number of ten figures, or an address.
_REACHED = re.compile(r"(?<!\d)(?:\+\d{2}|0)[ .]?\d(?:[ .-]?\d{2}){4}(?!\d)|\w@[\w-]+\.\w")
# The words that address a friend, and those that address anybody else.
_THOU, _YOU = frozenset("tu te toi ton ta tes t".split()), frozenset("vous votre vos".split())
_SCHOOL_HOST = re.compile(
    r"(?:^|[.-])(?:schools?|college|colegio|collegio|lycee|lyc|ecole|ies|gymnasium|gym|realschule"
    r"|schule|jhs|liceo|instituto|academy|univ|university|edu|ac|inspe|koulu|skola|szkola"
    r"|sp\d{1,3}|cem|high|primary|sch|conservatoire|rectorat|clg|eple)(?:$|[.-])"
)
_SCHOOL_NAME = re.compile(r"\b(?:school|college|lycee|ecole|gymnasium|universit)")
_LOCKED = re.compile(r"mot de passe|password|\bcode ?:|code est", re.IGNORECASE)
_OFFER_BUTTON = re.compile(
    r"devis|offre|profit|command|boutique|catalog|reserv|essa[iy]|abonn|tarif|decouvr|demo|simul"
    r"|estim|eligib|acheter|shop|quote|apply|book|enrol|start|craqu|voir les|feuillet|adher"
    r"|inscri|signe|donne|parrain|panier|invitation|badge|rappel"
)
_TRAP_BUTTON = re.compile(
    r"compte|regl|regul|pay|confirm|valid|verif|activ|mise a jour|mettre|acce|annul|formulaire"
    r"|recevoir|percevoir|retablir|libere|encaiss|release|keep|document|consulter|examiner|signer"
    r"|ouvrir|open|accept|identif|dossier|commencer"
)
# Words that frauds make names of domains with, since they are read as an office or a service.
_BAIT = frozenset(
    """
    colis livraison livr relais suivi envoi distribution affranchissement poste dedouanement douane
    douanes securite securise secure securipass verif verification verifier validation valider
    valide renouvellement maj update paiement pay payer facture facturation billing amende amendes
    regul regularisation peage stationnement parking connexion login acces auth authentification
    compte clients client support service services assistance help helpdesk desk centre info infos
    online ligne portail espace remboursement remb rib prime aide versement exceptionnel
    beneficiaire droits dossier formulaire eligible contentieux recouvrement adherents abonnement
    abonnes annul confirmation activation active certificat vignette titres permis carte
    cartevitale vitale impots fiscal gouv ameli caf cpam mgen mail messagerie mailbox webmail email
    quota docs doc document documents share file files transfer scan signature signez recommande
    lre notice notify alert alerte claims claim prize gagnante anniversaire promo cheque wallet
    recover check verify account agent agents rh drh paie education academie officiel official
    bureau
    """.split()
)


_OLD_ENDINGS = frozenset("com net org fr eu".split())


def approach_signs(
    message: Message, words: Sequence[str], server: ServerVerdict, signs: Sequence[Sign]
) -> Iterator[Sign]:
    """Yield further signs of a message that has ``signs``."""
    counts = turns().counted(words)
    density = phrases.density(len(words))
    for code, count in counts.items():
        yield Sign(code, round(density * 0.5 * min(count, _MOST), 3))
    yield from _of_names(message, words)
    yield from _of_hosts(message, doubts="speaks_of_fraud" in counts)
    yield from _of_buttons(message)
    codes = {sign.code for sign in signs}
    yield from _of_sender(message, counts, codes, density)
    yield from _of_danger(message, server, codes)
    if _has_no_way(message, counts, codes):
        yield Sign("no_way", 1.0)


def _of_names(message: Message, words: Sequence[str]) -> Iterator[Sign]:
    """Yield whether the reader is called by name, and whether the sender signs."""
    reader = [name for name in re.split(r"[._-]", _reader(message).partition("@")[0]) if name[2:]]
    greeting = set(words[:_GREETING])
    if reader and reader[0] in greeting:
        yield Sign("first_name", 1.0)
    if reader[1:] and reader[-1] in greeting:
        yield Sign("surname", 1.0)
    sender = [word for word in phrases.split(phrases.fold(message.sender.name)) if len(word) > 2]
    lines = [line for line in message.text.splitlines() if line.strip()][-_SIGNATURE:]
    if sender and sender[0] in phrases.split(phrases.fold("\n".join(lines)[:2000])):
        yield Sign("signed", 1.0)
    if any(word in message.domain for word in sender):
        yield Sign("name_in_domain", 1.0)
    if count := _names_others(message):
        yield Sign("names_others", 0.5 + 0.5 * min(count, _MOST_NAMED))
    if not _THOU.isdisjoint(words) and _YOU.isdisjoint(words):
        yield Sign("says_tu", 1.0)


@cache
def given_names() -> frozenset[str]:
    """Return the first names in ``data/given-names.txt``."""
    file = resources.files("mail.judgement.data").joinpath("given-names.txt")
    lines = file.read_text("utf-8").splitlines()
    return frozenset(" ".join(line for line in lines if not line.startswith("#")).split())


def _names_others(message: Message) -> int:
    """The number of people whom it calls by a first name, but its sender and its reader: a pupil,
    a child, a colleague. The last line is where one signs."""
    lines = [line for line in message.text.splitlines() if line.strip()]
    written = "\n".join((message.subject, *(lines[:-1] or lines)))[:20_000]
    sender, address = message.sender.name[:200], message.sender.address[:320]
    themselves = re.split(r"[^a-z]+", phrases.fold(f"{sender} {address} {_reader(message)}"))
    named = {phrases.fold(match[0]) for match in _FIRST_NAME.finditer(written)}
    return len((named & given_names()) - set(themselves))


def _reader(message: Message) -> str:
    """The address it was delivered to, in small letters; ``""`` where that is not said."""
    return message.headers.get("Delivered-To")[:320].strip("<> ").lower()


def _of_hosts(message: Message, *, doubts: bool) -> Iterator[Sign]:
    # The sender of a message that asks about a forwarded one did not choose the links in it.
    links = [link for link in message.links if not (doubts and link.is_quoted)]
    hosts = [message.domain, *(host_of(link.address) for link in links[:_MOST_HOSTS])]
    if bait := max((_baits(host) for host in set(hosts) if host), default=0.0):
        yield Sign("bait_host", 0.5 * min(bait, 3))
    reader = _reader(message)
    written = (reader, reader.replace("@", "%40"))
    addresses = [link.address.lower() for link in message.links[:100]]
    if reader and any(spelling in address for spelling in written for address in addresses):
        yield Sign("address_in_link", 1.0)


def _baits(host: str) -> float:
    """The number of words in a host's name that sound like an office, and a half more for many
    words."""
    label = domains.registered(host).partition(".")[0]
    count = sum(word in _BAIT for word in label.split("-"))
    if not count or domains.is_of_state(host) or institutions.is_institutions(host):
        return 0.0
    # The names of one word under the old endings were taken long before anybody made bait of them.
    if label in _BAIT and host.rpartition(".")[2] in _OLD_ENDINGS:
        return 0.0
    return count + 0.5 * (label.count("-") >= 2)


def _of_buttons(message: Message) -> Iterator[Sign]:
    named = (phrases.fold(link.words[:200]) for link in message.links[:100])
    texts = [words for words in named if words and "://" not in words]
    for code, pattern in (("offer_button", _OFFER_BUTTON), ("trap_button", _TRAP_BUTTON)):
        if count := sum(pattern.search(words) is not None for words in texts):
            yield Sign(code, 0.5 * min(count, 2))


def _of_sender(
    message: Message, counts: Mapping[str, int], codes: set[str], density: float
) -> Iterator[Sign]:
    """Yield the signs of a sender with a domain of its own, whose message is not an answer."""
    if message.domain in domains.MAILBOX_PROVIDERS or not codes.isdisjoint(_NO_STRANGER):
        return
    if "bulk_sending" not in codes:
        yield Sign("from_company", 1.0)
    if _SCHOOL_HOST.search(message.domain):
        yield Sign("school_sender", 1.0)
    elif _SCHOOL_NAME.search(phrases.fold(message.sender.name)):
        yield Sign("school_sender", 0.5)
    common = sum(code in counts for code in _COMMON) + _names_people(message) + _names_time(message)
    if not common:
        yield Sign("stranger", 1.0)
    pitch = sum(counts.get(code, 0) for code in (*_PITCH, *_LURE))
    if common <= 1 and pitch:
        yield Sign("stranger_pitch", round(density * 0.5 * min(pitch, _MOST), 3))


_NO_STRANGER = frozenset({"reply", "discussion_list", "automatic", "own_domain"})


def _has_no_way(message: Message, counts: Mapping[str, int], codes: set[str]) -> bool:
    """Whether the reader can do nothing with the message: answer a question, open a link or a file,
    call. Sellers always leave a way. A mailing, an offer, or prices sent to many count as one."""
    has_way = message.links or message.attachments or "?" in message.text
    is_asking = "asks_for_time" in counts or "invites_yes" in counts
    is_asking |= not codes.isdisjoint(("bulk_sending", "offer_words"))
    is_asking |= {"hidden_recipients", "prices"} <= codes
    return not (has_way or is_asking or _REACHED.search(message.text[:20_000]))


def _names_people(message: Message) -> bool:
    """Whether anybody but the reader is named."""
    reader = _reader(message).partition("@")[0]
    names = _PERSON.findall(message.text[:20_000])
    return any(phrases.fold(name) not in re.split(r"[._-]", reader) for name in names)


def _names_time(message: Message) -> bool:
    return _TIME.search(f"{message.subject}\n{message.text}"[:20_000].lower()) is not None


def _of_danger(message: Message, server: ServerVerdict, codes: set[str]) -> Iterator[Sign]:
    verdicts = server.verdicts
    has_way = bool(message.hosts() or message.attachments)
    if verdicts and has_way and "pass" not in (verdicts.spf, verdicts.dkim, verdicts.dmarc):
        yield Sign("unsigned_link", 1.0)
    if not codes.isdisjoint(("program_attached", "form_attached")):
        # On lists programs are passed around that were written there.
        yield Sign("weapon_attached", 1.0 if "discussion_list" in codes else 4.0)
    if "archive_attached" in codes and _LOCKED.search(message.text[:20_000]):
        yield Sign("archive_password", 1.0)
