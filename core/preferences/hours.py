"""Working hours: days of the week with a first and a last time, and the days off of a school zone.
Values only: no Django, no clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_WRITTEN = re.compile(r"(?:([1-7]{1,7}):)?([01]\d|2[0-3])([0-5]\d)-([01]\d|2[0-3])([0-5]\d)")
_WEEK = frozenset(range(1, 6))
_FARTHEST = 200
"""The number of days in which the next opening is searched for: more than a summer with its
week-ends.
"""
_DAY = timedelta(days=1)
_FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
_AFTER_EASTER = (1, 39, 50)


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours that are the same on some days of the week; Monday is 1. ``closed`` are holidays, by
    their first and last day; ``has_public_holidays`` says that the public holidays of France are
    days off too.
    """

    days: frozenset[int]
    begin: time
    end: time
    closed: tuple[tuple[date, date], ...] = ()
    has_public_holidays: bool = False

    @property
    def value(self) -> str:
        """Return the hours as a preference stores them: ``12345:0730-1830``."""
        days = "".join(map(str, sorted(self.days)))
        return f"{days}:{self.begin:%H%M}-{self.end:%H%M}"

    def covers(self, other: Hours) -> bool:
        return other.days <= self.days and self.begin <= other.begin and other.end <= self.end

    def widened(self, least: Hours) -> Hours:
        """Return the hours extended to cover ``least``."""
        return replace(
            self,
            days=self.days | least.days,
            begin=min(self.begin, least.begin),
            end=max(self.end, least.end),
        )

    def is_working_day(self, day: date) -> bool:
        if day.isoweekday() not in self.days:
            return False
        if any(first <= day <= last for first, last in self.closed):
            return False
        return not (self.has_public_holidays and is_public_holiday(day))

    def has(self, local: datetime) -> bool:
        """Return whether a moment, in the user's time zone, is inside the hours."""
        return self.begin <= local.time() < self.end and self.is_working_day(local.date())

    def opening(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the moment at which the hours next begin, in UTC; None inside them, and if there
        is no such day.
        """
        local = now.astimezone(zone)
        if self.has(local):
            return None
        day = local.date() if local.time() < self.begin else local.date() + _DAY
        for _ in range(_FARTHEST):
            if self.is_working_day(day):
                return datetime.combine(day, self.begin, zone).astimezone(UTC)
            day += _DAY
        return None

    def rests(
        self, now: datetime, zone: ZoneInfo, days: int
    ) -> Iterator[tuple[datetime, datetime]]:
        """Yield the times outside the hours that begin within ``days``, the present one first, in
        UTC.
        """
        begins, until = now, now + timedelta(days=days)
        while begins < until:
            ends = self.opening(begins, zone)
            if ends is None:
                local = begins.astimezone(zone)
                if not self.has(local):
                    return
                begins = datetime.combine(local.date(), self.end, zone).astimezone(UTC)
                continue
            yield begins, ends
            begins = ends


def read_hours(value: object) -> Hours | None:
    """Read the hours that a preference stores; None if there are none. Hours without days, from
    earlier versions, are from Monday to Friday.
    """
    match = _WRITTEN.fullmatch(value) if isinstance(value, str) else None
    if not match:
        return None
    days = frozenset(map(int, match[1])) if match[1] else _WEEK
    begin, end = time(int(match[2]), int(match[3])), time(int(match[4]), int(match[5]))
    return Hours(days, begin, end) if begin < end else None


def hours_of(days: Iterable[int], begin: time, end: time) -> Hours:
    return Hours(frozenset(days), _minute(begin), _minute(end))


def _minute(moment: time) -> time:
    return time(moment.hour, moment.minute)


def is_public_holiday(day: date) -> bool:
    """Return whether it is a public holiday in all of France (article L3133-1 of the
    labour code).
    """
    if (day.month, day.day) in _FIXED:
        return True
    return (day - _easter(day.year)).days in _AFTER_EASTER


def _easter(year: int) -> date:
    """Return Easter Sunday, by the algorithm of Meeus, Jones and Butcher."""
    century, rest = divmod(year, 100)
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (8 * century + 13) // 25 + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * week) // 451
    month, day = divmod(epact + week - 7 * late + 114, 31)
    return date(year, month, day + 1)
