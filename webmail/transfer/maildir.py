"""The flags of Maildir, which are part of file names: ``1764061200.42.webmail,S=1234:2,FS``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from string import ascii_lowercase

from mail.imap.values import ANSWERED, DRAFT, FLAGGED, FORWARDED, SEEN

_LETTERS = {
    "D": DRAFT,
    "F": FLAGGED,
    "P": FORWARDED,
    "R": ANSWERED,
    "S": SEEN,
}
TRASHED = "T"
MOST_KEYWORDS = 26
_MOST_LINES = 1_000
_MOST_MESSAGES = 50_000
_LONGEST = 2_000
_PLACE = re.compile(r"[0-9]{1,4}")
_KEYWORD = re.compile(r"([0-9]{1,3}) ([^ ]{1,255})")
# Windows does not allow a colon in file names, so programs there use another character.
_SUFFIX = re.compile(r"[:;!_-]2,([A-Za-z]{0,60})\Z")
_TIME = re.compile(r"([0-9]{9,11})(?:\.|\Z)")


def letters(flags: frozenset[str]) -> str:
    """Return the flags of a message as Maildir writes them, in the required order."""
    return "".join(letter for letter, flag in _LETTERS.items() if flag in flags)


class Keywords:
    """The keywords of the messages of a Maildir, which get the letters ``a`` to ``z`` as in
    Dovecot. A Maildir has no letters for more than 26."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = list(names)

    def letters(self, flags: frozenset[str]) -> str:
        """Return the letters of a message's keywords, in the required order."""
        keywords = sorted(flag for flag in flags if not flag.startswith("\\"))
        new = [keyword for keyword in keywords if keyword not in self.names]
        self.names += new[: MOST_KEYWORDS - len(self.names)]
        places = sorted(self.names.index(name) for name in keywords if name in self.names)
        return "".join(ascii_lowercase[place] for place in places)

    def file(self) -> bytes:
        """Return the content of ``dovecot-keywords``."""
        return "".join(f"{place} {name}\n" for place, name in enumerate(self.names)).encode()


def keyword_letters(content: bytes) -> dict[str, str]:
    """Return the keywords in a file ``dovecot-keywords`` by their letters."""
    lines = content.decode("utf-8", "replace").split("\n")[:_MOST_LINES]
    matches = (_KEYWORD.fullmatch(line.strip()) for line in lines)
    places = ((int(match[1]), match[2]) for match in matches if match)
    return {ascii_lowercase[place]: name for place, name in places if place < MOST_KEYWORDS}


def courier_keywords(content: bytes) -> dict[str, tuple[str, ...]]:
    """Return the keywords in a file ``courierimapkeywords/:list`` by the names of messages, without
    their flags: the keywords, a line each, an empty line, and for each message the places of its
    own in that list."""
    listed, _empty, lines = content.decode("utf-8", "replace").partition("\n\n")
    names = dict(enumerate(listed.split("\n")[:_MOST_LINES]))
    entries = lines.split("\n", _MOST_MESSAGES)[:_MOST_MESSAGES]
    parts = (entry.rpartition(":") for entry in entries if len(entry) < _LONGEST)
    return {name: tuple(_named(places, names)) for name, _colon, places in parts if name}


def _named(places: str, names: Mapping[int, str]) -> Iterator[str]:
    numbers = (int(place) for place in places.split() if _PLACE.fullmatch(place))
    return (names[number] for number in numbers if names.get(number))


def keywords(name: str, by_letter: Mapping[str, str]) -> tuple[str, ...]:
    """Return the keywords that the letters in a file name stand for."""
    match = _SUFFIX.search(name)
    return tuple(by_letter[letter] for letter in match[1] if letter in by_letter) if match else ()


def is_name(name: str) -> bool:
    """Return whether a file is called as the messages of a Maildir are."""
    return _SUFFIX.search(name) is not None or seconds(name) is not None


def flags(name: str) -> tuple[str, ...]:
    """Return the IMAP flags in a file name, without keywords, which are lower-case letters."""
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
