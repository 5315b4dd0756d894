"""The outbox. An accepted message is a row and a sealed file; it is sent once, or the outbox shows
why it was not."""

from webmail.outbox.accepting import accept
from webmail.outbox.bounces import note_reports
from webmail.outbox.choices import again, dismiss, reschedule, settle, undo_sending
from webmail.outbox.counting import unsent_count
from webmail.outbox.delivery import deliver
from webmail.outbox.restored import hold_restored
from webmail.outbox.tending import revive, tidy
from webmail.outbox.values import SealedEnvelope, Submission, opened

__all__ = [
    "SealedEnvelope",
    "Submission",
    "accept",
    "again",
    "deliver",
    "dismiss",
    "hold_restored",
    "note_reports",
    "opened",
    "reschedule",
    "revive",
    "settle",
    "tidy",
    "undo_sending",
    "unsent_count",
]
