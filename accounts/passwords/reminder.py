"""The line after sign-in that says: your password has not been changed for a long time."""

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
    """Note at sign-in whether the pages of this session show the line. It is asked once, not by
    each page."""
    request.session.pop(SESSION_KEY, None)
    if is_due(user, timezone.localdate()):
        request.session[SESSION_KEY] = True


def put_off(request: HttpRequest, user: User) -> None:
    """Show the line no more in this session, nor for 30 days in any other."""
    request.session.pop(SESSION_KEY, None)
    user.password_reminder_hidden = timezone.localdate()
    user.save(update_fields=["password_reminder_hidden"])


def is_due(user: User, today: date) -> bool:
    """Whether the last change that is known is too old. Where none is, nobody can say so."""
    months, hidden = settings.PASSWORD_REMINDER_MONTHS, user.password_reminder_hidden
    if not months or (hidden and today < hidden + PUT_OFF):
        return False
    changed = last_change(user)
    return changed is not None and (today - changed).days > months * _MONTH


def last_change(user: User) -> date | None:
    """The day of the last change of the mail password, in the staff files or here."""
    record = StaffRecord.objects.of(user)
    here = user.mail_password_changed
    days = [
        record.password_changed if record else None,
        timezone.localdate(here) if here else None,
    ]
    return max((day for day in days if day), default=None)
