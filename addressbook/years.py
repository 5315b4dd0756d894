"""School years, identified by the calendar year in which they begin."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

_BEGINS = 8
"""The month from which lists belong to the new school year."""


def current(today: date | None = None) -> int:
    """Return the current school year: from the first of August on, it is the calendar year."""
    today = today or timezone.localdate()
    return today.year if today.month >= _BEGINS else today.year - 1


def words(year: int) -> str:
    """Return words such as ``2026-2027``."""
    return f"{year}-{year + 1}"


def with_year(name: str, year: int) -> str:
    """Return the name with its year, such as ``4e B (2026-2027)``, within the length of a group's
    name."""
    ending = f" ({words(year)})"
    return name if name.endswith(ending) else f"{name[: 200 - len(ending)]}{ending}"
