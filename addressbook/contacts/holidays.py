"""School holidays: read from a file into rows, and found by their year."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from importlib import resources
from typing import Any

from django.db import transaction

from addressbook.models import SchoolHoliday

FILE = "school_holidays.json"
"""The calendar that comes with the product."""


class BadCalendar(ValueError):
    """The file is no calendar."""


def of_year(school_year: int) -> list[SchoolHoliday]:
    """The holidays of all zones, in their order."""
    return list(SchoolHoliday.objects.filter(school_year=school_year))


def own_file() -> str:
    """The text of the calendar that comes with the product."""
    return resources.files("addressbook").joinpath(FILE).read_text(encoding="utf-8")


def load(text: str) -> tuple[int, int]:
    """Write what the file says, in place of the rows of the same zone, year and name; how many were
    made and changed. Rows that it does not name stay. Raises BadCalendar."""
    rows = _rows(text)
    made = changed = 0
    with transaction.atomic():
        for row in rows:
            key = {name: row.pop(name) for name in ("zone", "school_year", "name")}
            there = SchoolHoliday.objects.filter(**key).first()
            if there is None:
                SchoolHoliday.objects.create(**key, **row)
                made += 1
            elif any(getattr(there, name) != value for name, value in row.items()):
                SchoolHoliday.objects.filter(pk=there.pk).update(**row)
                changed += 1
    return made, changed


def _rows(text: str) -> list[dict[str, Any]]:
    try:
        known = json.loads(text)
        source = str(known["source"])[:300]
        return [
            _row(int(year), one, zone, source)
            for year, holidays in known["school_years"].items()
            for one in holidays
            for zone in one["zones"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadCalendar(f"{type(error).__name__}: {error}") from error


def _row(year: int, one: Mapping[str, Any], zone: str, source: str) -> dict[str, Any]:
    begins = date.fromisoformat(one["begins"])
    resumes = date.fromisoformat(one["resumes"]) if one.get("resumes") else None
    if zone not in SchoolHoliday.Zone.values or (resumes and resumes <= begins):
        raise BadCalendar(f"{one['name']}, zone {zone}")
    return {
        "zone": zone,
        "school_year": year,
        "name": str(one["name"])[:60],
        "begins": begins,
        "resumes": resumes,
        "source": source,
    }
