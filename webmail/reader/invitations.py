"""Describe calendar files in words: events, invitations, changes and cancellations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from babel.dates import format_time, get_day_names
from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext, pgettext

from core.dates import written
from mail.previews.calendar import (
    Attendee,
    Event,
    Frequency,
    Invitation,
    Method,
    Participation,
    Repeat,
)


@dataclass(frozen=True)
class Guest:
    """A person of an event, as the card shows them. ``state`` is the untranslated name of the
    answer."""

    name: str
    address: str
    answer: str
    state: str
    is_optional: bool


@dataclass(frozen=True)
class ShownEvent:
    """An event, as the card shows it. Every string is plain text."""

    summary: str
    when: str
    zone_note: str
    repeat: str
    location: str
    organiser: str
    guests: tuple[Guest, ...]
    description: str
    comment: str
    url: str
    is_cancelled: bool


@dataclass(frozen=True)
class ShownInvitation:
    """A calendar file, as the viewer shows it. ``level`` is that of the banner, ``""`` for no
    banner."""

    title: str
    level: str
    events: tuple[ShownEvent, ...]
    is_truncated: bool


def told(invitation: Invitation) -> ShownInvitation:
    title, level = _title(invitation)
    return ShownInvitation(
        title,
        level,
        tuple(_event(event, invitation) for event in invitation.events),
        invitation.is_truncated,
    )


def _title(invitation: Invitation) -> tuple[str, str]:
    if invitation.is_cancellation:
        return gettext("This event is cancelled."), "bad"
    if invitation.is_change:
        return gettext("This invitation was changed: these are the new details."), "warn"
    match invitation.method:
        case Method.REQUEST | Method.ADD:
            return gettext("Invitation to an event"), "info"
        case Method.REPLY:
            return gettext("Answer to an invitation"), "info"
        case Method.COUNTER:
            return gettext("Another time is proposed for this event."), "warn"
        case Method.DECLINECOUNTER:
            return gettext("The organiser does not accept the proposed time."), "warn"
        case Method.REFRESH:
            return gettext("Somebody asks for the details of this event."), "info"
    return pgettext("a calendar file", "Event"), ""


def _event(event: Event, invitation: Invitation) -> ShownEvent:
    organiser = event.organiser
    return ShownEvent(
        summary=event.summary or gettext("(event without a title)"),
        when=when(event.start, event.end),
        zone_note=_zone_note(event),
        repeat=repeat(event.repeat) if event.repeat and not event.occurrence else "",
        location=event.location,
        organiser=_person(organiser) if organiser else "",
        guests=tuple(
            Guest(
                attendee.name or attendee.address,
                attendee.address if attendee.name else "",
                _answer(attendee.answer),
                attendee.answer.value,
                attendee.is_optional,
            )
            for attendee in event.attendees
        ),
        description=event.description,
        comment=event.comment,
        url=event.url,
        is_cancelled=event.is_cancelled or invitation.is_cancellation,
    )


def _person(person: Attendee) -> str:
    if person.name and person.address and person.name != person.address:
        return f"{person.name} ({person.address})"
    return person.name or person.address


def _answer(answer: Participation) -> str:
    return {
        Participation.ACCEPTED: pgettext("answer to an invitation", "accepts"),
        Participation.DECLINED: pgettext("answer to an invitation", "declines"),
        Participation.TENTATIVE: pgettext("answer to an invitation", "perhaps"),
        Participation.DELEGATED: pgettext("answer to an invitation", "sends somebody else"),
    }.get(answer, pgettext("answer to an invitation", "no answer yet"))


def when(start: datetime | date | None, end: datetime | date | None) -> str:
    """``mardi 8 décembre 2026, de 09:30 à 11:00``. Times with a time zone are converted to the
    user's."""
    first, last = _local(start), _local(end)
    if first is None:
        return gettext("date unknown")
    if not isinstance(first, datetime):
        until = last if isinstance(last, date) and last != first else None
        return _days(first, until)
    if not isinstance(last, datetime) or last <= first:
        return _moment(first)
    if last.date() == first.date():
        return gettext("%(day)s, from %(start)s to %(end)s") % {
            "day": _day(first),
            "start": _time(first),
            "end": _time(last),
        }
    return gettext("from %(start)s to %(end)s") % {
        "start": _moment(first),
        "end": _moment(last),
    }


def _moment(moment: datetime) -> str:
    return gettext("%(day)s, at %(time)s") % {"day": _day(moment), "time": _time(moment)}


def _days(first: date, last: date | None) -> str:
    if last is None:
        return gettext("%(day)s, all day") % {"day": _day(first)}
    return gettext("from %(start)s to %(end)s") % {"start": _day(first), "end": _day(last)}


def _local(moment: datetime | date | None) -> datetime | date | None:
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        try:
            return timezone.localtime(moment)
        except (OverflowError, ValueError):
            return moment
    return moment


def _language() -> str:
    return get_language() or "fr"


def _day(day: date) -> str:
    return written(day, "EEEE d MMMM y")


def _time(moment: datetime) -> str:
    return format_time(moment.time(), "HH:mm", locale=_language())


def _zone_note(event: Event) -> str:
    """Return a note where the time zone of the event differs from the user's."""
    start = event.start
    if not isinstance(start, datetime):
        return ""
    if start.tzinfo is None:
        return gettext("Local time; the file does not tell of which place.")
    local = _local(start)
    # UTC is only a notation, not the time zone of a place.
    if event.zone == "UTC":
        return ""
    if isinstance(local, datetime) and local.utcoffset() == start.utcoffset():
        return ""
    own = written(start, "EEE d MMM, HH:mm")
    return gettext("%(time)s in the time zone of the event (%(zone)s)") % {
        "time": own,
        "zone": event.zone,
    }


def repeat(rule: Repeat) -> str:
    """``toutes les 2 semaines, le lundi et le jeudi, 10 fois``"""
    words = [_every(rule)]
    if rule.weekdays:
        names = get_day_names("wide", locale=_language())
        words.append(", ".join(names[day] for day in rule.weekdays))
    if rule.count:
        words.append(
            ngettext("%(count)d time in all", "%(count)d times in all", rule.count)
            % {"count": rule.count}
        )
    elif rule.until:
        words.append(gettext("until %(day)s") % {"day": _day(rule.until)})
    if not rule.is_simple:
        words.append(gettext("with exceptions that are not shown here"))
    return ", ".join(words)


def _every(rule: Repeat) -> str:
    n = rule.interval
    match rule.frequency:
        case Frequency.DAILY:
            words = ngettext("every day", "every %(count)d days", n)
        case Frequency.WEEKLY:
            words = ngettext("every week", "every %(count)d weeks", n)
        case Frequency.MONTHLY:
            words = ngettext("every month", "every %(count)d months", n)
        case _:
            words = ngettext("every year", "every %(count)d years", n)
    return words % {"count": n}
