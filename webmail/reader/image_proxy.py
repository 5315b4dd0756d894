"""Remote images, fetched by this server: their hosts do not see the user."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache

from webmail import remote
from webmail.errors import RemoteLimit, RemoteRefused, RemoteUnavailable
from webmail.mime import tracking
from webmail.models import AllowedSender, TrustedImageDomain
from webmail.remote import RemoteContent, RequestLimits, Resolve

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

IMAGE_BYTES = 8 * 1024 * 1024
SECONDS = 6.0
REDIRECTS = 4
# What is kept between requests; a newsletter's usual image is a tenth of it.
KEPT_BYTES = 256 * 1024
KEPT_SECONDS = 24 * 60 * 60
# Failures to answer in a minute after which a person's further images are not waited for: a message
# may name a hundred hosts that never answer.
PATIENCE = 12
# In one process. Threads are fewer than images in a newsletter, and mail needs some as well.
AT_ONCE = 8
WAIT_SECONDS = 2.0

_MINUTE = 60
_places = BoundedSemaphore(AT_ONCE)


def from_the_web(url: str) -> RemoteContent:
    limits = RequestLimits(IMAGE_BYTES, SECONDS, REDIRECTS, tuple(settings.REMOTE_CLOSED_NETWORKS))
    return remote.fetch(url, resolve=look_up, limits=limits)


def look_up(host: str, resolve: Resolve = remote.look_up) -> Sequence[str]:
    """The addresses of a host on the way to an image. Raises RemoteRefused for one that only counts
    readers: another may redirect there."""
    if tracking.is_host(host):
        raise RemoteRefused("The host only counts readers.")
    return resolve(host)


def image(
    user: AbstractBaseUser,
    url: str,
    *,
    keep: bool,
    fetch: Callable[[str], RemoteContent] = from_the_web,
) -> RemoteContent:
    """The image behind an http(s) address of a message that is ``user``'s.

    The caller found the address in that message: it is never the browser's. ``keep``: for the
    next time, within a day; not on a shared computer. Raises RemoteRefused, RemoteUnavailable,
    RemoteLimit.
    """
    if cached := _kept(user, url):
        return cached
    _check_limits(user)
    with _place():
        try:
            fetched = fetch(url)
        except RemoteUnavailable:
            _count("late", user)
            raise
    if keep:
        remember(user, url, fetched)
    return fetched


def allows(user: AbstractBaseUser, sender: str) -> bool:
    """Whether images of mail from this address are shown to the person unasked.

    Anybody can write any address into From: ask only about a sender that nothing speaks against.
    """
    return TrustedImageDomain.objects.covers(sender) or AllowedSender.objects.allows(user, sender)


def remember(user: AbstractBaseUser, url: str, fetched: RemoteContent) -> None:
    """Keep a small image for this person."""
    if len(fetched.content) <= KEPT_BYTES:
        cache.set(_key(user, url), base64.b64encode(fetched.content).decode(), KEPT_SECONDS)


def _kept(user: AbstractBaseUser, url: str) -> RemoteContent | None:
    """Its type is read from the bytes again: what lies in the cache is not believed."""
    try:
        content = base64.b64decode(cache.get(_key(user, url)) or "", validate=True)
    except (binascii.Error, TypeError, ValueError):
        return None
    media_type = remote.image_type(content)
    return RemoteContent(media_type, content) if media_type else None


def _key(user: AbstractBaseUser, url: str) -> str:
    digest = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
    return f"remote-image:{user.pk}:{digest}"


def _check_limits(user: AbstractBaseUser) -> None:
    limit = settings.REMOTE_IMAGES_PER_MINUTE
    if (cache.get(_counter("late", user)) or 0) >= PATIENCE:
        raise RemoteLimit("Too many hosts did not answer.")
    if limit and _count("asked", user) > limit:
        raise RemoteLimit("One person asks for too many images.")


def _counter(kind: str, user: AbstractBaseUser) -> str:
    return f"remote-images:{kind}:{user.pk}"


def _count(kind: str, user: AbstractBaseUser) -> int:
    """Count one more in this minute, which begins with the first, and return how many."""
    key = _counter(kind, user)
    cache.add(key, 0, _MINUTE)
    try:
        return cache.incr(key)
    except ValueError:  # it ended between the two lines
        cache.add(key, 1, _MINUTE)
        return 1


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(timeout=WAIT_SECONDS):
        raise RemoteLimit("Too many images are being fetched.")
    try:
        yield
    finally:
        _places.release()
