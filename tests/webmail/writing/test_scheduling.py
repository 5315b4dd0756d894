"""When a message leaves that is not to leave now."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.template.loader import render_to_string
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from core.preferences import hours
from webmail.writing import scheduling
from webmail.writing.scheduling import NotThen

HOURS = hours.hours_of(range(1, 6), time(7, 30), time(18, 30))
PARIS = ZoneInfo("Europe/Paris")
WEDNESDAY = datetime(2026, 11, 25, 23, 30, tzinfo=PARIS)


def local(choice: str, now: datetime = WEDNESDAY, zone: ZoneInfo = PARIS, at: str = "") -> str:
    return scheduling.due(choice, at, now, zone).astimezone(zone).strftime("%a %d/%m/%Y %H:%M")


def test_no_choice_is_now() -> None:
    assert scheduling.due("", "", WEDNESDAY, PARIS) == WEDNESDAY


def test_tomorrow_is_the_next_day_at_eight() -> None:
    assert local("tomorrow8") == "Thu 26/11/2026 08:00"


def test_tomorrow_is_that_of_the_persons_zone() -> None:
    """Half past eleven at night in Paris is the next morning in Nouméa."""
    assert local("tomorrow8", zone=ZoneInfo("Pacific/Noumea")) == "Fri 27/11/2026 08:00"


def test_monday_is_the_next_one() -> None:
    assert local("monday8") == "Mon 30/11/2026 08:00"


@pytest.mark.parametrize("hour", [0, 7, 8, 23])
def test_on_a_monday_it_is_that_of_the_next_week(hour: int) -> None:
    monday = datetime(2026, 11, 30, hour, 5, tzinfo=PARIS)
    assert local("monday8", monday) == "Mon 07/12/2026 08:00"


def test_eight_stays_eight_when_the_clocks_change() -> None:
    saturday = datetime(2026, 3, 28, 12, tzinfo=PARIS)
    assert local("tomorrow8", saturday) == "Sun 29/03/2026 08:00"
    assert scheduling.due("tomorrow8", "", saturday, PARIS) == datetime(2026, 3, 29, 6, tzinfo=UTC)


def test_any_time_is_taken_in_the_persons_zone() -> None:
    found = scheduling.due("at", "2026-12-01T17:45", WEDNESDAY, PARIS)
    assert found == datetime(2026, 12, 1, 16, 45, tzinfo=UTC)


def test_a_time_that_the_clocks_leave_out_is_the_one_they_show_instead() -> None:
    assert local("at", at="2027-03-28T02:30") == "Sun 28/03/2027 03:30"


def test_of_a_time_that_comes_twice_the_first_is_meant() -> None:
    found = scheduling.due("at", "2026-10-25T02:30", datetime(2026, 10, 1, tzinfo=UTC), PARIS)
    assert found == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "at",
    ["2026-11-25T23:30", "2026-11-25T08:00", "2027-12-01T08:00", "", "demain", "2026-13-01T08:00",
     "9999-12-31T23:59", "0001-01-01T00:00", "2026-12-01", "2026-12-01T25:00", "\x00"],
)  # fmt: skip
def test_what_is_past_too_far_or_no_time_is_refused_in_words(at: str) -> None:
    with pytest.raises(NotThen) as refused:
        scheduling.due("at", at, WEDNESDAY, PARIS)
    assert refused.value.words


def test_another_choice_is_refused() -> None:
    with pytest.raises(NotThen):
        scheduling.due("never", "", WEDNESDAY, PARIS)


@given(
    now=st.datetimes(datetime(2024, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    choice=st.sampled_from(["tomorrow8", "monday8"]),
    zone=st.sampled_from(["Europe/Paris", "Pacific/Noumea", "America/Miquelon", "UTC"]),
)
def test_a_preset_is_always_a_morning_to_come(now: datetime, choice: str, zone: str) -> None:
    found = scheduling.due(choice, "", now, ZoneInfo(zone))
    assert now < found <= now + timedelta(days=9)
    assert found.astimezone(ZoneInfo(zone)).strftime("%H:%M") == "08:00"


@given(
    now=st.datetimes(datetime(2024, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    minutes=st.integers(2, 360 * 24 * 60),
)
def test_a_time_comes_out_as_it_was_asked_for(now: datetime, minutes: int) -> None:
    """Also where the clocks change; of the hour that comes twice, either."""
    asked = (now + timedelta(minutes=minutes)).astimezone(PARIS).replace(second=0, microsecond=0)
    typed = scheduling.as_typed(asked, PARIS)
    try:
        found = scheduling.due("at", typed, now, PARIS)
    except NotThen:
        assert asked.fold
    else:
        assert scheduling.as_typed(found, PARIS) == typed


def test_on_a_sunday_tomorrow_and_monday_are_offered_once() -> None:
    sunday = datetime(2026, 11, 29, 10, tzinfo=PARIS)
    assert [one.choice for one in scheduling.presets(sunday, PARIS)] == ["tomorrow8"]
    both = scheduling.presets(WEDNESDAY, PARIS)
    assert [one.choice for one in both] == ["tomorrow8", "monday8"]


@pytest.mark.parametrize(
    ("day", "offered"), [(25, ["tomorrow8", "monday8", "at"]), (29, ["tomorrow8", "at"])]
)
def test_the_composers_menu_offers_each_time_once(day: int, offered: list[str]) -> None:
    presets = scheduling.presets(datetime(2026, 11, day, 10, tzinfo=PARIS), PARIS)
    menu = render_to_string("webmail/compose/_later.html", {"presets": presets})
    assert re.findall(r'name="due" value="(\w+)"', menu) == offered


def test_a_time_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    year = timezone.localdate().year
    with translation.override("fr"), timezone.override(PARIS):
        this = scheduling.in_words(datetime(year, 6, 1, 6, tzinfo=UTC))
        assert "1er juin" in this
        assert "08:00" in this
        assert str(year + 1) in scheduling.in_words(datetime(year + 1, 6, 1, 6, tzinfo=UTC))


@pytest.mark.parametrize(
    ("now", "begins"),
    [
        (datetime(2026, 11, 25, 7, 29, tzinfo=PARIS), "Wed 25/11/2026 07:30"),
        (datetime(2026, 11, 25, 7, 30, tzinfo=PARIS), None),
        (datetime(2026, 11, 25, 18, 29, tzinfo=PARIS), None),
        (datetime(2026, 11, 25, 18, 30, tzinfo=PARIS), "Thu 26/11/2026 07:30"),
        (datetime(2026, 11, 27, 19, 0, tzinfo=PARIS), "Mon 30/11/2026 07:30"),
        (datetime(2026, 11, 28, 5, 0, tzinfo=PARIS), "Mon 30/11/2026 07:30"),
        (datetime(2026, 11, 29, 12, 0, tzinfo=PARIS), "Mon 30/11/2026 07:30"),
    ],
)
def test_outside_working_hours_the_next_opening_is_offered_first(
    now: datetime, begins: str | None
) -> None:
    found = HOURS.opening(now, PARIS)
    assert (found and f"{found.astimezone(PARIS):%a %d/%m/%Y %H:%M}") == begins
    offered = [one.choice for one in scheduling.presets(now, PARIS, HOURS)]
    assert (offered[0] == "opening") == (begins is not None)
    assert "opening" not in [one.choice for one in scheduling.presets(now, PARIS)]


def test_the_opening_is_named_as_people_say_it() -> None:
    sunday = datetime(2026, 11, 29, 12, tzinfo=PARIS)
    with translation.override("fr"):
        labels = [one.label for one in scheduling.presets(sunday, PARIS, HOURS)]
        assert labels == ["Lundi à 7\xa0h\xa030", "Demain à 8\xa0h"]
        # At eight it is Monday at eight: said once.
        eight = hours.read_hours("0800-1800")
        labels = [one.label for one in scheduling.presets(sunday, PARIS, eight)]
        assert labels == ["Lundi à 8\xa0h"]
        christmas = replace(HOURS, closed=((date(2026, 11, 29), date(2027, 1, 3)),))
        labels = [one.label for one in scheduling.presets(sunday, PARIS, christmas)]
        assert labels[0] == "Lundi 4 janvier à 7\xa0h\xa030"
    assert local("opening", sunday) == local("", sunday)
