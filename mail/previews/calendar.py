"""Calendar files (iCalendar, RFC 5545) and their method (iTIP, RFC 5546): invitations, answers,
changes and cancellations.

A parser of our own, on the content lines that vCard uses too. Damaged properties are left out. The
rule of a repeated event is described, but its dates are not computed. A time zone with an unknown
name is taken from the file's own definition.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mail.mime import text as mime_text
from mail.previews.contentlines import ContentLine, lines
from mail.previews.failures import NoPreview, Reason

LARGEST = 1_000_000
MOST_EVENTS = 50
MOST_ATTENDEES = 500


class Method(StrEnum):
    """The purpose of the calendar file (RFC 5546 section 1.4)."""

    PUBLISH = "publish"
    """An event for information; no answer is expected."""
    REQUEST = "request"
    """An invitation, or a changed invitation."""
    REPLY = "reply"
    """An invited person answers."""
    CANCEL = "cancel"
    """The event is cancelled, or the reader is no longer invited."""
    COUNTER = "counter"
    """An invited person proposes another time."""
    DECLINECOUNTER = "declinecounter"
    """The organiser refuses the proposed time."""
    ADD = "add"
    """Further dates of an event."""
    REFRESH = "refresh"
    """An invited person asks for the event again."""


class Participation(StrEnum):
    """The answer of an invited person (PARTSTAT, RFC 5545 section 3.2.12)."""

    NEEDS_ACTION = "needs-action"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    TENTATIVE = "tentative"
    DELEGATED = "delegated"


class Frequency(StrEnum):
    """The unit in which an event is repeated."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"


@dataclass(frozen=True, slots=True)
class Attendee:
    """The organiser of an event or an invited person. ``address`` is a mail address or ``""``."""

    name: str
    address: str
    answer: Participation = Participation.NEEDS_ACTION
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Repeat:
    """The repetition of an event: every ``interval`` of ``frequency``, on ``weekdays`` (0 is
    Monday), ``count`` times (0: not given) or until a day. ``is_simple`` means that the file's rule
    says nothing else."""

    frequency: Frequency
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    count: int = 0
    until: date | None = None
    is_simple: bool = True


@dataclass(frozen=True, slots=True)
class Event:
    """An event or a task. Every string is plain text and must be escaped.

    With ``is_all_day``, ``start`` and ``end`` are days, and ``end`` is the last day. Otherwise they
    are times, with their time zone where it is known. ``zone`` is the name of the time zone, ``""``
    for a local time without a zone. ``occurrence`` is set where the file concerns only this date of
    a repeated event.
    """

    uid: str
    summary: str = ""
    description: str = ""
    location: str = ""
    url: str = ""
    start: datetime | date | None = None
    end: datetime | date | None = None
    is_all_day: bool = False
    zone: str = ""
    organiser: Attendee | None = None
    attendees: tuple[Attendee, ...] = ()
    sequence: int = 0
    repeat: Repeat | None = None
    occurrence: datetime | date | None = None
    is_cancelled: bool = False
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Invitation:
    """The content of a calendar file. ``is_change`` means that the file changes an event that was
    sent before."""

    method: Method
    events: tuple[Event, ...]
    is_truncated: bool = False

    @property
    def is_change(self) -> bool:
        return self.method is Method.REQUEST and any(event.sequence for event in self.events)

    @property
    def is_cancellation(self) -> bool:
        return self.method is Method.CANCEL or all(event.is_cancelled for event in self.events)


