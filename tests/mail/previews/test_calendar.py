"""Calendar files: who invites whom, to what, when, where."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.previews.calendar import (
    LARGEST,
    MOST_EVENTS,
    Attendee,
    Event,
    Frequency,
    Method,
    Participation,
    Repeat,
    invitation,
)
from mail.previews.failures import NoPreview
from tests.corpus import KINDS, MESSAGES, shared
from tests.examples import up_to


def event(lines: str, before: str = "") -> Event:
    return invitation(
        f"BEGIN:VCALENDAR\n{before}BEGIN:VEVENT\n{lines}\nEND:VEVENT\nEND:VCALENDAR".encode()
    ).events[0]


def test_an_invitation_says_who_what_when_and_where() -> None:
    content = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:conseil-3a\r\n"
        "SUMMARY:Conseil de classe\\, 3e A\r\nLOCATION:Salle 12\r\n"
        "DESCRIPTION:Ordre du jour :\\n- bulletins\r\n"
        "DTSTART;TZID=Europe/Paris:20261207T170000\r\nDTEND;TZID=Europe/Paris:20261207T183000\r\n"
        'ORGANIZER;CN="Vasseur, Dominique":mailto:d.vasseur@exemple.fr\r\n'
        "ATTENDEE;CN=Zoé Petit;PARTSTAT=ACCEPTED:MAILTO:zoe@exemple.fr\r\n"
        "ATTENDEE;ROLE=OPT-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=Bob:mailto:b\r\n"
        " ob@exemple.fr\r\nBEGIN:VALARM\r\nDESCRIPTION:Rappel\r\nSUMMARY:Rappel\r\nEND:VALARM\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    ).encode()
    read = invitation(content)
    (told,) = read.events
    assert (read.method, read.is_change, read.is_cancellation) == (Method.REQUEST, False, False)
    assert (told.summary, told.location) == ("Conseil de classe, 3e A", "Salle 12")
    assert told.description == "Ordre du jour :\n- bulletins"
    assert told.organiser == Attendee("Vasseur, Dominique", "d.vasseur@exemple.fr")
    assert told.attendees == (
        Attendee("Zoé Petit", "zoe@exemple.fr", Participation.ACCEPTED),
        Attendee("Bob", "bob@exemple.fr", Participation.NEEDS_ACTION, is_optional=True),
    )
    assert told.zone == "Europe/Paris"
    assert told.start == datetime(2026, 12, 7, 16, tzinfo=UTC)
    assert told.end == datetime(2026, 12, 7, 17, 30, tzinfo=UTC)


@pytest.mark.parametrize("method", list(Method))
def test_what_the_sender_wants_is_told_apart(method: Method) -> None:
    content = (
        f"BEGIN:VCALENDAR\nMETHOD:{method.upper()}\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\n".encode()
    )
    assert invitation(content).method is method
    assert invitation(content).is_cancellation == (method is Method.CANCEL)


def test_the_parts_method_counts_where_the_file_names_none() -> None:
    content = b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\nEND:VCALENDAR"
    assert invitation(content, method="cancel").method is Method.CANCEL
    assert invitation(content, method="nonsense").method is Method.PUBLISH


def test_a_change_is_told_from_a_first_invitation() -> None:
    content = b"BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSEQUENCE:%d\nEND:VEVENT"
    assert invitation(content % 2).is_change
    assert not invitation(content % 0).is_change


def test_an_event_marked_cancelled_is_a_cancellation() -> None:
    content = b"BEGIN:VCALENDAR\nMETHOD:PUBLISH\nBEGIN:VEVENT\nSTATUS:CANCELLED\nEND:VEVENT"
    assert invitation(content).is_cancellation


# When


def test_whole_days_end_on_their_last_day() -> None:
    trip = event("DTSTART;VALUE=DATE:20270111\nDTEND;VALUE=DATE:20270116")
    assert (trip.start, trip.end, trip.is_all_day) == (date(2027, 1, 11), date(2027, 1, 15), True)
    day = event("DTSTART;VALUE=DATE:20270111\nDTEND;VALUE=DATE:20270112")
    assert (day.start, day.end) == (date(2027, 1, 11), date(2027, 1, 11))
    assert event("DTSTART;VALUE=DATE:20270111").end == date(2027, 1, 11)


def test_a_duration_makes_an_end() -> None:
    lesson = event("DTSTART:20270111T080000Z\nDURATION:PT1H30M")
    assert lesson.end == datetime(2027, 1, 11, 9, 30, tzinfo=UTC)
    assert lesson.zone == "UTC"


def test_a_time_without_a_zone_is_local_everywhere() -> None:
    lesson = event("DTSTART:20270111T080000")
    assert (lesson.start, lesson.zone) == (datetime(2027, 1, 11, 8), "")


@pytest.mark.parametrize(
    ("name", "utc_hour"),
    [
        ("Europe/Paris", 7),
        ("Romance Standard Time", 7),
        ("/mozilla.org/20050126_1/Europe/Paris", 7),
        ("Indian/Reunion", 4),
        ("America/Argentina/Buenos_Aires", 11),
        ("Etc/GMT+1", 9),
        ('"America/Martinique"', 12),
    ],
)
def test_zones_are_known_by_the_names_that_programs_write(name: str, utc_hour: int) -> None:
    start = event(f"DTSTART;TZID={name}:20270111T080000").start
    assert start == datetime(2027, 1, 11, utc_hour, tzinfo=UTC)


ZONE = """BEGIN:VTIMEZONE
TZID:(UTC+01:00) Bruxelles\\, Paris
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""


