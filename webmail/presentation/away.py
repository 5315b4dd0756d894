"""The user's absence as the session knows it, so that no page asks the ManageSieve server. The
session keeps the server's last answer for a quarter of an hour; then a page's script asks again."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.http import HttpRequest
from django.utils import timezone

from core import clock
from mail.sieve.values import Absence
from webmail.presentation import rules as words

SECONDS: Final = 15 * 60
_KEY: Final = "away"
_FORWARDS: Final = "standing_forwards"


def note(request: HttpRequest, absence: Absence | None) -> None:
    """Keep the server's current absence in the session; None stands for no absence, also if it is
    not known."""
    days = []
    if absence is not None and absence.enabled:
        days = [absence.first.isoformat(), absence.last.isoformat()]
    request.session[_KEY] = {"when": clock.timestamp(), "days": days}


def note_forwards(request: HttpRequest, *, stand: bool) -> None:
    """Keep in the session whether rules forward mail to addresses that are no longer allowed."""
    if stand or request.session.get(_FORWARDS):
        request.session[_FORWARDS] = stand


def has_forwards(request: HttpRequest) -> bool:
    """Return whether rules forward mail to addresses that are no longer allowed."""
    return bool(getattr(request, "session", {}).get(_FORWARDS))


def line(request: HttpRequest) -> str:
    """Return the line about today's automatic answers; "" if there are none."""
    noted = request.session.get(_KEY) or {}
    if not noted.get("days"):
        return ""
    first, last = (date.fromisoformat(day) for day in noted["days"])
    absence = Absence("", first, last)
    today = timezone.localdate()
    return words.absence_line(absence, today) if absence.is_on(today) else ""


def is_unknown(request: HttpRequest) -> bool:
    """Return whether the server should be asked again."""
    noted = request.session.get(_KEY) or {}
    return clock.timestamp() - noted.get("when", 0) > SECONDS
