"""School holidays: loaded from a file into rows, and found by school year or zone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from importlib import resources
from typing import Any

from django.core.cache import cache
from django.db import transaction

from addressbook.models import SchoolHoliday

FILE = "school_holidays.json"
"""The calendar that comes with the product."""
_CACHE_SECONDS = 300
_DAY = timedelta(days=1)
_SATURDAY = 6


class BadCalendar(ValueError):
    """The file is no valid calendar."""


def of_year(school_year: int) -> list[SchoolHoliday]:
    """Return the holidays of a school year for all zones."""
    return list(SchoolHoliday.objects.filter(school_year=school_year))


def days_off(zone: str) -> tuple[tuple[date, date], ...]:
    """Return the days without lessons in a zone, as the first and last day of each holiday.
    Cached."""
    if zone not in SchoolHoliday.Zone.values:
        return ()
    key = f"near:school-holidays-{zone}"
    spans = cache.get(key)
    if spans is None:
        rows = SchoolHoliday.objects.filter(zone=zone)
        spans = [
            [(holiday.begins + _DAY).isoformat(), last_day(holiday).isoformat()] for holiday in rows
        ]
        cache.set(key, spans, _CACHE_SECONDS)
    return tuple((date.fromisoformat(first), date.fromisoformat(last)) for first, last in spans)


def coming(zone: str, today: date, number: int) -> list[SchoolHoliday]:
    """Return the holidays of a zone that are not over, at most ``number``."""
    rows = SchoolHoliday.objects.filter(zone=zone, begins__gte=today - timedelta(days=100))
    return [holiday for holiday in rows if last_day(holiday) >= today][:number]


def first_day(holiday: SchoolHoliday) -> date:
    """Return the first day without lessons. Where the holiday begins after the lessons of a
    Saturday, that is the Saturday, since most schools have no lessons on it."""
    is_saturday = holiday.begins.isoweekday() == _SATURDAY
    return holiday.begins if is_saturday else holiday.begins + _DAY


def last_day(holiday: SchoolHoliday) -> date:
    """Return the last day without lessons. A summer whose end is not known ends with August."""
    if holiday.resumes:
        return holiday.resumes - _DAY
    return date(holiday.school_year + 1, 8, 31)


def own_file() -> str:
    """Return the text of the calendar that comes with the product."""
    return resources.files("addressbook").joinpath(FILE).read_text(encoding="utf-8")


def load(text: str) -> tuple[int, int]:
    """Write the holidays of the file over the rows of the same zone, year and name, and return how
    many rows were created and changed. Rows that the file does not name stay. Raises
    BadCalendar."""
    rows = _rows(text)
    made = changed = 0
    with transaction.atomic():
        for row in rows:
            key = {name: row.pop(name) for name in ("zone", "school_year", "name")}
            existing = SchoolHoliday.objects.filter(**key).first()
            if existing is None:
                SchoolHoliday.objects.create(**key, **row)
                made += 1
            elif any(getattr(existing, name) != value for name, value in row.items()):
                SchoolHoliday.objects.filter(pk=existing.pk).update(**row)
                changed += 1
    return made, changed


def _rows(text: str) -> list[dict[str, Any]]:
    try:
        calendar = json.loads(text)
        source = str(calendar["source"])[:300]
        return [
            _row(int(year), holiday, zone, source)
            for year, holidays in calendar["school_years"].items()
            for holiday in holidays
            for zone in holiday["zones"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadCalendar(f"{type(error).__name__}: {error}") from error


def _row(year: int, holiday: Mapping[str, Any], zone: str, source: str) -> dict[str, Any]:
    begins = date.fromisoformat(holiday["begins"])
    resumes = date.fromisoformat(holiday["resumes"]) if holiday.get("resumes") else None
    if zone not in SchoolHoliday.Zone.values or (resumes and resumes <= begins):
        raise BadCalendar(f"{holiday['name']}, zone {zone}")
    return {
        "zone": zone,
        "school_year": year,
        "name": str(holiday["name"])[:60],
        "begins": begins,
        "resumes": resumes,
        "source": source,
    }
