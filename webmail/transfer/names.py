"""Readable names of files and folders that are valid on every system."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

_UNSAFE = re.compile(
    r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+'
)
_LONGEST = 100
"""The most characters of a name without its extension. A second limit in bytes keeps names of other
scripts, with up to four bytes for a character, below the 255 bytes of file systems."""
_MOST_BYTES = 180
# On Windows these names are devices, whatever their extension.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)


def clean(text: str, fallback: str) -> str:
    """Return one component of a path: no separators, control or direction marks, no leading or
    trailing dots, no reserved name, at most 100 characters and 180 bytes; ``fallback`` where
    nothing is left."""
    text = unicodedata.normalize("NFC", text[: 10 * _LONGEST])
    text = text.encode("utf-8", "replace").decode()
    text = " ".join(_UNSAFE.sub(" ", text).split()).strip(" .")[:_LONGEST]
    text = text.encode()[:_MOST_BYTES].decode("utf-8", "ignore").strip(" .")
    return f"{text}_" if _RESERVED.match(text) else text or fallback


def of_message(when: datetime | None, subject: str, fallback: str) -> str:
    """``2026-11-25 Conseil de classe.eml``; ``fallback`` replaces an empty subject."""
    words = clean(subject, fallback)
    return f"{when:%Y-%m-%d} {words}.eml" if when else f"{words}.eml"


class Unique:
    """Gives names that are unique on every file system: a repeated name gets a number."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def note(self, name: str) -> None:
        """Record a name that was given by an earlier process."""
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