def invitation(content: bytes, charset: str = "", *, method: str = "") -> Invitation:
    """Read the content of a calendar file. ``method`` is the parameter of the part's Content-Type,
    used where the file names no method. Raises NoPreview where the file has no event."""
    text = mime_text.decode(content[:LARGEST], "", charset)
    root = _components(text)
    calendars = [child for child in root.children if child.name == "VCALENDAR"] or [root]
    calendar = calendars[0]
    zones = {
        zone.text("TZID"): zone.children for zone in calendar.children if zone.name == "VTIMEZONE"
    }
    components = [child for child in calendar.children if child.name in ("VEVENT", "VTODO")]
    if not components:
        raise NoPreview(Reason.DAMAGED, "no event in it")
    events = tuple(_event(component, zones) for component in components[:MOST_EVENTS])
    is_truncated = len(components) > MOST_EVENTS or len(content) > LARGEST
    return Invitation(_method(calendar.text("METHOD") or method), events, is_truncated)


def _method(value: str) -> Method:
    try:
        return Method(value.strip().lower())
    except ValueError:
        return Method.PUBLISH


# --- components ---

_DEEPEST = 5


@dataclass
class _Component:
    name: str
    properties: dict[str, list[ContentLine]] = field(default_factory=dict)
    children: list[_Component] = field(default_factory=list)

    def first(self, name: str) -> ContentLine | None:
        return self.properties.get(name, [None])[0]

    def text(self, name: str, longest: int = 500) -> str:
        line = self.first(name)
        return line.text[:longest] if line else ""


def _components(text: str) -> _Component:
    """Return the tree of components under a nameless root. An END that matches no BEGIN is
    ignored."""
    open_ = [_Component("")]
    for line in lines(text):
        if line.name == "BEGIN":
            component = _Component(line.value.strip().upper())
            if len(open_) <= _DEEPEST:
                open_[-1].children.append(component)
            open_.append(component)
        elif line.name == "END":
            if len(open_) > 1 and open_[-1].name == line.value.strip().upper():
                open_.pop()
        else:
            open_[-1].properties.setdefault(line.name, []).append(line)
    return open_[0]


_Zones = Mapping[str, list[_Component]]


def _event(component: _Component, zones: _Zones) -> Event:
    start = _moment(component.first("DTSTART"), zones)
    end = _moment(component.first("DTEND") or component.first("DUE"), zones)
    end = _after(start, component.text("DURATION")) if end is None else end
    is_all_day = start is not None and not isinstance(start, datetime)
    organiser = component.first("ORGANIZER")
    attendees = component.properties.get("ATTENDEE", [])
    url = component.text("URL", 2000)
    return Event(
        uid=component.text("UID"),
        summary=_one_line(component.text("SUMMARY")),
        description=component.text("DESCRIPTION", 10_000),
        location=_one_line(component.text("LOCATION")),
        url=url if re.fullmatch(r"https?://\S+", url, re.IGNORECASE) else "",
        start=start,
        end=_last_day(start, end) if is_all_day else end,
        is_all_day=is_all_day,
        zone=_zone_name(component.first("DTSTART"), start),
        organiser=_attendee(organiser) if organiser else None,
        attendees=tuple(_attendee(line) for line in attendees[:MOST_ATTENDEES]),
        sequence=_number(component.text("SEQUENCE")),
        repeat=_repeat(component.first("RRULE")),
        occurrence=_moment(component.first("RECURRENCE-ID"), zones),
        is_cancelled=component.text("STATUS").upper() == "CANCELLED",
        comment=component.text("COMMENT", 2000),
    )


def _one_line(value: str) -> str:
    return re.sub(r"\s+", " ", value).strip()


def _number(value: str) -> int:
    return int(value) if re.fullmatch(r"[0-9]{1,9}", value) else 0


def _attendee(line: ContentLine) -> Attendee:
    address = re.sub(r"^mailto:", "", line.value.strip(), flags=re.IGNORECASE)[:320]
    try:
        answer = Participation(line.parameters.get("PARTSTAT", "").lower())
    except ValueError:
        answer = Participation.NEEDS_ACTION
    return Attendee(
        name=_one_line(line.parameters.get("CN", ""))[:200],
        address=address if re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", address) else "",
        answer=answer,
        is_optional=line.parameters.get("ROLE", "").upper() == "OPT-PARTICIPANT",
    )


