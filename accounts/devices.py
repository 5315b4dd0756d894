"""The browser of a request: its name in words, and whether the user has signed in with it before.

The name comes from ``User-Agent``. Browsers imitate each other there, so the rules try the narrower
name first. A browser that no rule matches is called unknown. A device is recognised by a random
cookie, of which the server stores a digest for each user.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext

from accounts.models import KnownDevice, User
from accounts.network import client_address, network_of
from core import clock

# Edge and Opera also name Chrome, Chrome names Safari, and telephones name all of them.
_BROWSERS: Final = (
    ("Edge", re.compile(r"\bEdg(e|A|iOS)?/")),
    ("Opera", re.compile(r"\b(OPR|Opera)/")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/")),
    ("Vivaldi", re.compile(r"\bVivaldi/")),
    ("Firefox", re.compile(r"\b(Firefox|FxiOS)/")),
    ("Chrome", re.compile(r"\b(Headless)?(Chrome|Chromium|CriOS)/")),
    ("Safari", re.compile(r"\bVersion/[\d.]+ .{0,100}\bSafari/")),
    ("Internet Explorer", re.compile(r"\bTrident/|\bMSIE ")),
)
# Android also names Linux; iPhones and iPads say "like Mac OS X".
_SYSTEMS: Final = (
    ("Android", re.compile(r"\bAndroid\b")),
    ("iPhone", re.compile(r"\biPhone\b")),
    ("iPad", re.compile(r"\biPad\b")),
    ("Windows", re.compile(r"\bWindows\b")),
    ("macOS", re.compile(r"\bMacintosh\b")),
    ("ChromeOS", re.compile(r"\bCrOS\b")),
    ("Linux", re.compile(r"\bLinux\b|\bX11\b")),
)
# No browser sends a longer field.
_LONGEST: Final = 512
COOKIE_SECONDS: Final = 2 * 365 * 24 * 60 * 60
_TOKEN: Final = re.compile(r"[\w-]{43}")  # the form of secrets.token_urlsafe(32)
_NETWORK: Final = "accounts.devices.network"
NETWORK_DAYS: Final = 30
"""The days after the last sign-in on a shared computer for which its network is known."""


@dataclass(frozen=True, slots=True)
class Device:
    """A browser and its operating system by name, each "" if unknown."""

    browser: str
    system: str

    @property
    def words(self) -> str:
        """Return the device in the language in force: “Firefox on Windows”."""
        if self.browser and self.system:
            return gettext("%(browser)s on %(system)s") % {
                "browser": self.browser,
                "system": self.system,
            }
        if self.browser:
            return self.browser
        if self.system:
            return gettext("Unknown browser on %(system)s") % {"system": self.system}
        return gettext("Unknown browser")

    @property
    def is_telephone(self) -> bool:
        return self.system in {"Android", "iPhone", "iPad"}


def recognise(user_agent: str) -> Device:
    """Return the device of a ``User-Agent`` field, which may hold anything."""
    field = user_agent[:_LONGEST]
    return Device(
        browser=next((name for name, rule in _BROWSERS if rule.search(field)), ""),
        system=next((name for name, rule in _SYSTEMS if rule.search(field)), ""),
    )


def device_of(request: HttpRequest) -> Device:
    return recognise(request.headers.get("User-Agent", ""))


def cookie_name() -> str:
    """Return the name of the cookie, with ``__Host-`` (no subdomain may set it) when the site is
    served by https."""
    return "__Host-device" if settings.HTTPS else "device"


def is_new(request: HttpRequest, user: User) -> bool:
    """Return whether to send the user a notice of a new device, at a completed sign-in. This is
    true once, since the call also stores the device as known.

    A shared computer gets no cookie. Its network counts as the device instead, so that an intruder
    elsewhere who ticks the box is noticed all the same.
    """
    if request.session.get("shared_computer"):
        return _is_new_network(user, network_of(client_address(request)))
    token = request.COOKIES.get(cookie_name(), "")
    if token and KnownDevice.objects.filter(user=user, digest=_digest(user, token)).update(
        last_used=clock.now()
    ):
        return False
    # Colleagues may share a browser at home: it has one token, and each user another digest of it.
    if not _TOKEN.fullmatch(token):
        token = secrets.token_urlsafe(32)
    KnownDevice.objects.get_or_create(user=user, digest=_digest(user, token))
    request.device_token = token  # type: ignore[attr-defined]
    return True


def known(request: HttpRequest, user: User) -> str:
    """Return the digest of this browser if the user has signed in with it before, else ""."""
    digest = _digest(user, request.COOKIES.get(cookie_name(), ""))
    return digest if KnownDevice.objects.filter(user=user, digest=digest).exists() else ""


def digests_of(user: User) -> list[str]:
    """Return the digests of all browsers that the user has signed in with."""
    return list(KnownDevice.objects.filter(user=user).values_list("digest", flat=True))


def _digest(user: User, token: str) -> str:
    """Return the digest of a browser's token. It differs for each user, so that rows do not reveal
    who shares a browser."""
    return hashlib.sha256(f"{user.pk}:{token}".encode("utf-8", "replace")).hexdigest()


def _is_new_network(user: User, network: str) -> bool:
    """Return whether the user signed in on no shared computer of the network for `NETWORK_DAYS`.
    The digest is keyed: there are so few networks that a plain one could be guessed."""
    digest = salted_hmac(_NETWORK, f"{user.pk}:{network}", algorithm="sha256").hexdigest()
    now = clock.now()
    device, is_made = KnownDevice.objects.get_or_create(user=user, digest=digest)
    is_over = device.last_used < now - timedelta(days=NETWORK_DAYS)
    KnownDevice.objects.filter(pk=device.pk).update(last_used=now)
    return is_made or is_over


def token(request: HttpRequest) -> str:
    """Return the token of the browser, which it has or is about to be given; "" without one."""
    made = getattr(request, "device_token", None)
    return str(made or request.COOKIES.get(cookie_name(), ""))


def write_cookie(request: HttpRequest, response: HttpResponseBase) -> None:
    """Give the browser its token, if this request made one."""
    if made := getattr(request, "device_token", None):
        response.set_cookie(
            cookie_name(),
            made,
            max_age=COOKIE_SECONDS,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )
