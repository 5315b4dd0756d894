"""The content of a draft, sealed with the server's key in its row (accounts/sealed_rows.py)."""

from __future__ import annotations

import uuid

from accounts import sealed_rows
from webmail.errors import Unreadable

_PURPOSE = b"what is written"


def seal(number: uuid.UUID, user_id: int, content: bytes) -> bytes:
    """Seal bytes for the row ``number`` of a person."""
    return sealed_rows.seal(_PURPOSE, number, user_id, content)


def opened(number: uuid.UUID, user_id: int, sealed: bytes | memoryview) -> bytes:
    """The bytes that were sealed for this row. Raises Unreadable for another's, and after the
    lending key was changed."""
    try:
        return sealed_rows.opened(_PURPOSE, number, user_id, sealed)
    except sealed_rows.BrokenSeal as error:
        raise Unreadable from error
