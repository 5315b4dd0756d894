"""Notifications that are silent outside working hours, in words, and the way to show them today."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext

from core import clock, dates
from core.preferences import Preferences
from webmail.writing import working_hours

_KEY: Final = "rest_lifted"
_DAYS: Final = 7
"""The days that a page knows; a page that stays open longer asks the server again before they
end."""


@dataclass(frozen=True)
class Span:
    """A time without notifications, or one for which the user turned them on (``is_lifted``)."""

    begins: datetime
    ends: datetime
    words: str
    is_lifted: bool = False


@dataclass(frozen=True)
class Rest:
    """The spans of the next days, in order."""

    spans: tuple[Span, ...] = ()

    @cached_property
    def shown(self) -> Span | None:
        """The current span."""
        now = clock.now()
        return next((span for span in self.spans if span.begins <= now < span.ends), None)

    @property
    def is_now(self) -> bool:
        return self.shown is not None and not self.shown.is_lifted

    @property
    def told(self) -> str:
        """The spans as a script reads them."""
        return json.dumps(
            [
                [span.begins.timestamp(), span.ends.timestamp(), span.words, not span.is_lifted]
                for span in self.spans
            ]
        )


def rest_of(request: HttpRequest) -> Rest:
    """Return the spans without notifications, by the user's working hours and by the choice for
    today that the session keeps."""
    preferences = getattr(request, "preferences", None)
    if not isinstance(preferences, Preferences):
        return Rest()
    hours = working_hours.of(preferences)
    if hours is None:
        return Rest()
    now, zone = clock.now(), working_hours.zone()
    local = now.astimezone(zone)
    spans = [
        Span(begins, ends, _resting(ends.astimezone(zone), local))
        for begins, ends in hours.rests(now, zone, _DAYS)
    ]
    if request.session.get(_KEY) == local.date().isoformat():
        midnight = datetime.combine(local.date() + timedelta(days=1), time(), zone)
        spans = [Span(now, midnight, gettext("Notifications are on until midnight"), True)] + [
            Span(max(span.begins, midnight), span.ends, span.words)
            for span in spans
            if span.ends > midnight
        ]
    return Rest(tuple(spans))


def lift(request: HttpRequest, *, on: bool) -> None:
    """Show notifications until midnight, in this session; or stop them again."""
    if on:
        request.session[_KEY] = timezone.localdate().isoformat()
    else:
        request.session.pop(_KEY, None)


def _resting(ends: datetime, now: datetime) -> str:
    """``Notifications au repos jusqu’à lundi 7 h 30``."""
    hour = gettext("%(hour)d:%(minute)02d") if ends.minute else gettext("%(hour)d:00")
    values = {
        "day": _day(ends, now),
        "time": hour % {"hour": ends.hour, "minute": ends.minute},
    }
    if not values["day"]:
        return gettext("Notifications rest until %(time)s") % values
    return gettext("Notifications rest until %(day)s %(time)s") % values


def _day(ends: datetime, now: datetime) -> str:
    ahead = (ends.date() - now.date()).days
    if ahead == 0:
        return ""
    if ahead == 1:
        return gettext("tomorrow")
    return dates.written(ends.date(), "EEEE" if ahead < 7 else "EEEE d MMMM")
