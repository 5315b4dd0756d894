"""The texts that are one typing mistake away from a typed text. Pure."""

from __future__ import annotations

from string import ascii_lowercase, digits

SHORTEST = 4
"""The shortest text that is corrected. Nearly every text is one mistake away from a shorter one."""
LONGEST = 16
"""The mistake is looked for in this many letters. A longer text is cut, since its beginning is
enough to search by."""


def near(text: str) -> tuple[str, ...]:
    """Return the texts that become ``text`` by one extra, missing or wrong letter, or by two
    exchanged letters; none if the text is shorter than `SHORTEST`."""
    text = text[:LONGEST]
    if len(text) < SHORTEST:
        return ()
    letters = digits if text.isdigit() else ascii_lowercase
    cuts = [(text[:n], text[n:]) for n in range(len(text) + 1)]
    others = [start + rest[1:] for start, rest in cuts if rest]
    others += [start + rest[1] + rest[0] + rest[2:] for start, rest in cuts if len(rest) > 1]
    others += [start + letter + rest[1:] for start, rest in cuts if rest for letter in letters]
    others += [start + letter + rest for start, rest in cuts[:-1] for letter in letters]
    return tuple(dict.fromkeys(other for other in others if other != text))
