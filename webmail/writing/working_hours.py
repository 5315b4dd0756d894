"""The working hours of a user's preferences, and the line about them in replies written outside
them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext

from addressbook.contacts import holidays
from core.preferences import Preferences, hours


def of(preferences: Preferences) -> hours.Hours | None:
    """Return the working hours with the holidays of the user's zone, or None. Only the holidays may
    need a query, which is cached."""
    own_hours = hours.read_hours(preferences.hours)
    if own_hours is None or preferences.school_zone == "none":
        return own_hours
    closed = holidays.days_off(preferences.school_zone)
    return replace(own_hours, closed=closed, has_public_holidays=True)


def line(preferences: Preferences, now: datetime) -> str:
    """Return the line for a reply that is begun now; "" inside the hours, and if the user does not
    want it."""
    if preferences.hours_line != "on":
        return ""
    own_hours = of(preferences)
    if own_hours is None or own_hours.has(now.astimezone(ZoneInfo(preferences.time_zone))):
        return ""
    own = " ".join(preferences.hours_words.split())
    return own or gettext("This message calls for no answer outside your working hours.")


def zone() -> ZoneInfo:
    """Return the time zone of the page."""
    return ZoneInfo(timezone.get_current_timezone_name())
