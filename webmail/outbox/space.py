"""The room that the messages of one user may take in the spool of the outbox: text, files and
documents, until the messages have left and can no longer be corrected."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Case, F, Max, Sum, When

from accounts.models import User
from mail.errors import OutboxFull
from webmail.models import OutboxMessage

SMALL = 64 * 1024
"""The most bytes of a message for which there is always room."""


def used(user: User) -> int:
    """Return the bytes that a user's messages take in the spool. A file of which many messages are
    made counts once."""
    rows = OutboxMessage.objects.of(user).exclude(spool="")
    # Rows of earlier versions say nothing of their file, which is as large as the message.
    own = Case(When(stored=0, then=F("size")), default=F("stored"))
    files = rows.order_by().values("spool").annotate(bytes=Max(own))
    return int(files.aggregate(all=Sum("bytes"))["all"] or 0)


def check(user: User, more: int) -> None:
    """Raise OutboxFull if there is no room for so many bytes more. A small message always has, and
    costs no query: the limit of recipients bounds how many there may be."""
    most = settings.OUTBOX_LIMIT
    if most and more > SMALL and used(user) + more > most:
        raise OutboxFull(limit=most, size=more)
