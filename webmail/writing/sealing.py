"""What a person is writing, sealed with the server's key.

The key is made of the installation's lending key, which lies in the environment alone, and of the
row's own number: a copy of the database tells nothing, and no seal opens in another row.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from webmail.errors import Unreadable

_NONCE = 12


def seal(number: uuid.UUID, user_id: int, content: bytes) -> bytes:
    """For the row ``number`` of a person."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + _cipher(number).encrypt(nonce, content, _about(number, user_id))


def opened(number: uuid.UUID, user_id: int, sealed: bytes | memoryview) -> bytes:
    """What was sealed for this row. Raises Unreadable for another's, and after the lending key was
    changed."""
    data = bytes(sealed)
    try:
        return _cipher(number).decrypt(data[:_NONCE], data[_NONCE:], _about(number, user_id))
    except (InvalidTag, ValueError) as error:
        raise Unreadable from error


def _cipher(number: uuid.UUID) -> AESGCM:
    key = hashlib.blake2b(
        number.bytes, key=settings.LENDING_KEY, person=b"what is written", digest_size=32
    )
    return AESGCM(key.digest())


def _about(number: uuid.UUID, user_id: int) -> bytes:
    return f"{user_id}:{number}".encode()
