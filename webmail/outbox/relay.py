"""The trusted relay: a submission server that takes mail from this machine without a sign-in.

With one, no password waits with a message. What needs the mailbox, the copy in Sent, waits for its
person instead: `choices.settle`.
"""

from __future__ import annotations

from django.conf import settings

from webmail import smtp


def server() -> smtp.SmtpServer | None:
    """The relay; None where there is none: then each message brings the sign-in of its user."""
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
