"""The verdict on a message."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from mail.judgement import (
    approach,
    base,
    circumstances,
    domains,
    fraud,
    institutions,
    languages,
    message,
    model,
    own_server,
    phrases,
    signs,
    structure,
    turns,
    words,
)
from mail.judgement.fraud import Judged
from mail.judgement.known import KnownCorrespondents, Learnt, Rules
from mail.judgement.message import Message
from mail.judgement.model import Model, Models
from mail.judgement.own_server import ServerVerdict
from mail.judgement.signs import Sign
from mail.judgement.words import Evidence, VerdictKind
from mail.mime.headers import HEAD_END

# How far above an even chance the sums must be before a message is moved, or held for a fraud: in
# doubt it is wanted. Between people one can be mistaken most easily, on mailings least.
_LEAST = 2.8
_LEAST_OF_MAILING = 2.32
_LEAST_OF_PERSON = 2.72
_LEAST_FRAUD = 0.65
_LEAST_FRAUD_OF_PERSON = 0.7
# How much farther that limit is for what a discussion list passed on.
_OF_LIST = 1.5
# How much farther that of a fraud is for a plain text of a sender's own domain that is made as
# honest mail is; and the sum of its doubts from which on downwards it is.
_OF_CLEAN = 1.1
_CLEAN = -1.0
_TAUGHT_WORDS = 1.4
# Words of a message that can be judged by them.
_LEAST_WORDS = 3
_MOST_REASONS = 5
# The amount of the sign of an answer to what somebody of the authority wrote.
_OF_OWN_CONVERSATION = -4.0
_TELLING = 0.15
_OF_MONEY = frozenset({"pays_odd", "paying_words", "gift_card_words", "bank_words"})
# What a fraud says as well as a friend: it spares nobody without a proof.
_UNPROVED = frozenset(
    {"speaks_of_fraud", "warning_words", "single_link", "shop_words", "much_shared", "says_tu"}
    | {"shared_past"}
)
_DECEIVING = frozenset(
    {"institution_imitated", "institution_unproved", "authority_imitated", "lookalike_domain"}
)
"""Signs by which a message that is made as nobody's mail is a fraud."""
_SURE = 0.02
"""Score of a message that is proved to be wanted."""
PROOFS = frozenset(
    {
        "known_sender",
        "known_domain",
        "own_domain",
        "state_domain",
        "answered_list",
        "reply_to_you",
    }
)
"""Reasons each of which alone makes a message wanted, whatever else is found."""


@dataclass(frozen=True)
class Verdict:
    """``score``: 0 to 1, how sure it is that nobody wants the message, an advert or junk from
    ``MOVED`` on; of a fraud, how sure it is that it deceives. ``reasons``: stable codes, what
    weighed most first. ``fraud``: codes of what deceives, judged apart: a wanted message may have
    some too; ``is_fraud``: its links and files are to be shut; ``deceit``: what deceives by itself,
    whatever the weights; ``language``: see `languages.language`."""

    kind: VerdictKind
    score: float
    reasons: tuple[str, ...]
    fraud: tuple[str, ...] = ()
    is_fraud: bool = False
    deceit: Judged = field(default_factory=Judged)
    language: str = ""

    @property
    def is_proved(self) -> bool:
        """Whether something proves that it is wanted."""
        return self.kind == "wanted" and not PROOFS.isdisjoint(self.reasons[:1])


MOVED = round(model.logistic(_LEAST), 4)


def load() -> None:
    """Read what verdicts rest on, some ten megabytes that processes forked later then share."""
    base.counts()
    model.models()
    institutions.known()
    approach.given_names()
    turns.turns()


def tokens(raw: bytes) -> frozenset[str]:
    """Return what is learnt of a message: fingerprints of its words, its sender and its list."""
    read = message.read_message(raw)
    return words.tokens(words_of(read)) | frozenset(_marks(read))


def marks(raw: bytes) -> frozenset[str]:
    """The `tokens` of the sender and the list."""
    return frozenset(_marks(message.read_message(raw)))


@dataclass(frozen=True)
class Correspondent:
    """A mailing list by its List-Id (RFC 2919), or a sender by address, in lower case."""

    name: str
    is_list: bool = False

    @property
    def domain(self) -> str:
        return self.name if self.is_list else self.name.rpartition("@")[2]

    @property
    def mark(self) -> str:
        """One of the `marks` of its messages."""
        return words.fingerprint(f"{'list' if self.is_list else 'from'}:{self.name}")


def correspondent(raw: bytes) -> Correspondent | None:
    """Return the list that a message came by, or else its sender; None if it names neither."""
    return next(reversed(_correspondents(message.read_message(raw))), None)


def judge(
    raw: bytes,
    known: KnownCorrespondents = KnownCorrespondents(),  # noqa: B008  # frozen
    rules: Rules = Rules(),  # noqa: B008  # frozen
    learnt: Learnt = Learnt(),  # noqa: B008  # frozen
    scanned: Sequence[str] = (),
) -> Verdict:
    """Whether a message is wanted, an advert, junk or a fraud. Any bytes give a verdict; those
    beyond the first half million are not looked at. ``scanned``: what `codes.scan` found in its
    pictures."""
    read = message.read_message(raw, scanned)
    text = words_of(read)
    code = languages.language(text)
    judged = _judged(read, text, code, known, rules, learnt)
    return replace(judged, language=code)


def _judged(
    read: Message,
    text: list[str],
    language: str,
    known: KnownCorrespondents,
    rules: Rules,
    learnt: Learnt,
) -> Verdict:
    server = _server_verdict(read, rules)
    deceit = fraud.judge(read, text, server, known)
    if reason := proof(read, server, known, deceit):
        stolen = _of_stolen(signs_of(read, text, server, deceit)) if reason == "own_domain" else ()
        return _proved(reason, Judged(stolen, is_sure=True) if stolen else deceit)
    if _is_blocked(read, known):
        reasons = ("blocked_sender",)
        return Verdict("advert", 1 - _SURE, reasons, deceit.signs, deceit.is_sure, deceit)
    if len(text) < _LEAST_WORDS and not (read.pictures or read.attachments or read.links):
        return Verdict("wanted", _SURE, ("nothing_found",), deceit.signs, deceit=deceit)
    fingerprints = words.tokens(text)
    message_signs = signs_of(read, text, server, deceit)
    if learnt.languages and language in languages.NAMED - learnt.languages:
        message_signs.append(Sign("foreign_language", 1.0))
    taught = [*_taught(read, learnt, server), *_taught_words(fingerprints, learnt)]
    judged = by_signs(message_signs, fingerprints, deceit, model.models(), taught, learnt)
    return replace(judged, deceit=deceit)


def reconsidered(before: Verdict, raw: bytes, known: KnownCorrespondents, rules: Rules) -> Verdict:
    """The verdict on a message that was judged, now that more is known of who was written to: only
    its head is read again."""
    read = message.read_message(HEAD_END.split(raw.lstrip(b"\r\n"), 1)[0])
    server = _server_verdict(read, rules)
    reason = proof(read, server, known, before.deceit)
    return _proved(reason, before.deceit) if reason else before


def _server_verdict(read: Message, rules: Rules) -> ServerVerdict:
    return own_server.server_verdict(read.headers, rules.servers, rules.domains, rules.authserv)


def _proved(reason: str, deceit: Judged) -> Verdict:
    return Verdict("wanted", _SURE, (reason,), deceit.signs, deceit.is_sure, deceit)


def _of_stolen(message_signs: list[Sign]) -> tuple[str, ...]:
    """The codes of what makes a message of the authority's own that of a stolen mailbox, which is
    not moved, but its links and files are shut: each alone is met in honest mail too."""
    codes = {sign.code for sign in message_signs}
    hides = {"hidden_recipients", "cheap_link", "link_to_free_page", "bait_host"} & codes
    pairs = (
        "weapon_attached" in codes,
        "login_elsewhere" in codes and bool(hides),
        {"hidden_recipients", "cheap_link"} <= codes,
        {"hidden_recipients", "reply_elsewhere"} <= codes and bool(_OF_MONEY & codes),
    )
    telling = ("weapon_attached", "login_elsewhere", "cheap_link", "reply_elsewhere")
    return tuple(code for code in telling if code in codes) if any(pairs) else ()


def is_stolen(message_signs: list[Sign]) -> bool:
    """Whether the authority's own mail, in which these signs were found, is shown as a fraud."""
    return bool(_of_stolen(message_signs))


def signs_of(read: Message, text: list[str], server: ServerVerdict, deceit: Judged) -> list[Sign]:
    """All that is found in a message but its words: amounts, to be weighed by a model."""
    deceits = [Sign(code, 1.0) for code in deceit.signs]
    sure = [Sign("fraud", 1.0)] if deceit.is_sure else []
    message_signs = [*signs.signs_of_message(read, text, server), *deceits, *sure]
    message_signs += approach.approach_signs(read, text, server, message_signs)
    message_signs += circumstances.circumstance_signs(read, text, message_signs)
    codes = frozenset(sign.code for sign in message_signs)
    message_signs += structure.structure_signs(read, len(text), codes)
    if _is_vouched(message_signs, server):
        return message_signs
    return [sign for sign in message_signs if sign.code not in _UNPROVED]


