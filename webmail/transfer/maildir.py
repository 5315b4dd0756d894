"""Maildir's flags, which stand in the names of files: ``1764061200.42.webmail,S=1234:2,FS``."""

from __future__ import annotations

import re

from webmail.imap.values import ANSWERED, DRAFT, FLAGGED, FORWARDED, SEEN

_LETTERS = {
    "D": DRAFT,
    "F": FLAGGED,
    "P": FORWARDED,
    "R": ANSWERED,
    "S": SEEN,
}
TRASHED = "T"
# Windows takes no colon in a name: programs there write another sign.
_SUFFIX = re.compile(r"[:;!_-]2,([A-Za-z]{0,60})\Z")
_TIME = re.compile(r"([0-9]{9,11})(?:\.|\Z)")


def letters(flags: frozenset[str]) -> str:
    """The flags of a message as Maildir writes them, in the order that it asks for."""
    return "".join(letter for letter, flag in _LETTERS.items() if flag in flags)


def flags(name: str) -> tuple[str, ...]:
    """The IMAP flags that a file's name tells; keywords, in small letters, are passed over."""
    match = _SUFFIX.search(name)
    return (
        tuple(_LETTERS[letter] for letter in sorted(match[1]) if letter in _LETTERS)
        if match
        else ()
    )


def is_trashed(name: str) -> bool:
    """Whether the message is marked as deleted."""
    match = _SUFFIX.search(name)
    return bool(match and TRASHED in match[1])


def seconds(name: str) -> int | None:
    """The moment of delivery that a name begins with, in seconds since 1970."""
    match = _TIME.match(name)
    return int(match[1]) if match else None
