"""Headers that every answer has, and the addresses that browsers and other programs expect."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from webmail import clock

_OFF: Final = (
    *("accelerometer", "autoplay", "bluetooth", "browsing-topics", "camera", "display-capture"),
    *("encrypted-media", "gamepad", "geolocation", "gyroscope", "hid", "idle-detection"),
    *("magnetometer", "microphone", "midi", "payment", "picture-in-picture"),
    *("screen-wake-lock", "serial", "usb", "window-management", "xr-spatial-tracking"),
)
PERMISSIONS: Final = ", ".join(f"{name}=()" for name in _OFF)
"""What no page of ours uses, and so no content in it may. Security keys, the clipboard and the full
screen stay as browsers have them: our own pages alone."""

EXPIRES_DAYS: Final = 180
CHANGE_PASSWORD: Final = "/.well-known/change-password"  # noqa: S105  an address
SECURITY: Final = "/.well-known/security.txt"
ROBOTS: Final = "/robots.txt"


class HeadersMiddleware:
    """Adds Permissions-Policy, Cross-Origin-Resource-Policy and nosniff to every answer, static
    files included, so that no other site can show or measure what a browser is given here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class WellKnownMiddleware:
    """Answers ``/.well-known/change-password`` (W3C), ``/.well-known/security.txt`` (RFC 9116) and
    ``/robots.txt`` (RFC 9309), before sessions are looked at."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if path == CHANGE_PASSWORD:
            return HttpResponseRedirect(reverse("accounts:password"))
        if path == ROBOTS:
            return _text("User-agent: *\nDisallow: /\n")
        if path == SECURITY and (contact := _contact()):
            return _text(_security(contact))
        return self.get_response(request)


def _contact() -> str:
    address = settings.SUPPORT_EMAIL
    return settings.SECURITY_CONTACT or (f"mailto:{address}" if address else "")


def _security(contact: str) -> str:
    base = settings.BASE_URL.rstrip("/")
    expires = clock.now() + timedelta(days=EXPIRES_DAYS)
    return (
        f"Contact: {contact}\n"
        f"Expires: {expires:%Y-%m-%dT00:00:00Z}\n"
        "Preferred-Languages: fr, en\n"
        f"Canonical: {base}{SECURITY}\n"
    )


def _text(content: str) -> HttpResponse:
    return HttpResponse(content, content_type="text/plain; charset=utf-8")