def _is_vouched(message_signs: list[Sign], server: ServerVerdict) -> bool:
    """Whether something other than words says that sender and reader know each other: a discussion
    list, an answer to what was written here, or a domain of one's own that was checked."""
    amounts = {sign.code: sign.weight for sign in message_signs}
    is_near = any(code in amounts for code in ("own_domain", "state_domain", "same_domain"))
    is_answer = amounts.get("reply", 0.0) <= _OF_OWN_CONVERSATION
    is_checked = is_near and server.verdicts.dmarc == "pass"
    return "discussion_list" in amounts or is_answer or is_checked


def by_signs(
    message_signs: list[Sign],
    fingerprints: frozenset[str],
    deceit: Judged,
    models: Models,
    taught: Sequence[Sign] = (),
    learnt: Learnt = Learnt(),  # noqa: B008  # frozen
) -> Verdict:
    """The verdict on a message that nothing proves to be wanted. ``message_signs``: amounts;
    ``taught``: weights of what the person said of the sender, which is believed."""
    is_believed = any(sign.weight < 0 for sign in taught if sign.code == "taught_wanted")
    if not is_believed and (judged := _fraud(message_signs, fingerprints, deceit, models.fraud)):
        return judged
    if judged := _by_structure(message_signs, deceit, taught):
        return judged
    weighed = [*models.unwanted.weighed(message_signs, fingerprints), *taught]
    total = models.unwanted.total(weighed) + _LEAST - _least(message_signs)
    kind: VerdictKind = "advert"
    if total >= _LEAST:
        evidence = words.evidence(fingerprints, learnt.weighted(base.counts()))
        kind = "junk" if _is_junk(message_signs, evidence) else "advert"
    return _verdict(weighed, total, deceit, kind)


def _by_structure(
    message_signs: list[Sign], deceit: Judged, taught: Sequence[Sign]
) -> Verdict | None:
    """The verdict on a message that is made as nobody's mail is, in whatever language; None for any
    other."""
    # That one sender is wanted counts at once; words that were taught are another question.
    spared = [sign for sign in taught if sign.weight < 0]
    weighed = [*structure.doubts(message_signs), *spared]
    total = sum(sign.weight for sign in weighed) - structure.LIMIT + _LEAST
    if total < _LEAST:
        return None
    codes = _telling(weighed, 1)
    score = round(model.logistic(total), 4)
    # That nobody writes to the reader in its language does not make a message a fraud.
    foreign = sum(sign.weight for sign in weighed if sign.code == "foreign_language")
    is_deceit = not _DECEIVING.isdisjoint(sign.code for sign in message_signs)
    if not is_deceit or total - foreign < _LEAST:
        return Verdict("junk", score, codes, deceit.signs)
    deceits = tuple(dict.fromkeys((*deceit.signs, *codes)))
    return Verdict("fraud", score, ("fraud",), deceits, is_fraud=True)


def _telling(weighed: list[Sign], side: int) -> tuple[str, ...]:
    """The codes of what weighed most on one side of the sum."""
    telling = sorted(
        (sign for sign in weighed if sign.weight * side > _TELLING), key=_by_weight(side)
    )
    return tuple(dict.fromkeys(sign.code for sign in telling))[:_MOST_REASONS]


def _least(message_signs: list[Sign]) -> float:
    """The limit of the sum, by how a message was sent."""
    codes = {sign.code for sign in message_signs}
    farther = _OF_LIST if "discussion_list" in codes else 0.0
    if is_of_person(message_signs):
        return _LEAST_OF_PERSON + farther
    return (_LEAST_OF_MAILING if "bulk_sending" in codes else _LEAST) + farther


def is_of_person(message_signs: Sequence[Sign]) -> bool:
    """Whether it was sent from a mailbox that anybody can have."""
    amounts = {sign.code: sign.weight for sign in message_signs}
    return "personal_mailbox" in amounts or amounts.get("role_elsewhere", 0) >= 1


def _fraud(
    message_signs: list[Sign], fingerprints: frozenset[str], deceit: Judged, fraud_model: Model
) -> Verdict | None:
    """The verdict on a message that wants to deceive; None for any other."""
    weighed = fraud_model.weighed(message_signs, fingerprints)
    total = fraud_model.total(weighed)
    if total < _least_fraud(message_signs):
        return None
    deceits = tuple(dict.fromkeys((*deceit.signs, *_telling(weighed, 1))))
    return Verdict("fraud", round(model.logistic(total), 4), ("fraud",), deceits, is_fraud=True)


def _least_fraud(message_signs: list[Sign]) -> float:
    """The limit of the sum for frauds, by how a message was sent and made."""
    codes = {sign.code for sign in message_signs}
    farther = _OF_LIST if "discussion_list" in codes else 0.0
    if is_of_person(message_signs):
        return _LEAST_FRAUD_OF_PERSON + farther
    doubts = sum(sign.weight for sign in structure.doubts(message_signs))
    is_clean = doubts <= _CLEAN and "bulk_sending" not in codes
    return _LEAST_FRAUD + farther + (_OF_CLEAN if is_clean else 0.0)


