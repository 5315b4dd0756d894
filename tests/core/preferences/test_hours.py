"""Working hours: as they are written, when they begin next, and when notifications rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.preferences import hours

PARIS = ZoneInfo("Europe/Paris")
WEEK = hours.hours_of(range(1, 6), time(7, 30), time(18, 30))
CHRISTMAS = (date(2026, 12, 20), date(2027, 1, 3))


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("12345:0730-1830", "12345:0730-1830"),
        ("0730-1830", "12345:0730-1830"),
        ("42:0900-1200", "24:0900-1200"),
        ("7:0000-2359", "7:0000-2359"),
        ("off", None),
        ("", None),
        ("12345:1830-0730", None),
        ("8:0800-0900", None),
        ("1:2460-2500", None),
        (None, None),
    ],
)
def test_hours_are_read_as_they_are_written(written: object, canonical: str | None) -> None:
    found = hours.read_hours(written)
    assert (found and found.value) == canonical


@given(st.sets(st.integers(1, 7), min_size=1), st.times(), st.times())
def test_what_is_written_is_read_back(days: set[int], begin: time, end: time) -> None:
    made = hours.hours_of(days, begin, end)
    if made.begin < made.end:
        assert hours.read_hours(made.value) == made


@given(st.text(max_size=16))
def test_other_texts_are_no_hours(text: str) -> None:
    found = hours.read_hours(text)
    assert found is None or found.begin < found.end


@pytest.mark.parametrize(
    ("now", "begins"),
    [
        # The day before the holidays, their first day, and the last one.
        (datetime(2026, 12, 18, 12, 0, tzinfo=PARIS), None),
        (datetime(2026, 12, 18, 19, 0, tzinfo=PARIS), datetime(2027, 1, 4, 7, 30, tzinfo=PARIS)),
        (datetime(2026, 12, 22, 12, 0, tzinfo=PARIS), datetime(2027, 1, 4, 7, 30, tzinfo=PARIS)),
        # A public holiday, and the bridge behind it, which is none.
        (datetime(2027, 5, 6, 12, 0, tzinfo=PARIS), datetime(2027, 5, 7, 7, 30, tzinfo=PARIS)),
        (datetime(2026, 11, 10, 20, 0, tzinfo=PARIS), datetime(2026, 11, 12, 7, 30, tzinfo=PARIS)),
        # The clocks change in the night.
        (datetime(2027, 3, 27, 12, 0, tzinfo=PARIS), datetime(2027, 3, 30, 7, 30, tzinfo=PARIS)),
    ],
)
def test_days_off_are_no_working_days(now: datetime, begins: datetime | None) -> None:
    there = replace(WEEK, closed=(CHRISTMAS,), has_public_holidays=True)
    found = there.opening(now, PARIS)
    assert (found and found.astimezone(PARIS)) == begins


def test_the_rest_of_a_week_is_told_span_by_span() -> None:
    friday = datetime(2026, 11, 27, 12, 0, tzinfo=PARIS)
    spans = [
        (f"{begins.astimezone(PARIS):%a %H:%M}", f"{ends.astimezone(PARIS):%a %H:%M}")
        for begins, ends in WEEK.rests(friday, PARIS, 5)
    ]
    assert spans == [
        ("Fri 18:30", "Mon 07:30"),
        ("Mon 18:30", "Tue 07:30"),
        ("Tue 18:30", "Wed 07:30"),
    ]
    sunday = datetime(2026, 11, 29, 12, 0, tzinfo=PARIS)
    assert next(WEEK.rests(sunday, PARIS, 1))[0] == sunday


def test_hours_without_an_end_of_holidays_rest_without_an_end_and_stop() -> None:
    never = replace(WEEK, closed=((date.min, date.max),))
    now = datetime(2026, 11, 27, 12, 0, tzinfo=PARIS)
    assert never.opening(now, PARIS) is None
    assert list(never.rests(now, PARIS, 7)) == []


def test_hours_are_widened_to_those_of_the_administrators() -> None:
    short = hours.hours_of([1, 2], time(9), time(12))
    least = hours.hours_of([2, 3], time(8), time(11))
    assert not short.covers(least)
    assert short.widened(least).value == "123:0800-1200"
    assert short.widened(least).covers(least)


@pytest.mark.parametrize("day", ["2026-04-06", "2026-05-14", "2026-05-25", "2027-03-29"])
def test_easter_moves_public_holidays(day: str) -> None:
    assert hours.is_public_holiday(date.fromisoformat(day))
    assert not hours.is_public_holiday(date(2026, 4, 7))
