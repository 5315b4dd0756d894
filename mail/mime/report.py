"""Reports of servers that a message was not delivered, delayed or read (RFC 3464, 8098)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mail.mime import headers

MOST_RECIPIENTS = 200


@dataclass(frozen=True)
class DeliveryOutcome:
    """The outcome of a message's delivery to one recipient.

    ``action`` is ``failed``, ``delayed``, ``delivered``, ``relayed`` or ``expanded`` (RFC 3464
    section 2.3.3), for receipts ``displayed``, ``deleted`` and so on, or any other text of the
    report in lower case. ``status`` is ``5.1.1`` or ``""``; ``reason`` is the other server's text,
    unchanged.
    """

    recipient: str
    action: str
    status: str = ""
    reason: str = ""

    @property
    def is_permanent(self) -> bool:
        """Whether the server will not try again."""
        return self.action == "failed" or self.status.startswith("5")


_BLOCK_END = re.compile(rb"(?:\r?\n[ \t]*){2,}")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


def read_report(data: bytes) -> tuple[DeliveryOutcome, ...]:
    """Return the outcomes in a decoded message/delivery-status or message/disposition-notification
    part, one for each recipient, at most 200; ``()`` if there are none.
    """
    outcomes = []
    for block in _BLOCK_END.split(data.strip(), maxsplit=MOST_RECIPIENTS + 1)[
        : MOST_RECIPIENTS + 1
    ]:
        if outcome := _outcome(headers.parse(block)):
            outcomes.append(outcome)
    return tuple(outcomes[:MOST_RECIPIENTS])


def _outcome(fields: headers.Headers) -> DeliveryOutcome | None:
    recipient = _typed(fields.get("Original-Recipient") or fields.get("Final-Recipient"))
    action = fields.get("Action") or fields.get("Disposition").rpartition(";")[2]
    if not recipient or not action:
        return None
    status = _STATUS.search(fields.get("Status"))
    return DeliveryOutcome(
        recipient=recipient,
        action=action.partition("/")[0].strip().lower(),
        status=status[0] if status else "",
        reason=_typed(fields.get("Diagnostic-Code")),
    )


def _typed(value: str) -> str:
    """Return a value without its type: ``rfc822; a@b.fr``, ``smtp; 550 no``."""
    kind, semicolon, rest = value.partition(";")
    is_typed = bool(semicolon) and re.fullmatch(r"\s*[A-Za-z0-9-]{1,30}\s*", kind) is not None
    return (rest if is_typed else value).strip()
