"""Read receipts (RFC 8098): the addresses that ask for one, and the receipt that the user agreed
to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from webmail.mime import addresses, build
from webmail.mime.addresses import Address
from webmail.mime.headers import Headers

MOST_ASKING = 5
_NOBODY = frozenset({"bulk", "list", "junk"})


@dataclass(frozen=True)
class Receipt:
    """A receipt to be sent. ``text`` is for people; ``original_id`` the Message-ID of what was
    read; ``date`` is aware."""

    sender: Address
    to: tuple[Address, ...]
    subject: str
    text: str
    original_id: str
    date: datetime
    message_id: str
    user_agent: str


def asked_by(fields: Headers) -> tuple[Address, ...]:
    """Return the addresses that want to know that a message was read. Nobody for what came by a
    list or from a machine, whose answer would go where no reader knows (section 2.1), nor for more
    than a few."""
    askers = fields.addresses("Disposition-Notification-To")
    if fields.get("List-Id") or fields.get("Precedence").strip().lower() in _NOBODY:
        return ()
    if fields.get("Auto-Submitted").strip().lower() not in ("", "no"):
        return ()
    valid = tuple(asker for asker in askers if addresses.is_valid(asker.address))
    return valid if len(valid) == len(askers) <= MOST_ASKING else ()


def message(receipt: Receipt) -> bytes:
    """The receipt as ``multipart/report``: the message was shown, and the user said so.

    Raises ValueError as `build.message` does.
    """
    fields = [
        ("Date", [format_datetime(receipt.date)]),
        ("From", build.written([receipt.sender])),
        ("To", build.written(receipt.to)),
        ("Subject", [build.encode(build.checked(receipt.subject))]),
        ("Message-ID", [build.checked_id(receipt.message_id)]),
        # The other side's programs are not to answer it (RFC 3834).
        ("Auto-Submitted", ["auto-replied"]),
        ("User-Agent", [build.encode(build.checked(receipt.user_agent))]),
        ("MIME-Version", ["1.0"]),
    ]
    original_ids = build.message_ids(receipt.original_id)
    if original_ids:
        fields[5:5] = [("In-Reply-To", [original_ids[0]]), ("References", [original_ids[0]])]
    lines = [build.folded(name, values) for name, values in fields if any(values)]
    parts = [build.text_part(receipt.text), _disposition(receipt, original_ids)]
    report = build.multipart(
        "report; report-type=disposition-notification", parts, receipt.message_id
    )
    return b"\r\n".join([*lines, report])


def _disposition(receipt: Receipt, known: tuple[str, ...]) -> bytes:
    (address,) = build.written([Address("", receipt.sender.address)])
    kind = "rfc822" if address.isascii() else "utf-8"
    lines = [
        "Content-Type: message/disposition-notification",
        "",
        f"Reporting-UA: {build.checked(receipt.user_agent).encode('ascii', 'ignore').decode()}",
        f"Final-Recipient: {kind};{address}",
        *(f"Original-Message-ID: {message_id}" for message_id in known[:1]),
        "Disposition: manual-action/MDN-sent-manually; displayed",
        "",
    ]
    return "\r\n".join(lines).encode()
