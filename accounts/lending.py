"""The mail password lent to one job that works on without the person's browser.

Sealed with a key that is made of the installation's lending key, which lies in the environment
alone, and of the job's own number: a copy of the database opens nothing, and no seal opens for
another job. Deleted when the job ends, and after a day at the latest; a message that is to leave
later has it until then.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts import credentials
from accounts.models import LentCredential, User
from accounts.models.lending import in_a_day
from webmail.errors import SignInNeeded

_NONCE = 12


def lend(request: HttpRequest, *, until: datetime | None = None) -> LentCredential:
    """From the session of the signed-in person, for a day, or as long as a job needs it. Raises
    SignInNeeded when its seal does not open."""
    password, user = credentials.open_sealed(request), request.user
    if password is None or not isinstance(user, User):
        raise SignInNeeded
    number, nonce = uuid.uuid4(), secrets.token_bytes(_NONCE)
    sealed = _cipher(number).encrypt(nonce, password.encode(), _about(user.pk, number))
    return LentCredential.objects.create(
        id=number,
        user=user,
        sealed=nonce + sealed,
        changed=user.mail_password_changed,
        until=max(in_a_day(), until) if until else in_a_day(),
    )


def opened(lent: LentCredential | None) -> str:
    """The password. SignInNeeded when it was given back, is over its time, was changed by the
    person since, or was sealed with another lending key."""
    if lent is None or lent.until < timezone.now():
        raise SignInNeeded
    if lent.user.mail_password_changed != lent.changed:
        raise SignInNeeded
    data = bytes(lent.sealed)
    try:
        about = _about(lent.user_id, lent.pk)
        return _cipher(lent.pk).decrypt(data[:_NONCE], data[_NONCE:], about).decode()
    except (InvalidTag, ValueError) as error:
        raise SignInNeeded from error


def give_back(lent: LentCredential | None) -> None:
    """The job needs it no more; a second time nothing is left."""
    if lent is not None:
        LentCredential.objects.filter(pk=lent.pk).delete()


def forget_overdue() -> int:
    """What is over its time goes, whatever became of its job. Returns how many."""
    return LentCredential.objects.filter(until__lt=timezone.now()).delete()[0]


def _cipher(number: uuid.UUID) -> AESGCM:
    key = hashlib.blake2b(
        number.bytes, key=settings.LENDING_KEY, person=b"lent password", digest_size=32
    )
    return AESGCM(key.digest())


def _about(user_id: int, number: uuid.UUID) -> bytes:
    return f"{user_id}:{number}".encode()
