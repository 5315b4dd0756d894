"""Calendar files in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from django.utils import translation
from django.utils.timezone import override

from mail.previews import calendar
from mail.previews.calendar import Frequency, Repeat
from webmail.reader import invitations


@pytest.fixture(autouse=True)
def in_english_in_paris():
    """The sources' words: the catalogue is tried elsewhere."""
    with translation.override("en"), override(timezone(timedelta(hours=1))):
        yield


def moment(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 12, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (moment(8, 8), moment(8, 10), "Tuesday 8 December 2026, from 09:00 to 11:00"),
        (moment(8, 8), None, "Tuesday 8 December 2026, at 09:00"),
        (moment(8, 8), moment(8, 7), "Tuesday 8 December 2026, at 09:00"),
        (
            moment(8, 22),
            moment(9, 1),
            "from Tuesday 8 December 2026, at 23:00 to Wednesday 9 December 2026, at 02:00",
        ),
        (date(2026, 12, 8), date(2026, 12, 8), "Tuesday 8 December 2026, all day"),
        (
            date(2026, 12, 8),
            date(2026, 12, 9),
            "from Tuesday 8 December 2026 to Wednesday 9 December 2026",
        ),
        (datetime(2026, 12, 8, 9), None, "Tuesday 8 December 2026, at 09:00"),
        (None, None, "date unknown"),
        (datetime.max.replace(tzinfo=UTC), None, "Friday 31 December 9999, at 23:59"),
    ],
)
def test_when_is_told_in_the_readers_time(start, end, words: str) -> None:
    assert invitations.when(start, end) == words


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Repeat(Frequency.DAILY), "every day"),
        (
            Repeat(Frequency.WEEKLY, 2, (0, 3), 10),
            "every 2 weeks, Monday, Thursday, 10 times in all",
        ),
        (
            Repeat(Frequency.YEARLY, until=date(2027, 1, 1)),
            "every year, until Friday 1 January 2027",
        ),
        (
            Repeat(Frequency.MONTHLY, is_simple=False),
            "every month, with exceptions that are not shown here",
        ),
    ],
)
def test_repetition_is_told_simply(rule: Repeat, words: str) -> None:
    assert invitations.repeat(rule) == words


def event(*lines: str, method: str = "REQUEST") -> invitations.ShownInvitation:
    body = "\r\n".join(["BEGIN:VCALENDAR", f"METHOD:{method}", "BEGIN:VEVENT", *lines])
    return invitations.told(
        calendar.invitation(f"{body}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n".encode())
    )


@pytest.mark.parametrize(
    ("method", "level"),
    [
        ("REQUEST", "info"),
        ("CANCEL", "bad"),
        ("COUNTER", "warn"),
        ("REPLY", "info"),
        ("PUBLISH", ""),
    ],
)
def test_what_is_asked_is_told_apart(method: str, level: str) -> None:
    assert event("SUMMARY:x", method=method).level == level


def test_another_time_zone_is_said() -> None:
    (far,) = event("DTSTART;TZID=America/New_York:20261208T090000").events
    assert far.when.endswith("at 15:00") and "America/New_York" in far.zone_note
    (near,) = event("DTSTART;TZID=Europe/Paris:20261208T090000").events
    (written,) = event("DTSTART:20261208T090000Z").events
    assert near.zone_note == written.zone_note == ""


def test_a_time_without_a_place_is_said() -> None:
    (floating,) = event("DTSTART:20261208T090000").events
    assert floating.when.endswith("at 09:00") and floating.zone_note


def test_the_people_are_named_once() -> None:
    (shown,) = event(
        "ORGANIZER:mailto:a@x.example",
        "ATTENDEE;CN=Bob;PARTSTAT=DECLINED:mailto:b@x.example",
        "ATTENDEE:mailto:c@x.example",
    ).events
    assert shown.organiser == "a@x.example"
    assert [(guest.name, guest.address, guest.state) for guest in shown.guests] == [
        ("Bob", "b@x.example", "declined"),
        ("c@x.example", "", "needs-action"),
    ]
