"""Text as it is compared and sorted: without accents and case, with one blank between words."""

from __future__ import annotations

import re

from mail.folding import without_accents

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d"})
_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Return the text without accents and case: ``boeuf etienne`` for ``Bœuf  Étienne``."""
    return " ".join(without_accents(text.casefold().translate(_LIGATURES)).split())


def words(text: str) -> tuple[str, ...]:
    """Return the words of ``text``, folded, in their order, each once. They contain only letters
    and digits."""
    return tuple(dict.fromkeys(_WORD.findall(fold(text))))
