"""Guides to mail programs, which are public. A signed-in user sees the user's own values in
them."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import lookup
from accounts.autoconfig import guides as texts
from accounts.models import MailDomain, User


@require_safe
def guides(request: HttpRequest) -> HttpResponse:
    """List the guides."""
    return _titles(request, "guide")


@require_safe
@never_cache
def lookup_guides(request: HttpRequest) -> HttpResponse:
    """List the guides for a user who comes from a lookup, with links to the guides with the values
    found."""
    return _titles(request, "lookup_guide")


def _titles(request: HttpRequest, leads_to: str) -> HttpResponse:
    context = {"titles": texts.TITLES, "of": f"accounts:{leads_to}"}
    return render(request, "accounts/guides/guides.html", context)


@require_safe
@never_cache
def guide(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a guide with the values of the signed-in user, else with examples of the default
    domain."""
    user = request.user
    if isinstance(user, User) and user.mail_domain is not None:
        own_settings = lookup.settings_of_user(user)
        return _guide(
            request, slug, texts.values_of(own_settings, user.mail_domain), "my_phone_code"
        )
    domain = MailDomain.objects.default()
    if domain is None:
        raise Http404
    return _guide(request, slug, texts.values_of_domain(domain), "lookup")


@require_safe
@never_cache
def lookup_guide(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a guide with the values that a lookup has found. Its address is below that of the
    lookup, because the lookup's cookie is sent to no others."""
    own_settings = lookup.opened(request)
    if own_settings is None:
        return redirect("accounts:guide", slug)
    domain = MailDomain.objects.filter(name=own_settings.domain).first()
    return _guide(request, slug, texts.values_of(own_settings, domain), "phone_code")


def _guide(
    request: HttpRequest, slug: str, values: texts.GuideValues, by_code: str
) -> HttpResponse:
    """Render a guide. ``by_code`` is the name of the page with the QR code for a telephone."""
    if slug not in texts.TITLES:
        raise Http404
    context = {
        "guide": texts.guide(slug, values),
        "values": values,
        "by_code": f"accounts:{by_code}",
        "back": "accounts:lookup_guides" if by_code == "phone_code" else "accounts:guides",
    }
    return render(request, "accounts/guides/guide.html", context)
