"""Seal the content of rows that the server itself must open without a browser.

The key is derived from the installation's lending key, which only the environment holds, from the
purpose and from the row's own number. So a copy of the database opens nothing, and no seal opens in
another row, for another user or for another purpose.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from contextlib import suppress

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_NONCE = 12


class BrokenSeal(ValueError):
    """The content was not sealed for this row, or with a lending key that is not listed."""


def seal(purpose: bytes, number: uuid.UUID, user_id: int, content: bytes) -> bytes:
    """Return the sealed content for the row ``number`` of a user. ``purpose`` has 16 bytes at
    most."""
    nonce = secrets.token_bytes(_NONCE)
    cipher = _cipher(settings.LENDING_KEY, purpose, number)
    return nonce + cipher.encrypt(nonce, content, _about(number, user_id))


def opened(purpose: bytes, number: uuid.UUID, user_id: int, sealed: bytes | memoryview) -> bytes:
    """Return the content that was sealed. Raises BrokenSeal."""
    data = bytes(sealed)
    for lending_key in (settings.LENDING_KEY, *settings.LENDING_KEY_FALLBACKS):
        with suppress(InvalidTag, ValueError):
            cipher = _cipher(lending_key, purpose, number)
            return cipher.decrypt(data[:_NONCE], data[_NONCE:], _about(number, user_id))
    raise BrokenSeal


def _cipher(lending_key: bytes, purpose: bytes, number: uuid.UUID) -> AESGCM:
    key = hashlib.blake2b(number.bytes, key=lending_key, person=purpose, digest_size=32)
    return AESGCM(key.digest())


def _about(number: uuid.UUID, user_id: int) -> bytes:
    return f"{user_id}:{number}".encode()
