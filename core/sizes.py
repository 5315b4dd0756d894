"""Sizes of files and messages in words, the same everywhere: in thousands of bytes, ``2,4 Mo``."""

from __future__ import annotations

from functools import lru_cache

from babel.numbers import format_decimal
from django.utils import translation
from django.utils.translation import get_language, pgettext


def size(octets: int, language: str = "") -> str:
    """Return ``2,4 Mo``: bytes in words, with a no-break space before the unit. ``language`` is
    that of the page; passing it saves asking for it in each row.
    """
    language = language or get_language() or "fr"
    units, unit = _units(language)
    value = float(octets)
    for smaller in units:
        if value < 999.5:  # a value shown as 1 000 would belong to the next unit
            unit = smaller
            break
        value /= 1000
    digits = 1 if unit not in units[:2] and value < 100 else 0
    return f"{_decimal(round(value, digits), language)}\N{NO-BREAK SPACE}{unit}"


@lru_cache(maxsize=16)
def _units(language: str) -> tuple[tuple[str, str, str], str]:
    """Return the small units and the largest."""
    with translation.override(language):
        small = (pgettext("unit", "B"), pgettext("unit", "KB"), pgettext("unit", "MB"))
        return small, pgettext("unit", "GB")


@lru_cache(maxsize=4096)
def _decimal(value: float, language: str) -> str:
    return format_decimal(value, locale=language, format="#,##0.#")
