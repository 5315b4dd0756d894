"""The weights of signs and words, fitted to messages whose kind is known.

It needs scikit-learn (requirements-training.txt), which nothing else of the webmail does: weights
are data, and are read without it.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mail.judgement import (
    codes,
    fraud,
    message,
    own_server,
    structure,
    training,
    verdict,
    words,
)
from mail.judgement.corpus import Written
from mail.judgement.fraud import Judged
from mail.judgement.known import KnownCorrespondents
from mail.judgement.model import Model, Models
from mail.judgement.signs import Sign
from mail.judgement.words import VerdictKind

FOLDS = 8
"""Parts that the families are dealt into: each is judged by what the others taught."""
# How the styles of those begin who wrote mail as it lies in an inbox.
_NATURAL = "natural-"
# The regularisation (C, of scikit-learn); the least weight of a word that is kept; and in how many
# messages it must be.
_FREEDOM = 1.0
_LEAST_WEIGHT = 0.1
_LEAST_OFTEN = 2
# How much a fraud counts beside any other message when it is learnt what nobody wants: frauds are
# asked about apart, and wanted mail of one person is likest to them. And a message from a mailbox
# that anybody can have: there are few of them, and they are hardest to tell.
_FRAUD_COUNTS = 0.1
_PERSON_COUNTS = 2.0
# Weights that are not learnt, because no message of the corpus can teach them: those of senders
# that are known, and of our own server's verdict on junk.
_WHO = {
    "own_domain": 1.4,
    "state_domain": 1.4,
    "school_network": 1.4,
    "poll": 1.0,
    "server_passed": 0.0,
}
_SERVER = {"server_spam": 1.6, "server_doubt": 1.4}


@dataclass(frozen=True)
class _Question:
    """``yes``: the kinds for which the answer is yes, of messages and of texts; ``fixed``: weights
    that are not learnt; ``of_words``: how much a word weighs beside a sign before anything is
    learnt; ``by_ratio``: times how much oftener it stands in the messages of one answer, which
    tells few kinds of frauds from all other mail better (Wang and Manning, 2012);
    ``of_frauds``, ``of_persons``: how much a fraud, and a message of a private mailbox, counts
    beside any other message."""

    yes: frozenset[str]
    yes_of_texts: frozenset[str]
    fixed: Mapping[str, float]
    of_words: float
    by_ratio: bool = False
    of_frauds: float = 1.0
    of_persons: float = 1.0

    def counts(self, example: Example) -> float:
        """How much a message counts."""
        of_kind = self.of_frauds if example.written.kind == "fraud" else 1.0
        return of_kind * (self.of_persons if verdict.is_of_person(example.signs) else 1.0)


_UNWANTED = _Question(
    frozenset({"advert", "junk", "fraud"}), frozenset({"advert", "junk"}), _WHO | _SERVER, 10.0,
    of_frauds=_FRAUD_COUNTS, of_persons=_PERSON_COUNTS,
)  # fmt: skip
_FRAUD = _Question(frozenset({"fraud"}), frozenset({"junk"}), _WHO, 6.0, by_ratio=True)


@dataclass(frozen=True)
class Example:
    """A message whose kind is known, with all that is looked at in it. ``fold``: the part that its
    family belongs to."""

    written: Written
    fold: int
    fingerprints: frozenset[str]
    deceit: Judged
    signs: tuple[Sign, ...]
    is_proved: bool
    is_stolen: bool

    @property
    def amounts(self) -> dict[str, float]:
        """The amounts of its signs by code, without those whose weight is fixed and those of
        structure, which are weighed by themselves."""
        amounts: dict[str, float] = {}
        for sign in self.signs:
            if sign.code not in _WHO and not structure.is_structure(sign.code):
                amounts[sign.code] = amounts.get(sign.code, 0.0) + sign.weight
        return amounts


def examples(messages: Iterable[Written]) -> list[Example]:
    return [_example(written) for written in messages]


def _example(written: Written) -> Example:
    read = message.read_message(written.raw, codes.scan(codes.pictures(written.raw)))
    server = own_server.server_verdict(read.headers, (), ())
    text = verdict.words_of(read)
    nobody = KnownCorrespondents()
    deceit = fraud.judge(read, text, server, nobody)
    signs = verdict.signs_of(read, text, server, deceit)
    proof = verdict.proof(read, server, nobody, deceit)
    return Example(
        written,
        int(hashlib.blake2b(written.family.encode(), digest_size=2).hexdigest(), 16) % FOLDS,
        words.tokens(text),
        deceit,
        tuple(signs),
        bool(proof),
        proof == "own_domain" and verdict.is_stolen(signs),
    )


def fit(known: Sequence[Example]) -> Models:
    """The weights that these messages teach, with the texts of the base model."""
    return Models(_fit(known, _UNWANTED), _fit(known, _FRAUD))


def _fit(known: Sequence[Example], question: _Question) -> Model:
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    texts = training.text_messages()
    answers = [example.written.kind in question.yes for example in known]
    answers += [kind in question.yes_of_texts for _fingerprints, kind in texts]
    having = [example.fingerprints for example in known] + [
        fingerprints for fingerprints, _kind in texts
    ]
    shares = _shares(having, answers, question)
    # A text has no signs but its words: it is given those of all messages, and teaches none.
    usual: Counter[str] = Counter()
    for example in known:
        usual.update({code: amount / len(known) for code, amount in example.amounts.items()})
    amounts = [example.amounts for example in known] + [dict(usual)] * len(texts)
    rows = [_row(*both, shares) for both in zip(having, amounts, strict=True)]
    vectors = DictVectorizer()
    fitted = LogisticRegression(C=_FREEDOM, solver="liblinear", random_state=0)
    matrix = vectors.fit_transform(rows)
    # liblinear takes indices of 32 bits only.
    matrix.indices, matrix.indptr = matrix.indices.astype("int32"), matrix.indptr.astype("int32")
    counts = [question.counts(example) for example in known]
    fitted.fit(matrix, answers, sample_weight=counts + [1.0] * len(texts))
    weights = dict(zip(vectors.get_feature_names_out(), fitted.coef_[0], strict=True))
    return Model(
        round(float(fitted.intercept_[0]), 3),
        {code: round(float(weights[f"sign {code}"]), 3) for code in sorted(usual)}
        | dict(question.fixed),
        _kept({word: float(weights[f"word {word}"]) * share for word, share in shares.items()}),
    )


def _shares(
    having: Sequence[frozenset[str]], answers: Sequence[bool], question: _Question
) -> dict[str, float]:
    """The weight of each frequent word before anything is learnt."""
    often: Counter[str] = Counter()
    often_in_yes: Counter[str] = Counter()
    for fingerprints, answer in zip(having, answers, strict=True):
        often.update(fingerprints)
        if answer:
            often_in_yes.update(fingerprints)
    kept = [word for word, count in often.items() if count >= _LEAST_OFTEN]
    if not question.by_ratio:
        return dict.fromkeys(kept, question.of_words)
    yes = {word: often_in_yes[word] + 1 for word in kept}
    no = {word: often[word] - often_in_yes[word] + 1 for word in kept}
    usual = math.log(sum(yes.values()) / sum(no.values()))
    return {word: question.of_words * abs(math.log(yes[word] / no[word]) - usual) for word in kept}


def _kept(weights: Mapping[str, float]) -> dict[str, float]:
    return {
        word: round(weight, 2) for word, weight in weights.items() if abs(weight) >= _LEAST_WEIGHT
    }


def _row(
    fingerprints: frozenset[str], amounts: Mapping[str, float], shares: Mapping[str, float]
) -> dict[str, float]:
    of_each = 1 / math.sqrt(max(1, len(fingerprints)))
    row = {f"word {word}": shares[word] * of_each for word in fingerprints if word in shares}
    row.update({f"sign {code}": amount for code, amount in amounts.items()})
    return row


def is_set_aside(family: str) -> bool:
    """Whether a family, one in eight, is kept from every choice of signs and limits: how its
    messages are judged is looked at last."""
    digest = hashlib.blake2b(b"set aside 31 " + family.encode(), digest_size=2)
    return int(digest.hexdigest(), 16) % FOLDS == 0


def held_out(known: Sequence[Example]) -> Iterator[tuple[Example, VerdictKind]]:
    """Yield each message that is not set aside with the verdict of what the other families
    taught."""
    used = [example for example in known if not is_set_aside(example.written.family)]
    for fold in sorted({example.fold for example in used}):
        models = fit([example for example in used if example.fold != fold])
        for example in used:
            if example.fold == fold:
                yield example, judged(example, models)


def set_aside(known: Sequence[Example]) -> Iterator[tuple[Example, VerdictKind]]:
    """Yield each message that is set aside with the verdict of what all others taught."""
    models = fit([example for example in known if not is_set_aside(example.written.family)])
    for example in known:
        if is_set_aside(example.written.family):
            yield example, judged(example, models)


def by_hand(known: Sequence[Example]) -> Iterator[tuple[Example, VerdictKind]]:
    """Yield each natural message with the verdict of what all messages but its writer's taught."""
    for hand in sorted({example.written.style for example in known if is_natural(example)}):
        models = fit([example for example in known if example.written.style != hand])
        for example in known:
            if example.written.style == hand:
                yield example, judged(example, models)


def is_natural(example: Example) -> bool:
    """Whether somebody wrote it as mail is, and not to be hard to judge."""
    return example.written.style.startswith(_NATURAL)


def judged(example: Example, models: Models) -> VerdictKind:
    """The kind that a message is held for by these weights, by a person who taught nothing: a
    fraud is one that is moved or banded."""
    if example.is_proved:
        return "fraud" if example.is_stolen else "wanted"
    return verdict.by_signs(list(example.signs), example.fingerprints, example.deceit, models).kind
