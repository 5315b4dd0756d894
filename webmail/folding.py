"""Text as people compare it: accents and capitals do not count."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """``Éléa`` -> ``elea``; ligatures that are letters of their own (``œ``) stay."""
    return without_accents(text).casefold()


def without_accents(text: str) -> str:
    """``Éléa`` -> ``Elea``; letters in another form (``ﬁ``, ``№``) become ordinary ones."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character))
