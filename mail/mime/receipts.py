"""Read receipts (RFC 8098): the addresses that ask for one, and the receipt that the user agrees to
send.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from mail.mime import addresses, build
from mail.mime.addresses import Address
from mail.mime.headers import Headers

MOST_ASKING = 5
_NOBODY = frozenset({"bulk", "list", "junk"})


@dataclass(frozen=True)
class Receipt:
    """A receipt to be sent. ``text`` is the readable text; ``original_id`` is the Message-ID of the
    read message; ``date`` is aware.
    """

    sender: Address
    to: tuple[Address, ...]
    subject: str
    text: str
    original_id: str
    date: datetime
    message_id: str
    user_agent: str


def asked_by(fields: Headers) -> tuple[Address, ...]:
    """Return the addresses that ask for a receipt. None for a message from a list or a machine,
    where a receipt would go to an address that no reader knows (section 2.1), and none if there are
    more than a few.
    """
    askers = fields.addresses("Disposition-Notification-To")
    if fields.get("List-Id") or fields.get("Precedence").strip().lower() in _NOBODY:
        return ()
    if fields.get("Auto-Submitted").strip().lower() not in ("", "no"):
        return ()
    valid = tuple(asker for asker in askers if addresses.is_valid(asker.address))
    return valid if len(valid) == len(askers) <= MOST_ASKING else ()


def message(receipt: Receipt) -> bytes:
    """Return the receipt as ``multipart/report``: the message was displayed, and the user agreed to
    say so.

    Raises ValueError as `build.message` does.
    """
    fields = [
        ("Date", [format_datetime(receipt.date)]),
        ("From", build.written([receipt.sender])),
        ("To", build.written(receipt.to)),
        ("Subject", [build.encode(build.checked(receipt.subject))]),
        ("Message-ID", [build.checked_id(receipt.message_id)]),
        # The recipient's programs must not answer it (RFC 3834).
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
