"""Dates in the words of the page's language."""

from __future__ import annotations

import re
from datetime import date, datetime

from babel.dates import format_date, format_datetime
from django.utils.translation import get_language

_FIRST = re.compile(r"(?<!\d)1 (?=[^\W\d])")


def written(moment: date, pattern: str) -> str:
    """A day or a moment by a pattern of Unicode's (CLDR), as ``EEE d MMM``.

    French says the first of a month as an ordinal, which no pattern knows: ``1er décembre``.
    """
    language = get_language() or "fr"
    if isinstance(moment, datetime):
        words = format_datetime(moment, pattern, locale=language)
    else:
        words = format_date(moment, pattern, locale=language)
    return _FIRST.sub("1er ", words, count=1) if language == "fr" else words
