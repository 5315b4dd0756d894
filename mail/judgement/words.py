"""The classifier of words: what was counted, how it learns, what it says of a message.

After Paul Graham ("A plan for spam") and Gary Robinson ("A statistical approach to the spam
problem"): for each word how many messages of each kind had it, the most telling words of a
message taken together. Counts are kept by a fingerprint of the word, so that what was learnt from
somebody's mail can't be read as text.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

Kind = Literal["wanted", "advert", "junk"]
"""The kinds that users teach and that words are counted by. A fraud is taught as junk."""
KINDS: tuple[Kind, ...] = ("wanted", "advert", "junk")
VerdictKind = Literal["wanted", "advert", "junk", "fraud"]
VERDICT_KINDS: tuple[VerdictKind, ...] = (*KINDS, "fraud")
Row = tuple[int, int, int]
"""Numbers of messages that are wanted, adverts, junk."""

MOST_KEPT = 40_000
"""Words that one set of counts keeps; beyond them those counted once are forgotten."""
# How many messages a word must have been in for its own numbers to weigh as much as the doubt
# about it, and how many of the most telling words are heard.
_DOUBT = 0.6
_HEARD = 90
_LEAST_TELLING = 0.1
_MOST_WORDS = 2_400
# Characters of a word that are kept: "commande", "commander" and "commandez" are one.
_STEM = 5
_SIGNS = frozenset("€$£%")


@dataclass(frozen=True)
class Counts:
    """The number of messages of each kind that were learnt, and by word how many of them had it."""

    messages: Row = (0, 0, 0)
    words: Mapping[str, Row] = field(default_factory=dict)


def fingerprint(word: str) -> str:
    return hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=4).hexdigest()


def tokens(words: Sequence[str]) -> frozenset[str]:
    """Fingerprints of the words of a folded text, of neighbours, and of words with one between
    them. Words are cut to their stem, numbers are alike."""
    if len(words) > _MOST_WORDS:
        words = [*words[: _MOST_WORDS * 5 // 6], *words[-_MOST_WORDS // 6 :]]
    plain = [_token(word) for word in words]
    combined = {word for word in plain if len(word) > 2 or word in _SIGNS}
    combined.update(
        f"{word} {other}" for word, other in pairwise(plain) if len(word) + len(other) > 4
    )
    combined.update(f"{word} . {other}" for word, other in zip(plain, plain[2:], strict=False))
    return frozenset(map(fingerprint, combined))


def _token(word: str) -> str:
    if word[0].isdigit():
        return "#"
    return "€" if word in ("euro", "euros", "eur") else word[:_STEM]


def learn(counts: Counts, learnt: Iterable[str], kind: Kind) -> Counts:
    """New counts in which one more message of this kind had the fingerprints ``learnt``."""
    return _changed(counts, learnt, kind, 1)


def unlearn(counts: Counts, learnt: Iterable[str], kind: Kind) -> Counts:
    """Take back what ``learn`` gave; never below nothing."""
    return _changed(counts, learnt, kind, -1)


def _changed(counts: Counts, learnt: Iterable[str], kind: Kind, by: int) -> Counts:
    column = KINDS.index(kind)
    words = dict(counts.words)
    for word in learnt:
        row = _added(words.get(word, (0, 0, 0)), column, by)
        if any(row):
            words[word] = row
        else:
            words.pop(word, None)
    if len(words) > MOST_KEPT:
        words = {word: row for word, row in words.items() if sum(row) > 1}
    return Counts(_added(counts.messages, column, by), words)


def _added(row: Row, column: int, by: int) -> Row:
    values = [max(0, value + by * (place == column)) for place, value in enumerate(row)]
    return values[0], values[1], values[2]


def of_messages(messages: Iterable[tuple[frozenset[str], Kind]]) -> Counts:
    """Counts of many messages: what ``learn`` gives, one by one."""
    totals: Counter[Kind] = Counter()
    totals_by_word: dict[str, list[int]] = {}
    for learnt, kind in messages:
        totals[kind] += 1
        for word in learnt:
            totals_by_word.setdefault(word, [0, 0, 0])[KINDS.index(kind)] += 1
    rows = {word: _row(row) for word, row in totals_by_word.items()}
    return Counts(_row([totals[kind] for kind in KINDS]), rows)


def _row(values: Sequence[int]) -> Row:
    return values[0], values[1], values[2]


@dataclass(frozen=True)
class Evidence:
    """The evidence of the words: ``unwanted`` above nothing for an advert or junk, below for wanted
    mail; ``junk`` above nothing for junk rather than an advert. Both in the range -1 to 1."""

    unwanted: float
    junk: float


def evidence(fingerprints: frozenset[str], learnt: Sequence[tuple[Counts, float]]) -> Evidence:
    """Return what the counts, each with its weight, say of a message with these fingerprints."""
    totals = _sum([(counts.messages, weight) for counts, weight in learnt])
    rows = [
        _sum([(counts.words.get(word, (0, 0, 0)), weight) for counts, weight in learnt])
        for word in sorted(fingerprints)
    ]
    known = [row for row in rows if any(row)]
    unwanted = [_share(row[1] + row[2], row[0], totals[1] + totals[2], totals[0]) for row in known]
    junk = [_share(row[2], row[1], totals[2], totals[1]) for row in known if row[1] or row[2]]
    return Evidence(_together(unwanted), _together(junk))


def _sum(rows: Sequence[tuple[Row, float]]) -> tuple[float, float, float]:
    return (
        sum(row[0] * weight for row, weight in rows),
        sum(row[1] * weight for row, weight in rows),
        sum(row[2] * weight for row, weight in rows),
    )


def _share(yes: float, no: float, of_yes: float, of_no: float) -> float:
    """Robinson's f(w): the chance that a message with the word is of the kind "yes", drawn to one
    half where the word was seen seldom."""
    yes, seen = yes / max(of_yes, 1.0), yes + no
    no = no / max(of_no, 1.0)
    chance = yes / (yes + no) if yes + no else 0.5
    return (_DOUBT * 0.5 + seen * chance) / (_DOUBT + seen)


def _together(chances: Sequence[float]) -> float:
    """-1 to 1. The sum of logarithms over the root of their number: a long message is no surer
    than a short one that says the same."""
    telling = sorted(
        (abs(chance - 0.5), chance) for chance in chances if abs(chance - 0.5) > _LEAST_TELLING
    )
    heard = [chance for _, chance in telling[-_HEARD:]]
    if not heard:
        return 0.0
    total = sum(math.log(chance / (1 - chance)) for chance in heard) / math.sqrt(len(heard) + 6)
    return math.tanh(total / 4)
