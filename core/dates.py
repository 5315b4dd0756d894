"""Dates in the language of the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import lru_cache

from babel.dates import format_date, format_datetime
from django.utils import timezone
from django.utils.translation import get_language, gettext

_FIRST = re.compile(r"(?<!\d)1 (?=[^\W\d])")


@dataclass(frozen=True, slots=True)
class Now:
    """The time zone, day and language of a page, determined once for all its rows."""

    zone: tzinfo
    today: date
    language: str

    @classmethod
    def of_page(cls) -> Now:
        return cls(timezone.get_current_timezone(), timezone.localdate(), get_language() or "fr")


def written(moment: date, pattern: str) -> str:
    """Return a day or a moment in a Unicode (CLDR) pattern such as ``EEE d MMM``.

    French writes the first of a month as an ordinal, for which no pattern exists: ``1er décembre``.
    """
    language = get_language() or "fr"
    if isinstance(moment, datetime):
        return _with_ordinal(format_datetime(moment, pattern, locale=language), language)
    return _day(moment, pattern, language)


def when(moment: datetime | None, *, full: bool = False, now: Now | None = None) -> str:
    """Return 14:32 for today; ``mar. 17:20`` within six days; ``ven. 20 nov.`` this year; else
    12/05/2024.
    """
    if moment is None:
        return ""
    now = now or Now.of_page()
    local = moment.astimezone(now.zone)
    if full:
        return local.strftime("%d/%m/%Y %H:%M")
    day = local.date()
    if day == now.today:
        return local.strftime("%H:%M")
    if 0 < (now.today - day).days < 7:
        return f"{_day(day, 'EEE', now.language)} {local:%H:%M}"
    if day.year == now.today.year:
        return _day(day, "EEE d MMM", now.language)
    return local.strftime("%d/%m/%Y")


@lru_cache(maxsize=4096)
def _day(day: date, pattern: str, language: str) -> str:
    """Return a day in words, cached: Babel takes fifty microseconds, and a list repeats
    its days.
    """
    return _with_ordinal(format_date(day, pattern, locale=language), language)


def _with_ordinal(words: str, language: str) -> str:
    return _FIRST.sub("1er ", words, count=1) if language == "fr" else words


def when_long(moment: datetime | None) -> str:
    """Return ``mer. 25 nov. 2026, 09:58``."""
    if moment is None:
        return gettext("date unknown")
    local = timezone.localtime(moment)
    return written(local, "EEE d MMM y, HH:mm")


def local(moment: datetime | None) -> datetime:
    """Return the moment in the user's time zone; the present for None."""
    return timezone.localtime(moment)


def day_in_full(moment: datetime) -> str:
    """Return ``mercredi 25 novembre 2026``."""
    local = timezone.localtime(moment)
    return written(local, "EEEE d MMMM y")


def day_label(day: date | None, today: date | None = None) -> str:
    """Return the heading above messages of a day: today, yesterday, a day of this week, last week,
    or a month.
    """
    if day is None:
        return gettext("Date unknown")
    locale, today = get_language() or "fr", today or timezone.localdate()
    age = (today - day).days
    if age <= 0:
        return gettext("Today")
    if age == 1:
        return gettext("Yesterday")
    if age <= today.weekday():
        return _capital(written(day, "EEEE d MMMM"))
    if age <= today.weekday() + 7:
        return gettext("Last week")
    return _capital(_day(day, "LLLL y", locale))


def month_name(month: int) -> str:
    """Return the name of a month as it stands alone: ``janvier`` for 1."""
    return _day(date(2000, month, 1), "LLLL", get_language() or "fr")


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
