"""The SQL conditions of completion, on the words of a row."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection
from django.db.models.expressions import RawSQL

from accounts.models.prepared import condition
from addressbook.models.completion import LONGEST_WORD, is_whole

Spellings = tuple[str, ...]
"""The spellings of one word: as it was typed, or all corrections of it."""


def holds(words: Iterable[Spellings]) -> RawSQL:
    """Return the condition that every word, in one of its spellings, begins a word of the text in
    the column ``words``.

    `LIKE` has the same result, but PostgreSQL expects next to no rows of it: it sorts all rows of
    an index instead of reading the first ones in order.
    """
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
    """Return the condition that the text in the column ``word`` begins with one of these texts of
    two or more letters. It uses the index, which `startswith` does not on SQLite."""
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
    """Return the bounds of all texts that begin with a text: the first of them, and the first after
    them."""
    return text, text[:-1] + chr(ord(text[-1]) + 1)


def bounds() -> tuple[str, str]:
    """Return operators that compare code points, as the indexes of words do, in any language of the
    database."""
    return ("~>=~", "~<~") if connection.vendor == "postgresql" else (">=", "<")


def _joined(operator: str, several: Iterable[RawSQL]) -> RawSQL:
    several = list(several)
    return condition(
        operator.join(f"({single.sql})" for single in several) or "TRUE",
        [value for single in several for value in single.params],
    )
