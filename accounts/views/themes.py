"""The files of a theme, and the part of the sign-in page that depends on the typed address."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.looks import themes
from accounts.models import DomainTheme, MailDomain
from mail.errors import NotFound

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_LONGEST: Final = 253


@require_GET
def sheet(request: HttpRequest, digest: str) -> HttpResponse:
    """Return the style sheet of a theme, whose address changes with the colours."""
    text = themes.sheet(digest)
    if not text:
        raise NotFound
    return _cacheable(HttpResponse(text, content_type="text/css; charset=utf-8"))


@require_GET
def logo(request: HttpRequest, digest: str) -> HttpResponse:
    """Return a logo, whose address changes with it."""
    row = DomainTheme.objects.filter(logo_digest=digest).only("logo").first()
    if row is None or not row.logo:
        raise NotFound
    return _cacheable(HttpResponse(bytes(row.logo), content_type="image/webp"))


def _cacheable(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = _FOR_EVER
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@require_GET
@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    """Render the name, the logo, the colours and the support desk of the typed address's mail
    domain. Only the domain is sent. An unknown domain changes nothing."""
    name = request.GET.get("domain", "")[:_LONGEST].strip().lower()
    is_ours = "\0" not in name and name in MailDomain.objects.names()
    if is_ours and (domain := MailDomain.objects.filter(name=name).first()):
        themes.type_in(request, domain.pk)
    return render(request, "accounts/sign_in/_sign_in_theme.html")
