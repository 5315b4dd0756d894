"""Dates in the words of the page's language."""

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
    """The time zone, day and language of a page, which are asked for once for all its rows."""

    zone: tzinfo
    today: date
    language: str

    @classmethod
    def of_page(cls) -> Now:
        return cls(timezone.get_current_timezone(), timezone.localdate(), get_language() or "fr")


def written(moment: date, pattern: str) -> str:
    """A day or a moment by a pattern of Unicode's (CLDR), as ``EEE d MMM``.

    French says the first of a month as an ordinal, which no pattern knows: ``1er décembre``.
    """
    language = get_language() or "fr"
    if isinstance(moment, datetime):
        return _with_ordinal(format_datetime(moment, pattern, locale=language), language)
    return _day(moment, pattern, language)


def when(moment: datetime | None, *, full: bool = False, now: Now | None = None) -> str:
    """14:32 today; ``mar. 17:20`` within six days; ``ven. 20 nov.`` this year; else 12/05/2024."""
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
    """Babel takes fifty microseconds, and a list has as many days."""
    return _with_ordinal(format_date(day, pattern, locale=language), language)


def _with_ordinal(words: str, language: str) -> str:
    return _FIRST.sub("1er ", words, count=1) if language == "fr" else words


def when_long(moment: datetime | None) -> str:
    """``mer. 25 nov. 2026, 09:58``."""
    if moment is None:
        return gettext("date unknown")
    local = timezone.localtime(moment)
    return written(local, "EEE d MMM y, HH:mm")


def local(moment: datetime | None) -> datetime:
    """The moment in the user's time zone; the present where there is none."""
    return timezone.localtime(moment)


def day_in_full(moment: datetime) -> str:
    """``mercredi 25 novembre 2026``."""
    local = timezone.localtime(moment)
    return written(local, "EEEE d MMMM y")


def day_label(day: date | None, today: date | None = None) -> str:
    """The heading above messages: today, yesterday, this week's days, last week, then months."""
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
    """``janvier`` of 1, as it stands alone."""
    return _day(date(2000, month, 1), "LLLL", get_language() or "fr")


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
