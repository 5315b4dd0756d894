"""The spellings of a French word with and without its accents, for servers that compare them.

Dovecot finds ``École`` by ``école``, and neither by ``ecole``. A search therefore asks for the
spellings that a dictionary has, for ``œ`` and for the two letters that keyboards have, and for both
apostrophes: ``l'école`` is typed, ``l’école`` is what word processors write. ``accents.txt`` holds
its words with accents, one a line, in lower case, sorted by their folded form; a word that one of
its beginnings explains is left out (``réunions`` is ``réunion`` and an ending). `bin/manage
write_accents` makes it; its first lines name the source.
"""

from __future__ import annotations

import mmap
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import islice, product, takewhile
from pathlib import Path

from webmail.folding import fold, with_either_apostrophe

FILE = Path(__file__).with_name("accents.txt")
MOST = 6
"""Spellings of one text, the typed one among them."""
SHORTEST_BEGINNING = 4
"""Characters of a word from which on another may be the word and an ending."""

_WORD = re.compile(r"([^\W\d_]+)")
_LEAST, _LONGEST = 3, 30
"""Characters of a word outside of which the dictionary has none."""
_LEAST_PLURAL = 5
"""Characters of a plural: what is left of a shorter one is in too many words."""
_OF_MANY = ("s", "aux", "eux", "oux")
_OF_BOTH = ("ss", "ours", "ais", "ois", "vers", "us")
_SAME_IN_BOTH = frozenset(
    "temps corps alors apres avis repas proces acces succes progres aupres exces deces expres"
    " depuis dehors toujours ailleurs moins longtemps printemps puits colis tapis permis compromis"
    " choix croix mieux paris reims nimes lilas matelas canevas cadenas fracas encens biens"
    " certes quelques plusieurs diverses volontiers".split()
)
_MOST_READ = 400
"""Words of the dictionary that one beginning is looked up in."""
_MOST_WORDS = 4
"""Words of a text above which it is searched for as it is, and without its accents."""


def spellings(text: str, most: int = MOST, *, in_both_numbers: bool = False) -> tuple[str, ...]:
    """A text as it was typed, as the dictionary spells it, and without accents; ``most`` of them,
    each with either apostrophe. ``in_both_numbers``: of a single word its other number, too.

    >>> spellings("reunion")
    ('reunion', 'réunion')
    """
    spelled = _spellings(text, most, in_both_numbers=in_both_numbers)
    return _first((form for text in spelled for form in with_either_apostrophe(text)), 2 * most)


def ligatures(text: str) -> tuple[str, ...]:
    """The text with ``œ`` for each ``oe``, and with ``oe`` for each ``œ``, where it has one.

    >>> ligatures("coeur"), ligatures("cœur"), ligatures("mur")
    (('cœur',), ('coeur',), ())
    """
    lower = text.lower()
    forms = (lower.replace("oe", "œ"), lower.replace("œ", "oe"))
    return tuple(form for form in forms if form != lower)


def _spellings(text: str, most: int, *, in_both_numbers: bool) -> tuple[str, ...]:
    if in_both_numbers and (others := other_number(text)):
        # Most servers find a plural by its singular: that one comes before other spellings.
        forms = [form for other in others for form in spellings(other, most)]
        return _first((text, *ligatures(text), *forms[: most - 2], *spellings(text, most)), most)
    pieces = _WORD.split(text)
    if len(pieces) // 2 > _MOST_WORDS:
        return _first((text, fold(text)), most)
    spelled = [_of_word(piece) if n % 2 else (piece,) for n, piece in enumerate(pieces)]
    whole = ("".join(chosen) for chosen in product(*spelled))
    return _first((text, *islice(whole, most), fold(text)), most)


def other_number(word: str) -> tuple[str, ...]:
    """The singular of a French plural, and a plural that its singular does not begin. A server
    finds what only adds an ending by itself. None for several words, and for those that end so in
    the singular.

    >>> other_number("réunions"), other_number("journaux"), other_number("local")
    (('réunion',), ('journal', 'journau'), ('locaux',))
    """
    if not _WORD.fullmatch(word) or not _LEAST_PLURAL <= len(word) <= _LONGEST:
        return ()
    folded = fold(word)
    if folded.endswith("al"):
        return (f"{word[:-2]}aux",)
    is_plural = folded.endswith(_OF_MANY) and not folded.endswith(_OF_BOTH)
    if not is_plural or folded in _SAME_IN_BOTH:
        return ()
    return (f"{word[:-3]}al", word[:-1]) if folded.endswith("aux") else (word[:-1],)


def _first(texts: Iterable[str], most: int) -> tuple[str, ...]:
    """The different ones; servers fold capitals themselves."""
    different: dict[str, str] = {}
    for text in texts:
        different.setdefault(text.casefold(), text)
    return tuple(islice(different.values(), most))


@lru_cache(maxsize=512)
def _of_word(word: str) -> tuple[str, ...]:
    folded = fold(word)
    if not _LEAST <= len(folded) <= _LONGEST:
        return _first((word, *ligatures(folded), folded), MOST)
    joined = [form for other in ligatures(folded) for form in (*_begun(other), other)]
    return _first((word, *_begun(folded), *_ended(folded), *joined, folded), MOST)


def _begun(folded: str) -> list[str]:
    """The beginnings of dictionary words, the most frequent first: ``reuni`` -> ``réuni``."""
    words = takewhile(lambda word: fold(word).startswith(folded), _from(folded))
    counted = Counter(word[: len(folded)] for word in islice(words, _MOST_READ))
    return [beginning for beginning, _count in counted.most_common(MOST)]


def _ended(folded: str) -> list[str]:
    """A dictionary word and an ending: ``reunions`` -> ``réunions``."""
    for length in range(len(folded) - 1, SHORTEST_BEGINNING - 1, -1):
        beginning = folded[:length]
        words = [word for word in islice(_from(beginning), MOST) if fold(word) == beginning]
        if words:
            return [word + folded[length:] for word in words]
    return []


def _from(folded: str) -> Iterator[str]:
    """The words of the dictionary from the first whose folded form is not before this one."""
    text = _dictionary()
    low, high = 0, len(text)
    while low < high:
        middle = text.rfind(b"\n", low, (low + high) // 2) + 1 or low
        word, end = _line(text, middle)
        if word.startswith("#") or fold(word) < folded:
            low = end
        else:
            high = middle
    while low < len(text):
        word, low = _line(text, low)
        yield word


def _line(text: mmap.mmap, start: int) -> tuple[str, int]:
    """The word that stands there, and the start of the next one."""
    end = text.find(b"\n", start)
    return text[start:end].decode(), end + 1


@cache
def _dictionary() -> mmap.mmap:
    """Shared by all processes of a machine."""
    with FILE.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