@given(st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 30)))
def test_a_zone_that_the_file_defines_is_that_of_paris(moment: datetime) -> None:
    written = moment.strftime("%Y%m%dT%H%M%S")
    ours = event(f'DTSTART;TZID="(UTC+01:00) Bruxelles, Paris":{written}', ZONE).start
    theirs = event(f"DTSTART;TZID=Europe/Paris:{written}").start
    assert isinstance(ours, datetime) and isinstance(theirs, datetime)
    # In the hour that comes twice, and the one that never comes, both readings are right.
    is_change = moment.month in (3, 10) and moment.weekday() == 6 and moment.day > 24
    assert ours.utcoffset() == theirs.utcoffset() or (is_change and 2 <= moment.hour <= 3)


def test_a_zone_that_nobody_knows_is_named_and_not_guessed() -> None:
    told = event("DTSTART;TZID=Middle-earth/Shire:20270111T080000")
    assert (told.start, told.zone) == (datetime(2027, 1, 11, 8), "Middle-earth/Shire")


@pytest.mark.parametrize(
    "value",
    ["", "20270230", "99999999", "00000101T000000Z", "20270111T250000", "demain", "20270111T0800Z"],
)
def test_a_date_that_is_none_is_left_out(value: str) -> None:
    assert event(f"DTSTART:{value}\nSUMMARY:a").start is None


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "Europe", "a" * 5000, "."])
def test_the_name_of_a_zone_opens_no_file(name: str) -> None:
    assert event(f"DTSTART;TZID={name}:20270111T080000").start == datetime(2027, 1, 11, 8)


def test_an_end_beyond_time_is_left_out() -> None:
    assert event("DTSTART:99991231T235959Z\nDURATION:P9999W").end is None


# Repetition


@pytest.mark.parametrize(
    ("rule", "repeat"),
    [
        ("FREQ=WEEKLY;BYDAY=TU,TH;UNTIL=20270630T220000Z", Repeat(
            Frequency.WEEKLY, weekdays=(1, 3), until=date(2027, 6, 30))),
        ("FREQ=DAILY;COUNT=5", Repeat(Frequency.DAILY, count=5)),
        ("FREQ=WEEKLY;INTERVAL=2", Repeat(Frequency.WEEKLY, interval=2)),
        ("FREQ=MONTHLY;BYDAY=1MO", Repeat(Frequency.MONTHLY, is_simple=False)),
        ("FREQ=YEARLY;INTERVAL=0", Repeat(Frequency.YEARLY)),
        ("FREQ=SECONDLY;COUNT=999999999", None),
        ("nonsense", None),
    ],
)  # fmt: skip
def test_how_an_event_comes_back_is_told(rule: str, repeat: Repeat | None) -> None:
    assert event(f"DTSTART:20270111T080000Z\nRRULE:{rule}").repeat == repeat


def test_one_occurrence_of_a_repeated_event_is_told() -> None:
    told = event("RECURRENCE-ID:20270118T080000Z\nDTSTART:20270118T090000Z")
    assert told.occurrence == datetime(2027, 1, 18, 8, tzinfo=UTC)


# Bad input


def test_html_in_an_event_stays_text() -> None:
    assert event("DESCRIPTION:<svg><animate onrepeat=alert(1)>").description.startswith("<svg>")
    assert event("URL:javascript:alert(1)").url == ""


def test_many_events_are_cut_and_said_to_be() -> None:
    content = b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\nUID:1\nEND:VEVENT\n" * 200
    read = invitation(content)
    assert (len(read.events), read.is_truncated) == (MOST_EVENTS, True)


