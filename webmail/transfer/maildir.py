"""The flags of Maildir, which are part of file names: ``1764061200.42.webmail,S=1234:2,FS``."""

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
# Windows does not allow a colon in file names, so programs there use another character.
_SUFFIX = re.compile(r"[:;!_-]2,([A-Za-z]{0,60})\Z")
_TIME = re.compile(r"([0-9]{9,11})(?:\.|\Z)")


def letters(flags: frozenset[str]) -> str:
    """Return the flags of a message as Maildir writes them, in the required order."""
    return "".join(letter for letter, flag in _LETTERS.items() if flag in flags)


def flags(name: str) -> tuple[str, ...]:
    """Return the IMAP flags in a file name. Keywords, which are lower-case letters, are ignored."""
    match = _SUFFIX.search(name)
    return (
        tuple(_LETTERS[letter] for letter in sorted(match[1]) if letter in _LETTERS)
        if match
        else ()
    )


def is_trashed(name: str) -> bool:
    """Return whether the message is marked as deleted."""
    match = _SUFFIX.search(name)
    return bool(match and TRASHED in match[1])


def seconds(name: str) -> int | None:
    """Return the time of delivery at the beginning of a name, in seconds since 1970."""
    match = _TIME.match(name)
    return int(match[1]) if match else None
