"""The comparison ``:matches`` (RFC 5228 section 2.7.1): ``*`` stands for any text, ``?`` for one
character; a backslash before either makes it an ordinary character.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class _Pattern:
    """The positions of a pattern as bits of integers, so that a text is read only once.

    The positions are those before, between and after the ``length`` characters of the pattern.
    ``by_character`` has the positions from which a given character leads on, ``by_any`` those from
    which every character does, ``resting`` those with an asterisk, where any character is read
    without moving on.
    """

    length: int
    by_character: dict[str, int]
    by_any: int
    resting: int


def matches(pattern: str, text: str) -> bool:
    """Return whether ``pattern`` describes the whole of ``text``. Case matters.

    The time is proportional to the text's length, with a small part for each 64 characters of the
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
    """Yield each character, and whether it is a wildcard. A backslash at the end stands
    for itself.
    """
    left = iter(pattern)
    for character in left:
        if character == "\\":
            yield next(left, character), False
        else:
            yield character, character in "*?"
