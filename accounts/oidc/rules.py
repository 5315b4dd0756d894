"""The rules for sign-in requests of services, beyond those of allauth.

allauth accepts a redirect address with additional parameters, or on another port of this machine;
confidential services without PKCE, and any service with its plain form; and, where no consent is
asked for, it takes the consent to one service for that to another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from allauth.idp.oidc.models import Client
from django.http import QueryDict

# A SHA-256 in base64url without padding (RFC 7636, 4.2).
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class RequestRefusal:
    """The refusal of a request. ``error`` is a code of RFC 6749 or OpenID Connect, ``description``
    a sentence for the service's developers."""

    error: str
    description: str


def client_of(query: QueryDict) -> Client | None:
    """Return the service of the request; None when it is unknown, or when the redirect address is
    not exactly a registered one."""
    ids, addresses = query.getlist("client_id"), query.getlist("redirect_uri")
    if len(ids) != 1 or len(addresses) != 1:
        return None
    client = client_by_id(ids[0])
    return client if client and addresses[0] in client.get_redirect_uris() else None


def client_by_id(client_id: str) -> Client | None:
    """Return the service with this identifier. PostgreSQL accepts no NUL in text."""
    return Client.objects.filter(pk=client_id.replace("\x00", "")).first()


def refusal(query: QueryDict) -> RequestRefusal | None:
    """Return why the request of a known service is refused; None when it is accepted."""
    if any(len(values) > 1 for _name, values in query.lists()):
        return RequestRefusal("invalid_request", "A parameter is repeated.")
    if query.get("response_type") != "code":
        return RequestRefusal("unsupported_response_type", "Only response_type=code is answered.")
    if "resource" in query:
        return RequestRefusal("invalid_target", "Resources are not supported.")
    if "request" in query or "request_uri" in query:
        return RequestRefusal("request_not_supported", "Request objects are not supported.")
    if "max_age" in query:
        # To ignore it would promise a check that nobody made.
        return RequestRefusal("invalid_request", "max_age is not supported; prompt=login is.")
    if query.get("code_challenge_method") != "S256":
        return RequestRefusal("invalid_request", "PKCE is required: code_challenge_method=S256.")
    if not _CHALLENGE.fullmatch(query.get("code_challenge", "")):
        return RequestRefusal(
            "invalid_request", "PKCE is required: code_challenge has 43 characters."
        )
    return None


def origin(address: str) -> str:
    """Return ``https://host:port`` of an address, as in a Content-Security-Policy."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def address_fault(address: str) -> bool:
    """Return whether the address is forbidden as a redirect address. It must be absolute, https (or
    on this machine itself, for development), without fragment, user or wildcard."""
    try:
        parts = urlsplit(address)
        _port = parts.port
    except ValueError:
        return True
    if not re.fullmatch(r"[!-~]+", address) or set(address) & set("*\"'<>\\^`{|};,"):
        return True
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    return not secure or not parts.hostname or "@" in parts.netloc or "#" in address
