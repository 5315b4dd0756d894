"""Text as it is compared and sorted: no accents, no capitals, one blank between words."""

from __future__ import annotations

import re
import unicodedata

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d"})
_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """ "Bœuf  Étienne" -> "boeuf etienne"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_LIGATURES))
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(plain.split())


def words(text: str) -> tuple[str, ...]:
    """The words of ``text``, folded, in their order, each once: letters and digits only."""
    return tuple(dict.fromkeys(_WORD.findall(fold(text))))
