"""School years: named by the year in which they begin, and found by the clock."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

_BEGINS = 8
"""The month in which lists of the new year come."""


def current(today: date | None = None) -> int:
    """The year in which the school year of today begins: from the first of August on, this one."""
    today = today or timezone.localdate()
    return today.year if today.month >= _BEGINS else today.year - 1


def words(year: int) -> str:
    """``2026-2027``."""
    return f"{year}-{year + 1}"


def with_year(name: str, year: int) -> str:
    """``4e B (2026-2027)``, within what a group's name may hold."""
    ending = f" ({words(year)})"
    return name if name.endswith(ending) else f"{name[: 200 - len(ending)]}{ending}"
