"""Pages at addresses that programs know: of crawlers, finders of weaknesses, password managers."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from core import clock
from mail.errors import NotFound

_VALID = timedelta(days=30)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Ask crawlers to leave every page alone (RFC 9309)."""
    return _text("User-agent: *\nDisallow: /\n")


@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """Return the contacts for reports of weaknesses (RFC 9116), the support desk if there are no
    others. The file expires after 30 days, since a copy of it must not be believed for longer."""
    contacts = settings.SECURITY_CONTACTS
    if not contacts and settings.SUPPORT_EMAIL:
        contacts = [f"mailto:{settings.SUPPORT_EMAIL}"]
    if not contacts:
        raise NotFound
    expires = (clock.now() + _VALID).replace(microsecond=0)
    lines = [f"Contact: {address}" for address in contacts]
    lines += [
        f"Expires: {expires.isoformat()}",
        f"Canonical: {settings.BASE_URL.rstrip('/')}{request.path}",
        "Preferred-Languages: fr, en",
    ]
    return _text("\n".join(lines) + "\n")


@require_safe
def change_password(request: HttpRequest) -> HttpResponse:
    """Lead a password manager to the page on which a password is changed (W3C, "A Well-Known URL
    for Changing Passwords")."""
    return redirect("accounts:password")


def _text(content: str) -> HttpResponse:
    return HttpResponse(content, content_type="text/plain; charset=utf-8")
