"""Blocked accounts: when a block ends, and the sentences that the user reads at sign-in."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from accounts import audit
from accounts.models import AuditEvent, User
from core import clock


class AccountBlocked(ValidationError):
    """The account is blocked. Raised only once the password, or the provider, has proved who signs
    in: nobody else learns of a block. The message is for the user."""

    def __init__(self, user: User) -> None:
        super().__init__(words(user), code="blocked")


def end_overdue() -> int:
    """Let users in again whose block ends today or has ended, each with a line in the audit log.
    Return their number."""
    with transaction.atomic():
        users = User.objects.end_blocks(timezone.localdate(clock.now()))
        for user in users:
            audit.record(AuditEvent.Kind.BLOCK_ENDED, target=str(user))
    return len(users)


def check(user: User) -> None:
    """Raise AccountBlocked for a blocked user. A block that has ended is lifted."""
    if user.is_active:
        return
    if user.blocked_until and end_overdue():
        user.refresh_from_db(fields=["is_active", "blocked_until", "blocked_reason"])
    if not user.is_active:
        raise AccountBlocked(user)


def words(user: User) -> str:
    """Return the block, its reason and its end in sentences."""
    sentences = [gettext("Your account is blocked.")]
    if reason := user.blocked_reason.strip():
        sentences.append(gettext("Reason: %(reason)s") % {"reason": reason})
    sentences.append(end_words(user))
    return " ".join(sentences)


def end_words(user: User) -> str:
    if user.blocked_until is None:
        return gettext("Ask the support desk how to get it back.")
    return gettext("You can sign in again from %(day)s.") % {
        "day": date_format(user.blocked_until, "DATE_FORMAT")
    }
