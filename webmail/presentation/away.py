"""The absence of the user, as the session knows it: no page asks the ManageSieve server for it.

The last answer of the server is kept in the session for a quarter of an hour; then a page's script
asks again."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.http import HttpRequest
from django.utils import timezone

from webmail import clock
from webmail.presentation import rules as words
from webmail.sieve.values import Absence

SECONDS: Final = 15 * 60
_KEY: Final = "away"
_FORWARDS: Final = "standing_forwards"


def note(request: HttpRequest, absence: Absence | None) -> None:
    """Keep the absence that the server has now in the session; None stands for no absence, also
    where it is not known."""
    days = []
    if absence is not None and absence.enabled:
        days = [absence.first.isoformat(), absence.last.isoformat()]
    request.session[_KEY] = {"when": clock.timestamp(), "days": days}


def note_forwards(request: HttpRequest, *, stand: bool) -> None:
    """Keep in the session whether rules forward mail to where they no longer may."""
    if stand or request.session.get(_FORWARDS):
        request.session[_FORWARDS] = stand


def has_forwards(request: HttpRequest) -> bool:
    """Whether rules forward mail to where they no longer may."""
    return bool(getattr(request, "session", {}).get(_FORWARDS))


def line(request: HttpRequest) -> str:
    """Return the line that says that people are answered today; "" when they are not."""
    noted = request.session.get(_KEY) or {}
    if not noted.get("days"):
        return ""
    first, last = (date.fromisoformat(day) for day in noted["days"])
    absence = Absence("", first, last)
    today = timezone.localdate()
    return words.absence_line(absence, today) if absence.is_on(today) else ""


def is_unknown(request: HttpRequest) -> bool:
    """Whether the server should be asked again."""
    noted = request.session.get(_KEY) or {}
    return clock.timestamp() - noted.get("when", 0) > SECONDS
