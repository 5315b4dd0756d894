"""The urgency that a message's author declares, in three header fields that programs use
differently.
"""

from __future__ import annotations

from mail.mime.headers import Headers

FIELDS = ("X-PRIORITY", "IMPORTANCE", "PRIORITY")
_URGENT = {"high", "urgent", "highest"}


def is_urgent(fields: Headers) -> bool:
    """Return whether the message is urgent by X-Priority (``1 (Highest)`` and ``2``), Importance
    (RFC 2156: ``high``) or Priority (``urgent``).
    """
    number = fields.get("X-Priority").strip()[:1]
    words = (fields.get(name).strip().lower() for name in ("X-Priority", "Importance", "Priority"))
    return number in {"1", "2"} or any(word in _URGENT for word in words)
