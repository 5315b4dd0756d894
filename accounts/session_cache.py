"""The memory of one session, in Django's cache: what it has seen, for a day at most, and for nobody
else.

Encrypted with a key that only the browser's cookie gives: who reads Redis reads no mail, and what a
session saw is lost with its cookie, at sign-out.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
import zlib
from collections.abc import Iterable, Mapping
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
    """Keep a value that JSON can carry. Without a key nothing is kept."""
    put_many(request, kind, {name: value})


def get(request: HttpRequest, kind: str, name: str) -> Any:
    """Return what this session kept under the name; None when there is nothing, or nothing it can
    open."""
    return get_many(request, kind, (name,)).get(name)


def put_many(request: HttpRequest, kind: str, values: Mapping[str, Any]) -> None:
    """As `put` for each name, in one exchange with the cache."""
    if not values or (secret := credentials.session_secret(request)) is None:
        return
    cipher, sealed = AESGCM(secret), {}
    for name, value in values.items():
        key, nonce = _key(request, secret, kind, name), secrets.token_bytes(_NONCE)
        # The fastest: mail shrinks to a fifth, and Redis holds what a whole authority has seen.
        packed = zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 1)
        closed = nonce + cipher.encrypt(nonce, packed, key.encode())
        sealed[key] = base64.b64encode(closed).decode()
    shared = request.session.get("shared_computer")
    seconds = settings.SHARED_IDLE_MINUTES * 60 if shared else SECONDS
    if len(sealed) == 1:
        cache.set(*sealed.popitem(), seconds)
    else:
        cache.set_many(sealed, seconds)


def get_many(request: HttpRequest, kind: str, names: Iterable[str]) -> dict[str, Any]:
    """Return what this session kept under these names, of those it has; one exchange with the
    cache."""
    if (secret := credentials.session_secret(request)) is None:
        return {}
    keys = {_key(request, secret, kind, name): name for name in names}
    if len(keys) == 1:
        kept = {key: cache.get(key) for key in keys}
    else:
        kept = cache.get_many(keys) if keys else {}
    cipher, opened = AESGCM(secret), {}
    for key, value in kept.items():
        with suppress(binascii.Error, InvalidTag, TypeError, ValueError, zlib.error):
            sealed = base64.b64decode(value or "", validate=True)
            packed = cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], key.encode())
            opened[keys[key]] = json.loads(zlib.decompress(packed))
    return opened


def put_number(request: HttpRequest, name: str, number: int | None) -> None:
    """Keep a number for other sessions of the user, or forget it. It is not encrypted, and says
    nothing of mail; its name is in a digest under the installation's key."""
    key = _lasting_key(request, name)
    if number is None:
        cache.delete(key)
    else:
        cache.set(key, number, LASTING_SECONDS)


def get_number(request: HttpRequest, name: str) -> int | None:
    number = cache.get(_lasting_key(request, name))
    return number if isinstance(number, int) else None


def _lasting_key(request: HttpRequest, name: str) -> str:
    named = name.encode("utf-8", "surrogatepass")
    key = hashlib.blake2b(settings.SECRET_KEY.encode(), digest_size=32).digest()
    digest = hashlib.blake2b(named, key=key, digest_size=20).hexdigest()
    return f"lasting:{request.user.pk}:{digest}"


@dataclass(frozen=True)
class Seen:
    """The cache of one request's session, for code that knows no requests; of the kind ``lasting``
    it keeps numbers for the user's other sessions."""

    request: HttpRequest

    def get(self, kind: str, name: str) -> Any:
        if kind == LASTING:
            return get_number(self.request, name)
        return get(self.request, kind, name)

    def put(self, kind: str, name: str, value: Any) -> None:
        if kind == LASTING:
            return put_number(self.request, name, value)
        put(self.request, kind, name, value)

    def get_many(self, kind: str, names: Iterable[str]) -> dict[str, Any]:
        return get_many(self.request, kind, names)

    def put_many(self, kind: str, values: Mapping[str, Any]) -> None:
        put_many(self.request, kind, values)


def _key(request: HttpRequest, secret: bytes, kind: str, name: str) -> str:
    named = f"{len(kind)} {kind} {name}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(named, key=secret, digest_size=20).hexdigest()
    return f"seen:{request.user.pk}:{digest}"
