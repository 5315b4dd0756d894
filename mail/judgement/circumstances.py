"""Signs that combine the words of a message with its circumstances: the same words mean one thing
in a message without a link, and another in one with a link, a file, or many recipients."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from mail.judgement import domains, phrases
from mail.judgement.message import Message
from mail.judgement.signs import Sign

_MOST_TEXT = 20_000
# Words of a message that is only there for its link.
_CURT = 45
# A class as who teaches or has a child in it calls it: 6e B, 4C, 3e2. Not "3 à 5".
_CLASS = re.compile(r"\b[3-6](?:(?:e|eme) ?[a-h1-9]|[b-f])\b")
# Lines and characters of a signature.
_SIGNATURE, _MOST_SIGNED = 3, 400
_OFFICE = (
    r"(?:(?:m|mme|le|la) ?\.? ?)?(?:principale?|proviseure?|direct(?:eur|rice)|recteur|rectrice"
    r"|headteacher|head of school|president|inspect(?:eur|rice))"
)
_TITLE = re.compile(rf"\b{_OFFICE}\b")
_SIGNED = re.compile(rf"(?:^|\n) ?{_OFFICE}\b.{{0,40}}$")
_UNREACHED = frozenset({"out_of_reach", "secret_words", "available_words", "gift_card_words"})
_PASSED_ON = re.compile(r"(?:tr|fw|fwd)\s*:", re.IGNORECASE)
_NUMBER_OF_ACCOUNT = re.compile(r"\b([a-z]{2})\d\d(?: ?\d{2,4}){1,8}")
_FAR = frozenset("lt be de es pt lu nl ie cy ee mt bg ro pl gb it ch".split())
_PERSONAL_PITCH = ("introduces_itself", "private_services", "invites_yes", "seeks_contact")
_OFFER = ("lure_free", "deadline_offer", "price_talk", "proof_of_crowd", "shop_words")
_COMMON = (
    "shared_past", "known_of", "school_matter", "greets_us", "family_event", "names_others",
)  # fmt: skip
# Signs of selling, none of which says much alone; and signs that sender and reader share something.
_SELLING = (
    "introduces_itself", "asks_for_time", "seeks_contact", "follows_up", "invites_yes", "lure_free",
    "deadline_offer", "price_talk", "trade_words", "private_services", "shop_words", "your_school",
    "welcomes_you", "holds_for_you", "comes_round", "peers_do", "own_trade", "craft",
    "asks_support", "commercial_footer", "selling_words", "offer_words", "impersonal",
)  # fmt: skip
_SHARED = (
    "shared_past", "known_of", "school_matter", "among_us", "names_class", "member_of", "reply",
    "intimate", "unpaid", "order_words", "discussion_list", "automatic", "school_sender",
    "names_others", "greets_us", "family_event", "says_tu", "reference",
    "only_tells",
)  # fmt: skip
# Signs of frauds without a link; and signs of a message that says hardly anything.
_ASKING = (
    "asks_number", "answer_only_here", "confides", "out_of_reach", "pays_odd", "secret_words",
    "available_words", "gift_card_words", "account_abroad", "urgent_words", "money_owed",
    "mistakes_you", "buys_unseen", "account_changed", "asks_pupils",
)  # fmt: skip
_BARE = 30
# A friend is asked for many things.
_FRIENDLY = ("intimate", "greets_us")
# An office in the name of a private mailbox; figures and letters that look like others.
_OFFICE_NAME = re.compile(
    r"principal|proviseur|direct(?:ion|eur|rice)|head(?:master|teacher|\b)|president|inspect|\bipr"
    r"|\bien\b|recteur|rectrice|rectorat|\badjointe?\b|gestionnaire|intendan|academie"
)
# The words for money, and the units that sellers give prices for. A member's fee or a friend's
# share seldom has one.
_MONEY = frozenset({"€", "euro", "euros", "eur", "e", "£", "gbp", "$"})
_UNITS = frozenset(
    """
    heure h lecon cours classe eleve enfant gamin personne jeune participant tete groupe nuit nuitee
    semaine mois an jour journee matinee soiree seance stere piece unite lot bouteille carton caisse
    colis pot kilo boite exemplaire page m2 metre representation intervention atelier stage place
    repas menu ramette appareil forfait hour lesson pupil student head person night week month year
    day session unit bottle box copy class
    """.split()
)
_UNIT_NEAR = 4
_TO_PAY = frozenset({"paying_words", "bank_words", "money_owed", "account_abroad", "urgent_words"})
# A number by which two know what they speak of: of an order, a file, a contract.
_REFERENCE = re.compile(
    r"\b(?:dossier|commande|order|booking|reservation|contrat|facture|invoice|billet|ticket|licence"
    r"|sinistre|litige|mandat|convention|client|adherent|adhesion|abonnement|devis|demande|colis"
    r"|voyage|rdv|ref(?:erence)?|numero|n)\b[ :#.°º-]{0,4}(?:n[ °º.]{1,3})?(?=[a-z/-]{0,12}\d)"
    r"[a-z0-9][a-z0-9/-]{4,24}\b"
)
# A subject that names what its reader has already: an order, a file, an account.
_OWN_MATTER = re.compile(
    r"\b(?:votre|vos|ton|ta|tes|your|ihre?)\b(?: \w{1,12}){0,2} (?:commandes?|dossier|reservations?"
    r"|rendez vous|rdv|voyage|billets?|e billets?|places|trajet|train|facture|avoir|contrat|releve"
    r"|virement|paiement|prelevement|remboursement|adhesion|licence|abonnement|litige|sinistre"
    r"|resultats|ordonnance|colis|livraison|retour|reclamation|signalement|attestation|carte"
    r"|code de|mot de passe|compte|inscription|candidature|demande|convention|points|statut|sejour"
    r"|arrivee|venue|location|specimen|quittance|rapport|recours|article|appel|courrier|document"
    r"|order|booking|ticket|reservation|invoice|receipt|password|account|code|sign in|login|bib"
    r"|entry|subscription|membership|payment|refund|reservierung|bestellung|buchung\w{0,12})\b"
)
# Trades that stand in the name or the address of a private mailbox.
_TRADE = re.compile(
    r"\b(?:earl|gaec|scea|sarl|eurl|domaine|chateau|vignoble|vigneron|vins?|cave|ferme|fermiers?"
    r"|fromages?|fromagerie|miels?|rucher|apiculteur|apicultrice|maraichers?|jardins?|pepiniere"
    r"|traiteur|food ?truck|camion|rotisserie|cuisine|biscuits?|chocolats?|cafe|the|photos?"
    r"|photograph\w{1,5}|studio|atelier|creations?|bijoux|savons?|couture|tricots?|coiffure"
    r"|massages?|bien etre|yoga|sophrolog\w{1,5}|naturopath\w{1,5}|coach\w{0,4}|cours|soutien"
    r"|plomberie|menuiserie|elagage|ramonage|peinture|renovation|multi ?services?|menage|bois"
    r"|demenagement|taxi|garde|dog ?sitt\w{1,4}|pet ?sitt\w{1,4}|toilettage|theatre|compagnie"
    r"|marionnettes?|magie|magicien|spectacles?|choeur|chorale|concerts?|orchestre|gites?"
    r"|locations?|immobilier|assurances?|conseil|boutique|vente)\b"
)
# Requests of messages without a link; and ways to pay without a bank.
_ANSWER = re.compile(
    r"\b(?:repond|repl[yi]|indique[rz]|communique[rz]|transmett|r?envoye[rz]|retour|answer|send"
    r"|bitcoin|btc|monero|xmr|usdt|crypto|wallet|iban)|\b\w{26}"
    r"|\b[a-z]{2}\d\d(?: ?\w{4}){3}"
)
_UNSAFE = frozenset(
    """
    asks_number answer_only_here confides out_of_reach secret_words available_words gift_card_words
    asks_pupils account_abroad reply_elsewhere attachment hidden_recipients asks_identity
    """.split()
)
# A number that is to be called, which is the way into a fraud without links.
_TELEPHONE = re.compile(r"(?<!\d)\+?\d(?:[ .()-]{0,2}\d){9,13}(?!\d)")
_ODD_LETTERS = re.compile(r"[a-z][01][a-z]|[a-z-]I[a-z]")


def circumstance_signs(
    message: Message, words: Sequence[str], signs: Sequence[Sign]
) -> Iterator[Sign]:
    """Yield further signs of a message that has ``signs``."""
    amounts: dict[str, float] = {}
    for sign in signs:
        amounts[sign.code] = amounts.get(sign.code, 0.0) + sign.weight
    folded = phrases.fold(f"{message.subject}\n{message.text}"[:_MOST_TEXT])
    for sign in _of_warning(message, amounts):
        amounts[sign.code] = sign.weight
        yield sign
    for sign in _of_numbers(folded, amounts):
        amounts[sign.code] = sign.weight
        yield sign
    yield from _of_readers(message, amounts)
    yield from _of_trade(message, folded, amounts)
    yield from _of_money(words, amounts)
    yield from _of_many(message, len(words), amounts)
    yield from _of_traps(message, len(words), amounts)


def _of_warning(message: Message, amounts: Mapping[str, float]) -> Iterator[Sign]:
    """Yield whether it warns of a fraud or asks about one: without a way into one."""
    has_way = bool(message.attachments) or "links_elsewhere" in amounts or message.scanned
    has_way = has_way or bool(_TELEPHONE.search(message.text[:_MOST_TEXT]))
    is_passed_on = _PASSED_ON.match(message.subject) and "personal_mailbox" in amounts
    is_harmless = (is_passed_on or not has_way) and "reply_elsewhere" not in amounts
    if "speaks_of_fraud" in amounts and is_harmless:
        yield Sign("warns", min(2.0, 2 * amounts["speaks_of_fraud"]))


def _of_readers(message: Message, amounts: Mapping[str, float]) -> Iterator[Sign]:
    """Yield how it sells: to many, or as one person to another."""
    offers = sum(amounts.get(code, 0.0) for code in _OFFER)
    sells = bool(offers) or "prices" in amounts or "offer_button" in amounts
    if sells and "bulk_sending" in amounts and "order_words" not in amounts:
        is_priced = bool(amounts.get("prices"))
        has_button = "offer_button" in amounts
        yield Sign("bulk_offer", min(3.0, offers + 0.5 * is_priced + 0.5 * has_button))
    if message.domain in domains.MAILBOX_PROVIDERS and "reply" not in amounts:
        common = sum(code in amounts for code in _COMMON)
        pitch = sum(amounts.get(code, 0.0) for code in (*_PERSONAL_PITCH, "price_talk"))
        pitch += 0.5 * bool(amounts.get("prices"))
        if pitch and common <= 1:
            yield Sign("private_pitch", min(2.0, pitch))


def _of_many(message: Message, length: int, amounts: Mapping[str, float]) -> Iterator[Sign]:
    """Yield how many different things it does that sellers do, or frauds that lead nowhere: each
    alone says little."""
    density = phrases.density(length)
    selling = sum(code in amounts for code in _SELLING)
    shared = sum(code in amounts for code in _SHARED) + 3 * ("own_matter" in amounts)
    # An offer without a price is not a sale, and a warning quotes the fraud that it warns of.
    is_warning = "warns" in amounts
    is_selling = ("unpaid" not in amounts or "prices" in amounts) and not is_warning
    if selling > 1 and selling > shared and is_selling:
        yield Sign("many_pitches", round(density * 0.25 * min(selling - shared, 8), 3))
    if shared > selling:
        yield Sign("much_shared", 0.25 * min(shared - selling, 8))
    has_way = bool(message.hosts()) or bool(message.attachments)
    asking = sum(code in amounts for code in _ASKING)
    asking -= sum(code in amounts for code in _FRIENDLY)
    if asking > 1 and not has_way and not is_warning and "only_tells" not in amounts:
        yield Sign("many_demands", round(density * 0.5 * min(asking - 1, 4), 3))
    is_outside = "personal_mailbox" in amounts or "role_elsewhere" in amounts
    is_bare = length < _BARE and not has_way and "reply" not in amounts
    local, _, host = message.sender.address[:320].rpartition("@")
    is_office = _OFFICE_NAME.search(re.sub(r"[._\d-]+", " ", local.lower())) is not None
    # A school's own domain has a mailbox for its head.
    if is_outside and is_office and amounts.get("school_sender", 0.0) < 1:
        yield Sign("title_in_mailbox", 2.0 if asking and not has_way else 1.0)
    if _ODD_LETTERS.search(host):
        yield Sign("odd_letters", 1.0)
    if is_bare and is_outside and "?" in message.text:
        yield Sign("bare_question", 2.0 if _bears_title(message) else 1.0)


def _of_numbers(folded: str, amounts: Mapping[str, float]) -> Iterator[Sign]:
    if _CLASS.search(folded):
        yield Sign("names_class", 1.0)
    if any(match[1] in _FAR for match in _NUMBER_OF_ACCOUNT.finditer(folded)):
        yield Sign("account_abroad", 1.0)
    if _REFERENCE.search(folded):
        yield Sign("reference", 1.0)
    if _OWN_MATTER.search(re.sub(r"[^a-z0-9]+", " ", folded.partition("\n")[0])):
        yield Sign("own_matter", 1.0)


def _of_trade(message: Message, folded: str, amounts: Mapping[str, float]) -> Iterator[Sign]:
    """Yield what shows a trader at a private mailbox, and whether a body of its own domain only
    tells: there is nothing to open, to call or to answer."""
    if message.domain in domains.MAILBOX_PROVIDERS:
        local = re.sub(r"[._\d-]+", " ", message.sender.address[:320].partition("@")[0])
        if _TRADE.search(f"{phrases.fold(message.sender.name[:200])} {local.lower()}"):
            yield Sign("trade_name", 1.0)
    elif "no_way" in amounts and _UNSAFE.isdisjoint(amounts) and not _ANSWER.search(folded):
        yield Sign("only_tells", 1.0)


def _of_money(words: Sequence[str], amounts: Mapping[str, float]) -> Iterator[Sign]:
    """Yield whether it names a price for each of many, and whether it is to be paid into an account
    that has changed."""
    places = (index for index, word in enumerate(words) if word in _MONEY)
    near = (words[index + 1 : index + 1 + _UNIT_NEAR] for index in places)
    if count := sum(not _UNITS.isdisjoint(after) for after in near):
        yield Sign("unit_price", min(2.0, 0.5 + 0.5 * count))
    if "account_changed" in amounts and not _TO_PAY.isdisjoint(amounts):
        yield Sign("pays_new_account", 1.0)


def _of_traps(message: Message, length: int, amounts: Mapping[str, float]) -> Iterator[Sign]:
    leads_away = "links_elsewhere" in amounts
    has_way = leads_away or bool(message.attachments) or "bait_host" in amounts
    is_anybody = "personal_mailbox" in amounts or "role_elsewhere" in amounts
    if has_way and "asks_login" in amounts:
        yield Sign("login_elsewhere", min(2.0, 2 * amounts["asks_login"]))
    if "macros_attached" in amounts and "asks_macros" in amounts:
        yield Sign("macros_asked", 4.0)
    if "gives_away" in amounts and "fetching_costs" in amounts:
        is_to_many = "hidden_recipients" in amounts or "reply_elsewhere" in amounts
        density = phrases.density(length)
        yield Sign("gift_with_costs", round(density * (2.0 if is_to_many else 1.0), 3))
    is_curt = length < _CURT and "bulk_sending" not in amounts
    if is_curt and "single_link" in amounts and "look_at_this" in amounts:
        yield Sign("curt_link", 2.0 if leads_away else 1.0)
    if is_anybody and _bears_title(message) and not _UNREACHED.isdisjoint(amounts):
        yield Sign("title_from_mailbox", 2.0)


def _bears_title(message: Message) -> bool:
    """Whether the sender claims an office, in the name or in the last lines of the text."""
    lines = [line for line in message.text.splitlines() if line.strip()][-_SIGNATURE:]
    end = phrases.fold("\n".join(lines)[-_MOST_SIGNED:])
    return bool(_TITLE.search(phrases.fold(message.sender.name[:200])) or _SIGNED.search(end))
