"""The line after a sign-in that says that the password has not been changed for a long time."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import StaffRecord, User

SESSION_KEY: Final = "password_reminder"
PUT_OFF: Final = timedelta(days=30)
_MONTH: Final = 30.44  # days


def note(request: HttpRequest, user: User) -> None:
    """Note at sign-in whether the pages of this session show the line, so that not every page
    computes it."""
    request.session.pop(SESSION_KEY, None)
    if is_due(user, timezone.localdate()):
        request.session[SESSION_KEY] = True


def put_off(request: HttpRequest, user: User) -> None:
    """Hide the line in this session, and for 30 days in all others."""
    request.session.pop(SESSION_KEY, None)
    user.password_reminder_hidden = timezone.localdate()
    user.save(update_fields=["password_reminder_hidden"])


def is_due(user: User, today: date) -> bool:
    """Return whether the last known change is too long ago. If no change is known, it is not."""
    months, hidden = settings.PASSWORD_REMINDER_MONTHS, user.password_reminder_hidden
    if not months or (hidden and today < hidden + PUT_OFF):
        return False
    changed = last_change(user)
    return changed is not None and (today - changed).days > months * _MONTH


def last_change(user: User) -> date | None:
    """Return the day of the last change of the mail password, from the staff files or from this
    webmail."""
    record = StaffRecord.objects.of(user)
    changed_here = user.mail_password_changed
    days = [
        record.password_changed if record else None,
        timezone.localdate(changed_here) if changed_here else None,
    ]
    return max((day for day in days if day), default=None)
