"""Mark the words of a search in text and HTML, whatever their accents, capitals and
apostrophes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from html import escape, unescape

from django.utils.safestring import SafeString, mark_safe

from mail.folding import APOSTROPHES

# Latin characters, with all that can stand on them.
_CHARACTERS = (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))
_COMBINING = "[\u0300-\u036f]*+"
_TAG = re.compile(r"""(<(?:[^<>"']|"[^"]*"|'[^']*')*>)""")


class Marks:
    """The texts to mark. Without any, the content stays as it is."""

    def __init__(self, texts: Iterable[str]) -> None:
        longest_first = sorted({text for text in texts if text.strip()}, key=len, reverse=True)
        pattern = "|".join(_pattern(text) for text in longest_first)
        self._wanted = re.compile(pattern, re.IGNORECASE) if pattern else None

    def in_text(self, text: str) -> SafeString:
        """Return plain text as HTML, the matches in ``<mark>``."""
        if self._wanted is None:
            return mark_safe(escape(text))  # noqa: S308
        pieces, at = [], 0
        for hit in self._wanted.finditer(text):
            pieces += [escape(text[at : hit.start()]), f"<mark>{escape(hit[0])}</mark>"]
            at = hit.end()
        return mark_safe("".join([*pieces, escape(text[at:])]))  # noqa: S308  every piece is escaped

    def in_html(self, html: str) -> str:
        """Return the webmail's own safe HTML with the matches marked: in its text, never in its
        tags."""
        if self._wanted is None:
            return html
        pieces = _TAG.split(html)
        return "".join(
            piece if n % 2 else self.in_text(unescape(piece)) for n, piece in enumerate(pieces)
        )


def _pattern(text: str) -> str:
    words = unicodedata.normalize("NFKD", text).split()
    return "".join(map(_character, " ".join(words)))


def _character(character: str) -> str:
    if unicodedata.combining(character):
        return ""
    if character.isspace():
        return r"\s++"
    if character in APOSTROPHES:
        return f"[{APOSTROPHES}]"
    variants = _variants().get(character.casefold(), "")
    return (
        f"[{re.escape(character)}{variants}]{_COMBINING}"
        if character.isalpha()
        else re.escape(character)
    )


@cache
def _variants() -> dict[str, str]:
    """Return the accented characters, by their base character."""
    variants: dict[str, str] = {}
    for character in map(chr, _CHARACTERS):
        bare = unicodedata.normalize("NFKD", character)[0].casefold()
        if bare != character and bare.isalpha():
            variants[bare] = variants.get(bare, "") + character
    return variants
