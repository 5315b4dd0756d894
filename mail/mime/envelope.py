"""The author, recipients, date and subject of a message: the same value from a server's ENVELOPE
and from header fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from mail.mime.addresses import Address
from mail.mime.headers import Headers


@dataclass(frozen=True, slots=True)
class Envelope:
    """An ENVELOPE (RFC 9051), decoded. ``date`` is aware, or ``None`` when missing or absurd."""

    subject: str = ""
    date: datetime | None = None
    from_: tuple[Address, ...] = ()
    sender: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    in_reply_to: str = ""
    message_id: str = ""


def envelope_of(fields: Headers) -> Envelope:
    """Return the envelope that a server would report for a message with these fields."""
    from_ = fields.addresses("From")
    return Envelope(
        subject=fields.get("Subject"),
        date=moment(fields.get("Date")),
        from_=from_,
        sender=fields.addresses("Sender") or from_,
        reply_to=fields.addresses("Reply-To") or from_,
        to=fields.addresses("To"),
        cc=fields.addresses("Cc"),
        bcc=fields.addresses("Bcc"),
        in_reply_to=fields.get("In-Reply-To"),
        message_id=fields.get("Message-ID"),
    )


def moment(value: str) -> datetime | None:
    """Return the aware datetime of a date in mail's format; None when it is missing or absurd."""
    try:
        parsed = parsedate_tz(value)
        if parsed is None or not 1970 <= parsed[0] <= 2200:
            return None
        offset = timedelta(seconds=parsed[9] or 0)
        zone = timezone(offset) if abs(offset) < timedelta(hours=24) else UTC
        return datetime(*parsed[:6], tzinfo=zone)
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError):
        return None
