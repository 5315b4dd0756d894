"""Generate passphrases that are easy to remember, from common French words and the signs that the
policy requires."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

WORDS: Final = 4
# Signs of the French keyboard that a telephone and an English keyboard have too.
SIGNS: Final = "-+*/=.:;!?"


@dataclass(frozen=True, slots=True)
class Passphrase:
    """A passphrase. ``bits`` is the binary logarithm of the number of possible passphrases."""

    text: str = field(repr=False)
    bits: float


def passphrase(words: Sequence[str], accepted: Callable[[str], bool]) -> Passphrase:
    """Return a passphrase such as ``Castor-lagune-tulipe7-boussole``: four random words with a sign
    between them, one word capitalised, and one followed by a digit.

    Passphrases are drawn until ``accepted`` is true, since a word may be a part of the user's name.
    Raises ValueError after a hundred refusals, since the policy then accepts none.
    """
    for _ in range(100):
        text = _draw(words)
        if accepted(text):
            return Passphrase(text, bits(len(words)))
    raise ValueError("The policy takes no passphrase of this form.")


def bits(count: int) -> float:
    """Return the entropy in bits of a passphrase out of ``count`` words, for an attacker who knows
    its form."""
    return math.log2(count**WORDS * len(SIGNS) * 10 * WORDS * WORDS)


def _draw(words: Sequence[str]) -> str:
    chosen = [secrets.choice(words) for _ in range(WORDS)]
    capital, digit = secrets.randbelow(WORDS), secrets.randbelow(WORDS)
    chosen[capital] = chosen[capital].capitalize()
    chosen[digit] += str(secrets.randbelow(10))
    return secrets.choice(SIGNS).join(chosen)
