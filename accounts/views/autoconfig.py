"""The addresses that mail programs ask by themselves: Thunderbird's autoconfig, Outlook's
Autodiscover.

Both answer for a domain, never for a person, and with nothing at all where the domain is not ours
or its logins do not follow from addresses.
"""

from __future__ import annotations

import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts import lookup, themes
from accounts.autoconfig import outlook, thunderbird
from accounts.models import MailDomain

_ADDRESS = re.compile(r"[^\s@]{1,64}@([A-Za-z0-9.-]{1,253})")
_NAME = re.compile(r"[a-z0-9.-]{1,253}")
_CACHE_SECONDS = 60 * 60


def _nothing(status: int = 404) -> HttpResponse:
    return HttpResponse(status=status, content_type="text/plain")


def _domain_of(address: str) -> str:
    """Return what follows the @, in lower case; "" for what is no address."""
    match = _ADDRESS.fullmatch(address)
    return match[1].lower() if match and address.isprintable() else ""


def _domain(name: str) -> MailDomain | None:
    """The mail domain of that name, if an address is enough to find a login there."""
    domain = MailDomain.objects.filter(name=name).first() if _NAME.fullmatch(name) else None
    return domain if domain and domain.formed_login else None


def _asked_host(request: HttpRequest) -> str:
    """The domain by the name under which the request came: autoconfig.DOMAIN, or DOMAIN."""
    return split_domain_port(request.get_host())[0].removeprefix("autoconfig.")


@require_safe
def thunderbird_config(request: HttpRequest) -> HttpResponse:
    """config-v1.1.xml for the domain of ``emailaddress``, else of the host that was asked."""
    address = request.GET.get("emailaddress")
    domain = _domain(_asked_host(request) if address is None else _domain_of(address))
    if domain is None:
        return _nothing()
    base = settings.BASE_URL.rstrip("/")
    pages = thunderbird.Pages(
        guide=base + reverse("accounts:guide", args=["thunderbird"]), webmail=settings.BASE_URL
    )
    servers = lookup.servers_of(domain)
    document = thunderbird.config(
        domain.name, domain.formed_login, servers, themes.of_domain(domain.pk).authority, pages
    )
    response = HttpResponse(document, content_type="application/xml; charset=utf-8")
    response["Cache-Control"] = f"public, max-age={_CACHE_SECONDS}"
    return response


# Outlook sends no cookie and holds no token: what it gets, anybody may ask for.
@csrf_exempt
@require_POST
def outlook_autodiscover(request: HttpRequest) -> HttpResponse:
    """The servers for the asked address; 400 for what is no question, 413 for a long one."""
    body = request.read(outlook.BODY_LIMIT + 1)
    if len(body) > outlook.BODY_LIMIT:
        return _nothing(413)
    try:
        address = outlook.asked_address(body)
    except outlook.NotAsked:
        return _nothing(400)
    domain = _domain(_domain_of(address))
    if domain is None:
        return _nothing()
    login = address if domain.formed_login == "address" else address.partition("@")[0]
    document = outlook.answer(address, login, lookup.servers_of(domain))
    response = HttpResponse(document, content_type="text/xml; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response
