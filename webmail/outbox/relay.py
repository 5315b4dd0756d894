"""The trusted relay: a submission server that accepts mail from this machine without a sign-in.

With a relay, messages wait without a password. The copy in Sent, which needs the mailbox, then
waits for its user: `choices.settle`.
"""

from __future__ import annotations

from django.conf import settings

from mail import smtp


def server() -> smtp.SmtpServer | None:
    """Return the relay, or None if there is none and each message needs the sign-in of its user."""
    if not settings.RELAY_HOST:
        return None
    return smtp.SmtpServer(
        host=settings.RELAY_HOST,
        port=settings.RELAY_PORT,
        security=settings.RELAY_SECURITY,
        timeout=settings.SMTP_TIMEOUT,
        ca_file=settings.TLS_CA_FILE,
        verdict=settings.SMTP_VERDICT_SECONDS,
    )
