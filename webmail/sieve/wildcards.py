"""The comparison ``:matches`` (RFC 5228 section 2.7.1): ``*`` stands for any text, ``?`` for one
character, and a backslash before either for the character itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class _Pattern:
    """Places of a pattern as bits of integers, so that a text is read once whatever the pattern.

    Between and around the ``length`` characters of the pattern lie the places that a reader may
    have reached. ``by_character`` has the places that a character leads on from, ``by_any`` those
    that every character does, ``resting`` those with an asterisk, where any character is read
    without moving on.
    """

    length: int
    by_character: dict[str, int]
    by_any: int
    resting: int


def matches(pattern: str, text: str) -> bool:
    """Whether the whole of ``text`` is what ``pattern`` describes. Capitals are not small letters.

    The time is that of the text's length, with a small part of it for each 64 characters of the
    pattern.
    """
    read = _read(pattern)
    reached = 1
    for character in text:
        onward = reached & read.by_character.get(character, read.by_any)
        reached = (reached & read.resting) | onward << 1
    return bool(reached >> read.length)


@lru_cache(maxsize=32)
def _read(pattern: str) -> _Pattern:
    length = by_any = resting = 0
    named: dict[str, int] = {}
    for character, is_wild in _characters(pattern):
        place = 1 << length
        if is_wild and character == "*":
            resting |= place
            continue
        length += 1
        if is_wild:
            by_any |= place
        else:
            named[character] = named.get(character, 0) | place
    by_character = {character: places | by_any for character, places in named.items()}
    return _Pattern(length, by_character, by_any, resting)


def _characters(pattern: str) -> Iterator[tuple[str, bool]]:
    """Each character, and whether it stands for others. A backslash at the end is itself."""
    left = iter(pattern)
    for character in left:
        if character == "\\":
            yield next(left, character), False
        else:
            yield character, character in "*?"
