"""The mail password between two requests, encrypted and split in two halves.

The browser's cookie holds a random key, the server's session the ciphertext; neither is of use
alone.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from datetime import UTC, datetime
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

SESSION_KEY: Final = "mail_password"
CHANGED: Final = "mail_password_changed"
_PROCESS_KEY: Final = os.urandom(32)


def cookie_name() -> str:
    """Return the name of the cookie, with ``__Host-`` (no subdomain may set it) when the site is
    served by https."""
    return "__Host-mail_key" if settings.HTTPS else "mail_key"


def seal(
    request: HttpRequest, user_id: int, password: str, *, changed: datetime | None = None
) -> None:
    """Put the ciphertext in the session. The key stays on the request for ``write_cookie``.
    ``changed`` is when the user last changed the password here, as far as known: a later change
    makes this seal invalid."""
    key, nonce = AESGCM.generate_key(256), secrets.token_bytes(12)
    sealed = nonce + AESGCM(key).encrypt(nonce, password.encode(), str(user_id).encode())
    request.session[SESSION_KEY] = base64.b64encode(sealed).decode()
    request.session[CHANGED] = _mark_of_change(changed)
    request.mail_key = base64.urlsafe_b64encode(key).decode()  # type: ignore[attr-defined]


def open_sealed(request: HttpRequest) -> str | None:
    """Return the password of the signed-in user, or None when a half is missing or they do not fit.

    It is None before the second factor, since ``request.user`` is anonymous until then, and after
    the user has changed the password in another session, even though an open connection may still
    be alive.
    """
    key = getattr(request, "mail_key", None) or request.COOKIES.get(cookie_name())
    sealed = request.session.get(SESSION_KEY)
    if not (request.user.is_authenticated and key and sealed) or _is_outdated(request):
        return None
    try:
        data = base64.b64decode(sealed)
        opened = AESGCM(base64.urlsafe_b64decode(key)).decrypt(
            data[:12], data[12:], str(request.user.pk).encode()
        )
    except (ValueError, InvalidTag):
        return None
    return opened.decode()


def _is_outdated(request: HttpRequest) -> bool:
    """Return whether the seal is outdated. Marks are compared, not times, since the clocks of two
    web servers always differ."""
    return is_outdated(mark(request), getattr(request.user, "mail_password_changed", None))


def mark(request: HttpRequest) -> str:
    """Return the mark of the password in this session's seal."""
    return str(request.session.get(CHANGED) or "")


def is_outdated(sealed: str, changed: datetime | None) -> bool:
    """Return whether the seal with this mark holds a password that has since been changed."""
    return changed is not None and sealed != _mark_of_change(changed)


def _mark_of_change(changed: datetime | None) -> str:
    return changed.astimezone(UTC).isoformat() if changed else ""


def session_secret(request: HttpRequest) -> bytes | None:
    """Return 32 bytes that are derived from the browser's half of the key, and from nothing on the
    server: data encrypted with them is lost with the cookie. Return None when the password cannot
    be opened either."""
    if open_sealed(request) is None:
        return None
    key = getattr(request, "mail_key", None) or request.COOKIES[cookie_name()]
    return hashlib.blake2b(key.encode(), person=b"session cache", digest_size=32).digest()


def write_cookie(request: HttpRequest, response: HttpResponseBase) -> None:
    """Give the browser its half of the key, if this request sealed a password."""
    if key := getattr(request, "mail_key", None):
        browser_session = request.session.get_expire_at_browser_close()
        response.set_cookie(
            cookie_name(),
            key,
            max_age=None if browser_session else request.session.get_expiry_age(),
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )


def delete_cookie(request: HttpRequest, response: HttpResponseBase) -> None:
    """Delete the browser's half of the key, even if this request has just renewed it."""
    request.mail_key = None  # type: ignore[attr-defined]
    response.delete_cookie(cookie_name(), samesite="Lax")


def digest(password: str) -> bytes:
    """Return a keyed digest that distinguishes two passwords in this process and is useless outside
    it."""
    return hashlib.blake2b(password.encode(), key=_PROCESS_KEY, digest_size=16).digest()
