"""The message that a trace asks for, among those of the outbox."""

from __future__ import annotations

from typing import Final

from django.utils import timezone

from mail.errors import Unreadable
from mail.folding import fold
from mail.mailbox.tracing import SoughtMessage
from webmail import outbox
from webmail.models import OutboxMessage

SECONDS: Final = 5.0
"""Seconds that a request may search; the user continues a search that takes longer."""


def is_sought(row: OutboxMessage, sought: SoughtMessage, *, with_words: bool) -> bool:
    """Return whether a message of the outbox is the one that the user asks for."""
    if sought.message_id and row.message_id.strip("<>") != sought.message_id.strip("<>"):
        return False
    if not sought.is_of(timezone.localdate(row.sent or row.accepted)):
        return False
    if not sought.address and not (sought.words and with_words):
        return True
    try:
        envelope = outbox.opened(row)
    except Unreadable:
        return False
    address, subject = sought.address.lower(), fold(envelope.subject)
    is_to = any(address in recipient.lower() for recipient in envelope.recipients)
    return is_to and (not with_words or all(word in subject for word in fold(sought.words).split()))
