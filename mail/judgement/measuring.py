"""What judgement is worth on a set of messages: shares with their intervals, and the signs that
decided."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mail.judgement import codes, verdict
from mail.judgement.known import Learnt, Rules
from mail.judgement.words import VerdictKind

_SURE = 1.96
"""Standard deviations of a confidence interval of 95 %."""
NO_SERVER = Rules(servers=("none.invalid",))
"""Rules by which nothing that a server wrote into a message counts."""


@dataclass(frozen=True)
class Measured:
    """How one message was judged. ``seconds``: without the pictures, which a helper process looks
    at for codes."""

    language: str
    kind: VerdictKind
    reasons: tuple[str, ...]
    seconds: float

    @property
    def is_moved(self) -> bool:
        """Whether it was set aside or marked."""
        return self.kind != "wanted"


def measure(
    raw: bytes,
    rules: Rules = Rules(),  # noqa: B008  # frozen
    clock: Callable[[], float] = lambda: 0.0,
    usual: frozenset[str] = frozenset(),
) -> Measured:
    """Judge a message as one of a person who knows nobody and taught nothing, and whose mail is in
    the ``usual`` languages, if any are named; ``clock`` gives seconds."""
    scanned = codes.scan(codes.pictures(raw))
    begun = clock()
    judged = verdict.judge(raw, rules=rules, learnt=Learnt(languages=usual), scanned=scanned)
    seconds = clock() - begun
    reasons = dict.fromkeys((*judged.reasons, *judged.fraud))
    reasons.pop("fraud", None)
    return Measured(judged.language, judged.kind, tuple(reasons), seconds)


@dataclass(frozen=True)
class Tally:
    """So many of the messages of a set were set aside or marked, and so many of those as frauds."""

    messages: int
    moved: int
    frauds: int


def tally(measured: Sequence[Measured]) -> Tally:
    """Count what became of messages."""
    frauds = sum(judged.kind == "fraud" for judged in measured)
    return Tally(len(measured), sum(judged.is_moved for judged in measured), frauds)


def by_language(measured: Iterable[Measured]) -> dict[str, Tally]:
    """Return the tally of each language that has any message, the commonest first."""
    having: dict[str, list[Measured]] = {}
    for judged in measured:
        having.setdefault(judged.language, []).append(judged)
    ordered = sorted(having.items(), key=lambda item: (-len(item[1]), item[0]))
    return {code: tally(messages) for code, messages in ordered}


def telling(measured: Iterable[Measured], *, moved: bool) -> list[tuple[str, int]]:
    """Return the codes that stand most often among the reasons of what was set aside or of what
    stayed, with the number of messages."""
    counts = Counter(
        code for judged in measured if judged.is_moved == moved for code in judged.reasons
    )
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def median_ms(measured: Sequence[Measured]) -> float:
    """Return the median time of a verdict in milliseconds; 0 for no message."""
    return 1000 * statistics.median(judged.seconds for judged in measured) if measured else 0.0


def interval(yes: int, total: int) -> tuple[float, float]:
    """Return Wilson's interval (1927), which contains the true share with 95 % confidence."""
    if not total:
        return 0.0, 1.0
    share, squared = yes / total, _SURE**2
    middle = (share + squared / (2 * total)) / (1 + squared / total)
    spread = _SURE * math.sqrt(share * (1 - share) / total + squared / (4 * total * total))
    spread /= 1 + squared / total
    return max(0.0, middle - spread), min(1.0, middle + spread)