# --- times ---

_MOMENT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})(Z?))?")


def _moment(line: ContentLine | None, zones: _Zones) -> datetime | date | None:
    """Return a day, or a time in its time zone. The time has no zone where the zone is unknown."""
    match = _MOMENT.fullmatch(line.value.strip()) if line else None
    if not line or not match:
        return None
    try:
        year, month, day = (int(number) for number in match.group(1, 2, 3))
        if match[4] is None:
            return date(year, month, day)
        hour, minute, second = (int(number) for number in match.group(4, 5, 6))
        # A leap second is written as second 60.
        moment = datetime(year, month, day, hour, minute, min(second, 59))
    except ValueError:
        return None
    if match[7]:
        return moment.replace(tzinfo=timezone.utc)  # noqa: UP017  # the zone's name is shown: "UTC"
    return moment.replace(tzinfo=_zone(line.parameters.get("TZID", ""), moment, zones))


def _last_day(start: date | None, end: datetime | date | None) -> date | None:
    """Return the last day. In a file, the end of an all-day event is the day after it (RFC 5545
    section 3.6.1)."""
    if start is None or end is None or isinstance(end, datetime) or end <= start:
        return start
    return end - timedelta(days=1)


_DURATION = re.compile(
    r"\+?P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?"
)


def _after(start: datetime | date | None, duration: str) -> datetime | date | None:
    match = _DURATION.fullmatch(duration.strip().upper())
    if start is None or not match or not duration:
        return None
    weeks, days, hours, minutes, seconds = (int(number or 0) for number in match.groups())
    try:
        return start + timedelta(
            weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds
        )
    except OverflowError:
        return None


# Windows names, used by Outlook, of the time zones of France, its overseas territories and its
# neighbours.
_OF_WINDOWS = {
    "Romance Standard Time": "Europe/Paris",
    "W. Europe Standard Time": "Europe/Berlin",
    "Central Europe Standard Time": "Europe/Budapest",
    "Central European Standard Time": "Europe/Warsaw",
    "GMT Standard Time": "Europe/London",
    "Greenwich Standard Time": "Atlantic/Reykjavik",
    "GTB Standard Time": "Europe/Bucharest",
    "E. Europe Standard Time": "Europe/Chisinau",
    "FLE Standard Time": "Europe/Kiev",
    "Turkey Standard Time": "Europe/Istanbul",
    "Russian Standard Time": "Europe/Moscow",
    "Morocco Standard Time": "Africa/Casablanca",
    "W. Central Africa Standard Time": "Africa/Lagos",
    "Mauritius Standard Time": "Indian/Mauritius",
    "SA Western Standard Time": "America/Martinique",
    "SA Eastern Standard Time": "America/Cayenne",
    "Central Pacific Standard Time": "Pacific/Noumea",
    "Eastern Standard Time": "America/New_York",
    "Central Standard Time": "America/Chicago",
    "Mountain Standard Time": "America/Denver",
    "Pacific Standard Time": "America/Los_Angeles",
    "UTC": "UTC",
    "Coordinated Universal Time": "UTC",
}


def _zone(name: str, moment: datetime, zones: _Zones) -> tzinfo | None:
    """Return the time zone by its IANA name or its Windows name, else by the file's own
    definition."""
    # Thunderbird and others prefix the name with a path: /mozilla.org/20050126_1/Europe/Paris.
    match = re.search(r"[A-Za-z_]{2,30}(?:/[A-Za-z_+-]{2,30}){1,2}[+-]?[0-9]{0,2}$", name)
    key = _OF_WINDOWS.get(name) or (match[0] if match else name)
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_+/-]{1,80}", key):
        try:
            return ZoneInfo(key)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    return _defined(zones.get(name, []), moment)


