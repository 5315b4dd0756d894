"""Text as people compare it: accents, capitals and the shape of an apostrophe do not count."""

from __future__ import annotations

import unicodedata

# Keyboards write the first; word processors, telephones and other webmails one of the others.
APOSTROPHES = "'\u2019\u2018\u02bc"
_STRAIGHT = str.maketrans(dict.fromkeys(APOSTROPHES, "'"))


def fold(text: str) -> str:
    """``L’Éléa`` -> ``l'elea``; ligatures that are letters of their own (``œ``) stay."""
    return without_accents(text).translate(_STRAIGHT).casefold()


def without_accents(text: str) -> str:
    """``Éléa`` -> ``Elea``; letters in another form (``ﬁ``, ``№``) become ordinary ones."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character))
