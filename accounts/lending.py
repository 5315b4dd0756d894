"""The mail password, lent to one job that continues without the user's browser. For a user who
signed in by a provider, the key of the tokens is lent instead.

The password is sealed for that job alone (accounts/sealed/rows.py). It is deleted when the job
ends, and at the latest after a day; for a scheduled message, when that has left.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.http import HttpRequest

from accounts import credentials
from accounts.models import LentCredential, User
from accounts.models.lending import in_a_day
from accounts.providers import grants
from accounts.sealed import rows as sealed_rows
from core import clock
from mail.errors import SignInNeeded

_PURPOSE = b"lent password"


def lend(request: HttpRequest, *, until: datetime | None = None) -> LentCredential:
    """Lend the password of the signed-in user for a day, or until ``until`` if that is later.
    Raises SignInNeeded when the seal of the session does not open."""
    password, user = credentials.open_sealed(request), request.user
    if password is None or not isinstance(user, User):
        raise SignInNeeded
    number = uuid.uuid4()
    return LentCredential.objects.create(
        id=number,
        user=user,
        sealed=sealed_rows.seal(_PURPOSE, number, user.pk, password.encode()),
        grant=grants.of_credential(password),
        changed=user.mail_password_changed,
        until=max(in_a_day(), until) if until else in_a_day(),
    )


def opened(lent: LentCredential | None) -> str:
    """Return the lent password. Raises SignInNeeded when it was given back or has expired, when the
    user has changed the password since and the loan was not renewed, or when it was sealed with
    another lending key."""
    if lent is None or lent.until < clock.now():
        raise SignInNeeded
    if lent.user.mail_password_changed != lent.changed:
        raise SignInNeeded
    try:
        return sealed_rows.opened(_PURPOSE, lent.pk, lent.user_id, lent.sealed).decode()
    except sealed_rows.BrokenSeal as error:
        raise SignInNeeded from error


def renew(user: User, before: datetime | None, password: str) -> int:
    """Seal the user's new password for every job that was lent the previous one. Return the number
    of these jobs.

    ``before`` is the time of the last change before this one. A job that was stopped by an earlier
    change stays stopped.
    """
    jobs = LentCredential.objects.filter(user=user, changed=before, grant=None)
    renewed = list(jobs.filter(until__gte=clock.now()))
    for lent in renewed:
        lent.sealed = sealed_rows.seal(_PURPOSE, lent.pk, user.pk, password.encode())
        lent.changed = user.mail_password_changed
    LentCredential.objects.bulk_update(renewed, ["sealed", "changed"], batch_size=500)
    return len(renewed)


def give_back(lent: LentCredential | None) -> None:
    """Delete the loan when the job no longer needs it. A second call changes nothing."""
    if lent is not None:
        LentCredential.objects.filter(pk=lent.pk).delete()


def forget_overdue() -> int:
    """Delete expired loans, whatever became of their jobs. Return the number deleted."""
    return LentCredential.objects.filter(until__lt=clock.now()).delete()[0]
