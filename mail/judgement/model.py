"""The weight of each sign and each word: two logistic regressions, learnt from messages of a known
kind (`fitting`).

Two questions are asked of the same signs and words: whether nobody wants the message, and whether
it wants to deceive. The answer is a sum, so that what weighed most can be said.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from mail.judgement.signs import Sign

FILE = "weights.json"
TEXT = "words"
"""The code under which all words of a message weigh together."""


@dataclass(frozen=True)
class Model:
    """``bias``: where the sum begins; ``signs``: weights by code; ``words``: weights by
    fingerprint. What has no weight says nothing."""

    bias: float = 0.0
    signs: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, float] = field(default_factory=dict)

    def weighed(self, signs: Iterable[Sign], fingerprints: frozenset[str]) -> list[Sign]:
        """The signs with their share of the sum, those of one code together; and the words'."""
        shares = {TEXT: self._text(fingerprints)}
        for sign in signs:
            share = sign.weight * self.signs.get(sign.code, 0.0)
            shares[sign.code] = shares.get(sign.code, 0.0) + share
        return [Sign(code, share) for code, share in shares.items() if share]

    def total(self, weighed: Iterable[Sign]) -> float:
        """Above nothing where yes is likelier than no."""
        return self.bias + sum(sign.weight for sign in weighed)

    def _text(self, fingerprints: frozenset[str]) -> float:
        """Over the root of the number of words: a long message is no surer than a short one."""
        total = math.fsum(self.words.get(word, 0.0) for word in fingerprints)
        return total / math.sqrt(max(1, len(fingerprints)))


@dataclass(frozen=True)
class Models:
    unwanted: Model
    fraud: Model


@cache
def models() -> Models:
    """Return the weights in ``data/weights.json``."""
    file = resources.files("mail.judgement.data").joinpath(FILE)
    return loads(file.read_text("ascii"))


def loads(text: str) -> Models:
    """The inverse of ``dumps``."""
    packed = json.loads(text)
    read = {
        name: Model(kept["bias"], kept["signs"], _by_word(kept["words"]))
        for name, kept in packed.items()
    }
    return Models(read["unwanted"], read["fraud"])


def _by_word(packed: Mapping[str, str]) -> dict[str, float]:
    return {word: float(weight) for weight, words in packed.items() for word in words.split()}


def dumps(learnt: Models) -> str:
    """Words of the same weight stand together, all in order."""
    packed = {
        name: {
            "bias": model.bias,
            "signs": dict(sorted(model.signs.items())),
            "words": _by_weight(model.words),
        }
        for name, model in (("unwanted", learnt.unwanted), ("fraud", learnt.fraud))
    }
    return json.dumps(packed, indent=1) + "\n"


def _by_weight(weights: Mapping[str, float]) -> dict[str, str]:
    having: dict[float, list[str]] = {}
    for word, weight in sorted(weights.items()):
        having.setdefault(weight, []).append(word)
    return {f"{weight:.2f}": " ".join(words) for weight, words in sorted(having.items())}


def logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))
