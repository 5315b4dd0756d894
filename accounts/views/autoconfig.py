"""The URLs that mail programs request by themselves: Thunderbird's autoconfig, Outlook's
Autodiscover.

Both answer for a domain, never for a user. The answer is empty if the domain is not ours, or if its
logins are not derived from addresses.
"""

from __future__ import annotations

import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts import lookup
from accounts.autoconfig import outlook, thunderbird
from accounts.looks import themes
from accounts.models import MailDomain

_ADDRESS = re.compile(r"[^\s@]{1,64}@([A-Za-z0-9.-]{1,253})")
_NAME = re.compile(r"[a-z0-9.-]{1,253}")
_CACHE_SECONDS = 60 * 60


def _nothing(status: int = 404) -> HttpResponse:
    return HttpResponse(status=status, content_type="text/plain")


def _domain_of(address: str) -> str:
    """Return the domain of an address, in lower case; "" if the text is no address."""
    match = _ADDRESS.fullmatch(address)
    return match[1].lower() if match and address.isprintable() else ""


def _domain(name: str) -> MailDomain | None:
    """Return the mail domain of that name if its logins are derived from addresses."""
    domain = MailDomain.objects.filter(name=name).first() if _NAME.fullmatch(name) else None
    return domain if domain and domain.formed_login else None


def _asked_host(request: HttpRequest) -> str:
    """Return the domain of the request's host name, which is autoconfig.DOMAIN or DOMAIN."""
    return split_domain_port(request.get_host())[0].removeprefix("autoconfig.")


@require_safe
def thunderbird_config(request: HttpRequest) -> HttpResponse:
    """Return config-v1.1.xml for the domain of ``emailaddress``, else of the requested host."""
    address = request.GET.get("emailaddress")
    domain = _domain(_asked_host(request) if address is None else _domain_of(address))
    if domain is None:
        return _nothing()
    base = settings.BASE_URL.rstrip("/")
    pages = thunderbird.LinkedPages(
        guide=base + reverse("accounts:guide", args=["thunderbird"]), webmail=settings.BASE_URL
    )
    servers = lookup.servers_of(domain)
    document = thunderbird.config(
        domain.name, domain.formed_login, servers, themes.of_domain(domain.pk).authority, pages
    )
    response = HttpResponse(document, content_type="application/xml; charset=utf-8")
    response["Cache-Control"] = f"public, max-age={_CACHE_SECONDS}"
    return response


# Outlook sends no cookie and no token, and the answer is public.
@csrf_exempt
@require_POST
def outlook_autodiscover(request: HttpRequest) -> HttpResponse:
    """Return the servers for the requested address; 400 for a malformed request, 413 for one that
    is too long."""
    body = request.read(outlook.BODY_LIMIT + 1)
    if len(body) > outlook.BODY_LIMIT:
        return _nothing(413)
    try:
        address = outlook.asked_address(body)
    except outlook.MalformedRequest:
        return _nothing(400)
    domain = _domain(_domain_of(address))
    if domain is None:
        return _nothing()
    login = address if domain.formed_login == "address" else address.partition("@")[0]
    document = outlook.answer(address, login, lookup.servers_of(domain))
    response = HttpResponse(document, content_type="text/xml; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response
