"""The room that the messages of one user may take in the spool of the outbox: text, files and
documents, until the messages have left and can no longer be corrected."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Case, F, Max, Sum, When
from django.utils.translation import gettext

from accounts.models import User
from webmail.errors import OutboxFull
from webmail.models import OutboxMessage
from webmail.presentation.words import size


def used(user: User) -> int:
    """Return the bytes that a user's messages take in the spool. A file of which many messages are
    made counts once."""
    rows = OutboxMessage.objects.of(user).exclude(spool="")
    # Rows of earlier versions say nothing of their file, which is as large as the message.
    own = Case(When(stored=0, then=F("size")), default=F("stored"))
    files = rows.order_by().values("spool").annotate(bytes=Max(own))
    return int(files.aggregate(all=Sum("bytes"))["all"] or 0)


def check(user: User, more: int) -> None:
    """Raise OutboxFull if there is no room for so many bytes more."""
    most = settings.OUTBOX_LIMIT
    if not most or used(user) + more <= most:
        return
    words = gettext(
        "There is no room for this message: what you send may take %(limit)s until it has left, and"
        " this message would take %(size)s. It is kept among your drafts. Wait until others have"
        " left, or make it lighter."
    )
    raise OutboxFull(words % {"limit": size(most), "size": size(more)})
