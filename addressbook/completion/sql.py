"""The conditions of completion on the words that a row is found by."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection
from django.db.models.expressions import RawSQL

from accounts.models.prepared import condition
from addressbook.models.completion import LONGEST_WORD, is_whole

Spellings = tuple[str, ...]
"""Of one word: as it was typed, or all it may have been meant for."""


def holds(words: Iterable[Spellings]) -> RawSQL:
    """Every word, each in one of its spellings, begins a word of the text in the column ``words``.

    `LIKE` would say the same. PostgreSQL thinks that it lets next to nothing pass and sorts all
    that an index gives, in place of reading the first of it in its order."""
    place = "STRPOS" if connection.vendor == "postgresql" else "INSTR"
    return _joined(
        " AND ",
        (
            _joined(
                " OR ",
                (condition(f"{place}(words, %s) > 0", (f" {spelling}",)) for spelling in word),
            )
            for word in words
        ),
    )


def begins(texts: Iterable[str]) -> RawSQL:
    """The text in the column ``word`` begins with one of these, of two letters or more: by its
    index, which `startswith` does not use on SQLite."""
    at_least, below = bounds()
    return _joined(
        " OR ",
        (
            condition("word = %s", (text,))
            if is_whole(text)
            else condition(f"word {at_least} %s AND word {below} %s", between(text))
            for text in (text[:LONGEST_WORD] for text in texts)
        ),
    )


def between(text: str) -> tuple[str, str]:
    """The first of all that begins with a text, and the first of what comes after."""
    return text, text[:-1] + chr(ord(text[-1]) + 1)


def bounds() -> tuple[str, str]:
    """Operators that compare code point by code point, as the indexes of words do, whatever the
    language of the database."""
    return ("~>=~", "~<~") if connection.vendor == "postgresql" else (">=", "<")


def _joined(operator: str, several: Iterable[RawSQL]) -> RawSQL:
    several = list(several)
    return condition(
        operator.join(f"({single.sql})" for single in several) or "TRUE",
        [value for single in several for value in single.params],
    )
