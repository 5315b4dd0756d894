"""The browser of a request: its name in words, and whether this person has signed in with it
before.

The name comes from ``User-Agent``, which browsers write to be mistaken for each other: the rules
ask for the narrower name first. What no rule knows is called unknown, never guessed. A device is
known by a random cookie, of which the server keeps a digest for each person.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext

from accounts.models import KnownDevice, User
from accounts.network import client_address, network_of
from webmail import clock

# Edge and Opera say Chrome, Chrome says Safari, telephones say all of it.
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
# Android says Linux; iPhones and iPads say "like Mac OS X".
_SYSTEMS: Final = (
    ("Android", re.compile(r"\bAndroid\b")),
    ("iPhone", re.compile(r"\biPhone\b")),
    ("iPad", re.compile(r"\biPad\b")),
    ("Windows", re.compile(r"\bWindows\b")),
    ("macOS", re.compile(r"\bMacintosh\b")),
    ("ChromeOS", re.compile(r"\bCrOS\b")),
    ("Linux", re.compile(r"\bLinux\b|\bX11\b")),
)
# A longer one is no browser's.
_LONGEST: Final = 512
COOKIE_SECONDS: Final = 2 * 365 * 24 * 60 * 60
_TOKEN: Final = re.compile(r"[\w-]{43}")  # as secrets.token_urlsafe(32) gives it
_ONCE_SECONDS: Final = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Device:
    """A browser and its system by name, "" where unknown."""

    browser: str
    system: str

    @property
    def words(self) -> str:
        """The device in the language in force: “Firefox on Windows”."""
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
    """The device of a ``User-Agent`` field, which may hold anything."""
    field = user_agent[:_LONGEST]
    return Device(
        browser=next((name for name, rule in _BROWSERS if rule.search(field)), ""),
        system=next((name for name, rule in _SYSTEMS if rule.search(field)), ""),
    )


def of(request: HttpRequest) -> Device:
    return recognise(request.headers.get("User-Agent", ""))


def cookie_name() -> str:
    """``__Host-`` (no subdomain may set it) wherever the site is served by https."""
    return "__Host-device" if settings.HTTPS else "device"


def is_new(request: HttpRequest, user: User) -> bool:
    """Whether to tell this person of a new device, at a completed sign-in. It is true once: then
    the device is known.

    A shared computer is given no cookie. There its network counts as the device, for a day: who
    ticks the box to stay unnoticed is told of all the same.
    """
    if request.session.get("shared_computer"):
        return _is_first_today(user, network_of(client_address(request)))
    token = request.COOKIES.get(cookie_name(), "")
    if token and KnownDevice.objects.filter(user=user, digest=_digest(user, token)).update(
        last_used=clock.now()
    ):
        return False
    # Colleagues may share a browser at home: it has one number, and each of them a digest of it.
    if not _TOKEN.fullmatch(token):
        token = secrets.token_urlsafe(32)
    KnownDevice.objects.get_or_create(user=user, digest=_digest(user, token))
    request.device_token = token  # type: ignore[attr-defined]
    return True


def known(request: HttpRequest, user: User) -> str:
    """The digest of this browser where the person has signed in with it before; else ""."""
    digest = _digest(user, request.COOKIES.get(cookie_name(), ""))
    return digest if KnownDevice.objects.filter(user=user, digest=digest).exists() else ""


def digests_of(user: User) -> list[str]:
    """The digests of all browsers that this person is known to use."""
    return list(KnownDevice.objects.filter(user=user).values_list("digest", flat=True))


def _digest(user: User, token: str) -> str:
    """The digest of a browser's token, another one for each person: rows do not tell who shares a
    browser with whom."""
    return hashlib.sha256(f"{user.pk}:{token}".encode("utf-8", "replace")).hexdigest()


def _is_first_today(user: User, network: str) -> bool:
    return bool(cache.add(f"device:{_digest(user, network)}", 1, _ONCE_SECONDS))


def write_cookie(request: HttpRequest, response: HttpResponseBase) -> None:
    """Give the browser its number, if this request made one."""
    if token := getattr(request, "device_token", None):
        response.set_cookie(
            cookie_name(),
            token,
            max_age=COOKIE_SECONDS,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )
