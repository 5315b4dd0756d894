"""The word lists of the project and of Django: words, first names, common passwords."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.contrib.auth.password_validation import CommonPasswordValidator

_LISTS = Path(__file__).parent / "lists"


def _lines(name: str) -> tuple[str, ...]:
    return tuple((_LISTS / name).read_text(encoding="ascii").split())


@cache
def words() -> tuple[str, ...]:
    """Return French nouns of four to eight letters without accents, for passphrases."""
    return _lines("words.txt")


@cache
def first_names() -> tuple[str, ...]:
    """Return the first names of France, in lower case without accents."""
    return _lines("first_names.txt")


@cache
def french_passwords() -> tuple[str, ...]:
    """Return the passwords that French people choose without thinking: keyboard rows, pet names,
    clubs, towns."""
    return _lines("common.txt")


@cache
def known_passwords() -> frozenset[str]:
    """Return the passwords that are always refused: the 20,000 most frequent ones of leaked lists,
    which Django brings, the French ones, and first names, in lower case."""
    leaked = CommonPasswordValidator().passwords
    return frozenset({*leaked, *french_passwords(), *first_names()})
