"""Names of files and folders as people want them, and as every system takes them."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

_UNSAFE = re.compile(
    r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+'
)
_LONGEST = 100
"""Characters of a name without its extension: with four bytes each it stays below the 255 bytes of
file systems only for text of the Latin script, so that bytes are bounded as well."""
_MOST_BYTES = 180
# Windows opens devices under these names, whatever their extension.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)


def clean(text: str, fallback: str) -> str:
    """One component of a path: no separators, control or direction marks, no leading or trailing
    dots, no reserved name, at most 100 characters and 180 bytes; ``fallback`` where nothing is
    left."""
    text = unicodedata.normalize("NFC", text[: 10 * _LONGEST])
    text = text.encode("utf-8", "replace").decode()
    text = " ".join(_UNSAFE.sub(" ", text).split()).strip(" .")[:_LONGEST]
    text = text.encode()[:_MOST_BYTES].decode("utf-8", "ignore").strip(" .")
    return f"{text}_" if _RESERVED.match(text) else text or fallback


def of_message(when: datetime | None, subject: str, fallback: str) -> str:
    """``2026-11-25 Conseil de classe.eml``; ``fallback`` stands in for an empty subject."""
    words = clean(subject, fallback)
    return f"{when:%Y-%m-%d} {words}.eml" if when else f"{words}.eml"


class Unique:
    """Names that differ for every file system: one that was given before gets a number."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def note(self, name: str) -> None:
        """Know a name that was given by an earlier process."""
        self._seen.setdefault(name.casefold(), 1)

    def give(self, name: str) -> str:
        if name.casefold() not in self._seen:
            self.note(name)
            return name
        above, slash, last = name.rpartition("/")
        stem, dot, extension = last.rpartition(".")
        if not stem:
            stem, dot, extension = last, "", ""
        number = self._seen[name.casefold()]
        while True:
            number += 1
            other = f"{above}{slash}{stem} ({number}){dot}{extension}"
            if other.casefold() not in self._seen:
                self._seen[name.casefold()] = number
                self.note(other)
                return other
