"""Lead from the screen to a telephone by a link in a QR code.

The token of the link is derived from a secret that only the browser holds (its lookup ticket or its
session). So the same code can be shown again on a reload, while the cache holds only the digest of
the token. The token is valid for ten minutes, and for one minute after the first download of the
profile, so that the telephone may retry.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache

from accounts import limits
from core import clock
from mail.errors import TooManyTries

LINK_SECONDS = 10 * 60
AFTER_FETCH_SECONDS = 60
# Limits the codes of one user in an hour: expired codes and a second device need a few; more is no
# longer normal use.
CODES, CODES_SECONDS = 10, 60 * 60


@dataclass(frozen=True, slots=True)
class SettingsHolder:
    """The user or staff record whose settings a link opens. ``kind`` is ``record`` or ``user``."""

    kind: str
    pk: int


@dataclass(frozen=True, slots=True)
class PhoneLink:
    """A link. ``token`` is the secret in its address, ``ends`` a Unix time in seconds."""

    token: str
    holder: SettingsHolder
    ends: int

    @property
    def seconds_left(self) -> int:
        return max(0, self.ends - clock.timestamp())


def current(secret: str, holder: SettingsHolder) -> PhoneLink | None:
    """Return the browser's link. It is made if there never was one, and None if the last one has
    expired. Raises TooManyTries."""
    salt = secrets.token_hex(16)
    if cache.add(_salt_key(secret, holder), salt, CODES_SECONDS):
        return _make(_token(secret, salt), holder)
    return find_phone_link(_token(secret, cache.get(_salt_key(secret, holder))))


def renew(secret: str, holder: SettingsHolder) -> PhoneLink:
    """Return a new link and invalidate the one before. Raises TooManyTries."""
    before = _token(secret, cache.get(_salt_key(secret, holder)))
    salt = secrets.token_hex(16)
    link = _make(_token(secret, salt), holder)
    cache.set(_salt_key(secret, holder), salt, CODES_SECONDS)
    cache.delete(_key(before))
    return link


def find_phone_link(token: str) -> PhoneLink | None:
    """Return the link of a token; None if it has expired or never existed."""
    entry = cache.get(_key(token))
    if not entry or entry["ends"] <= clock.timestamp():
        return None
    return PhoneLink(token, SettingsHolder(*entry["holder"]), entry["ends"])


def fetch(token: str) -> PhoneLink | None:
    """Return the link of a token for the download of the profile. The first download shortens the
    link's life to a minute."""
    link = find_phone_link(token)
    if link is None or not cache.add(_key(token) + ":fetched", 1, LINK_SECONDS):
        return link
    return _keep(token, link.holder, min(link.seconds_left, AFTER_FETCH_SECONDS))


def _make(token: str, holder: SettingsHolder) -> PhoneLink:
    limit = limits.Limit("phone-codes", f"{holder.kind} {holder.pk}", CODES, CODES_SECONDS)
    if seconds := limits.reserve([limit]):
        raise TooManyTries(retry_after=seconds)
    return _keep(token, holder, LINK_SECONDS)


def _keep(token: str, holder: SettingsHolder, seconds: int) -> PhoneLink:
    ends = clock.timestamp() + seconds
    value = {"holder": [holder.kind, holder.pk], "ends": ends}
    cache.set(_key(token), value, max(1, seconds))
    return PhoneLink(token, holder, ends)


def _token(secret: str, salt: str | None) -> str:
    """Return a token of 160 bits in 27 characters, as random as the salt."""
    text = f"phone\0{secret}\0{salt}".encode()
    digest = hmac.digest(settings.SECRET_KEY.encode(), text, "sha256")
    return base64.urlsafe_b64encode(digest[:20]).decode().rstrip("=")


def _key(token: str) -> str:
    return f"phone:{hashlib.sha256(token.encode()).hexdigest()}"


def _salt_key(secret: str, holder: SettingsHolder) -> str:
    """Return the cache key of the salt of a browser's last token. The key includes the holder,
    since another user may use the browser after a sign-out."""
    text = f"{secret}\0{holder.kind}\0{holder.pk}"
    return f"phone-salt:{hashlib.sha256(text.encode()).hexdigest()}"
