"""Dates as tables write them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from addressbook.folding import fold
from addressbook.vcard import day_of, iso_date

_BETWEEN = r"\s*+(?:[-/.]\s*+|(?<=\s))"
_NUMBERS = re.compile(rf"(\d{{1,2}}){_BETWEEN}(\d{{1,2}}){_BETWEEN}(\d{{4}}|\d{{2}})(?:[T\s].*)?")
_DAY_MONTH = re.compile(r"(\d{1,2})\s*[/.]\s*(\d{1,2})[/.]?")
_WORDS = re.compile(
    r"(?:\w+,?\s+)?(\d{1,2})(?:er|st|nd|rd|th)?\.?\s+([^\W\d]+)\.?,?(?:\s+(\d{4}))?"
)
_MONTH_FIRST = re.compile(r"(?:\w+,\s+)?([^\W\d]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?(?:\s+(\d{4}))?")
_MONTHS = (
    ("jan",), ("fev", "feb"), ("mar",), ("avr", "apr"), ("mai", "may"), ("juin", "jun"),
    ("juil", "jul"), ("aou", "aug"), ("sep",), ("oct",), ("nov",), ("dec",),
)  # fmt: skip
# Spreadsheets and Outlook write these for "no date".
_NONE = re.compile(r"[0\s/.:-]*|0?1?/0?1?/4501|non specifie|none", re.IGNORECASE)


def is_none(text: str) -> bool:
    """Return whether a cell says that there is no date."""
    return bool(_NONE.fullmatch(fold(text)))


def day_first(cells: Iterable[str], *, assumed: bool) -> bool:
    """Return whether a file writes the day before the month. A number above 12 decides, else
    ``assumed``."""
    first_over = second_over = 0
    for cell in cells:
        if match := _NUMBERS.fullmatch(cell.strip()):
            first_over += int(match[1]) > 12
            second_over += int(match[2]) > 12
    if first_over == second_over:
        return assumed
    return first_over > second_over


def read_date(text: str, *, day_comes_first: bool = True) -> str:
    """Return ``YYYY-MM-DD`` or ``--MM-DD``, or "" for a text that is no date."""
    text = text.strip()
    if iso := iso_date(text):
        return iso
    if match := _NUMBERS.fullmatch(text):
        return _in_order(int(match[1]), int(match[2]), _year(match[3]), day_comes_first)
    if match := _DAY_MONTH.fullmatch(text):
        return _in_order(int(match[1]), int(match[2]), 0, day_comes_first)
    if match := _WORDS.fullmatch(text):
        return day_of(int(match[3] or 0), _month(match[2]), int(match[1]))
    if match := _MONTH_FIRST.fullmatch(text):
        return day_of(int(match[3] or 0), _month(match[1]), int(match[2]))
    return ""


def _in_order(first: int, second: int, year: int, day_comes_first: bool) -> str:
    day, month = (first, second) if day_comes_first else (second, first)
    return day_of(year, month, day) or day_of(year, day, month)


def _year(text: str) -> int:
    """Return the year of two digits, up to 25 as 2000 to 2025: dates of birth are not later."""
    number = int(text)
    if len(text) == 4:
        return number
    return 2000 + number if number <= 25 else 1900 + number


def _month(word: str) -> int:
    folded = fold(word)
    starts = enumerate(_MONTHS, start=1)
    return next((number for number, names in starts if folded.startswith(names)), 0)


def from_parts(year: str, month: str, day: str) -> str:
    """Return a date from three cells, of which the year may be missing."""
    if not all(part.isascii() and part.isdigit() for part in (month, day)):
        return ""
    has_year = year.isascii() and year.isdigit() and len(year) <= 4
    return day_of(int(year) if has_year else 0, int(month), int(day))
