"""Fetch remote images by this server, so that their hosts do not see the user's browser."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache

from mail import remote
from mail.errors import RemoteLimit, RemoteRefused, RemoteUnavailable
from mail.mime import tracking
from mail.remote import RemoteContent, RequestLimits, Resolve
from webmail.models import AllowedSender, TrustedImageDomain

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

IMAGE_BYTES = 8 * 1024 * 1024
SECONDS = 6.0
REDIRECTS = 4
# The largest image that is cached; a usual image of a newsletter has a tenth of it.
KEPT_BYTES = 256 * 1024
KEPT_SECONDS = 24 * 60 * 60
# Failed hosts per minute after which no more images of a user are fetched: a message may name a
# hundred hosts that never answer.
PATIENCE = 12

_MINUTE = 60


def from_the_web(url: str) -> RemoteContent:
    limits = RequestLimits(IMAGE_BYTES, SECONDS, REDIRECTS, tuple(settings.REMOTE_CLOSED_NETWORKS))
    return remote.fetch(url, resolve=look_up, limits=limits)


def look_up(host: str, resolve: Resolve = remote.look_up) -> Sequence[str]:
    """Return the addresses of an image's host. Raises RemoteRefused for a host that only tracks
    readers, also where another host redirects to it."""
    if tracking.is_host(host):
        raise RemoteRefused("The host only counts readers.")
    return resolve(host)


def kept(user: AbstractBaseUser, url: str) -> RemoteContent | None:
    """Return a cached image. Its type is detected anew, since the cache is not trusted."""
    try:
        content = base64.b64decode(cache.get(_key(user, url)) or "", validate=True)
    except (binascii.Error, TypeError, ValueError):
        return None
    media_type = remote.image_type(content)
    return RemoteContent(media_type, content) if media_type else None


def check_limits(user: AbstractBaseUser) -> None:
    """Count an image that is about to be fetched for a user. Raises RemoteLimit."""
    limit = settings.REMOTE_IMAGES_PER_MINUTE
    if (cache.get(_counter("late", user)) or 0) >= PATIENCE:
        raise RemoteLimit("Too many hosts did not answer.")
    if limit and _count("asked", user) > limit:
        raise RemoteLimit("One person asks for too many images.")


def fetched(
    user: AbstractBaseUser,
    url: str,
    *,
    keep: bool,
    fetch: Callable[[str], RemoteContent] = from_the_web,
) -> RemoteContent:
    """Return the image behind an http(s) URL of a message of ``user``, which is not `kept`.

    The caller took the URL from that message, never from the browser, and has checked the limits.
    ``keep`` caches the image for a day; on a shared computer it is False. Raises RemoteRefused,
    RemoteUnavailable.
    """
    try:
        content = fetch(url)
    except RemoteUnavailable:
        _count("late", user)
        raise
    if keep:
        remember(user, url, content)
    return content


def allows(user: AbstractBaseUser, sender: str) -> bool:
    """Return whether images in messages from this address are always shown to the user.

    Anybody can write any address into From, so the caller must have checked the sender.
    """
    return TrustedImageDomain.objects.covers(sender) or AllowedSender.objects.allows(user, sender)


def remember(user: AbstractBaseUser, url: str, fetched: RemoteContent) -> None:
    """Cache a small image for this user."""
    if len(fetched.content) <= KEPT_BYTES:
        cache.set(_key(user, url), base64.b64encode(fetched.content).decode(), KEPT_SECONDS)


def _key(user: AbstractBaseUser, url: str) -> str:
    digest = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
    return f"remote-image:{user.pk}:{digest}"


def _counter(kind: str, user: AbstractBaseUser) -> str:
    return f"remote-images:{kind}:{user.pk}"


def _count(kind: str, user: AbstractBaseUser) -> int:
    """Count an event in the current minute, which begins with the first event, and return the
    count."""
    key = _counter(kind, user)
    cache.add(key, 0, _MINUTE)
    try:
        return cache.incr(key)
    except ValueError:  # the minute ended between the two lines
        cache.add(key, 1, _MINUTE)
        return 1
