"""Values that one session stores in Django's cache, for a day at most.

They are encrypted with a key that only the browser's cookie holds. So nobody can read mail in
Redis, and the values are lost with the cookie, at sign-out.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from accounts import credentials

SECONDS = 24 * 60 * 60
LASTING, LASTING_SECONDS = "lasting", 30 * 24 * 60 * 60
_NONCE = 12


def put(request: HttpRequest, kind: str, name: str, value: Any) -> None:
    """Store a value that JSON can represent. Without a key nothing is stored."""
    if (secret := credentials.session_secret(request)) is None:
        return
    key, nonce = _key(request, secret, kind, name), secrets.token_bytes(_NONCE)
    # The fastest compression: mail shrinks to a fifth, and Redis holds what all users of an
    # authority have opened.
    packed = zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 1)
    sealed = nonce + AESGCM(secret).encrypt(nonce, packed, key.encode())
    shared = request.session.get("shared_computer")
    seconds = settings.SHARED_IDLE_MINUTES * 60 if shared else SECONDS
    cache.set(key, base64.b64encode(sealed).decode(), seconds)


def get(request: HttpRequest, kind: str, name: str) -> Any:
    """Return the value that this session stored under the name; None if there is none, or if it
    cannot be decrypted."""
    if (secret := credentials.session_secret(request)) is None:
        return None
    key = _key(request, secret, kind, name)
    with suppress(binascii.Error, InvalidTag, TypeError, ValueError, zlib.error):
        sealed = base64.b64decode(cache.get(key) or "", validate=True)
        packed = AESGCM(secret).decrypt(sealed[:_NONCE], sealed[_NONCE:], key.encode())
        return json.loads(zlib.decompress(packed))
    return None


def put_number(request: HttpRequest, name: str, number: int | None) -> None:
    """Store a number for the user's other sessions, or delete it. It is not encrypted, and reveals
    nothing about mail; its name is hashed with the installation's key."""
    key = _lasting_key(request, name)
    if number is None:
        cache.delete(key)
    else:
        cache.set(key, number, LASTING_SECONDS)


def get_number(request: HttpRequest, name: str) -> int | None:
    number = cache.get(_lasting_key(request, name))
    return number if isinstance(number, int) else None


def _lasting_key(request: HttpRequest, name: str) -> str:
    name_bytes = name.encode("utf-8", "surrogatepass")
    key = hashlib.blake2b(settings.SECRET_KEY.encode(), digest_size=32).digest()
    digest = hashlib.blake2b(name_bytes, key=key, digest_size=20).hexdigest()
    return f"lasting:{request.user.pk}:{digest}"


@dataclass(frozen=True)
class SessionCache:
    """The cache of one request's session, for code that does not know requests. For the kind
    ``lasting`` it stores numbers for the user's other sessions."""

    request: HttpRequest

    def get(self, kind: str, name: str) -> Any:
        if kind == LASTING:
            return get_number(self.request, name)
        return get(self.request, kind, name)

    def put(self, kind: str, name: str, value: Any) -> None:
        if kind == LASTING:
            return put_number(self.request, name, value)
        put(self.request, kind, name, value)


def _key(request: HttpRequest, secret: bytes, kind: str, name: str) -> str:
    name_bytes = f"{len(kind)} {kind} {name}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(name_bytes, key=secret, digest_size=20).hexdigest()
    return f"seen:{request.user.pk}:{digest}"
