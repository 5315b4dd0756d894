"""The texts that a person may have meant to type: all that are one mistake away. Pure."""

from __future__ import annotations

from string import ascii_lowercase, digits

SHORTEST = 4
"""Of fewer letters, one mistake away is nearly everything."""
LONGEST = 16
"""The mistake is looked for in these first letters: a longer text is cut, since its beginning is
as good to find with."""


def near(text: str) -> tuple[str, ...]:
    """Texts that become ``text`` by one letter too many, too few, wrong or in the other's place;
    none for what is too short."""
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
