"""The initials of a person in a coloured circle, in place of a picture."""

from __future__ import annotations

import zlib


def hue(text: str) -> int:
    """Return a number from 1 to 6, the same for the same name or address."""
    return zlib.crc32(text.lower().encode()) % 6 + 1


def initials(name: str) -> str:
    """Return one or two capitals: those of the first and the last word."""
    words = [word for word in name.replace("-", " ").split() if word[:1].isalnum()]
    return "".join(word[0] for word in dict.fromkeys((*words[:1], *words[-1:]))).upper() or "?"
