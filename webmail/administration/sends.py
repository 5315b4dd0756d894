"""The messages that a user has sent lately, for the support desk: time, size, number of recipients,
and the submission server's answer. Texts, subjects and recipients are never shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from webmail.models import OutboxMessage

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A sent message. ``size`` is in bytes; ``state`` and ``stage`` are words; ``failure`` is a
    class of mail/errors.py, "" if there was none."""

    when: datetime
    state: str
    stage: str
    attempts: int
    size: int
    recipients: int
    failure: str
    server_words: str
    message_id: str


def last_sent(user: User | None) -> list[SentMessage]:
    """Return the last messages, newest first. Rows are deleted a week after they were sent."""
    if user is None:
        return []
    return [
        SentMessage(
            when=row.sent or row.changed,
            state=row.get_state_display(),
            stage=row.get_stage_display(),
            attempts=row.attempts,
            size=row.size,
            recipients=row.recipients,
            failure=row.failure,
            server_words=row.server_words,
            message_id=row.message_id,
        )
        for row in OutboxMessage.objects.of(user).defer("sealed")[:_SHOWN]
    ]
