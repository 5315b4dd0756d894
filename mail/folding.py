"""Text for comparison: accents, case and the shape of apostrophes are ignored."""

from __future__ import annotations

import re
import unicodedata

# Keyboards type the first; word processors, telephones and other webmails write the others.
APOSTROPHES = "'\u2019\u2018\u02bc"
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_STRAIGHT = str.maketrans(dict.fromkeys(APOSTROPHES, "'"))


def with_either_apostrophe(text: str) -> tuple[str, ...]:
    """Return the text unchanged, and with the other form of apostrophe.

    >>> with_either_apostrophe("l'été"), with_either_apostrophe("été")
    (("l'été", 'l’été'), ('été',))
    """
    straight = text.translate(_STRAIGHT)
    other = straight if straight != text else text.replace("'", "\u2019")
    return (text,) if other == text else (text, other)


def fold(text: str) -> str:
    """Return ``L’Éléa`` as ``l'elea``; ligatures that are letters of their own (``œ``) stay."""
    return without_accents(text).translate(_STRAIGHT).casefold()


def without_accents(text: str) -> str:
    """Return ``Éléa`` as ``Elea``; letters in another form (``ﬁ``, ``№``) become ordinary ones."""
    if text.isascii():
        return text
    return _BEYOND_ASCII.sub(_without_marks, unicodedata.normalize("NFKD", text))


def _without_marks(run: re.Match[str]) -> str:
    return "".join(character for character in run[0] if not unicodedata.combining(character))
