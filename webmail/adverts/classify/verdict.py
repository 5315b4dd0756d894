"""The verdict on a message."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from webmail.adverts.classify import (
    base,
    domains,
    fraud,
    message,
    own_server,
    phrases,
    signs,
    words,
)
from webmail.adverts.classify.fraud import Judged
from webmail.adverts.classify.known import KnownCorrespondents, Learnt, Rules
from webmail.adverts.classify.message import Message
from webmail.adverts.classify.own_server import ServerVerdict
from webmail.adverts.classify.signs import Sign
from webmail.adverts.classify.words import Evidence, Kind

# Where the scale stands before anything is known: most mail is wanted. And how much of the
# weights' sum is needed on top before a message is moved: in doubt it is wanted.
_START = -1.8
_LEAST = 0.3
_WORDS_WEIGHT = 3.6
_MOST_REASONS = 5
# Signs that fit wanted mail as well: beside them alone words must be surer. In languages and on
# subjects that the base model saw little of, they are the first to err.
_AIDS = frozenset({"words", "prices", "html_only", "pictures", "tracking", "hidden_recipients"})
_ALONE = 1.0
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
    """``score``: 0 to 1, how sure it is that nobody wants the message; an advert or junk from
    ``MOVED`` on. ``reasons``: stable codes, what weighed most first. ``fraud``: codes of what
    deceives, judged apart: a wanted message may have some too; ``is_fraud``: its links are to be
    shut."""

    kind: Kind
    score: float
    reasons: tuple[str, ...]
    fraud: tuple[str, ...] = ()
    is_fraud: bool = False

    @property
    def is_proved(self) -> bool:
        """Whether something proves that it is wanted."""
        return self.kind == "wanted" and not PROOFS.isdisjoint(self.reasons[:1])


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))


MOVED = round(_logistic(_LEAST), 4)


def tokens(raw: bytes) -> frozenset[str]:
    """Return what is learnt of a message: fingerprints of its words, its sender and its list."""
    read = message.read(raw)
    return words.tokens(_words(read)) | frozenset(_marks(read))


def marks(raw: bytes) -> frozenset[str]:
    """Of `tokens` those of the sender and the list."""
    return frozenset(_marks(message.read(raw)))


def judge(
    raw: bytes,
    known: KnownCorrespondents = KnownCorrespondents(),  # noqa: B008  # frozen
    rules: Rules = Rules(),  # noqa: B008  # frozen
    learnt: Learnt = Learnt(),  # noqa: B008  # frozen
) -> Verdict:
    """Whether a message is wanted, an advert or junk. Any bytes give a verdict; those beyond the
    first half million are not looked at."""
    read = message.read(raw)
    server = own_server.read(read.headers, rules.servers, rules.domains)
    text = _words(read)
    deceit = fraud.judge(read, text, server, known)
    if proof := _proof(read, server, known, deceit):
        return Verdict("wanted", _SURE, (proof,), deceit.signs, deceit.is_sure)
    if _is_blocked(read, known):
        return Verdict("advert", 1 - _SURE, ("blocked_sender",), deceit.signs, deceit.is_sure)
    evidence = words.evidence(words.tokens(text), learnt.weighted(base.counts()))
    weighed = [*signs.of(read, text, server), *_taught(read, learnt), *_of_fraud(deceit)]
    weighed.append(Sign("words", _WORDS_WEIGHT * evidence.unwanted))
    return _verdict(weighed, evidence, deceit)


def _words(read: Message) -> list[str]:
    return phrases.split(phrases.fold(f"{read.subject}\n{read.text}"))


def _proof(read: Message, server: ServerVerdict, known: KnownCorrespondents, deceit: Judged) -> str:
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
    if read.sender.address:
        yield words.fingerprint(f"from:{read.sender.address.lower()}")
    if "List-Id" in dict(read.headers.fields):
        yield words.fingerprint(f"list:{_list_id(read)}")


def _taught(read: Message, learnt: Learnt) -> Iterator[Sign]:
    """Yield the signs of what the person said of earlier mail of this sender or list."""
    for mark in _marks(read):
        wanted, adverts, junk = learnt.person.words.get(mark, (0, 0, 0))
        if wanted > adverts + junk:
            yield Sign("taught_wanted", -6.0)
        elif adverts + junk > wanted:
            yield Sign("taught_unwanted", 4.0)


def _of_fraud(deceit: Judged) -> Iterator[Sign]:
    if deceit.is_sure:
        yield Sign("fraud", 3.5)
    elif deceit.signs:
        yield Sign("fraud", 0.6 * len(deceit.signs))


def _verdict(weighed: list[Sign], evidence: Evidence, deceit: Judged) -> Verdict:
    total = _START + sum(sign.weight for sign in weighed)
    if all(sign.code in _AIDS for sign in weighed if sign.weight > 0):
        total -= _ALONE
    is_moved = total >= _LEAST
    side = 1 if is_moved else -1
    telling = sorted((sign for sign in weighed if sign.weight * side > 0.15), key=_by_weight(side))
    reasons = tuple(dict.fromkeys(sign.code for sign in telling))[:_MOST_REASONS]
    kind: Kind = "wanted"
    if is_moved:
        kind = "junk" if _is_junk(weighed, evidence, deceit) else "advert"
    score = round(_logistic(total), 4)
    return Verdict(kind, score, reasons or ("nothing_found",), deceit.signs, deceit.is_sure)


def _by_weight(side: int) -> Callable[[Sign], float]:
    return lambda sign: -sign.weight * side


def _is_junk(weighed: list[Sign], evidence: Evidence, deceit: Judged) -> bool:
    """Junk rather than an advert: our server's word, a fraud, or its words."""
    weights = {sign.code: sign.weight for sign in weighed}
    if deceit.is_sure or "server_spam" in weights:
        return True
    selling = weights.get("offer_words", 0) + weights.get("selling_words", 0)
    return weights.get("junk_words", 0) + 3 * evidence.junk > 0.5 * selling + 0.8
