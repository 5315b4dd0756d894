"""The spellings of a French word with and without accents, for servers that distinguish them.

Dovecot finds ``École`` by ``école``, but neither by ``ecole``. A search therefore asks for the
spellings of a dictionary, for ``œ`` and for the ``oe`` that keyboards have, and for both
apostrophes: users type ``l'école``, word processors write ``l’école``. ``accents.txt`` holds the
words with accents, one a line, in lower case, sorted by their folded form. A word is left out if
one of its beginnings explains it (``réunions`` is ``réunion`` and an ending). `bin/manage
write_accents` writes the file; its first lines name the source.
"""

from __future__ import annotations

import mmap
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import islice, product, takewhile
from pathlib import Path

from mail.folding import fold, with_either_apostrophe

FILE = Path(__file__).with_name("accents.txt")
MOST = 6
"""The greatest number of spellings of one text, the typed one included."""
SHORTEST_BEGINNING = 4
"""The shortest beginning, in characters, that is taken for a word to which an ending was added."""

_WORD = re.compile(r"([^\W\d_]+)")
_LEAST, _LONGEST = 3, 30
"""The shortest and the longest word of the dictionary, in characters."""
_LEAST_PLURAL = 5
"""The shortest plural that is looked up, in characters: the singular of a shorter one occurs in too
many words.
"""
_OF_MANY = ("s", "aux", "eux", "oux")
_OF_BOTH = ("ss", "ours", "ais", "ois", "vers", "us")
_SAME_IN_BOTH = frozenset(
    "temps corps alors apres avis repas proces acces succes progres aupres exces deces expres"
    " depuis dehors toujours ailleurs moins longtemps printemps puits colis tapis permis compromis"
    " choix croix mieux paris reims nimes lilas matelas canevas cadenas fracas encens biens"
    " certes quelques plusieurs diverses volontiers".split()
)
_MOST_READ = 400
"""The number of words of the dictionary that are read for one beginning."""
_MOST_WORDS = 4
"""The number of words of a text above which only its typed form and its form without accents are
searched for.
"""


def spellings(text: str, most: int = MOST, *, in_both_numbers: bool = False) -> tuple[str, ...]:
    """Return a text as typed, as the dictionary spells it, and without accents: at most ``most``
    spellings, each with both apostrophes. With ``in_both_numbers``, a single word also gets its
    singular or plural.

    >>> spellings("reunion")
    ('reunion', 'réunion')
    """
    spelled = _spellings(text, most, in_both_numbers=in_both_numbers)
    return _first((form for text in spelled for form in with_either_apostrophe(text)), 2 * most)


def ligatures(text: str) -> tuple[str, ...]:
    """Return the text with ``œ`` for each ``oe``, and with ``oe`` for each ``œ``, if it has any.

    >>> ligatures("coeur"), ligatures("cœur"), ligatures("mur")
    (('cœur',), ('coeur',), ())
    """
    lower = text.lower()
    forms = (lower.replace("oe", "œ"), lower.replace("œ", "oe"))
    return tuple(form for form in forms if form != lower)


def _spellings(text: str, most: int, *, in_both_numbers: bool) -> tuple[str, ...]:
    if in_both_numbers and (others := other_number(text)):
        # Most servers find a plural by its singular, so the singular comes before other spellings.
        forms = [form for other in others for form in spellings(other, most)]
        return _first((text, *ligatures(text), *forms[: most - 2], *spellings(text, most)), most)
    pieces = _WORD.split(text)
    if len(pieces) // 2 > _MOST_WORDS:
        return _first((text, fold(text)), most)
    spelled = [_of_word(piece) if n % 2 else (piece,) for n, piece in enumerate(pieces)]
    whole = ("".join(chosen) for chosen in product(*spelled))
    return _first((text, *islice(whole, most), fold(text)), most)


def other_number(word: str) -> tuple[str, ...]:
    """Return the singular of a French plural, or a plural that does not begin with its singular.

    A server finds a plural that only adds an ending by itself. Return nothing for several words,
    and for words that have such an ending in the singular.

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
    """Return the first ``most`` different texts. Case is ignored, because servers ignore it too."""
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
    """Return the beginnings of dictionary words, the most frequent first: ``reuni`` ->
    ``réuni``.
    """
    words = takewhile(lambda word: fold(word).startswith(folded), _from(folded))
    counted = Counter(word[: len(folded)] for word in islice(words, _MOST_READ))
    return [beginning for beginning, _count in counted.most_common(MOST)]


def _ended(folded: str) -> list[str]:
    """Return a dictionary word with an ending: ``reunions`` -> ``réunions``."""
    for length in range(len(folded) - 1, SHORTEST_BEGINNING - 1, -1):
        beginning = folded[:length]
        words = [word for word in islice(_from(beginning), MOST) if fold(word) == beginning]
        if words:
            return [word + folded[length:] for word in words]
    return []


def _from(folded: str) -> Iterator[str]:
    """Yield the words of the dictionary from the first whose folded form is not less than
    ``folded``.
    """
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
    """Return the word at this position, and the start of the next one."""
    end = text.find(b"\n", start)
    return text[start:end].decode(), end + 1


@cache
def _dictionary() -> mmap.mmap:
    """Return the dictionary, mapped into memory, so that all processes of a machine share it."""
    with FILE.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
