"""The time at which a scheduled message leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext

from core import dates
from core.preferences.hours import Hours

TOMORROW, MONDAY, OPENING, AT = "tomorrow8", "monday8", "opening", "at"
CHOICES = ("", TOMORROW, MONDAY, OPENING, AT)
FARTHEST = timedelta(days=366)
"""A year. Later, a password lent to a message has more likely changed than not."""
_MORNING = time(8)
_PATTERN = "%Y-%m-%dT%H:%M"


class NotThen(ValueError):
    """A message cannot leave at the requested time; ``words`` say why."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass(frozen=True, slots=True)
class Preset:
    """One of the offered times. ``choice`` is the form's value, ``due`` is in UTC. For an opening
    of working hours, ``when`` is the label inside a sentence."""

    choice: str
    label: str
    due: datetime
    when: str = ""


def due(
    choice: str, at: str, now: datetime, zone: ZoneInfo, hours: Hours | None = None
) -> datetime:
    """Return the moment at which a message leaves, in UTC. ``choice`` is "" for ``now``, or one of
    `CHOICES`: the next 8 o'clock of that day, the next opening of ``hours`` (now, inside them), or
    ``at``, in local time of the zone (``2026-11-30T08:00``, the format of `<input
    type="datetime-local">`).

    A time that does not exist in March is the one that clocks show instead; of a time that occurs
    twice in October, the first counts. Raises NotThen for a time that is past, more than a year
    ahead, or invalid.
    """
    if choice == "":
        return now.astimezone(UTC)
    local = now.astimezone(zone)
    if choice == TOMORROW:
        return _at(local.date() + timedelta(days=1), _MORNING, zone)
    if choice == MONDAY:
        return _at(local.date() + timedelta(days=7 - local.weekday()), _MORNING, zone)
    if choice == OPENING:
        return (hours and hours.opening(now, zone)) or now.astimezone(UTC)
    if choice != AT:
        raise NotThen(gettext("Choose when the message is to leave."))
    try:
        wall_clock = datetime.strptime(at.strip()[:16], _PATTERN)
        moment = _at(wall_clock.date(), wall_clock.time(), zone)
    except (ValueError, OverflowError) as error:
        raise NotThen(gettext("Choose a day and a time, as 30/11/2026 08:00.")) from error
    if moment <= now:
        raise NotThen(gettext("This time has passed: choose a later one."))
    if moment - now > FARTHEST:
        raise NotThen(gettext("A message may be scheduled for up to a year ahead."))
    return moment


def _at(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """Return an hour of a day in the zone as UTC, since Python never holds a time that occurs twice
    equal to one of another zone."""
    return datetime.combine(day, hour, zone).astimezone(UTC)


def presets(now: datetime, zone: ZoneInfo, hours: Hours | None = None) -> tuple[Preset, ...]:
    """Return the moments that a menu offers. Outside the user's working ``hours``, their next
    opening comes first. On a Sunday, tomorrow and Monday are one."""
    tomorrow, monday = due(TOMORROW, "", now, zone), due(MONDAY, "", now, zone)
    offered = []
    if begins := hours and hours.opening(now, zone):
        words = opening_in_words(begins.astimezone(zone), now.astimezone(zone))
        offered.append(Preset(OPENING, words[:1].upper() + words[1:], begins, words))
    offered.append(Preset(TOMORROW, gettext("Tomorrow at 8:00"), tomorrow))
    if monday != tomorrow:
        offered.append(Preset(MONDAY, gettext("Monday at 8:00"), monday))
    by_time = {preset.due: preset for preset in reversed(offered)}
    return tuple(preset for preset in offered if by_time[preset.due] is preset)


def opening_in_words(local: datetime, now: datetime) -> str:
    """Return words such as ``lundi à 7 h 30``, with the date if it is a week away."""
    pattern = "EEEE" if local.date() - now.date() < timedelta(days=7) else "EEEE d MMMM"
    words = gettext("%(day)s at %(hour)d:%(minute)02d")
    if local.minute == 0:
        words = gettext("%(day)s at %(hour)d:00")
    day = dates.written(local.date(), pattern)
    return words % {"day": day, "hour": local.hour, "minute": local.minute}


def in_words(moment: datetime) -> str:
    """Return words such as ``lundi 30 novembre à 08:00`` in the user's zone, with the year if it is
    another one."""
    local = timezone.localtime(moment)
    pattern = "EEEE d MMMM" if local.year == timezone.localdate().year else "EEEE d MMMM y"
    return gettext("%(day)s at %(time)s") % {
        "day": dates.written(local.date(), pattern),
        "time": local.strftime("%H:%M"),
    }


def as_typed(moment: datetime, zone: ZoneInfo) -> str:
    """Return the moment in the format of `<input type="datetime-local">`."""
    return moment.astimezone(zone).strftime(_PATTERN)
