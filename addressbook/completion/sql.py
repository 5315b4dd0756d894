"""What completion asks the database, as SQL: conditions, and the rows that answer.

Django makes a query anew at each call, which takes it ten times as long as the database does to
answer; every letter that is typed asks nine of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection

from addressbook.models.completion import LONGEST_WORD, is_whole

Spellings = tuple[str, ...]
"""Of one word: as it was typed, or all it may have been meant for."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A part of a statement, and what comes in its places."""

    sql: str
    values: tuple[Any, ...] = ()


def rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def holds(column: str, words: Iterable[Spellings]) -> Condition:
    """Every word, each in one of its spellings, begins a word of the text in ``column``.

    `LIKE` would say the same. PostgreSQL thinks that it lets next to nothing pass and sorts all
    that an index gives, in place of reading the first of it in its order."""
    place = "STRPOS" if connection.vendor == "postgresql" else "INSTR"
    several = [
        _any(Condition(f"{place}({column}, %s) > 0", (f" {one}",)) for one in spellings)
        for spellings in words
    ]
    return Condition(
        " AND ".join(one.sql for one in several), tuple(v for one in several for v in one.values)
    )


def begins(column: str, texts: Iterable[str]) -> Condition:
    """The word in ``column`` begins with one of these texts, of two letters or more, by its
    index."""
    at_least, below = bounds()
    return _any(
        Condition(f"{column} = %s", (text,))
        if is_whole(text)
        else Condition(f"{column} {at_least} %s AND {column} {below} %s", between(text))
        for text in (text[:LONGEST_WORD] for text in texts)
    )


def between(text: str) -> tuple[str, str]:
    """The first of all that begins with a text, and the first of what comes after."""
    return text, text[:-1] + chr(ord(text[-1]) + 1)


def bounds() -> tuple[str, str]:
    """Operators that compare code point by code point, as the indexes of words do, whatever the
    language of the database."""
    return ("~>=~", "~<~") if connection.vendor == "postgresql" else (">=", "<")


def listed(values: Iterable[Any]) -> Condition:
    """``(…, …)`` behind an IN."""
    values = tuple(values)
    return Condition(f"({', '.join(['%s'] * len(values))})", values)


def _any(several: Iterable[Condition]) -> Condition:
    several = list(several)
    return Condition(
        f"({' OR '.join(one.sql for one in several)})",
        tuple(value for one in several for value in one.values),
    )