def _zone_name(line: ContentLine | None, moment: datetime | date | None) -> str:
    if not isinstance(moment, datetime):
        return ""
    if isinstance(moment.tzinfo, ZoneInfo):
        return moment.tzinfo.key
    if moment.tzinfo is not None:
        return moment.tzname() or ""
    return line.parameters.get("TZID", "")[:100] if line else ""


def _defined(observances: list[_Component], moment: datetime) -> tzinfo | None:
    """Return the offset of a VTIMEZONE at a local time, which is that of the observance that began
    last (RFC 5545 section 3.6.5)."""
    last = datetime.min
    offset: timedelta | None = None
    for observance in observances[:20]:
        began = _onset(observance, moment)
        to = _offset(observance.text("TZOFFSETTO"))
        if to is not None and began is not None and began >= last:
            last, offset = began, to
    return None if offset is None else timezone(offset)


_OFFSET = re.compile(r"([+-])([0-9]{2})([0-9]{2})(?:[0-9]{2})?")


def _offset(value: str) -> timedelta | None:
    match = _OFFSET.fullmatch(value)
    if not match or int(match[2]) > 14:
        return None
    size = timedelta(hours=int(match[2]), minutes=int(match[3]) % 60)
    return -size if match[1] == "-" else size


def _onset(observance: _Component, moment: datetime) -> datetime | None:
    """Return the last time before ``moment`` at which the observance began, or None."""
    first = _moment(observance.first("DTSTART"), {})
    if not isinstance(first, datetime) or first.replace(tzinfo=None) > moment:
        return None
    first = first.replace(tzinfo=None)
    rule = _rule(observance.first("RRULE"))
    day = re.fullmatch(r"([+-]?[1-5])(MO|TU|WE|TH|FR|SA|SU)", rule.get("BYDAY", ""))
    month = _number(rule.get("BYMONTH", ""))
    if rule.get("FREQ") != "YEARLY" or not day or not 1 <= month <= 12:
        return first
    for year in (moment.year, moment.year - 1):
        if year < max(first.year, 1):
            break
        onset = datetime.combine(_nth(year, month, int(day[1]), _DAYS.index(day[2])), first.time())
        if first <= onset <= moment and onset.strftime("%Y%m%d") <= rule.get("UNTIL", "9")[:8]:
            return onset
    return first


def _nth(year: int, month: int, nth: int, weekday: int) -> date:
    """Return the nth such weekday of a month. A negative ``nth`` counts from the end of the
    month."""
    if nth > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (min(nth, 4) - 1))
    last = (
        date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1) if year < 9999 else date.max
    )
    return last - timedelta(days=(last.weekday() - weekday) % 7 + 7 * (min(-nth, 4) - 1))


# --- repetition (RFC 5545 section 3.3.10) ---

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_SIMPLE_RULE = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"})


def _rule(line: ContentLine | None) -> dict[str, str]:
    if not line:
        return {}
    parts = (part.partition("=") for part in line.value.upper().split(";")[:20])
    return {name.strip(): value.strip() for name, _, value in parts}


def _repeat(line: ContentLine | None) -> Repeat | None:
    rule = _rule(line)
    try:
        frequency = Frequency(rule.get("FREQ", "").lower())
    except ValueError:
        return None
    days = rule.get("BYDAY", "").split(",")[:7]
    is_weekly = frequency is Frequency.WEEKLY
    weekdays = (
        tuple(sorted({_DAYS.index(day) for day in days if day in _DAYS})) if is_weekly else ()
    )
    until = _moment(ContentLine("UNTIL", rule.get("UNTIL", "")), {})
    return Repeat(
        frequency,
        interval=max(_number(rule.get("INTERVAL", "1")), 1),
        weekdays=weekdays,
        count=_number(rule.get("COUNT", "")),
        until=until.date() if isinstance(until, datetime) else until,
        is_simple=not rule.keys() - _SIMPLE_RULE - ({"BYDAY"} if is_weekly else set()),
    )
