"""How a request reached this process: its peer and its proxy headers, told to the self-check of the
installation alone.

`webmail.doctor.address` requests ``/healthz`` through the public address, with a token that it has
put in the cache. The process that answers finds the token there
(`webmail.middleware.HealthMiddleware`).
"""

from __future__ import annotations

import secrets
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from accounts.network import client_address, is_inside

_PARAMETER: Final = "doctor"
_LENGTH: Final = 32
_SECONDS: Final = 60


def query() -> str:
    """Return a query string whose request is told how it arrived. It is valid for a minute."""
    token = secrets.token_hex(_LENGTH // 2)
    cache.set(_key(token), 1, _SECONDS)
    return f"{_PARAMETER}={token}"


def seen(request: HttpRequest) -> dict[str, object] | None:
    """Return how a request with such a query arrived, and None for every other request.

    ``{"address": "192.0.2.7", "peer": "127.0.0.1", "is_trusted": True, "was_forwarded": True,
    "is_secure": True}``: ``address`` is the user's, as far as trusted proxies tell it; ``peer`` is
    the address that connected, and ``is_trusted`` says whether it is a trusted proxy.
    """
    token = request.GET.get(_PARAMETER, "")
    is_token = len(token) == _LENGTH and token.isascii() and token.isalnum()
    if not (is_token and cache.get(_key(token))):
        return None
    peer = str(request.META.get("REMOTE_ADDR", ""))
    return {
        "address": client_address(request),
        "peer": peer,
        "is_trusted": is_inside(peer, settings.TRUSTED_PROXIES),
        "was_forwarded": "HTTP_X_FORWARDED_FOR" in request.META,
        "is_secure": request.is_secure(),
    }


def _key(token: str) -> str:
    return f"doctor-asks-{token}"