def words_of(read: Message) -> list[str]:
    """The folded words of its subject and text."""
    return phrases.split(phrases.fold(f"{read.subject}\n{read.text}"))


def proof(read: Message, server: ServerVerdict, known: KnownCorrespondents, deceit: Judged) -> str:
    """The code of what proves that a message is wanted; ``""`` when nothing does."""
    is_refused = server.verdicts.is_refused
    # Lists and forwards break the signatures of honest messages too: only with a fraud in it does a
    # known address that our server found to be forged prove nothing.
    is_forged = is_refused and deceit.is_sure
    if read.sender.address.lower() in known.addresses and not is_forged:
        return "known_sender"
    if domains.is_in(read.domain, known.domains) and not is_refused:
        return "known_domain"
    if server.verdicts.dmarc == "pass" and domains.is_in(read.domain, server.own):
        return "own_domain"
    if server.verdicts.dmarc == "pass" and domains.is_of_state(read.domain):
        return "state_domain"
    if _list_id(read) in known.lists and not is_refused:
        return "answered_list"
    before = f"{read.headers.get('In-Reply-To')} {read.headers.get('References')}"[:20_000]
    if known.message_ids & {message_id.strip("<>").lower() for message_id in before.split()}:
        return "reply_to_you"
    return ""


def _list_id(read: Message) -> str:
    value = read.headers.get("List-Id").lower()
    return value.rpartition("<")[2].partition(">")[0].strip() or "\n"


def _is_blocked(read: Message, known: KnownCorrespondents) -> bool:
    return read.sender.address.lower() in known.blocked or (
        bool(read.domain) and domains.is_in(read.domain, known.blocked)
    )


def _marks(read: Message) -> Iterator[str]:
    """Fingerprints of who wrote: the address, and the list."""
    yield from (named.mark for named in _correspondents(read))


def _correspondents(read: Message) -> list[Correspondent]:
    named = []
    if read.sender.address:
        named.append(Correspondent(read.sender.address.lower()))
    if "List-Id" in dict(read.headers.fields):
        named.append(Correspondent(_list_id(read), is_list=True))
    return named


def _taught(read: Message, learnt: Learnt, server: ServerVerdict) -> list[Sign]:
    """Return the signs of what the person said of earlier mail of this sender or list, or else of
    what many others said."""
    return list(_taught_by_person(read, learnt)) or list(_agreed(read, learnt, server))


def _agreed(read: Message, learnt: Learnt, server: ServerVerdict) -> Iterator[Sign]:
    """Yield the sign of what many people said. Nobody is spared whom our server refused."""
    for mark in _marks(read):
        is_wanted = learnt.agreed.get(mark)
        if is_wanted is False:
            yield Sign("agreed_unwanted", 8.0)
        elif is_wanted and not server.verdicts.is_refused:
            yield Sign("agreed_wanted", -8.0)


def _taught_by_person(read: Message, learnt: Learnt) -> Iterator[Sign]:
    for mark in _marks(read):
        wanted, adverts, junk = learnt.person.words.get(mark, (0, 0, 0))
        if wanted > adverts + junk:
            yield Sign("taught_wanted", -16.0)
        elif adverts + junk > wanted:
            yield Sign("taught_unwanted", 13.0)


def _taught_words(fingerprints: frozenset[str], learnt: Learnt) -> Iterator[Sign]:
    """Yield how far what people taught makes the words another evidence than they were."""
    if not (learnt.person.words or learnt.installation.words):
        return
    before = words.evidence(fingerprints, Learnt().weighted(base.counts()))
    after = words.evidence(fingerprints, learnt.weighted(base.counts()))
    yield Sign("taught_words", _TAUGHT_WORDS * (after.unwanted - before.unwanted))


def _verdict(weighed: list[Sign], total: float, deceit: Judged, unwanted: VerdictKind) -> Verdict:
    is_moved = total >= _LEAST
    reasons = _telling(weighed, 1 if is_moved else -1)
    kind = unwanted if is_moved else "wanted"
    score = round(model.logistic(total), 4)
    return Verdict(kind, score, reasons or ("nothing_found",), deceit.signs)


def _by_weight(side: int) -> Callable[[Sign], float]:
    return lambda sign: -sign.weight * side


def _is_junk(message_signs: list[Sign], evidence: Evidence) -> bool:
    """Junk rather than an advert: our server's word, or its own words. What our server passed is
    not junk by words alone."""
    weights = {sign.code: sign.weight for sign in message_signs}
    if "server_spam" in weights:
        return True
    if "server_passed" in weights:
        return False
    selling = weights.get("offer_words", 0) + weights.get("selling_words", 0)
    return weights.get("junk_words", 0) + 3 * evidence.junk > 0.5 * selling + 0.8
