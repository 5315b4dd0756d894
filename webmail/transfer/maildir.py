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
    found = _SUFFIX.search(name)
    return tuple(_LETTERS[one] for one in sorted(found[1]) if one in _LETTERS) if found else ()


def is_trashed(name: str) -> bool:
    """Whether the message is marked as deleted."""
    found = _SUFFIX.search(name)
    return bool(found and TRASHED in found[1])


def seconds(name: str) -> int | None:
    """The moment of delivery that a name begins with, in seconds since 1970."""
    found = _TIME.match(name)
    return int(found[1]) if found else None
