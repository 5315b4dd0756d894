"""The way from the screen to a telephone: a link in a QR code.

The link's token is derived from a secret that the browser alone holds (its lookup ticket, its
session), so that the code can be shown again on a reload while the cache has only the token's
digest. It is worth nothing after ten minutes, and a minute after the first profile was fetched: in
that minute the telephone may fetch again what it lost.
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
from webmail import clock
from webmail.errors import TooManyTries

LINK_SECONDS = 10 * 60
AFTER_FETCH_SECONDS = 60
# For one person. A code that ended, one for a tablet: more in an hour is no longer a person's wish.
CODES, CODES_SECONDS = 10, 60 * 60


@dataclass(frozen=True, slots=True)
class Holder:
    """The person or record whose settings a link opens. ``kind``: ``record`` (a staff record) or
    ``user``."""

    kind: str
    pk: int


@dataclass(frozen=True, slots=True)
class Link:
    """``token`` is the secret of its address; ``ends`` in seconds of Unix."""

    token: str
    holder: Holder
    ends: int

    @property
    def seconds_left(self) -> int:
        return max(0, self.ends - clock.timestamp())


def current(secret: str, holder: Holder) -> Link | None:
    """The browser's link, made when there never was one; None when the last one is over.

    Raises TooManyTries.
    """
    salt = secrets.token_hex(16)
    if cache.add(_salt_key(secret, holder), salt, CODES_SECONDS):
        return _make(_token(secret, salt), holder)
    return find(_token(secret, cache.get(_salt_key(secret, holder))))


def renew(secret: str, holder: Holder) -> Link:
    """A new link; the one before is over. Raises TooManyTries."""
    before = _token(secret, cache.get(_salt_key(secret, holder)))
    salt = secrets.token_hex(16)
    link = _make(_token(secret, salt), holder)
    cache.set(_salt_key(secret, holder), salt, CODES_SECONDS)
    cache.delete(_key(before))
    return link


def find(token: str) -> Link | None:
    """The link of a token; None when it is over, or never was."""
    entry = cache.get(_key(token))
    if not entry or entry["ends"] <= clock.timestamp():
        return None
    return Link(token, Holder(*entry["holder"]), entry["ends"])


def fetch(token: str) -> Link | None:
    """The same for who takes the profile: from the first time on, the link has a minute left."""
    link = find(token)
    if link is None or not cache.add(_key(token) + ":fetched", 1, LINK_SECONDS):
        return link
    return _keep(token, link.holder, min(link.seconds_left, AFTER_FETCH_SECONDS))


def _make(token: str, holder: Holder) -> Link:
    limit = limits.Limit("phone-codes", f"{holder.kind} {holder.pk}", CODES, CODES_SECONDS)
    if seconds := limits.reserve([limit]):
        raise TooManyTries(retry_after=seconds)
    return _keep(token, holder, LINK_SECONDS)


def _keep(token: str, holder: Holder, seconds: int) -> Link:
    ends = clock.timestamp() + seconds
    value = {"holder": [holder.kind, holder.pk], "ends": ends}
    cache.set(_key(token), value, max(1, seconds))
    return Link(token, holder, ends)


def _token(secret: str, salt: str | None) -> str:
    """160 bits in 27 characters, random as the salt is."""
    text = f"phone\0{secret}\0{salt}".encode()
    digest = hmac.digest(settings.SECRET_KEY.encode(), text, "sha256")
    return base64.urlsafe_b64encode(digest[:20]).decode().rstrip("=")


def _key(token: str) -> str:
    return f"phone:{hashlib.sha256(token.encode()).hexdigest()}"


def _salt_key(secret: str, holder: Holder) -> str:
    """The key of the salt of a browser's last token. It holds the holder too: after a sign-out
    somebody else may sit there."""
    text = f"{secret}\0{holder.kind}\0{holder.pk}"
    return f"phone-salt:{hashlib.sha256(text.encode()).hexdigest()}"
