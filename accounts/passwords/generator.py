"""Passphrases that are easy to remember: common French words, and what the policy asks for."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

WORDS: Final = 4
# Where they stand on a French keyboard they are found on a phone and on an English one too.
SIGNS: Final = "-+*/=.:;!?"


@dataclass(frozen=True, slots=True)
class Passphrase:
    """``bits``: the logarithm of how many the generator could have given as well."""

    text: str = field(repr=False)
    bits: float


def passphrase(words: Sequence[str], accepted: Callable[[str], bool]) -> Passphrase:
    """``Castor-lagune-tulipe7-boussole``: four words, one of them with a capital and one with a
    digit behind, a sign between them; by the system's source of chance. Drawn anew until
    ``accepted``, as a word may be part of the person's name. Raises ValueError when a hundred are
    refused: then the policy takes none.
    """
    for _ in range(100):
        text = _draw(words)
        if accepted(text):
            return Passphrase(text, bits(len(words)))
    raise ValueError("The policy takes no passphrase of this form.")


def bits(count: int) -> float:
    """The entropy of a passphrase out of ``count`` words: what to guess who knows the form."""
    return math.log2(count**WORDS * len(SIGNS) * 10 * WORDS * WORDS)


def _draw(words: Sequence[str]) -> str:
    chosen = [secrets.choice(words) for _ in range(WORDS)]
    capital, digit = secrets.randbelow(WORDS), secrets.randbelow(WORDS)
    chosen[capital] = chosen[capital].capitalize()
    chosen[digit] += str(secrets.randbelow(10))
    return secrets.choice(SIGNS).join(chosen)
