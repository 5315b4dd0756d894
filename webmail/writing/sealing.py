"""Seal the content of a draft in its row with the server's key (accounts/sealed/rows.py)."""

from __future__ import annotations

import uuid

from accounts.sealed import rows as sealed_rows
from mail.errors import Unreadable

_PURPOSE = b"what is written"


def seal(number: uuid.UUID, user_id: int, content: bytes) -> bytes:
    """Seal bytes for the user's row ``number``."""
    return sealed_rows.seal(_PURPOSE, number, user_id, content)


def opened(number: uuid.UUID, user_id: int, sealed: bytes | memoryview) -> bytes:
    """Return the bytes that were sealed for this row. Raises Unreadable for another user's, and
    after the lending key has changed."""
    try:
        return sealed_rows.opened(_PURPOSE, number, user_id, sealed)
    except sealed_rows.BrokenSeal as error:
        raise Unreadable from error
