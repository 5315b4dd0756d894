"""Text as people compare it: accents, capitals and the shape of an apostrophe do not count."""

from __future__ import annotations

import unicodedata

# Keyboards write the first; word processors, telephones and other webmails one of the others.
APOSTROPHES = "'\u2019\u2018\u02bc"
_STRAIGHT = str.maketrans(dict.fromkeys(APOSTROPHES, "'"))


def with_either_apostrophe(text: str) -> tuple[str, ...]:
    """The text as it is, and with the apostrophe of keyboards or that of print.

    >>> with_either_apostrophe("l'été"), with_either_apostrophe("été")
    (("l'été", 'l’été'), ('été',))
    """
    straight = text.translate(_STRAIGHT)
    other = straight if straight != text else text.replace("'", "\u2019")
    return (text,) if other == text else (text, other)


def fold(text: str) -> str:
    """``L’Éléa`` -> ``l'elea``; ligatures that are letters of their own (``œ``) stay."""
    return without_accents(text).translate(_STRAIGHT).casefold()


def without_accents(text: str) -> str:
    """``Éléa`` -> ``Elea``; letters in another form (``ﬁ``, ``№``) become ordinary ones."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character))
