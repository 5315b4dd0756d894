"""The mail password, lent to one job that goes on without the user's browser. For a user who signed
in by a provider it is the key of the tokens.

Sealed for that job alone (accounts/sealed_rows.py). Deleted when the job ends, and after a day at
the latest; a message that is to leave later has it until then.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.http import HttpRequest

from accounts import credentials, sealed_rows
from accounts.models import LentCredential, User
from accounts.models.lending import in_a_day
from accounts.providers import grants
from webmail import clock
from webmail.errors import SignInNeeded

_PURPOSE = b"lent password"


def lend(request: HttpRequest, *, until: datetime | None = None) -> LentCredential:
    """From the session of the signed-in person, for a day, or as long as a job needs it. Raises
    SignInNeeded when its seal does not open."""
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
    """The password. SignInNeeded when it was given back, is over its time, was changed since and
    not renewed, or was sealed with another lending key."""
    if lent is None or lent.until < clock.now():
        raise SignInNeeded
    if lent.user.mail_password_changed != lent.changed:
        raise SignInNeeded
    try:
        return sealed_rows.opened(_PURPOSE, lent.pk, lent.user_id, lent.sealed).decode()
    except sealed_rows.Broken as error:
        raise SignInNeeded from error


def renew(user: User, before: datetime | None, password: str) -> int:
    """Seal the new password for every job that was lent the one before it, once the person has
    changed it here. Returns how many jobs go on with it.

    ``before`` is the time of the last change before this one. A job that an earlier change had
    stopped stays stopped.
    """
    jobs = LentCredential.objects.filter(user=user, changed=before, grant=None)
    renewed = list(jobs.filter(until__gte=clock.now()))
    for lent in renewed:
        lent.sealed = sealed_rows.seal(_PURPOSE, lent.pk, user.pk, password.encode())
        lent.changed = user.mail_password_changed
    LentCredential.objects.bulk_update(renewed, ["sealed", "changed"], batch_size=500)
    return len(renewed)


def give_back(lent: LentCredential | None) -> None:
    """The job needs it no more; a second time nothing is left."""
    if lent is not None:
        LentCredential.objects.filter(pk=lent.pk).delete()


def forget_overdue() -> int:
    """Delete what is over its time, whatever became of its job. Returns how many."""
    return LentCredential.objects.filter(until__lt=clock.now()).delete()[0]
