"""Contents of rows that the server itself must open without a browser.

Sealed with a key that is made of the installation's lending key, which lies in the environment
alone, of the purpose and of the row's own number: a copy of the database opens nothing, and no seal
opens in another row, for another person or for another purpose.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_NONCE = 12


class Broken(ValueError):
    """Not what was sealed for this row, or sealed with another lending key."""


def seal(purpose: bytes, number: uuid.UUID, user_id: int, content: bytes) -> bytes:
    """For the row ``number`` of a person. ``purpose``: 16 bytes at most."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + _cipher(purpose, number).encrypt(nonce, content, _about(number, user_id))


def opened(purpose: bytes, number: uuid.UUID, user_id: int, sealed: bytes | memoryview) -> bytes:
    """Return what was sealed. Raises Broken."""
    data = bytes(sealed)
    try:
        cipher = _cipher(purpose, number)
        return cipher.decrypt(data[:_NONCE], data[_NONCE:], _about(number, user_id))
    except (InvalidTag, ValueError) as error:
        raise Broken from error


def _cipher(purpose: bytes, number: uuid.UUID) -> AESGCM:
    key = hashlib.blake2b(number.bytes, key=settings.LENDING_KEY, person=purpose, digest_size=32)
    return AESGCM(key.digest())


def _about(number: uuid.UUID, user_id: int) -> bytes:
    return f"{user_id}:{number}".encode()
