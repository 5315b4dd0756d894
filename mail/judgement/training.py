"""The texts that the base model is made from: a small language for many ways to say a thing.

A file of ``data/`` holds texts between lines of ``---``, the first line of each is its subject.
``[one|other]`` stands for either, ``{town}`` for a word of the list ``town`` (``LISTS``). A text is
written out some times; which words are taken follows from the text and the number alone, so that
the same files give the same messages.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources

from mail.judgement import phrases, words
from mail.judgement.words import Counts, Kind

FILES: Mapping[str, Kind] = {
    "wanted.txt": "wanted",
    "wanted-daily.txt": "wanted",
    "adverts.txt": "advert",
    "adverts-persons.txt": "advert",
    "adverts-shops.txt": "advert",
    "junk.txt": "junk",
    "frauds.txt": "junk",
}
VARIANTS = 3
"""The number of messages that are made of one text."""


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


LISTS: Mapping[str, tuple[str, ...]] = {
    "town": _listed("Albert Péronne Chauny Laon Senlis Corbie Doullens Hirson Guise Méru"),
    "name": (
        "M. Lefèvre", "Mme Carpentier", "Claire Dumont", "Karim Benali", "Sophie Leclercq",
        "Julien Petit", "Nadia Roussel", "Thomas Mercier", "Anne Delattre", "Inès Fontaine",
    ),
    "child": _listed("Léa Hugo Inès Lucas Manon Adam Jade Nathan Lina Tom Chloé Yanis"),
    "day": _listed("lundi mardi mercredi jeudi vendredi samedi"),
    "month": _listed("janvier mars avril mai juin septembre octobre novembre décembre"),
    "n": _listed("2 3 5 8 9 12 15 18 20 24 30 45"),
    "price": _listed("9,90 14 19,90 25 39 49 79 99 149 290 490"),
    "percent": _listed("10 15 20 25 30 40 50 70"),
    "class": _listed("6e 5e 4e 3e seconde première terminale CM2 CE1"),
}  # fmt: skip

_CHOICE = re.compile(r"\[([^\[\]]*)\]|\{(\w+)\}")


def expand(template: str, number: int) -> str:
    """The ``number``-th way to write ``template``."""
    turn = 0

    def chosen(match: re.Match[str]) -> str:
        nonlocal turn
        turn += 1
        options = LISTS[match[2]] if match[2] else match[1].split("|")
        digest = hashlib.blake2b(f"{template[:80]}/{number}/{turn}".encode(), digest_size=4)
        return options[int(digest.hexdigest(), 16) % len(options)]

    return _CHOICE.sub(chosen, template)


def texts(source: str) -> Iterator[str]:
    """The texts of a file, subject first; lines that begin with ``#`` are notes."""
    lines = [line for line in source.splitlines() if not line.startswith("#")]
    for text in re.split(r"(?m)^---$", "\n".join(lines)):
        if text.strip():
            yield text.strip()


def counts() -> Counts:
    """The base model made anew from the package's own texts."""
    return words.of_messages(text_messages())


@cache
def text_messages() -> tuple[tuple[frozenset[str], Kind], ...]:
    """The texts, each as the fingerprints of its words, and its kind."""
    return tuple(_messages(_sources()))


def _sources() -> Iterator[tuple[str, Kind]]:
    folder = resources.files("mail.judgement.data")
    for name, kind in FILES.items():
        for text in texts(folder.joinpath(name).read_text("utf-8")):
            yield text, kind


def _messages(sources: Iterable[tuple[str, Kind]]) -> Iterator[tuple[frozenset[str], Kind]]:
    """One for each text: a word counts once however many variants have it, since they are one
    person's way of writing."""
    for text, kind in sources:
        fingerprints: set[str] = set()
        for number in range(VARIANTS):
            fingerprints |= words.tokens(phrases.split(phrases.fold(expand(text, number))))
        yield frozenset(fingerprints), kind