@pytest.mark.parametrize("content", [b"", b"Bonjour", b"BEGIN:VCALENDAR\nEND:VCALENDAR"])
def test_what_holds_no_event_is_refused(content: bytes) -> None:
    with pytest.raises(NoPreview):
        invitation(content)


@pytest.mark.parametrize(
    "lines",
    [
        "BEGIN:VEVENT\n" * 60_000,
        "ATTENDEE;CN=a:mailto:a@e.fr\n" * 30_000,
        "SUMMARY:" + "\\," * 400_000,
        "X;A=" + '"",' * 200_000,
        "SUMMARY:a\n" + " a\n" * 300_000,
        "END:VEVENT\n" * 80_000,
        "RRULE:" + "BYDAY=MO;" * 90_000,
        "DTSTART;TZID=" + "a/" * 400_000 + ":20270111T080000",
    ],
    ids=lambda lines: lines[:12],
)
def test_events_made_to_be_slow_are_not(lines: str) -> None:
    begun = time.process_time()
    event(f"SUMMARY:a\n{lines}")
    assert time.process_time() - begun < 2


NAMES = ["BEGIN", "END", "DTSTART", "DTEND", "DURATION", "RRULE", "TZID", "TZOFFSETTO", "ATTENDEE"]
VALUES = [
    "VEVENT", "VTIMEZONE", "STANDARD", "20270111T080000", "20270111", "99991231T235959Z",
    "00010101", "PT9H", "FREQ=YEARLY;BYDAY=5FR;BYMONTH=12", "+9999", "+0100", "-0000", "x",
]  # fmt: skip


@up_to(300)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(NAMES),
            st.sampled_from(["", ";TZID=x", ";PARTSTAT=é", ';CN="']),
            st.sampled_from(VALUES),
        ),
        max_size=25,
    )
)
def test_any_lines_are_read(lines: list[tuple[str, str, str]]) -> None:
    event("\n".join(f"{name}{parameters}:{value}" for name, parameters, value in lines))


INVITATIONS = [
    (MESSAGES["invitation.eml"][0], "Conseil de classe"),
    *((path.read_bytes(), "Réunion d’équipe") for path in shared("invite-request.eml")),
]


@pytest.mark.parametrize(("raw", "summary"), INVITATIONS, ids=KINDS)
def test_the_invitation_in_a_message_is_read(raw: bytes, summary: str) -> None:
    message = message_from_bytes(raw, policy=default)
    part = next(part for part in message.walk() if part.get_content_type() == "text/calendar")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    (told,) = invitation(content).events
    assert told.summary == summary
    assert isinstance(told.start, datetime) and isinstance(told.end, datetime)
    assert told.end - told.start == timedelta(hours=1)


def _event(body: str) -> bytes:
    return f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{body}\r\nEND:VEVENT\r\nEND:VCALENDAR".encode()


_SIZE = LARGEST - 200
_ZONE = (
    "BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETTO:+0100\r\n"
    "RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=1\r\nEND:STANDARD\r\n"
)
_IN_ZONE = "BEGIN:VEVENT\r\nDTSTART;TZID=x:20260101T100000\r\nEND:VEVENT\r\n"


@pytest.mark.parametrize(
    "content",
    [
        _event("SUMMARY:a" + "\r\n a" * (_SIZE // 4)),
        _event("ATTENDEE;CN=a:mailto:a@b.fr\r\n" * (_SIZE // 29)),
        _event("ATTENDEE;CN=a" + ";a" * (_SIZE // 2) + ":mailto:a@b.fr"),
        _event('ATTENDEE;CN="' * (_SIZE // 13)),
        _event("BEGIN:a\r\n" * (_SIZE // 9)),
        _event("DESCRIPTION:" + "\\n\\," * (_SIZE // 4)),
        _event("DTEND;TZID=" + "a/" * (_SIZE // 2) + ":20260101T100000"),
        _event("BEGIN:VEVENT\r\nEND:VEVENT\r\n" * (_SIZE // 26)),
        (
            f"BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:x\r\n{_ZONE * 2000}"
            f"END:VTIMEZONE\r\n{_IN_ZONE * 1000}END:VCALENDAR"
        ).encode(),
    ],
    ids=["folds", "people", "parameters", "quotes", "begins", "escapes", "zone", "events", "zones"],
)
def test_a_file_made_to_be_slow_is_not(content: bytes) -> None:
    """It is read in the process that serves pages."""
    began = time.process_time()
    invitation(content)
    assert time.process_time() - began < 1
