"""The school and the function of a user, by which administrators set values for groups of users.

They come from the staff record, which the staff files keep up to date. A session reads them once a
day.
"""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest
from django.utils import timezone

from accounts.models import StaffRecord, User

_KEY: Final = "membership"


def of_user(user: User) -> tuple[str, str]:
    """Return the code of the school and the function; "" for both without a staff record."""
    record = StaffRecord.objects.of(user)
    return (record.school_uai, record.function) if record else ("", "")


def of_request(request: HttpRequest) -> tuple[str, str]:
    """Return the school and the function of the signed-in user, cached in the session for the
    day."""
    if not isinstance(request.user, User):
        return "", ""
    today = timezone.localdate().isoformat()
    noted = request.session.get(_KEY)
    if noted is None or noted[0] != today:
        noted = [today, *of_user(request.user)]
        request.session[_KEY] = noted
    return noted[1], noted[2]
